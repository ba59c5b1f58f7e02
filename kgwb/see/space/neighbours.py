"""Which points lie nearest in all dimensions, and how many of them two spaces share."""

from __future__ import annotations

import numpy as np

from kgwb.axes import Float, Int
from kgwb.see.space.quality import Positions, measure_distances

_CELLS = 2**24  # distances held at a time


def list_nearest(
    points: Positions, rows: Int[np.ndarray, " row"], count: int
) -> tuple[Int[np.ndarray, "row near"], Float[np.ndarray, "row near"]]:
    """The nearest points and their Euclidean distances, nearest first, of equals the first.

    >>> ids, distances = list_nearest(np.array([[0.0], [1], [3]]), np.array([0]), 2)
    >>> ids.tolist(), distances.tolist()
    ([[1, 2]], [[1.0, 3.0]])
    """
    count = min(count, len(points) - 1)
    ids, squares = np.empty((len(rows), count), np.int32), np.empty((len(rows), count))
    step = max(1, _CELLS // len(points))
    for first in range(0, len(rows), step):
        far = measure_distances(points, rows[first : first + step])
        some = np.sort(np.argpartition(far, count - 1, axis=1)[:, :count], axis=1)  # [row, near]
        order = np.argsort(np.take_along_axis(far, some, axis=1), axis=1, kind="stable")
        some = np.take_along_axis(some, order, axis=1)
        ids[first : first + step] = some
        squares[first : first + step] = np.take_along_axis(far, some, axis=1)
    return ids, np.sqrt(np.maximum(squares, 0)).astype(np.float32)


def share_neighbours(
    first: Positions, second: Positions, count: int, rows: Int[np.ndarray, " row"]
) -> Float[np.ndarray, " point"]:
    """Which share of its nearest points each point keeps from one space to another; NaN where it was not measured.

    >>> share_neighbours(np.array([[0.0], [1], [3]]), np.array([[0.0], [9], [10]]), 1, np.arange(3))
    array([1., 0., 1.])
    """
    one, other = (list_nearest(points, rows, count)[0] for points in (first, second))
    shares = np.full(len(first), np.nan)
    shares[rows] = [len(set(a) & set(b)) / len(a) for a, b in zip(one.tolist(), other.tolist(), strict=True)]
    return shares
