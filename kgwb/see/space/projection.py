"""Many dimensions flattened to two or three, and how much of the neighbourhoods survives."""

from __future__ import annotations

import random
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

import numpy as np

from kgwb.axes import Float
from kgwb.packages import load_package
from kgwb.see.space.quality import PointQuality, ProjectionQuality, draw_rows, limit_neighbours, measure_rows

Vectors = Float[np.ndarray, "point dim"]
Points = Float[np.ndarray, "point _"]
Method = Literal["pca", "tsne", "umap"]
NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
_SQUARE = 5000  # points above which the axes come from the matrix of covariances, which is small


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane that keeps most of the variance: position = (vector - middle) @ axes.

    Attributes:
        middle: of the points that it was fitted to.
        axes: as columns.
        kept: share of their variance that the axes keep.
    """

    middle: Float[np.ndarray, " dim"]
    axes: Float[np.ndarray, "dim axis"]
    kept: float

    def place(self, vectors: Vectors) -> Points:
        """Where vectors fall."""
        return np.asarray((vectors - self.middle) @ self.axes)


@dataclass(frozen=True, eq=False)
class Projection:
    """Points on a map and what is known of its faithfulness.

    Attributes:
        name: of the method, as printed.
        points: on the plane.
        quality: of the map, over the points measured.
        variance: share of the variance that the two axes keep; None where the axes have no such meaning.
        plane: of a linear map; None for any other.
        each: the quality at each point.
    """

    name: str
    points: Float[np.ndarray, "point 2"]
    quality: ProjectionQuality
    variance: float | None = None
    plane: Plane | None = None
    each: PointQuality | None = None

    def describe(self, *, short: bool = False) -> str:
        """The quality in words, with the variance where the axes have one.

        >>> Projection("PCA", np.zeros((3, 2)), ProjectionQuality(0.9, 0.8, 10), 0.4).describe()
        'trustworthiness 0.90, continuity 0.80, keeps 40 % of the variance'
        """
        kept = "" if self.variance is None else f", keeps {100 * self.variance:.0f} % of the variance"
        text = f"{self.quality}{kept}"
        return text.replace(", ", " · ") if short else text


def project(
    vectors: Vectors, *, method: Method, neighbours: int = 10, seed: int = 0, fitted: int | None = None
) -> Projection:
    """Map vectors to the plane.

    Args:
        vectors: at least 3, not all alike.
        method: "pca" (straight lines stay straight), "tsne" or "umap" (neighbours stay together; distances and sizes of
            groups mean little).
        neighbours: how many nearest points the quality is measured over; fewer where there are few points.
        seed: of t-SNE, of UMAP, and of the points that are measured; the same vectors and seed give the same map.
        fitted: the plane of PCA is that of so many first vectors, in which the others are then placed; by default all.
    """
    plane = fit_plane(vectors[:fitted])
    points = plane.place(vectors) if method == "pca" else map_neighbours(vectors, method, seed)
    near = limit_neighbours(len(vectors), neighbours)
    each = measure_rows(vectors - plane.middle, points, near, draw_rows(len(vectors), vectors.shape[1], None, seed))
    kept = plane.kept if method == "pca" else None
    return Projection(NAMES[method], points, each.whole, kept, plane if method == "pca" else None, each)


def fit_plane(vectors: Vectors, count: int = 2) -> Plane:
    """The first principal components, signs fixed; an axis that one dimension does not have is zero."""
    middle = np.mean(vectors, axis=0)
    centred = vectors - middle
    if len(vectors) > max(_SQUARE, vectors.shape[1]):
        values, columns = np.linalg.eigh(centred.T @ centred)
        squares, axes = np.maximum(values[::-1], 0), columns.T[::-1]
    else:
        _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
        squares = lengths**2
    axes = axes[:count] * np.where(np.abs(axes[:count]).max(axis=1) == axes[:count].max(axis=1), 1, -1)[:, None]
    axes = np.pad(axes, ((0, count - len(axes)), (0, 0)))
    return Plane(middle, axes.T, float(squares[:count].sum() / (squares.sum() or 1.0)))


def map_neighbours(vectors: Vectors, method: Method, seed: int, count: int = 2) -> Points:
    """A map that keeps neighbours together, by t-SNE or UMAP.

    Raises:
        ImportError: with the line that installs what makes it.
    """
    start = fit_plane(vectors, count).place(vectors)
    if vectors.shape[1] > 50:  # as t-SNE's authors do: fewer dimensions first, which also drops noise
        vectors = fit_plane(vectors, 50).place(vectors)
    if method == "umap":
        learner = load_package("umap", "A UMAP map", install="umap-learn").UMAP(
            n_components=count, n_neighbors=min(15, len(vectors) - 1), random_state=int(seed) % 2**32, n_jobs=1
        )
        return np.asarray(learner.fit_transform(vectors.astype(np.float32)), float)
    learner = _load_manifold().TSNE(
        n_components=count,
        perplexity=min(30.0, (len(vectors) - 1) / 3),
        init=(start / start[:, 0].std() * 1e-4).astype(np.float32),
        random_state=int(seed) % 2**32,
        max_iter=500,
    )
    # One thread: on a busy machine sklearn's threads wait for one another, six times as long as one alone takes.
    with load_package("threadpoolctl", "A t-SNE map").threadpool_limits(1):
        return np.asarray(learner.fit_transform(vectors.astype(np.float32)), float)


def _load_manifold() -> ModuleType:
    """Loading it draws from Python's `random`, whose state is the user's."""
    state = random.getstate()
    try:
        return load_package("sklearn.manifold", "A t-SNE map", install="scikit-learn")
    finally:
        random.setstate(state)
