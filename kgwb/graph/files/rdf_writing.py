"""Graphs written as RDF: .nt, .ttl, .rdf, .owl, .nq, .trig and .jsonld."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgwb.graph.errors import GraphFileError
from kgwb.graph.files.rdf_parsing import find_format
from kgwb.graph.files.rdf_statements import ALIASES, OWN, RDFS, state_graph
from kgwb.graph.files.rdf_xml import serialize_xml
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.packages import load_package


def write_rdf(graph: KnowledgeGraph, path: Path) -> None:
    """Write a graph as RDF, in the format of the path's suffix.

    A graph that was read from RDF is written as the statements it was read from. Of other graphs, names that are web
    addresses stay as they are; others become addresses of the form urn:kgwb:entity.Berlin, which `read_graph` turns
    back. Columns without any value are not written, because RDF has no columns.

    Raises:
        GraphFileError: the format cannot hold a statement.
        ImportError: pyoxigraph is not installed; gives the line that installs it.
    """
    oxigraph = load_package("pyoxigraph", f"Writing {path.suffix}")
    form = find_format(oxigraph, path.suffix.lower())
    prefixes = {"kgwb": OWN, "rdfs": RDFS, "skos": ALIASES[0].removesuffix("altLabel")}
    source = graph.source
    if source is None:
        quads = [oxigraph.Quad(*terms) for terms in state_graph(graph, oxigraph)]
    else:
        prefixes = dict(source.prefixes)
        quads = list(oxigraph.parse(source.text, format=oxigraph.RdfFormat.N_QUADS, lenient=True))
    if not form.supports_datasets:
        quads = list(dict.fromkeys(quad.triple for quad in quads))
    # Turtle may end a short name in an escaped full stop, or have one in a prefix, and rdflib cannot read that.
    terms = {term if type(term).__name__ != "Literal" else term.datatype for quad in quads for term in quad}
    ends = {term.value for term in terms if type(term).__name__ == "NamedNode" and term.value[-1:] == "."}
    prefixes = {name: start for name, start in prefixes.items() if "." not in name}
    prefixes = {name: start for name, start in prefixes.items() if not any(end.startswith(start) for end in ends)}
    data = _serialize(quads, form, path, prefixes, oxigraph)
    path.write_bytes(data or b"# a graph without a triple\n")


def _serialize(quads: list[Any], form: Any, path: Path, prefixes: Mapping[str, str], oxigraph: Any) -> bytes:
    if form == oxigraph.RdfFormat.RDF_XML:
        return serialize_xml(quads, path, prefixes, oxigraph)
    try:
        data: bytes = oxigraph.serialize(quads, format=form, prefixes=prefixes)
    except (ValueError, OSError) as problem:  # what is new in RDF 1.2
        other = path.with_suffix(".nq").name
        raise GraphFileError(
            f"{path.name} was not written: {problem}. Write another format, for example write_graph(graph, {other!r})."
        ) from None
    return data
