"""A graph as a piece of an offline page: pyvis holds nodes and edges, vis-network draws them, nothing is fetched.

pyvis's own page is not used: it loads scripts from elsewhere, puts labels into the page as markup, is written in the
machine's own encoding, and checks every new edge against all others. Its nodes, edges and copy of vis-network are.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from kgwb.packages import load_package
from kgwb.see.graph.picture import dot_radii, fit_points, legend_marks, name_fact
from kgwb.see.graph.scene import GraphScene
from kgwb.see.page import Fragment, draw_by_script
from kgwb.words import shorten

_WIDTH, _HEIGHT, _MARGIN = 760.0, 560.0, 40.0


def build_network(scene: GraphScene) -> Any:
    """The scene as a `pyvis.network.Network`, positions fixed and every text plain."""
    network = load_package("pyvis.network", "show_graph").Network(directed=True)
    node_of = load_package("pyvis.node", "show_graph").Node
    edge_of = load_package("pyvis.edge", "show_graph").Edge
    # The plane is measured in the pixels of a page, so that a dot or line is as large there as it is given here.
    points, scale = fit_points(scene.points, _WIDTH, _HEIGHT, _MARGIN)
    radii = dot_radii(scene, scale).round(1).tolist()
    for i, (x, y) in enumerate(points.round(1).tolist()):
        # Labels travel beside the nodes: the page's script places them so that none covers another.
        node = node_of(i, "dot", "", x=x, y=y, size=radii[i], color=scene.colours[scene.types[i]]).options
        # The lists are filled directly: add_node and add_edge search all of them at each call.
        network.nodes.append(node)
        network.node_ids.append(i)
        network.node_map[i] = node
    network.edges.extend(_describe_edges(scene, edge_of))
    return network


def _describe_edges(scene: GraphScene, edge_of: Any) -> list[dict[str, Any]]:
    between: dict[tuple[int, int], int] = {}
    edges = []
    for i, (head, tail) in enumerate(scene.ends.tolist()):
        pair = (min(head, tail), max(head, tail))
        turn = between[pair] = between.get(pair, -1) + 1
        edge = edge_of(head, tail, directed=True, id=i, name=shorten(name_fact(scene, i), 60)).options
        if turn:  # a second fact between the same two bends aside
            way = "curvedCW" if (turn % 2 == 1) == (head < tail) else "curvedCCW"
            edge["smooth"] = {"enabled": True, "type": way, "roundness": round(0.15 * ((turn + 1) // 2), 2)}
        if scene.predicted[i]:
            edge |= {"dashes": [6, 5], "width": 1.6}
        edges.append(edge)
    return edges


def describe_graph(scene: GraphScene) -> dict[str, Any]:
    """Everything the page's script draws, as plain data."""
    network = build_network(scene)
    table = scene.graph.entities
    descriptions = table["description"] if "description" in table else [""] * len(table)
    return {
        "nodes": network.nodes,
        "edges": network.edges,
        "ids": scene.entities.tolist(),
        "labels": scene.labels,
        "order": scene.by_degree[:1500].tolist(),
        "types": scene.types,
        "degrees": scene.degrees.tolist(),
        "about": [
            shorten(text, 300) if isinstance(text, str) else "" for text in np.array(descriptions)[scene.entities]
        ],
        "legend": [[mark.text, mark.colour, mark.shape] for mark in legend_marks(scene)],
        "centre": [i for i, entity in enumerate(scene.entities.tolist()) if entity in scene.centre],
    }


def write_graph_fragment(scene: GraphScene) -> Fragment:
    """The scene as a piece of a page, with vis-network and the view's own script as libraries."""
    libraries = {"vis-network": _read_vis_network()}
    return draw_by_script("graph.js", describe_graph(scene), scene.caption, style="graph.css", libraries=libraries)


@cache
def _read_vis_network() -> str:
    folder = Path(str(load_package("pyvis", "show_graph").__file__)).parent / "lib"
    script = sorted(folder.glob("vis-*/vis-network.min.js"))[-1].read_text(encoding="utf-8")
    return "\n".join(line for line in script.split("\n") if not line.startswith("//# sourceMappingURL="))
