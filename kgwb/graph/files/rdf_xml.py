"""RDF/XML, written so that every reader of XML can read it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from kgwb.graph.errors import GraphFileError
from kgwb.graph.files.rdf_statements import FORBIDDEN, RDF, TYPE
from kgwb.words import quote

_PREFIX = re.compile(r"(?!xml)(?:[A-Za-z_][A-Za-z0-9_.\-]*)?", re.IGNORECASE)  # those that begin so are XML's own
_STAND_IN = "kgwb_type"  # what stands for rdf:type where a type is no name of an element


def serialize_xml(triples: Sequence[Any], path: Path, prefixes: Mapping[str, str], oxigraph: Any) -> bytes:
    """Statements as RDF/XML, which names an element after each relation, and may name one after a type.

    Raises:
        GraphFileError: names the relation that no element can be named after, or the text that XML cannot carry, and a
            format that carries it.
    """
    _check_statements(triples, path, oxigraph)
    kinds = {triple.object for triple in triples if triple.predicate.value == TYPE}
    odd = {kind for kind in kinds if type(kind).__name__ == "NamedNode" and not _names_element(kind.value, oxigraph)}
    stand_in = oxigraph.NamedNode(RDF + _STAND_IN)
    written = [
        oxigraph.Triple(triple.subject, stand_in, triple.object)
        if triple.predicate.value == TYPE and triple.object in odd
        else triple
        for triple in triples
    ]
    usable = {name: start for name, start in prefixes.items() if _PREFIX.fullmatch(name)}
    data: bytes = oxigraph.serialize(written, format=oxigraph.RdfFormat.RDF_XML, prefixes=usable)
    # In texts and attributes < is escaped, so this is found in names of elements only.
    return data.replace(f"<rdf:{_STAND_IN}".encode(), b"<rdf:type").replace(
        f"</rdf:{_STAND_IN}".encode(), b"</rdf:type"
    )


def _check_statements(triples: Sequence[Any], path: Path, oxigraph: Any) -> None:
    hint = f"Write another format, for example write_graph(graph, {path.with_suffix('.nt').name!r})."
    for triple in triples:
        text = triple.object.value if type(triple.object).__name__ == "Literal" else ""
        found = FORBIDDEN.search(text)
        if found:
            character = f"the character U+{ord(found[0]):04X} in {quote(text)}"
            raise GraphFileError(f"{path.name} was not written: XML cannot carry {character}. {hint}")
    for predicate in sorted({triple.predicate.value for triple in triples}):
        if not _names_element(predicate, oxigraph):
            rule = f"RDF/XML cannot hold the relation {quote(predicate)}, after which no element can be named"
            raise GraphFileError(f"{path.name} was not written: {rule}. {hint}")


def _names_element(address: str, oxigraph: Any) -> bool:
    """Whether an element can be named after the end of an address; readers differ in which letters names may have."""
    if address == TYPE:
        return True
    node = oxigraph.NamedNode(address)
    try:
        data = oxigraph.serialize([oxigraph.Triple(node, node, node)], format=oxigraph.RdfFormat.RDF_XML)
        return ElementTree.fromstring(data)[0][0].tag.replace("{", "").replace("}", "") == address
    except (ElementTree.ParseError, OSError):
        return False
