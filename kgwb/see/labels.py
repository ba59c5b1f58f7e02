"""Which labels fit beside their points without lying over one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kgwb.see.drawing import measure_text

# Where a label may stand, best first: (text anchor, which side across, which side down).
_SIDES = (("start", 1, 0), ("end", -1, 0), ("middle", 0, -1), ("middle", 0, 1))
_ON_POINT = (("middle", 0, 0),)
_FIRST = 12


@dataclass(frozen=True)
class PlacedLabel:
    """A label that found room.

    Attributes:
        point: which point it names.
        x, y: the text's anchor, in pixels, on its baseline.
        anchor: "start" (right of the point), "end" (left of it) or "middle" (above or below).
        below: whether a middle label stands below its point.
    """

    point: int
    x: float
    y: float
    anchor: str
    below: bool = False


def place_labels(
    points: np.ndarray,
    texts: Sequence[str],
    *,
    radii: np.ndarray,
    order: Sequence[int],
    bounds: tuple[float, float, float, float],
    size: float = 12,
    centred: frozenset[int] = frozenset(),
) -> list[PlacedLabel]:
    """Place labels greedily, the most important first; one that would cover another, or a dot, is left out.

    The dozen most important may cover dots, rather than be missing.

    Args:
        points: [point, 2] in pixels.
        texts: one label a point.
        radii: [point] in pixels.
        order: the points to label, the most important first; their dots are kept free.
        bounds: (left, top, right, bottom) that no label may leave.
        size: of the letters, in pixels.
        centred: points without a dot, whose label stands on them: the middles of lines.

    Returns:
        The labels that fit, in that order.
    """
    dotted = [i for i in order if i not in centred]
    dots = {i: _dot_box(points[i], radii[i]) for i in dotted}
    names = np.empty((0, 4))
    placed: list[PlacedLabel] = []
    for rank, i in enumerate(order):
        wide = measure_text(texts[i], size)
        sides = _ON_POINT if i in centred else _SIDES
        boxes = [(side, _text_box(points[i], radii[i], wide, size, *side[1:])) for side in sides]
        others = np.array([*(box for j, box in dots.items() if j != i), *names]).reshape(-1, 4)
        free = [item for item in boxes if _fits(item[1], others, bounds)]
        if not free and rank < _FIRST:
            free = [item for item in boxes if _fits(item[1], names, bounds)]
        if free:
            (anchor, _, down), box = free[0]
            x = {"start": box[0], "end": box[2], "middle": (box[0] + box[2]) / 2}[anchor]
            placed.append(PlacedLabel(int(i), float(x), float(box[3] - size * 0.28), anchor, down > 0))
            names = np.vstack([names, box])
    return placed


def _dot_box(point: np.ndarray, radius: float) -> np.ndarray:
    return np.array([point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius])


def _text_box(point: np.ndarray, radius: float, width: float, size: float, across: int, down: int) -> np.ndarray:
    left = point[0] + across * (radius + 4) - width * (1 - across) / 2
    middle = point[1] + down * (radius + 3 + size * 0.6)
    return np.array([left, middle - size * 0.6, left + width, middle + size * 0.6])


def _fits(box: np.ndarray, others: np.ndarray, bounds: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = bounds
    if box[0] < left or box[1] < top or box[2] > right or box[3] > bottom:
        return False
    apart = (
        (others[:, 2] < box[0]) | (others[:, 0] > box[2]) | (others[:, 3] < box[1] + 1) | (others[:, 1] > box[3] - 1)
    )
    return bool(apart.all())
