"""The frame of a plotted panel: where a value lies in pixels, round tick marks, a name and a unit on each axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kgwb.see.drawing import draw_text


@dataclass(frozen=True)
class Panel:
    """A rectangle of the picture and the values at its borders.

    Attributes:
        left, top, width, height: in pixels.
        x_range, y_range: (lowest, highest) value; y grows upwards.
    """

    left: float
    top: float
    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def place(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Pixels [point, 2] of values."""
        across = _share(np.asarray(x, float), self.x_range)
        up = _share(np.asarray(y, float), self.y_range)
        return np.stack([self.left + self.width * across, self.top + self.height * (1 - up)], axis=-1)


def _share(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    low, high = limits
    return (values - low) / (high - low) if high > low else np.full_like(values, 0.5)


def choose_ticks(low: float, high: float, count: int = 5) -> list[float]:
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


def widen(values: np.ndarray, share: float = 0.05) -> tuple[float, float]:
    """The range of the finite values with a little room on both sides."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    room = (high - low) * share or max(abs(high), 1.0) * share
    return low - room, high + room


def draw_axes(panel: Panel, *, title: str, x_name: str = "", whole_x: bool = False) -> str:
    """Thin rules at round values, their numbers, the panel's title above and the name of x below."""
    right, bottom = panel.left + panel.width, panel.top + panel.height
    parts = [draw_text(title, panel.left, panel.top - 10, size=13, weight=600)]
    for value in choose_ticks(*panel.y_range, 5):
        y = panel.place(np.array([panel.x_range[0]]), np.array([value]))[0, 1]
        parts.append(f'<path d="M{panel.left:.1f} {y:.1f}H{right:.1f}" class="line-rule"/>')
        parts.append(draw_text(f"{value:g}", panel.left - 6, y + 4, role="muted", size=11, anchor="end"))
    for value in choose_ticks(*panel.x_range, 6):
        if whole_x and value != round(value):
            continue
        x = panel.place(np.array([value]), np.array([panel.y_range[0]]))[0, 0]
        parts.append(f'<path d="M{x:.1f} {bottom:.1f}v4" class="line-muted"/>')
        parts.append(draw_text(f"{value:,g}", x, bottom + 17, role="muted", size=11, anchor="middle"))
    parts.append(f'<path d="M{panel.left:.1f} {bottom:.1f}H{right:.1f}" class="line-muted"/>')
    if x_name:
        parts.append(draw_text(x_name, right, bottom + 34, role="muted", size=11, anchor="end"))
    return "".join(parts)
