"""A graph as a `pyvis.network.Network`, to pass on to whoever works with that; kgwb draws its own.

pyvis puts ids and titles into its page as markup, and checks every new edge against all others. So ids are numbers, texts
carry no markup, and the lists are filled directly. The page that it writes itself still names Bootstrap on another machine,
for its looks alone; `view.save` writes one that names none.
"""

from __future__ import annotations

from typing import Any

from kgwb.packages import load_package
from kgwb.see.drawing import escape
from kgwb.see.graph.scene import GraphScene
from kgwb.words import shorten

_SHAPES = {"circle": "dot", "square": "square", "triangle": "triangle", "diamond": "diamond", "wedge": "triangleDown"}


def build_network(scene: GraphScene) -> Any:
    """The scene as a `pyvis.network.Network`: positions fixed, every text plain."""
    network = load_package("pyvis.network", "view.network").Network(directed=True, cdn_resources="in_line")
    node_of = load_package("pyvis.node", "view.network").Node
    edge_of = load_package("pyvis.edge", "view.network").Edge
    network.toggle_physics(False)
    for i, (x, y) in enumerate(scene.points.round(1).tolist()):
        mark = scene.marks[scene.types[i]]
        form = _SHAPES.get(mark.shape.rpartition(" ")[2], "star")
        label, title = shorten(scene.labels[i]), escape(f"{shorten(scene.labels[i], 300)} · {scene.types[i]}")
        node = node_of(i, form, label, x=x, y=y, size=float(scene.radii[i]), color=mark.colour, title=title)
        network.nodes.append({**node.options, "physics": False})
        network.node_ids.append(i)
        network.node_map[i] = network.nodes[-1]
    between: dict[frozenset[int], int] = {}
    for i, (head, tail) in enumerate(scene.ends.tolist()):
        turn = between[frozenset((head, tail))] = between.get(frozenset((head, tail)), -1) + 1
        network.edges.append(_describe_edge(scene, edge_of, i, turn))
    return network


def _describe_edge(scene: GraphScene, edge_of: Any, fact: int, turn: int) -> dict[str, Any]:
    head, tail = (int(end) for end in scene.ends[fact])
    label = scene.graph.relation_labels[scene.facts[fact, 1]]
    edge: dict[str, Any] = edge_of(head, tail, directed=True, title=escape(shorten(label, 60))).options
    if head == tail:
        return edge | {"selfReference": {"angle": turn * 1.05}}
    if turn:  # a second fact between the same two bends aside
        way = "curvedCW" if (turn % 2 == 1) == (head < tail) else "curvedCCW"
        edge["smooth"] = {"enabled": True, "type": way, "roundness": round(0.15 * ((turn + 1) // 2), 2)}
    return edge | ({"dashes": [6, 5]} if scene.predicted[fact] else {})
