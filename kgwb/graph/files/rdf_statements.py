"""A graph as RDF."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.files.rdf_names import ALIASES, DESCRIPTIONS, LABELS, OWN, RDF, TYPE, XSD, write_address
from kgwb.graph.files.xml_text import check_xml
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.packages import load_package

_TAGGED = re.compile(r"(label|description)_([a-z]{2,3}(?:-[a-z0-9]{2,8})*)")
_PREDICATES = {"label": LABELS[0], "description": DESCRIPTIONS[0]}


def write_rdf(graph: KnowledgeGraph, path: Path) -> None:
    """Write a graph as N-Triples, Turtle or RDF/XML, by the path's suffix.

    Names that are web addresses stay as they are; others become addresses of the form urn:kgwb:entity.Berlin, which
    `read_graph` turns back. Columns without any value are not written, because RDF has no columns.

    Raises:
        GraphFileError: a text holds a character that XML cannot carry (.rdf and .owl only).
        ImportError: pyoxigraph is not installed; gives the line that installs it.
    """
    oxigraph = load_package("pyoxigraph", f"Writing {path.suffix}")
    formats = oxigraph.RdfFormat
    form = {".nt": formats.N_TRIPLES, ".ttl": formats.TURTLE}.get(path.suffix.lower(), formats.RDF_XML)
    if form == formats.RDF_XML:
        check_xml(graph, path)
    statements = [oxigraph.Triple(*terms) for terms in state_graph(graph, oxigraph)]
    prefixes = {"kgwb": OWN, "rdfs": LABELS[0].removesuffix("label"), "skos": ALIASES[0].removesuffix("altLabel")}
    data = oxigraph.serialize(statements, format=form, prefixes=prefixes)
    path.write_bytes(data or b"# a graph without a triple\n")


def state_graph(graph: KnowledgeGraph, oxigraph: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Every statement about the graph: its tables, then its triples."""
    node = oxigraph.NamedNode
    entities = [node(write_address("entity", name)) for name in graph.entities["entity"]]
    taken = {entity.value for entity in entities}
    addresses = [write_address("relation", name) for name in graph.relations["relation"]]
    names = zip(addresses, graph.relations["relation"], strict=True)
    # A web address that names both an entity and a relation would give each the other's label.
    relations = [node(own_address(name) if address in taken else address) for address, name in names]
    for relation in relations:
        yield relation, node(TYPE), node(RDF + "Property")
    for table, subjects in ((graph.entities, entities), (graph.relations, relations)):
        for column in table.columns[1:]:
            for subject, cell in zip(subjects, table[column].tolist(), strict=True):
                yield from ((subject, *said) for said in _state_cell(column, cell, oxigraph))
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


def own_address(name: str) -> str:
    """kgwb's own address for a relation, also where its name is a web address."""
    return OWN + "relation." + write_address("type", name).removeprefix(OWN + "type.")


def _state_cell(column: str, cell: Any, oxigraph: Any) -> Iterator[tuple[Any, Any]]:
    node, literal = oxigraph.NamedNode, oxigraph.Literal
    tagged = _TAGGED.fullmatch(column)
    if column == "aliases" and isinstance(cell, tuple):
        yield from ((node(ALIASES[0]), literal(alias)) for alias in cell)
    elif pd.api.types.is_number(cell):
        if not math.isnan(cell):
            yield node(write_address("attribute", column)), _write_number(cell, oxigraph)
    elif not cell:
        return
    elif column == "type":
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
