"""Where the entities of a graph stand on the page, worked out before the page opens, so nothing moves there.

Every pair of entities pushes apart, every edge pulls together (after ForceAtlas2, Jacomy et al., 2014, with a pull that
grows more slowly, so that groups stay compact):

    push(i, j) = (d_i + 1)(d_j + 1) / |x_i - x_j|        pull(i, j) = 1.5 |x_i - x_j|^0.8

with d the degree. In large graphs the push is read off a grid, by one convolution, instead of off all pairs.
"""

from __future__ import annotations

import numpy as np

from kgwb.axes import Float, Int
from kgwb.packages import load_package

Points = Float[np.ndarray, "node 2"]
Pairs = Int[np.ndarray, "edge 2"]
Mass = Float[np.ndarray, " node"]
_ALL_PAIRS = 150  # nodes up to which each pushes each other directly
_GRID = 128  # cells a side
_ROUNDS = 250


def place_nodes(edges: Pairs, nodes: int, *, seed: int = 0) -> Points:
    """Positions of the nodes, wider than high, centred on 0; parts that no edge joins stand in rows below the largest.

    The same edges and seed always give the same positions.

    Args:
        edges: positions of the nodes each edge joins.
        nodes: how many nodes there are.
        seed: of the starting positions.

    Returns:
        About one unit of area a node.
    """
    sparse = load_package("scipy.sparse", "show_graph")
    find_parts = load_package("scipy.sparse.csgraph", "show_graph").connected_components
    pairs = np.unique(np.sort(edges[edges[:, 0] != edges[:, 1]], axis=1), axis=0)
    links = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(nodes, nodes))
    part_of = find_parts(links, directed=False)[1]
    sizes = np.bincount(part_of, minlength=1)
    points = np.zeros((nodes, 2))
    position = np.zeros(nodes, int)
    parts = []
    for part in np.argsort(-sizes, kind="stable")[: len(sizes) if nodes else 0]:
        members = np.flatnonzero(part_of == part)
        position[members] = np.arange(len(members))
        inside = position[pairs[part_of[pairs[:, 0]] == part]]
        points[members] = _place_part(inside, len(members), seed, alone=len(sizes) == 1)
        parts.append(members)
    _pack(points, parts)
    return points


def _place_part(pairs: Pairs, nodes: int, seed: int, *, alone: bool) -> Points:
    if nodes < 3:
        return np.array([[-0.6, 0.0], [0.6, 0.0]]) if nodes == 2 else np.zeros((nodes, 2))
    mass = np.bincount(pairs.ravel(), minlength=nodes) + 1.0
    points = _start(pairs, nodes, np.random.default_rng(seed))
    speed = np.ones(nodes)
    before = np.zeros_like(points)
    for turn in range(_ROUNDS):
        force = _force(points, pairs, mass)
        # A node that swings to and fro is slowed down; one that travels is let go.
        swing = np.linalg.norm(force - before, axis=1)
        travel = np.linalg.norm(force + before, axis=1)
        speed = np.clip(speed * np.where(swing < travel, 1.15, 0.7), 0.02, 4.0)
        step = force / mass[:, None] * speed[:, None]
        length = np.linalg.norm(step, axis=1, keepdims=True)
        limit = 0.12 * np.sqrt(nodes) * (1 - turn / _ROUNDS) + 0.02
        points = points + step * np.minimum(1, limit / np.maximum(length, 1e-12))
        before = force
    return _turn_wide(_spread(points, mass, alone=alone))


def _pack(points: Points, parts: list[np.ndarray]) -> None:
    """Move the parts, the largest first, into rows that are no wider than a page is."""
    if not parts:
        return
    boxes = [np.ptp(points[members], axis=0) + 1.3 for members in parts]
    page = max(boxes[0][0], np.sqrt(1.6 * sum(float(box.prod()) for box in boxes[1:])))
    left = top = row = 0.0
    for members, box in zip(parts, boxes, strict=True):
        if left and left + box[0] > page:
            left, top, row = 0.0, top + row, 0.0
        points[members] += np.array([left, top]) + 0.65 - points[members].min(axis=0)
        left, row = left + box[0], max(row, box[1])
    points -= (points.min(axis=0) + points.max(axis=0)) / 2


def _start(pairs: Pairs, nodes: int, random: np.random.Generator) -> Points:
    """Noise averaged over neighbours: a rough form of the graph, so that few rounds untangle it."""
    points = random.normal(size=(nodes, 2))
    degree = np.bincount(pairs.ravel(), minlength=nodes)[:, None]
    for _ in range(60):
        total = np.zeros_like(points)
        np.add.at(total, pairs[:, 0], points[pairs[:, 1]])
        np.add.at(total, pairs[:, 1], points[pairs[:, 0]])
        points = (points + total) / (1 + degree)
        points = np.linalg.qr(points - points.mean(axis=0))[0]
    scale = np.sqrt(nodes) / np.maximum(points.std(axis=0), 1e-9)
    return points * scale + random.normal(size=points.shape) * 0.1


def _force(points: Points, pairs: Pairs, mass: Mass) -> Points:
    repel = _repel_pairs if len(points) <= _ALL_PAIRS else _repel_grid
    force = repel(points, mass)
    gap = points[pairs[:, 1]] - points[pairs[:, 0]]
    distance = np.maximum(np.linalg.norm(gap, axis=1, keepdims=True), 1e-9)
    # In a small graph edges of like length read best; in a large one, groups that stand apart.
    pull = 0.5 * gap * distance if len(points) <= _ALL_PAIRS else 1.5 * gap * distance**-0.2
    np.add.at(force, pairs[:, 0], pull)
    np.add.at(force, pairs[:, 1], -pull)
    far = np.linalg.norm(points, axis=1, keepdims=True)
    return force - mass[:, None] * points / np.maximum(far, 1e-9) * 0.6


def _repel_pairs(points: Points, mass: Mass) -> Points:
    gap = points[:, None] - points[None]  # [node, node, 2]
    weight = mass[:, None] * mass[None] / ((gap**2).sum(-1) + 1e-2)
    return np.asarray(np.einsum("ij,ijk->ik", weight, gap))


def _repel_grid(points: Points, mass: Mass) -> Points:
    """The push of all nodes, with the masses spread over a grid and the law convolved with it once."""
    low = points.min(axis=0)
    cell = float((points.max(axis=0) - low).max()) / (_GRID - 2) or 1.0
    place = (points - low) / cell
    corner = place.astype(int)  # [node, 2], of the cell a node lies in
    part = place - corner
    grid = np.zeros((_GRID, _GRID))
    corners = [(dx, dy) for dx in (0, 1) for dy in (0, 1)]
    shares = [np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1]) for dx, dy in corners]
    for (dx, dy), share in zip(corners, shares, strict=True):
        np.add.at(grid, (corner[:, 0] + dx, corner[:, 1] + dy), mass * share)
    # Twice as large as the grid, so that what leaves it on one side does not come in on the other.
    steps = np.fft.fftfreq(2 * _GRID, 1 / (2 * _GRID))
    across, along = np.meshgrid(steps, steps, indexing="ij")
    law = 1 / ((across**2 + along**2 + 0.5) * cell)
    spectrum = np.fft.rfft2(grid, s=(2 * _GRID, 2 * _GRID))
    force = np.zeros_like(points)
    for axis, offset in enumerate((across, along)):
        field = np.fft.irfft2(spectrum * np.fft.rfft2(offset * law), s=(2 * _GRID, 2 * _GRID))  # [cell, cell]
        for (dx, dy), share in zip(corners, shares, strict=True):
            force[:, axis] += field[corner[:, 0] + dx, corner[:, 1] + dy] * share
    return force * mass[:, None]


def _spread(points: Points, mass: Mass, *, alone: bool, rounds: int = 40) -> Points:
    """Scale to one unit of area a node and push apart nodes whose dots would touch."""
    tree = load_package("scipy.spatial", "show_graph").cKDTree
    radius = 0.16 + 0.05 * np.sqrt(mass)
    spread = np.cov(points.T)  # [2, 2]
    area = float(np.linalg.det(spread))
    # On a line the area is a rounded zero, of either sign; there it is of the length that a node takes one unit. Among
    # other parts a line must not be scaled by what rounding left, or it is a thousand times as long as they are.
    flat = 0.0 if alone else 1e-9 * float(np.trace(spread)) ** 2
    extent = np.sqrt(area**0.5 * 12 / len(points)) if area > flat else np.sqrt(12 * np.trace(spread)) / len(points)
    points = (points - points.mean(axis=0)) / max(float(extent), 1e-9)
    for _ in range(rounds):
        close = tree(points).query_pairs(2 * float(radius.max()), output_type="ndarray")
        first, second = close.T
        gap = points[first] - points[second]
        distance = np.linalg.norm(gap, axis=1)
        overlap = np.maximum(0, radius[first] + radius[second] - distance)
        if not overlap.any():
            break
        push = gap / np.maximum(distance, 1e-6)[:, None] * (overlap / 2)[:, None]
        np.add.at(points, first, push)
        np.add.at(points, second, -push)
    return points


def _turn_wide(points: Points) -> Points:
    """Rotate so that the longest side lies across, with a fixed sign, so that the picture is always the same way up."""
    centred = points - points.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    axes *= np.where(np.abs(axes).max(axis=1) == axes.max(axis=1), 1, -1)[:, None]
    return centred @ axes.T
