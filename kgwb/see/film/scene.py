"""The frames of a film: one plane for all of them, so that what moves on the screen moved in the space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kgwb.axes import Float
from kgwb.see.space.cloud import Cloud
from kgwb.see.space.projection import fit_plane
from kgwb.see.space.quality import ProjectionQuality, projection_quality
from kgwb.words import count_things

MOST_JUDGED = 500  # points over which the quality of every frame is measured


@dataclass(frozen=True, eq=False)
class FilmFrame:
    """One moment of a training.

    Attributes:
        name: "start", "epoch 5", or "end, after epoch 7" where that differs from the last frame before it.
        epoch: after which epoch it is; 0 before the first.
        points: on the plane.
        quality: of this frame's map, over at most 500 of its points.
        variance: share of this frame's variance that the plane keeps.
    """

    name: str
    epoch: int
    points: Float[np.ndarray, "point 2"]
    quality: ProjectionQuality
    variance: float

    @property
    def reach(self) -> float:
        """How far the outermost point lies from the middle along an axis."""
        return float(np.abs(self.points).max()) or 1.0

    @property
    def spread(self) -> float:
        """How far the points lie from their middle, as a root of the mean square."""
        return float(np.sqrt((self.points**2).sum(axis=1).mean()))


@dataclass(frozen=True, eq=False)
class FilmScene:
    """A film as far as it was recorded.

    Attributes:
        cloud: the entities in it; their vectors are those before training.
        frames: every moment kept, on one plane.
        ringed, named: positions of the highlighted and of the named entities.
        left_out: how many frames held NaN or infinity.
        history: of every epoch its number, loss and other figures.
    """

    cloud: Cloud
    frames: tuple[FilmFrame, ...]
    ringed: tuple[int, ...]
    named: tuple[int, ...]
    left_out: int
    history: tuple[tuple[int, dict[str, float]], ...] = ()

    @property
    def title(self) -> str:
        """What the picture is called."""
        return f"Film of {self.cloud.name}: {count_things(len(self.cloud.labels), 'entity')} while they are trained"

    @property
    def caption(self) -> str:
        """What is seen and how far to trust it."""
        return _write_caption(self)


def project_frames(
    names: Sequence[str],
    vectors: Sequence[Float[np.ndarray, "point dim"]],
    *,
    neighbours: int = 10,
    seed: int = 0,
    epochs: Sequence[int] | None = None,
) -> tuple[FilmFrame, ...]:
    """Map every frame's vectors to the plane that keeps most of the last frame.

    The axes are the last frame's first two principal components, for all frames: a linear map, the same at each
    moment. Within that plane each frame is turned onto the one after it (orthogonal Procrustes, Schönemann, 1966),
    which takes out what only turned as a whole. In all dimensions it must not be turned so: with about as many
    dimensions as points a turn can lay pure noise onto the end, and the film would show order that was not there.

    Example:
        >>> square = np.array([[0.0, 0, 0], [3, 0, 0], [0, 1, 0], [3, 1, 0]])
        >>> start, end = project_frames(["start", "epoch 1"], [square / 2, square])
        >>> np.allclose(start.points * 2, end.points), start.variance
        (True, 1.0)
    """
    centred = [each.astype(float) - each.astype(float).mean(axis=0) for each in vectors]
    axes = fit_plane(centred[-1]).axes
    flat = [each @ axes for each in centred]  # [point, 2] each
    for i in range(len(flat) - 2, -1, -1):
        flat[i] = flat[i] @ find_turn(flat[i], flat[i + 1])
    judged = np.sort(np.random.default_rng(seed).permutation(len(flat[-1]))[:MOST_JUDGED])
    numbers = range(len(names)) if epochs is None else epochs
    return tuple(
        FilmFrame(name, epoch, low, projection_quality(high[judged], low[judged], neighbours), _share_kept(high, low))
        for name, epoch, high, low in zip(names, numbers, centred, flat, strict=True)
    )


def find_turn(points: Float[np.ndarray, "point 2"], onto: Float[np.ndarray, "point 2"]) -> Float[np.ndarray, "2 2"]:
    """The rotation that lays points nearest to others; no reflection, for nothing flips over in a film.

    >>> quarter = np.array([[0.0, 1], [-1, 0]])
    >>> points = np.array([[1.0, 0], [0, 2], [3, 3]])
    >>> np.allclose(find_turn(points, points @ quarter), quarter)
    True
    """
    left, _, right = np.linalg.svd(points.T @ onto)
    sign = np.sign(np.linalg.det(left @ right)) or 1.0
    return np.asarray(left @ np.diag([1.0, sign]) @ right)


def _share_kept(high: Float[np.ndarray, "point dim"], low: Float[np.ndarray, "point 2"]) -> float:
    whole = float((high**2).sum())
    return float((low**2).sum()) / whole if whole else 0.0


def _write_caption(scene: FilmScene) -> str:
    cloud, frames = scene.cloud, scene.frames
    shown, dim = cloud.vectors.shape
    sample = "" if shown == cloud.whole else f"a random sample of {shown:,} of "
    first, last = frames[0], frames[-1]
    judged = min(shown, MOST_JUDGED)
    parts = [
        f"{cloud.name}: {sample}{count_things(cloud.whole, 'entity')} in {count_things(dim, 'dimension')}, "
        f"{count_things(len(frames), 'frame')} from {first.name} to {last.name}",
        "All are seen from one side, the plane that keeps most of the last frame (PCA), and each is turned within it onto "
        "the next; what an early frame holds in other directions is not seen",
        f"Trustworthiness {first.quality.trustworthiness:.2f} at first and {last.quality.trustworthiness:.2f} at last, "
        f"variance kept {first.variance:.0%} and {last.variance:.0%} "
        f"(over {count_things(last.quality.neighbours, 'neighbour')} "
        f"of {count_things(judged, 'entity')}; 1 is a faithful map, about .5 a random one)".replace("%", " %"),
        "Between frames the dots move in straight lines, which was not measured",
    ]
    if scene.left_out:
        parts.append(f"Left out: {count_things(scene.left_out, 'frame')} of NaN or infinity")
    return ". ".join(parts) + "."
