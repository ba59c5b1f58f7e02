"""What several ways come to, over seeds, as one picture: for the notebooks that compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_polyline, draw_shape, draw_text, measure_text
from kgwb.see.palette import TYPE_COLOURS, TypeMark
from kgwb.see.panels import Panel, choose_ticks

_ROW, _TOP, _GAP, _RIGHT, _SMALL = 25.0, 34.0, 30.0, 34.0, 11
_CONTROL = "shuffled"  # the rows whose names hold it are drawn dashed


def draw_ranges(
    measured: pd.Series,
    ways: Iterable[str],
    *,
    title: str,
    caption: str,
    said: str = "",
    marked: str = "",
    ceiling: str = "",
    titles: Mapping[str, str] | None = None,
    share: bool = True,
) -> Picture:
    """Panels side by side: for each way a dot at the mean over the seeds, and a line from the lowest seed to the highest.

    Args:
        measured: a figure, indexed by panel, way and seed; of several values of a seed the mean counts.
        ways: which of them, from top to bottom.
        title: of the picture.
        caption: what is measured, in a sentence.
        said: what is measured, in a word or two, for whoever does not see the picture.
        marked: the way drawn in colour.
        ceiling: a way drawn as a dashed line through each panel.
        titles: what the panels are called, where that is not their name in the index.
        share: whether every figure lies between 0 and 1; otherwise each panel has a scale of its own, from 0.

    Example:
        >>> rows = pd.MultiIndex.from_product([["seen", "new"], ["plain", "with the graph"], [0, 1]])
        >>> draw_ranges(pd.Series([0.4, 0.6, 0.5, 0.7, 0, 0.2, 0.3, 0.5], rows), ["plain", "with the graph"],
        ...     title="Answers", caption="Share of answers that are right.", said="right")
        Picture: right. seen: plain 0.50, with the graph 0.60; new: plain 0.10, with the graph 0.40.
    """
    rows, called = list(ways), titles or {}
    by_seed = measured.groupby(level=[0, 1, 2], sort=False).mean()
    ranges = by_seed.groupby(level=[0, 1], sort=False).agg(["mean", "min", "max"])  # [panel and way, figure]
    panels = list(dict.fromkeys(ranges.index.get_level_values(0)))
    left = 24 + max(measure_text(way, 12) for way in rows)
    width = (WIDTH - left - _RIGHT - _GAP * (len(panels) - 1)) / len(panels)
    parts, told = [], []
    for place, name in enumerate(panels):
        its = ranges.loc[name]
        most = 1.0 if share else 1.12 * float(its.loc[rows, "max"].max())
        panel = Panel(left + place * (width + _GAP), _TOP, width, _ROW * len(rows), (0.0, most), (0.0, len(rows)))
        parts.append(
            _draw_axis(panel, called.get(name, name), [0, 0.5, 1] if share else choose_ticks(0, most, count=3))
        )
        if ceiling:
            x = panel.left + width * float(its.loc[ceiling, "mean"]) / most
            parts.append(draw_polyline(np.array([[x, panel.top], [x, panel.bottom]]), role="line-muted", dashed=True))
        for row, way in enumerate(rows):
            y = panel.top + _ROW * (row + 0.5)
            parts.append(_draw_range(panel, its.loc[way], y, marked=way == marked, dashed=_CONTROL in way))
            parts += [] if place else [draw_text(way, left - 12, y + 4, anchor="end")]
        told.append(f"{name}: " + ", ".join(f"{way} {its.loc[way, 'mean']:.2f}" for way in rows))
    height = _TOP + _ROW * len(rows) + 32
    marks = [Mark(ceiling, "muted", "dashed")] if ceiling else []
    legend, taken = draw_legend(marks, left, height, WIDTH - left) if marks else ("", 0.0)
    controls = "; dashed: controls" if any(_CONTROL in way for way in rows) else ""
    drawn = f"{caption} Dots: mean over the seeds; lines: from the lowest seed to the highest{controls}."
    svg = draw_picture([*parts, legend], WIDTH, height + taken, title=title, caption=drawn)
    return Picture(svg, f"{said}{'. ' * bool(said)}{'; '.join(told)}.")


def _draw_axis(panel: Panel, title: str, ticks: Iterable[float]) -> str:
    size = next((size for size in (13, 12) if measure_text(title, size) < panel.width + _GAP - 16), _SMALL)
    parts = [draw_text(title, panel.left, panel.top - 12, size=size, weight=600)]
    for value in ticks:
        x = panel.left + panel.width * value / panel.x_range[1]
        parts.append(f'<path d="M{x:.1f} {panel.top:.1f}V{panel.bottom:.1f}" class="line-rule"/>')
        parts.append(draw_text(f"{value:g}", x, panel.bottom + 17, role="muted", size=_SMALL, anchor="middle"))
    return "".join(parts)


def _draw_range(panel: Panel, its: pd.Series, y: float, *, marked: bool, dashed: bool) -> str:
    """The line, the dot, and the mean in figures: behind the line where there is room, else before it, else on its end."""
    colour = TYPE_COLOURS[0 if marked else 7]
    low, dot, high = panel.place(its[["min", "mean", "max"]].to_numpy(float), np.zeros(3))[:, 0].tolist()
    figure = f"{its['mean']:.2f}"
    wide, before, last = measure_text(figure, _SMALL), min(low, dot - 5) - 5, panel.right + _GAP - 2
    end = min(max(high, dot + 5) + 5 + wide, last)
    if end == last and before - wide >= panel.left:
        end = before
    number = draw_text(figure, end, y + 4, role="ink halo", size=_SMALL, anchor="end")
    line = draw_polyline(np.array([[low, y], [high, y]]), colour=colour, width=3, dashed=dashed)
    return line + draw_shape(TypeMark(colour, "circle"), dot, y, 5) + number
