"""A graph as statements of RDF, where every name is an address (an IRI)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from kgwb.graph.knowledge_graph import KnowledgeGraph

OWN = "urn:kgwb:"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = RDF + "type"
LABELS = (RDFS + "label", SKOS + "prefLabel", "http://xmlns.com/foaf/0.1/name", "http://schema.org/name")
ALIASES = (SKOS + "altLabel",)
DESCRIPTIONS = (
    RDFS + "comment",
    SKOS + "definition",
    "http://schema.org/description",
    "http://purl.org/dc/terms/description",
)
# Only letters that every reader of XML takes in the name of an element (those of Unicode 2), so that one spelling
# serves every format.
_SPECIAL = re.compile(
    r"[^A-Za-z0-9_\-À-ÖØ-öø-ıĴ-ľŁ-ňŊ-žΆΈ-ΊΌΎ-ΡΣ-ώЁ-ЌЎ-яё-ќў-ҁԱ-Ֆա-ֆא-תء-غअ-हა-ჶẠ-ỹぁ-ゔァ-ヺ一-龥가-힣]"
)
_ESCAPE = re.compile(r"\.([0-9a-f]+)\.")
_BEYOND_ASCII = "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd"
_PART = rf"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=\-{_BEYOND_ASCII}]|%[0-9A-Fa-f]{{2}})*"
_WEB_ADDRESS = re.compile(rf"https?://[A-Za-z0-9.\-]+(?::\d{{1,5}})?/{_PART}(?:#{_PART})?")
# What XML cannot carry. A carriage return is legal, but readers turn it into a line feed.
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_TAGGED = re.compile(r"(label|description)_([a-z]{2,3}(?:-[a-z0-9]{2,8})*)")
_PREDICATES = {"label": LABELS[0], "description": DESCRIPTIONS[0]}


def write_address(kind: str, name: str) -> str:
    """The address that stands for a name: the name itself where it is a web address, otherwise one of kgwb's own.

    Example:
        >>> write_address("entity", "New York")
        'urn:kgwb:entity.New.20.York'
        >>> write_address("entity", "http://example.org/Berlin")
        'http://example.org/Berlin'
    """
    if kind in ("entity", "relation") and is_web_address(name):
        return name
    return f"{OWN}{kind}." + _SPECIAL.sub(lambda match: f".{ord(match[0]):x}.", name)


def read_address(kind: str, address: str) -> str:
    """The name that an address stands for.

    Example:
        >>> read_address("entity", "urn:kgwb:entity.New.20.York")
        'New York'
    """
    prefix = f"{OWN}{kind}."
    if not address.startswith(prefix):
        return address
    return _ESCAPE.sub(lambda match: chr(min(int(match[1], 16), 0x10FFFF)), address.removeprefix(prefix))


def read_local(kind: str, address: str) -> str:
    """The last part of an address, for people to read; of kgwb's own addresses, the name.

    Example:
        >>> read_local("entity", "http://example.org/places#New_York")
        'New_York'
    """
    name = read_address(kind, address)
    if name != address:
        return name
    name = name.rstrip("/#:")
    return name[max(name.rfind("/"), name.rfind("#"), name.rfind(":")) + 1 :]


def is_web_address(name: str) -> bool:
    """Whether a name can stand in RDF as it is and is no word of RDF's own."""
    if name == TYPE or name in (*LABELS, *ALIASES, *DESCRIPTIONS) or name.startswith((RDF, RDFS, OWL)):
        return False
    return _WEB_ADDRESS.fullmatch(name) is not None


def list_addresses(graph: KnowledgeGraph) -> tuple[list[str], list[str]]:
    """The address of every entity and of every relation, by id."""
    if graph.source is not None:
        spelt = graph.source.addresses
        tables = (("entity", graph.entities), ("relation", graph.relations))
        entities, relations = ([spelt[kind].get(n, (n,))[0] for n in table[kind]] for kind, table in tables)
        return entities, relations
    entities = [write_address("entity", name) for name in graph.entities["entity"]]
    relations, taken = [], set(entities)
    for name in graph.relations["relation"]:
        address = write_address("relation", name)
        # A web address that names both an entity and a relation would give each the other's label.
        own = OWN + "relation." + write_address("type", name).removeprefix(OWN + "type.")
        relations.append(own if address in taken else address)
    return entities, relations


def state_graph(graph: KnowledgeGraph, oxigraph: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Every statement about the graph: its tables, then its triples."""
    node = oxigraph.NamedNode
    entities, relations = (list(map(node, addresses)) for addresses in list_addresses(graph))
    for relation in relations:
        yield relation, node(TYPE), node(RDF + "Property")
    for table, subjects in ((graph.entities, entities), (graph.relations, relations)):
        for column in table.columns[1:]:
            kinds = column == "type" and table is graph.entities  # of relations it is any attribute
            for subject, cell in zip(subjects, table[column].tolist(), strict=True):
                yield from ((subject, *said) for said in _state_cell(column, cell, oxigraph, kinds=kinds))
        yield from _state_empty(table, subjects, oxigraph)
    for head, relation, tail in graph.triples.tolist():
        yield entities[head], relations[relation], entities[tail]


def _state_empty(table: pd.DataFrame, subjects: list[Any], oxigraph: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Empty labels and descriptions, where a reader would otherwise take those of another language."""
    for column, predicate in _PREDICATES.items():
        tagged = [table[other] for other in table.columns if (match := _TAGGED.fullmatch(other)) and match[1] == column]
        for row, subject in enumerate(subjects):
            # A name without any statement would vanish; what has no label is named "".
            needed = column == "label" or any(other[row] for other in tagged)
            if needed and not table[column][row]:
                yield subject, oxigraph.NamedNode(predicate), oxigraph.Literal("")


def _state_cell(column: str, cell: Any, oxigraph: Any, *, kinds: bool) -> Iterator[tuple[Any, Any]]:
    node, literal = oxigraph.NamedNode, oxigraph.Literal
    tagged = _TAGGED.fullmatch(column)
    if column == "aliases" and isinstance(cell, tuple):
        yield from ((node(ALIASES[0]), literal(alias)) for alias in cell)
    elif pd.api.types.is_number(cell):
        if not math.isnan(cell):
            yield node(write_address("attribute", column)), _write_number(cell, oxigraph)
    elif not cell:
        return
    elif kinds:
        yield node(TYPE), node(write_address("type", cell))
    elif tagged:
        yield node(_PREDICATES[tagged[1]]), literal(cell, language=tagged[2])
    else:
        yield node(_PREDICATES.get(column) or write_address("attribute", column)), literal(cell)


def _write_number(number: Any, oxigraph: Any) -> Any:
    if isinstance(number, int):
        return oxigraph.Literal(str(number), datatype=oxigraph.NamedNode(XSD + "integer"))
    text = repr(float(number)) if math.isfinite(number) else ("INF" if number > 0 else "-INF")
    return oxigraph.Literal(text, datatype=oxigraph.NamedNode(XSD + "double"))
