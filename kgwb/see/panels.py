"""A panel of a static picture: where a value lies in pixels, round tick marks, and labels that do not cover one another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kgwb.axes import Float
from kgwb.see.drawing import Number, draw_text, measure_text

Pixels = Float[np.ndarray, "point 2"]
Box = Float[np.ndarray, "4"]  # left, top, right, bottom
# Where a label may stand, best first: (text anchor, which side across, which side down).
_SIDES = (("start", 1, 0), ("end", -1, 0), ("middle", 0, -1), ("middle", 0, 1))
_ON_POINT = (("middle", 0, 0),)
_FIRST = 12  # labels that may cover dots, rather than be missing


@dataclass(frozen=True)
class Panel:
    """A rectangle of the picture and the values at its borders.

    Attributes:
        left, top, width, height: in pixels.
        x_range, y_range: (lowest, highest) value; y grows upwards.
    """

    left: Number
    top: Number
    width: Number
    height: Number
    x_range: tuple[Number, Number]
    y_range: tuple[Number, Number]

    @property
    def right(self) -> Number:
        """The right border, in pixels."""
        return self.left + self.width

    @property
    def bottom(self) -> Number:
        """The lower border, in pixels."""
        return self.top + self.height

    def place(self, x: np.ndarray, y: np.ndarray) -> Pixels:
        """Where values lie."""
        across = _share(np.asarray(x, float), self.x_range)
        up = _share(np.asarray(y, float), self.y_range)
        return np.stack([self.left + self.width * across, self.top + self.height * (1 - up)], axis=-1)  # [point, 2]


def _share(values: np.ndarray, limits: tuple[Number, Number]) -> np.ndarray:
    low, high = limits
    return (values - low) / (high - low) if high > low else np.full_like(values, 0.5)


def choose_ticks(low: Number, high: Number, count: int = 5) -> list[Number]:
    """At most about `count` round values from `low` to `high`.

    >>> choose_ticks(0, 1)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    rough = (high - low) / count
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.75)
    first = math.ceil(low / step - 1e-9)
    return [round(step * i, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def widen(values: np.ndarray, share: Number = 0.05) -> tuple[float, float]:
    """The range of the finite values with a little room on both sides."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    room = (high - low) * share or max(abs(high), 1.0) * share
    return low - room, high + room


def spread_labels(wanted: Sequence[Number], gap: Number, low: Number, high: Number) -> list[float]:
    """Places from `low` to `high`, at least `gap` apart, in the order of those wanted and as near to them as can be.

    The squares of the shifts are least: with the gaps taken off it is a rising fit, which merges neighbours that cross.
    There must be room for all.

    >>> spread_labels([10, 10, 40], 12, 0, 100)
    [4.0, 16.0, 40.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[tuple[float, int]] = []  # mean and number of members
    for rank, i in enumerate(order):
        mean, size = float(wanted[i]) - gap * rank, 1
        while blocks and blocks[-1][0] > mean:
            before, members = blocks.pop()
            mean, size = (before * members + mean * size) / (members + size), members + size
        blocks.append((mean, size))
    ceiling = max(low, high - gap * (len(order) - 1))
    fitted = [min(max(mean, low), ceiling) for mean, size in blocks for _ in range(size)]
    places = dict(zip(order, (place + gap * rank for rank, place in enumerate(fitted)), strict=True))
    return [float(places[i]) for i in range(len(order))]


def draw_axes(
    panel: Panel,
    *,
    title: str,
    x_name: str = "",
    y_name: str = "",
    whole_x: bool = False,
    x_ticks: Mapping[float, str] | None = None,
) -> str:
    """Thin rules at round values, their numbers, the panel's title and the name of y above, and the name of x below.

    Args:
        panel: where.
        title, x_name, y_name: what is said.
        whole_x: whether x counts, so that its ticks are whole numbers.
        x_ticks: what stands at which x; by default round values.
    """
    right, bottom = panel.right, panel.bottom
    parts = [draw_text(title, panel.left, panel.top - (26 if y_name else 10), size=13, weight=600)]
    if y_name:
        parts.append(draw_text(y_name, panel.left, panel.top - 9, role="muted", size=11))
    for value in choose_ticks(*panel.y_range, 5):
        y = panel.place(np.array([panel.x_range[0]]), np.array([value]))[0, 1]
        parts.append(f'<path d="M{panel.left:.1f} {y:.1f}H{right:.1f}" class="line-rule"/>')
        parts.append(draw_text(f"{value:g}", panel.left - 6, y + 4, role="muted", size=11, anchor="end"))
    if x_ticks is None:
        x_ticks = {
            value: f"{value:,g}" for value in choose_ticks(*panel.x_range, 6) if not whole_x or value == round(value)
        }
    for value, text in x_ticks.items():
        x = panel.place(np.array([value]), np.array([panel.y_range[0]]))[0, 0]
        parts.append(f'<path d="M{x:.1f} {bottom:.1f}v4" class="line-muted"/>')
        parts.append(draw_text(text, x, bottom + 17, role="muted", size=11, anchor="middle"))
    parts.append(f'<path d="M{panel.left:.1f} {bottom:.1f}H{right:.1f}" class="line-muted"/>')
    if x_name:
        parts.append(draw_text(x_name, right, bottom + 34, role="muted", size=11, anchor="end"))
    return "".join(parts)


def draw_border(panel: Panel, title: str, note: str, *, note_size: Number = 11) -> str:
    """A panel without axes: a thin border, with a title and a note above it."""
    return (
        f'<rect x="{panel.left:.1f}" y="{panel.top:.1f}" width="{panel.width:.1f}" height="{panel.height:.1f}" '
        'fill="none" class="line-rule"/>'
        + draw_text(title, panel.left, panel.top - 26, size=14, weight=600)
        + draw_text(note, panel.left, panel.top - 9, role="muted", size=note_size)
    )


def draw_rings(points: Pixels, radius: Number) -> list[str]:
    """A ring of ink around each point."""
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="none" class="line-ink" stroke-width="1.5"/>'
        for x, y in points
    ]


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
    x: Number
    y: Number
    anchor: str
    below: bool = False


def place_labels(
    points: Pixels,
    texts: Sequence[str],
    *,
    radii: Float[np.ndarray, " point"],
    order: Sequence[int],
    bounds: tuple[Number, Number, Number, Number],
    size: Number = 12,
    centred: frozenset[int] = frozenset(),
) -> list[PlacedLabel]:
    """Place labels greedily, the most important first; one that would cover another, or a dot, is left out.

    The dozen most important may cover dots, rather than be missing.

    Args:
        points: in pixels.
        texts: one label a point.
        radii: of the dots, in pixels.
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
        free = [item for item in boxes if _has_room(item[1], others, bounds)]
        if not free and rank < _FIRST:
            free = [item for item in boxes if _has_room(item[1], names, bounds)]
        if free:
            (anchor, _, down), box = free[0]
            x = {"start": box[0], "end": box[2], "middle": (box[0] + box[2]) / 2}[anchor]
            placed.append(PlacedLabel(int(i), float(x), float(box[3] - size * 0.28), anchor, down > 0))
            names = np.vstack([names, box])
    return placed


def draw_labels(
    labels: Iterable[PlacedLabel], texts: Sequence[str], *, role: str = "ink halo", size: Number = 12
) -> str:
    """The texts of placed labels, by point."""
    return "".join(draw_text(texts[at.point], at.x, at.y, role=role, size=size, anchor=at.anchor) for at in labels)


def _dot_box(point: Float[np.ndarray, 2], radius: Number) -> Box:
    return np.array([point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius])


def _text_box(point: Float[np.ndarray, 2], radius: Number, width: Number, size: Number, across: int, down: int) -> Box:
    left = point[0] + across * (radius + 4) - width * (1 - across) / 2
    middle = point[1] + down * (radius + 3 + size * 0.6)
    return np.array([left, middle - size * 0.6, left + width, middle + size * 0.6])


def _has_room(box: Box, others: Float[np.ndarray, "other 4"], bounds: tuple[Number, Number, Number, Number]) -> bool:
    left, top, right, bottom = bounds
    if box[0] < left or box[1] < top or box[2] > right or box[3] > bottom:
        return False
    apart = (
        (others[:, 2] < box[0]) | (others[:, 0] > box[2]) | (others[:, 3] < box[1] + 1) | (others[:, 1] > box[3] - 1)
    )
    return bool(apart.all())
