"""GraphML made as plain as networkx reads it: one graph without others in it, and every edge with a direction and an id."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from kgwb.graph.building import Notes, sum_notes
from kgwb.graph.errors import ContentError

_LABELS = ("NodeLabel", "EdgeLabel")
EDGE_WITHOUT_END = "has an edge without source or target. Give it both, or take it out."
NODE_WITHOUT_ID = "has a node without id. Give it one, or take it out."


def flatten_graphs(text: str) -> tuple[str, Notes]:
    """The same nodes and edges in one graph, and what was left out or read in another way.

    Of edges that share an id networkx keeps the last, of graphs the first; graphs in nodes it passes over, and edges of
    both kinds it refuses.

    Raises:
        ContentError: an element joins more or fewer than two nodes, or a node has no id.
    """
    root = ElementTree.fromstring(text)
    parents = {child: parent for parent in root.iter() for child in parent}
    graphs = _find(root.iter(), "graph")
    if any(_find(graph, "hyperedge") for graph in graphs):
        raise ContentError(
            "has hyperedges, which join any number of nodes, and a fact joins two. Put a node in the place of each, "
            "with an edge to every node it joins."
        )
    nodes = [node for graph in graphs for node in _find(graph, "node")]
    inside = sum(len(_find(graph, "node")) for graph in graphs if parents[graph] is not root)
    edges = [edge for graph in graphs for edge in _find(graph, "edge")]
    undirected = sum(_direct_edges(graph) for graph in graphs)
    names = {node.get("id") for node in nodes}
    if None in names:
        raise ContentError(NODE_WITHOUT_ID)
    further = sum(max(0, len(_list_labels(element)) - 1) for element in (*nodes, *edges))
    for number, edge in enumerate(edges):
        if edge.get("source") is None or edge.get("target") is None:
            raise ContentError(EDGE_WITHOUT_END)
        edge.set("id", f"e{number}")
    for node in nodes:
        node.attrib.pop("yfiles.foldertype", None)  # it promises a graph inside
        _show_label(node)
    for graph in graphs[1:]:
        graphs[0].extend([*_find(graph, "node"), *_find(graph, "edge")])
        parents[graph].remove(graph)
    notes = sum_notes(
        (
            ("undirected edges, read in one direction", undirected),
            ("nodes inside another node, read beside it", inside),
            ("nodes that came before, taken together", len(nodes) - len(names)),
            ("ports of nodes and edges, not kept", _count_ports(nodes, edges)),
            ("further labels of nodes and edges in yEd, not kept", further),
        )
    )
    return ElementTree.tostring(root, encoding="unicode"), notes


def _direct_edges(graph: Element) -> int:
    """Give every edge the direction in which it is written; how many had none."""
    usual = "true" if graph.get("edgedefault") == "directed" else "false"
    graph.set("edgedefault", "directed")
    return sum(edge.attrib.pop("directed", usual) != "true" for edge in _find(graph, "edge"))


def _list_labels(element: Element) -> list[Element]:
    """The labels that yEd draws at a node or an edge; nodes inside have their own."""
    return [label for data in _find(element, "data") for kind in _LABELS for label in _find(data.iter(), kind)]


def _show_label(node: Element) -> None:
    """Put the label of a node where networkx looks for it, of whatever shape the node is."""
    labels = _list_labels(node)
    if labels:
        shape = Element(labels[0].tag.replace("NodeLabel", "ShapeNode"))
        shape.append(labels[0])
        next(data for data in _find(node, "data") if labels[0] in data.iter()).append(shape)


def _count_ports(nodes: Sequence[Element], edges: Sequence[Element]) -> int:
    named = sum(name in edge.attrib for edge in edges for name in ("sourceport", "targetport"))
    return named + sum(len(_find(node, "port")) for node in nodes)


def _find(elements: object, name: str) -> list[Element]:
    return [element for element in elements if element.tag.rpartition("}")[2] == name]  # type: ignore[attr-defined]
