"""Many dimensions flattened to two, and how much of the neighbourhoods survives.

Trustworthiness asks whether points that lie near on the map are near in truth; continuity asks whether points near in
truth lie near on the map (Venna & Kaski, 2001). Both are 1 for a perfect map and about .5 for a random one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

import numpy as np

from kgwb.axes import Float, Int
from kgwb.checks import expect_at_least, expect_kind
from kgwb.packages import load_package

Vectors = Float[np.ndarray, "point dim"]
Method = Literal["pca", "tsne"]
_ROWS = 256  # points whose distances to all others are held at a time


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
class Projection:
    """Points on a map and what is known of its faithfulness.

    Attributes:
        name: of the method, as printed.
        points: on the plane.
        quality: over the points mapped.
        variance: share of the variance that the two axes keep; None where the axes have no such meaning.
    """

    name: str
    points: Float[np.ndarray, "point 2"]
    quality: ProjectionQuality
    variance: float | None = None

    def describe(self, *, short: bool = False) -> str:
        """The quality in words, with the variance where the axes have one.

        >>> Projection("PCA", np.zeros((3, 2)), ProjectionQuality(0.9, 0.8, 10), 0.4).describe()
        'trustworthiness 0.90, continuity 0.80, keeps 40 % of the variance'
        """
        kept = "" if self.variance is None else f", keeps {100 * self.variance:.0f} % of the variance"
        text = f"{self.quality}{kept}"
        return text.replace(", ", " · ") if short else text


def project(vectors: Vectors, *, method: Method, neighbours: int = 10, seed: int = 0) -> Projection:
    """Map vectors to the plane.

    Args:
        vectors: at least 3, not all alike.
        method: "pca" (straight lines stay straight) or "tsne" (neighbours stay together; distances and sizes of
            groups mean little).
        neighbours: how many nearest points the quality is measured over; fewer where there are few points.
        seed: of t-SNE; the same vectors and seed give the same map.
    """
    centred = np.asarray(vectors, float) - np.mean(vectors, axis=0)
    points, variance = _project_linearly(centred)
    if method == "pca":
        return Projection("PCA", points, projection_quality(centred, points, neighbours), variance)
    points = _project_neighbours(centred, points, seed)
    return Projection("t-SNE", points, projection_quality(centred, points, neighbours))


def _project_linearly(centred: Vectors) -> tuple[Float[np.ndarray, "point 2"], float]:
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.where(np.abs(axes[:2]).max(axis=1) == axes[:2].max(axis=1), 1, -1)[:, None]
    points = centred @ axes.T  # [point, 2], or 1 where there is one dimension
    points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    return points, float((lengths[:2] ** 2).sum() / (lengths**2).sum())


def _project_neighbours(
    centred: Vectors, start: Float[np.ndarray, "point 2"], seed: int
) -> Float[np.ndarray, "point 2"]:
    learner = _load_manifold().TSNE(
        n_components=2,
        perplexity=min(30.0, (len(centred) - 1) / 3),
        init=(start / start[:, 0].std() * 1e-4).astype(np.float32),
        random_state=int(seed) % 2**32,
        max_iter=500,
    )
    if centred.shape[1] > 50:  # as its authors do: fewer dimensions first, which also drops noise
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        centred = centred @ axes[:50].T
    # One thread: on a busy machine sklearn's threads wait for one another, six times as long as one alone takes.
    with load_package("threadpoolctl", "A t-SNE map").threadpool_limits(1):
        return np.asarray(learner.fit_transform(centred.astype(np.float32)), float)


def _load_manifold() -> ModuleType:
    """Loading it draws from Python's `random`, whose state is the user's."""
    state = random.getstate()
    try:
        return load_package("sklearn.manifold", "A t-SNE map", install="scikit-learn")
    finally:
        random.setstate(state)


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
    expect_at_least("neighbours", neighbours, 1, whole=True)
    call = "projection_quality(vectors, points)"
    for points in (high, low):
        expect_kind(points, np.ndarray, "An array of positions", call=call)
        if points.ndim != 2 or points.dtype.kind not in "fiu":
            raise ValueError(f"Positions of shape {points.shape} and type {points.dtype} came. Type {call}.")
    if len(high) != len(low) or len(high) < 3:
        raise ValueError(
            f"high has {len(high)} points and low {len(low)}; expected the same points, at least 3. Type {call}."
        )
    near = max(1, min(neighbours, (len(high) - 1) // 2))
    return ProjectionQuality(_measure_trust(high, low, near), _measure_trust(low, high, near), near)


def _measure_trust(truth: Vectors, picture: Float[np.ndarray, "point plane"], near: int) -> float:
    """1 less the ranks, in truth, by which neighbours in the picture lie too far, as a share of the worst."""
    count = len(truth)
    worst = count * near * (2 * count - 3 * near - 1) / 2
    excess = 0
    for first in range(0, count, _ROWS):
        rows = np.arange(first, min(first + _ROWS, count))
        shown = np.argpartition(_distances(picture, rows), near - 1, axis=1)[:, :near]  # [row, near]
        true = _distances(truth, rows)  # [row, point]
        for column in shown.T:
            reached = np.take_along_axis(true, column[:, None], axis=1)
            ranks = (true < reached).sum(axis=1) + 1
            excess += int(np.maximum(0, ranks - near).sum())
    return 1 - excess / worst if worst else 1.0


def _distances(points: Vectors, rows: Int[np.ndarray, " row"]) -> Float[np.ndarray, "row point"]:
    """Squared distances, each point infinitely far from itself."""
    points = np.asarray(points, float)
    lengths = (points**2).sum(axis=1)
    squares = lengths[rows, None] + lengths[None] - 2 * points[rows] @ points.T  # [row, point]
    squares[np.arange(len(rows)), rows] = np.inf
    return np.asarray(squares)
