"""One entity in the middle, its facts as spokes grouped by relation, what lies further away on rings beyond.

The rings are ellipses, wider than high. Along an ellipse places are apart by what a line of text needs: much across, little
down, so that names at the sides stand in a column and names above and below do not run into each other:

    gap² = (dx / 120)² + (dy / 23)² = 1
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from kgwb.axes import Float, Int

ACROSS, DOWN = 120.0, 23.0  # pixels that a name takes
ASPECT = 1.15  # width of a ring by its height
_INNER = 165.0  # half the height of the first ring at least
_STEPS = 720  # of an ellipse, to measure along it
_Group = tuple[int, bool]  # a relation, and whether it leads inwards
_Tree = dict[int, list[tuple[_Group, int]]]  # the children of each node, with the group each belongs to


def place_spokes(facts: Int[np.ndarray, "fact 3"], count: int, centre: int) -> Float[np.ndarray, "node 2"]:
    """Positions of the nodes in pixels, y downwards, the centre at 0.

    Args:
        facts: (head, relation, tail), the ends as positions among the nodes.
        count: of nodes; one that no fact joins to the centre stands on the outermost ring.
        centre: which of them stands in the middle.
    """
    children, depth = _grow_tree(facts, count, centre)
    order: list[tuple[int, float]] = []  # leaves with the gap before each, in the order of the ring
    _list_leaves(children, centre, order)
    alone = [(node, 0.5 if i == 0 else 0.0) for i, node in enumerate(np.flatnonzero(depth < 0).tolist())]
    order += alone
    rings = max(int(depth.max()), 1 if alone else 0)
    points = np.zeros((count, 2))
    if not order or not rings:
        return points
    depth[depth < 0] = rings
    slots = np.cumsum([1.0 + gap for _, gap in order]) - 0.5
    total = slots[-1] + 0.5 + (0.5 if len(order) > 3 else 0.0)
    turn = {node: float(slot / total) for (node, _), slot in zip(order, slots, strict=True)}
    _turn_branches(children, centre, turn)
    angles, around = _measure_ellipse()
    high = max(_INNER * rings, total / around)
    for node, share in turn.items():
        begin = 0.75 if len(order) > 3 else 1 - 0.5 / total  # at the top; of few, the first stands to the right
        angle = np.interp((share + begin) % 1.0, np.linspace(0, 1, _STEPS + 1), angles)
        ring = high * depth[node] / rings
        points[node] = np.array([ASPECT * np.cos(angle), np.sin(angle)]) * ring
    points[centre] = 0.0
    return points


def _grow_tree(facts: Int[np.ndarray, "fact 3"], count: int, centre: int) -> tuple[_Tree, Int[np.ndarray, " node"]]:
    """Each node's children with the group they belong to, relation and direction; and how far each node is, or −1."""
    touching: dict[int, list[tuple[int, bool, int]]] = defaultdict(list)
    for head, relation, tail in facts.tolist():
        touching[head].append((relation, False, tail))
        touching[tail].append((relation, True, head))
    depth = np.full(count, -1)
    depth[centre] = 0
    children: _Tree = defaultdict(list)
    ahead = [centre]
    for node in ahead:
        for relation, inward, other in sorted(touching[node]):
            if depth[other] < 0:
                depth[other] = depth[node] + 1
                children[node].append(((relation, inward), other))
                ahead.append(other)
    return children, depth


def _list_leaves(children: _Tree, centre: int, order: list[tuple[int, float]]) -> None:
    """Every leaf of the tree from left to right, without recursion: a path may be longer than Python's stack."""
    ahead: list[tuple[int, _Group]] = [(child, group) for group, child in reversed(children.get(centre, []))]
    last, gap = ahead[-1][1] if ahead else None, 0.0
    while ahead:
        node, group = ahead.pop()
        if group != last:  # groups of the first ring stand apart, with all that hangs on them
            last, gap = group, 0.6
        below = children.get(node, [])
        if not below:
            order.append((node, gap))
            gap = 0.0
        ahead += [(child, group) for _, child in reversed(below)]


def _turn_branches(children: _Tree, centre: int, turn: dict[int, float]) -> None:
    """What is no leaf stands in the middle of what hangs on it."""
    ahead = [centre]
    for node in ahead:
        ahead += [child for _, child in children.get(node, [])]
    for node in reversed(ahead):
        below = [turn[child] for _, child in children.get(node, [])]
        if below:
            turn[node] = (below[0] + below[-1]) / 2


def _measure_ellipse() -> tuple[Float[np.ndarray, " step"], float]:
    """Angles at equal gaps along an ellipse of height 2, and how many gaps it holds."""
    angles = np.linspace(0, 2 * np.pi, 4 * _STEPS + 1)
    steps = np.hypot(np.diff(ASPECT * np.cos(angles)) / ACROSS, np.diff(np.sin(angles)) / DOWN)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    return np.interp(np.linspace(0, along[-1], _STEPS + 1), along, angles), float(along[-1])
