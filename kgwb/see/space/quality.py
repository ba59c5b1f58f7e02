"""How far a map can be trusted, as a whole and at each of its points.

Trustworthiness asks whether points that lie near on the map are near in truth; continuity asks whether points near in
truth lie near on the map (Venna & Kaski, 2001). Both are 1 for a perfect map and about .5 for a random one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgwb.axes import Float, Int
from kgwb.checks import expect_at_least, expect_kind, expect_seed

Positions = Float[np.ndarray, "point _"]  # in as many dimensions as there are
WHOLE = 3000  # up to so many points every one is measured
_LEAST, _WORK = 100, 1.2e9  # of more, a sample that takes a second or a few
_CELLS = 2**25  # distances held at a time


@dataclass(frozen=True)
class ProjectionQuality:
    """How far a map can be trusted.

    Attributes:
        trustworthiness: 1 when every neighbour on the map is a neighbour in truth.
        continuity: 1 when every neighbour in truth is a neighbour on the map.
        neighbours: how many nearest points count as neighbours.
    """

    trustworthiness: float
    continuity: float
    neighbours: int

    def __str__(self) -> str:
        return f"trustworthiness {self.trustworthiness:.2f}, continuity {self.continuity:.2f}"


@dataclass(frozen=True, eq=False)
class PointQuality:
    """How far each point of a map can be trusted; NaN where it was not measured.

    Attributes:
        trustworthiness: 1 when all its neighbours on the map are neighbours in truth, by point.
        continuity: 1 when all its neighbours in truth are neighbours on the map, by point.
        neighbours: how many nearest points count as neighbours.
    """

    trustworthiness: Float[np.ndarray, " point"]
    continuity: Float[np.ndarray, " point"]
    neighbours: int

    @property
    def rows(self) -> Int[np.ndarray, " measured"]:
        """The points that were measured."""
        return np.flatnonzero(np.isfinite(self.trustworthiness))

    @property
    def whole(self) -> ProjectionQuality:
        """That of the map: the mean over the points measured."""
        trust, continuity = float(np.nanmean(self.trustworthiness)), float(np.nanmean(self.continuity))
        return ProjectionQuality(trust, continuity, self.neighbours)


def projection_quality(
    high: Float[np.ndarray, "high dim"], low: Float[np.ndarray, "low plane"], neighbours: int = 10
) -> ProjectionQuality:
    """Measure how well a map keeps neighbourhoods.

        trustworthiness = 1 - 2 / (n k (2n - 3k - 1)) · Σ_i Σ_{j near i on the map} max(0, rank_i(j) - k)

    with rank_i(j) the rank of j among the neighbours of i in truth; continuity exchanges truth and map
    (Venna & Kaski, 2001). Where no two distances are equal, this is scikit-learn's `trustworthiness`; where some are, that
    counts the one that comes later as farther, and takes points that coincide for a mistake of the map.

    Args:
        high: the true positions.
        low: the positions on the map.
        neighbours: k; taken down to less than half the points where there are few.

    Example:
        >>> line = np.arange(12.0)[:, None]
        >>> projection_quality(line, line * 3, 4)
        ProjectionQuality(trustworthiness=1.0, continuity=1.0, neighbours=4)
    """
    near = _expect_positions(high, low, neighbours, call="projection_quality(vectors, points)")
    rows = np.arange(len(high))
    # One sum of whole numbers, so that a faithful map has exactly 1.
    trust = 1 - _sum_excess(high, low, near, rows).sum() / (_worst(len(high), near) * len(high))
    continuity = 1 - _sum_excess(low, high, near, rows).sum() / (_worst(len(high), near) * len(high))
    return ProjectionQuality(float(trust), float(continuity), near)


def point_quality(
    high: Float[np.ndarray, "high dim"],
    low: Float[np.ndarray, "low plane"],
    neighbours: int = 10,
    *,
    sample: int | None = None,
    seed: int = 0,
) -> PointQuality:
    """Measure how well a map keeps the neighbourhood of each point.

        trustworthiness_i = 1 - 2 / (k (2n - 3k - 1)) · Σ_{j near i on the map} max(0, rank_i(j) - k)

    so that its mean over all points is the map's trustworthiness (Venna & Kaski, 2001); continuity likewise.

    Args:
        high: the true positions.
        low: the positions on the map.
        neighbours: k; taken down to less than half the points where there are few.
        sample: so many points are measured, against all others; by default all of 3,000, and of more as many as a few
            seconds allow. The rest is NaN.
        seed: of the sample.

    Example:
        >>> line = np.arange(12.0)[:, None]
        >>> point_quality(line, line * 3, 4).trustworthiness.min()
        np.float64(1.0)
    """
    near = _expect_positions(high, low, neighbours, call="point_quality(vectors, points)")
    if sample is not None:
        expect_at_least("sample", sample, 1, whole=True)
    rows = draw_rows(len(high), high.shape[1], sample, expect_seed(seed))
    return measure_rows(high, low, near, rows)


def measure_rows(high: Positions, low: Positions, near: int, rows: Int[np.ndarray, " row"]) -> PointQuality:
    """The quality at these points, against all others."""
    found = []
    for truth, picture in ((high, low), (low, high)):
        values = np.full(len(high), np.nan)
        values[rows] = 1 - _sum_excess(truth, picture, near, rows) / _worst(len(high), near)
        found.append(values)
    return PointQuality(found[0], found[1], near)


def draw_rows(count: int, dim: int, sample: int | None, seed: int) -> Int[np.ndarray, " row"]:
    """The points to measure, in order: all where there are few."""
    wanted = sample
    if wanted is None:
        wanted = count if count <= WHOLE else int(np.clip(_WORK / (count * (dim + 20)), _LEAST, WHOLE))
    if wanted >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).permutation(count)[:wanted])


def limit_neighbours(count: int, neighbours: int) -> int:
    """Less than half the points."""
    return max(1, min(int(neighbours), (count - 1) // 2))


def _expect_positions(high: object, low: object, neighbours: int, *, call: str) -> int:
    """How many neighbours can be looked at, once the positions are what they should be."""
    expect_at_least("neighbours", neighbours, 1, whole=True)
    for points in (high, low):
        expect_kind(points, np.ndarray, "An array of positions", call=call)
        if points.ndim != 2 or points.dtype.kind not in "fiu":  # type: ignore[attr-defined]
            raise ValueError(f"Positions of shape {points.shape} and type {points.dtype} came. Type {call}.")  # type: ignore[attr-defined]
    if len(high) != len(low) or len(high) < 3:  # type: ignore[arg-type]
        raise ValueError(
            f"high has {len(high)} points and low {len(low)}; expected the same points, at least 3. Type {call}."  # type: ignore[arg-type]
        )
    return limit_neighbours(len(high), neighbours)  # type: ignore[arg-type]


def _worst(count: int, near: int) -> float:
    """The largest sum of excess ranks that one point can have."""
    return near * (2 * count - 3 * near - 1) / 2 or 1.0


def _sum_excess(
    truth: Positions, picture: Positions, near: int, rows: Int[np.ndarray, " row"]
) -> Int[np.ndarray, " row"]:
    """By how many ranks, in truth, the neighbours in the picture lie too far; for each row."""
    excess = np.zeros(len(rows), np.int64)
    truth, picture = np.asarray(truth, float), np.asarray(picture, float)
    step = max(1, _CELLS // len(truth) // 4)
    for first in range(0, len(rows), step):
        some = rows[first : first + step]
        shown = np.argpartition(measure_distances(picture, some), near - 1, axis=1)[:, :near]  # [row, near]
        true = measure_distances(truth, some)  # [row, point]
        for column in shown.T:
            reached = np.take_along_axis(true, column[:, None], axis=1)
            ranks = (true < reached).sum(axis=1) + 1
            excess[first : first + step] += np.maximum(0, ranks - near)
    return excess


def measure_distances(points: Positions, rows: Int[np.ndarray, " row"]) -> Float[np.ndarray, "row point"]:
    """Squared distances of some points to all, each infinitely far from itself."""
    lengths = np.einsum("ij,ij->i", points, points)
    squares = lengths[rows, None] + lengths[None] - 2 * points[rows] @ points.T  # [row, point]
    squares[np.arange(len(rows)), rows] = np.inf
    return np.asarray(squares)
