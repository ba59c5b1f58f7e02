"""Networks as Gephi keeps them: GEXF of any version, read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from kgwb.graph.building import NamedTriples, Notes, sum_notes
from kgwb.graph.errors import ContentError
from kgwb.graph.files.edges import name_edges, name_nodes
from kgwb.graph.files.graphml_tree import EDGE_WITHOUT_END, NODE_WITHOUT_ID
from kgwb.graph.files.text import refuse_nested_entities
from kgwb.words import quote

_OWN = frozenset(("id", "source", "target", "type"))  # an edge's type says only whether it has a direction


def read_gexf(text: str, key: str | int, relation: str | None = None) -> NamedTriples:
    """The triples in GEXF: nodes with their attributes, edges with the attribute that names their relation.

    Args:
        text: the file.
        key: the edge attribute that names the relation.
        relation: the relation of edges that name none.

    Raises:
        ContentError: the text is not GEXF, or an edge has no relation.
    """
    refuse_nested_entities(text)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as problem:
        raise ContentError(f"cannot be read as GEXF. Is it complete? The reason: {problem}.") from None
    graph = next(_find(root, "graph"), None)
    if graph is None:
        raise ContentError("cannot be read as GEXF. Is it complete? The reason: there is no element <graph>.")
    titles = {kind: _read_titles(graph, kind) for kind in ("node", "edge")}
    elements = [*_find(graph, "node")]  # nodes within nodes come after them
    if any(node.get("id") is None for node in elements):
        raise ContentError(NODE_WITHOUT_ID)
    nodes = [(node.get("id", ""), _read_attributes(node, titles["node"])) for node in elements]
    usual = graph.get("defaultedgetype", "undirected")
    edges = []
    undirected = 0
    for edge in _find(graph, "edge"):
        if edge.get("source") is None or edge.get("target") is None:
            raise ContentError(EDGE_WITHOUT_END)
        undirected += edge.get("type", usual) != "directed"
        edges.append((edge.get("source", ""), edge.get("target", ""), _read_attributes(edge, titles["edge"])))
    frame, notes = name_edges(edges, str(key), relation)
    inside = sum(len([*_find(node, "node")]) - 1 for node in elements)
    counted = (
        ("undirected edges, read in one direction", undirected),
        ("nodes inside another node, read beside it", inside),
        *_list_unread([*elements, *_find(graph, "edge")]),
    )
    missing = {end for head, tail, _ in edges for end in (head, tail)} - {name for name, _ in nodes}
    nodes += [(name, {}) for name in sorted(missing)]
    return NamedTriples({"all": frame}, name_nodes(nodes), None, sum_notes(counted, notes))


def _list_unread(elements: list[Any]) -> Notes:
    """What nodes and edges hold beside attributes, and how many values of an attribute another one took the place of."""
    inner = [child for element in elements for child in element]
    names = sorted({child.tag.rpartition("}")[2] for child in inner} - {"attvalues", "nodes", "edges"})
    several = 0
    for values in (child for child in inner if child.tag.endswith("attvalues")):
        keys = [value.get("for", value.get("id", "")) for value in values]
        several += len(keys) - len(set(keys))
    further = f"elements of nodes and edges, not kept: {', '.join(map(quote, names))}"
    return (further, len(names)), ("earlier values of attributes that have several, not kept", several)


def _find(element: Any, name: str) -> Iterator[Any]:
    """All elements of a name below another, whatever version's namespace they are in."""
    return (child for child in element.iter() if child.tag.rpartition("}")[2] == name)


def _read_titles(graph: Any, kind: str) -> dict[str, tuple[str, str | None]]:
    """What the attributes are called, and what they are where nothing is said, by id."""
    found = {}
    for group in _find(graph, "attributes"):
        if group.get("class") == kind:
            for attribute in _find(group, "attribute"):
                default = next(_find(attribute, "default"), None)
                title = attribute.get("title") or attribute.get("id", "")
                found[attribute.get("id", "")] = (title, None if default is None else default.text)
    return found


def _read_attributes(element: Any, titles: dict[str, tuple[str, str | None]]) -> dict[str, Any]:
    attributes = {name: cell for name, cell in element.attrib.items() if name not in _OWN and "}" not in name}
    attributes |= {title: default for title, default in titles.values() if default is not None}
    values = next((child for child in element if child.tag.rpartition("}")[2] == "attvalues"), ())
    for value in values:
        number = value.get("for", value.get("id", ""))  # older versions call it id
        attributes[titles.get(number, (number, None))[0]] = value.get("value", "")
    return attributes
