"""Small still pictures for lessons, in the palette of every other view."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_text, measure_text
from kgwb.see.still import bundle_still
from kgwb.words import shorten

WIDTH, ROW = 720.0, 24.0


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing and what it says in words.

    Attributes:
        svg: the drawing.
        caption: what is seen, for readers who do not see it.
    """

    svg: str
    caption: str

    def __repr__(self) -> str:
        return f"Picture: {self.caption}"

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return bundle_still(repr(self), self.svg, self.caption)


def draw_bars(values: pd.Series, *, unit: str, control: pd.Series | None = None, digits: int = 0) -> Picture:
    """A bar for each row of a series, with its number; a control is drawn dashed below it.

    Args:
        values: numbers from 0 upwards, by name.
        unit: what is counted, for the caption.
        control: the same rows without the knowledge; its name is what the legend calls it.
        digits: decimals of the numbers.

    Example:
        >>> draw_bars(pd.Series({"Asia": 53, "Europe": 48}), unit="facts")
        Picture: facts. Asia 53, Europe 48.
    """
    names = [shorten(str(name)) for name in values.index]
    left = 24 + max(measure_text(name, 12) for name in names)
    highest = max(values.max(), 0 if control is None else control.max()) or 1
    scale = (WIDTH - left - 76) / highest
    step = ROW if control is None else ROW + 8
    parts = []
    for row, (name, label) in enumerate(zip(values.index, names, strict=True)):
        top = 10 + row * step
        parts.append(draw_text(label, left - 8, top + 13, anchor="end"))
        parts.append(_draw_bar(left, top + 2, values[name] * scale, 14, 'class="edge"'))
        parts.append(draw_text(f"{values[name]:,.{digits}f}", left + values[name] * scale + 6, top + 13))
        if control is not None:
            dashed = 'fill="none" class="line-muted" stroke-dasharray="4 2"'
            parts.append(_draw_bar(left, top + 18, control[name] * scale, 6, dashed))
    height = 16 + len(names) * step
    if control is not None:
        marks = [Mark(str(values.name or "measured"), "edge"), Mark(str(control.name or "control"), "muted", "dashed")]
        legend, taken = draw_legend(marks, left, height, WIDTH - left)
        parts, height = [*parts, legend], height + taken
    said = ", ".join(f"{label} {values[name]:,.{digits}f}" for name, label in zip(values.index, names, strict=True))
    svg = draw_picture(parts, WIDTH, height, title=unit, caption=f"{unit[:1].upper()}{unit[1:]}.")
    return Picture(svg, f"{unit}. {said}.")


def _draw_bar(x: float, y: float, width: float, height: float, look: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.5, width):.1f}" height="{height:g}" {look}/>'
