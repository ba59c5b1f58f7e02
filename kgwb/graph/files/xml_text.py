"""What XML cannot carry, found before a file is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kgwb.graph.errors import GraphFileError
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import quote

# A carriage return is legal, but readers turn it into a line feed.
_NESTED = re.compile(r"<!ENTITY\s[^>]*&[A-Za-z_]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


def refuse_nested_entities(text: str, path: Path) -> None:
    """Refuse XML whose entities hold each other, because a few lines of it can grow to gigabytes.

    Raises:
        GraphFileError: names the file.
    """
    if _NESTED.search(text):
        raise GraphFileError(
            f"{path} defines XML entities by other entities, which can grow without bound. Spell them out."
        )


def check_xml(graph: KnowledgeGraph, path: Path) -> None:
    """Refuse a graph with texts that XML readers would refuse or change.

    Raises:
        GraphFileError: names the text, the character, and the formats that carry it.
    """
    for text in _list_texts(graph):
        found = _FORBIDDEN.search(text)
        if found:
            raise GraphFileError(
                f"{path} was not written: XML cannot carry the character U+{ord(found[0]):04X} in {quote(text)}. "
                f"Write another format, for example write_graph(graph, {path.with_suffix('.nt').name!r})."
            )


def _list_texts(graph: KnowledgeGraph) -> Iterator[str]:
    yield graph.name
    for table in (graph.entities, graph.relations):
        for column in table.columns:
            yield column
            for cell in table[column].tolist():
                yield from [cell] if isinstance(cell, str) else cell if isinstance(cell, tuple) else ()
