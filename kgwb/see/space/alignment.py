"""Two spaces of the same entities side by side: which entities both have, and the second map laid onto the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kgwb.axes import Float
from kgwb.see.space.cloud import Cloud
from kgwb.see.space.neighbours import share_neighbours
from kgwb.see.space.projection import Projection
from kgwb.see.space.quality import draw_rows, limit_neighbours

Flat = Float[np.ndarray, "point 2"]


@dataclass(frozen=True, eq=False)
class SecondSpace:
    """What a second space adds.

    Attributes:
        name: of the second space.
        kept: share of its nearest points, in all dimensions, that each point has in both; NaN where not measured.
        neighbours: how many nearest points are looked at.
        left_out: how many points only one of the spaces has.
        scale: by how much the second map was made larger.
    """

    name: str
    kept: Float[np.ndarray, " point"]
    neighbours: int
    left_out: int
    scale: float


def align_points(points: Flat, onto: Flat) -> tuple[Flat, float]:
    """Points centred, turned or mirrored so that they lie nearest to others, at the same spread; and the scale.

        minimise ‖s (points - mean) R - (onto - mean)‖ over orthogonal R   (Schönemann, 1966), s = spread onto / spread

    Were s minimised too, maps that have little in common would shrink to a spot.

    >>> square = np.array([[0.0, 0], [2, 0], [2, 1], [0, 1]])
    >>> aligned, scale = align_points(square[:, ::-1] / 2, square)
    >>> np.allclose(aligned, square), round(scale, 6)
    (True, 2.0)
    """
    centred, goal = points - points.mean(axis=0), onto - onto.mean(axis=0)
    left, _, right = np.linalg.svd(centred.T @ goal)
    scale = float(np.linalg.norm(goal) / (np.linalg.norm(centred) or 1.0)) or 1.0
    return centred @ (left @ right) * scale + onto.mean(axis=0), scale


def match_clouds(first: Cloud, second: Cloud) -> tuple[Cloud, Cloud, int]:
    """The points that both have, in one order, and how many only one has; entities by name, else by label.

    Raises:
        ValueError: fewer than three are shared.
    """
    names = [_name_points(cloud) for cloud in (first, second)]
    places = {name: i for i, name in enumerate(names[1])}
    pairs = [(i, places[name]) for i, name in enumerate(names[0]) if name in places]
    if len(pairs) < 3:
        raise ValueError(
            f"{len(pairs)} of the {len(names[0]):,} points of {first.name} are among the {len(names[1]):,} of "
            f"{second.name}; a comparison needs at least 3. Type show_space(vectors, beside=other) with two embeddings of "
            "the same graph, or two arrays with the same labels."
        )
    mine, others = (np.array(column) for column in zip(*pairs, strict=True))
    left_out = len(names[0]) + len(names[1]) - 2 * len(pairs)
    return first.restrict(mine), second.restrict(others), left_out


def _name_points(cloud: Cloud) -> Sequence[object]:
    if cloud.graph is None:
        return cloud.labels
    names = cloud.graph.entities["entity"]
    return [names[i] for i in cloud.ids]


def lay_beside(
    first: Cloud, second: Cloud, maps: tuple[Projection, Projection], *, neighbours: int, left_out: int, seed: int
) -> tuple[tuple[Projection, Projection], SecondSpace]:
    """The second map laid onto the first, and which neighbours the points keep."""
    one, other = maps
    points, scale = align_points(other.points, one.points)
    count = limit_neighbours(len(first.labels), neighbours)
    rows = draw_rows(len(first.labels), first.vectors.shape[1], None, seed)
    kept = share_neighbours(first.vectors, second.vectors, count, rows)
    names = [f"{one.name} of {first.name}", f"{other.name} of {second.name}"]
    if names[0] == names[1]:
        names[1] += ", beside"
    laid = (replace(one, name=names[0]), replace(other, name=names[1], points=points, plane=None))
    return laid, SecondSpace(second.name, kept, count, left_out, scale)


def list_changed(cloud: Cloud, beside: SecondSpace, count: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The points that keep least of their neighbours, and those that keep most; of equals the best connected first."""
    table = pd.DataFrame(
        {"label": cloud.labels, "type": cloud.types, "neighbours kept": beside.kept},
        index=pd.Index(cloud.ids, name="id"),
    )
    degrees = np.zeros(len(table)) if cloud.degrees is None else cloud.degrees
    measured = np.flatnonzero(np.isfinite(beside.kept))
    least, most = (measured[np.lexsort((-degrees[measured], sign * beside.kept[measured]))] for sign in (1, -1))
    return table.iloc[least[:count]], table.iloc[most[:count]]
