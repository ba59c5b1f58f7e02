"""Loss and metrics over epochs or steps, each on its own axis."""

from __future__ import annotations

import math

import numpy as np

from kgwb.axes import Float
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_polyline, draw_text
from kgwb.see.epochs import read_metrics
from kgwb.see.palette import TYPE_COLOURS
from kgwb.see.panels import Panel, draw_axes, widen
from kgwb.see.training.scene import HIGH, LOW, TrainingScene, is_learnt
from kgwb.words import shorten

Rows = Float[np.ndarray, "record 4"]  # number, value, low, high; the last two NaN where no interval came

_WIDTH, _TOP, _HEIGHT, _LEFT, _GAP = 960.0, 66.0, 210.0, 56.0, 70.0
_MOST_POINTS = 400


def draw_training(scene: TrainingScene, *, captioned: bool = True) -> str:
    """The scene as SVG: loss on the left; metrics, where there are any, on the right."""
    series = gather_series(scene)
    panels = list(dict.fromkeys(name for _, name in series))
    panels = ["loss", *(["metrics"] if len(panels) > 1 else [])]
    width = (_WIDTH - _LEFT - 24 - (len(panels) - 1) * _GAP) / len(panels)
    parts = [draw_text(scene.progress, 12, 22, role="muted", size=13)]
    for i, title in enumerate(panels):
        chosen = {key: rows for key, rows in series.items() if (key[1] == "loss") == (title == "loss")}
        parts.append(_draw_panel(scene, chosen, title, _LEFT + i * (width + _GAP), width))
    legend, height = draw_legend(_legend_marks(scene), 12, _TOP + _HEIGHT + 44, _WIDTH - 24)
    caption = scene.caption if captioned else ""
    full = _TOP + _HEIGHT + 44 + height
    return draw_picture([*parts, legend], _WIDTH, full, title="Training", caption=caption)


def gather_series(scene: TrainingScene) -> dict[tuple[str, str], Rows]:
    """What is drawn, by run and name of the figure."""
    series: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for run, records in scene.records.items():
        for record in records:
            figures = read_metrics(record)
            for name, value in (("loss", record.loss), *figures.items()):
                if is_learnt(name):
                    ends = (figures.get(name + LOW, np.nan), figures.get(name + HIGH, np.nan))
                    series.setdefault((run, name), []).append((record.number, value, *ends))
    return {key: average_rows(np.array(rows, float), _MOST_POINTS) for key, rows in series.items()}


def average_rows(rows: Float[np.ndarray, "record column"], most: int) -> Float[np.ndarray, "mean column"]:
    """At most about `most` rows: the means of neighbours, so that many noisy steps stay one line.

    >>> average_rows(np.array([[1.0, 4], [2, 6], [3, 0], [4, 2]]), 2).tolist()
    [[1.5, 5.0], [3.5, 1.0]]
    """
    size = -(-len(rows) // most)
    return rows if size <= 1 else np.array([rows[i : i + size].mean(axis=0) for i in range(0, len(rows), size)])


def _draw_panel(
    scene: TrainingScene, series: dict[tuple[str, str], Rows], title: str, left: float, width: float
) -> str:
    numbers = np.concatenate([rows[:, 0] for rows in series.values()]) if series else np.array([0.0, 1.0])
    values = np.concatenate([rows[:, 1:].ravel() for rows in series.values()]) if series else np.array([0.0, 1.0])
    names = list(dict.fromkeys(name for _, name in series))
    last = max(float(numbers.max()), _look_ahead(scene, float(numbers.max())), 2.0)
    panel = Panel(left, _TOP, width, _HEIGHT, (min(1.0, float(numbers.min())), last), widen(values))
    heading = "loss on the training data" if title == "loss" else shorten(", ".join(names), 60)
    size = max(-(-len(records) // _MOST_POINTS) for records in scene.records.values()) if scene.records else 1
    heading += f", means of {size} {scene.unit}s" if title == "loss" and size > 1 else ""
    parts = [draw_axes(panel, title=heading, x_name=scene.unit, whole_x=True)]
    for (run, name), rows in series.items():
        pixels = panel.place(*rows[:, :2].T)
        colour, dashed = _style_run(scene, run)
        role = "line-ink" if not colour else ""
        parts.append(_draw_band(panel, rows, colour))
        parts.append(draw_polyline(pixels, colour=colour, role=role, dashed=dashed or names.index(name) % 2 == 1))
        finite = pixels[np.isfinite(pixels).all(axis=1)]
        if len(finite):
            x, y = finite[-1]
            paint = f'fill="{colour}"' if colour else 'class="ink"'
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" {paint}/>')
            text = f"{rows[np.isfinite(rows[:, 1])][-1, 1]:.3g}"
            end = x > panel.right - 46
            top = panel.place(*rows[-1:, [0, 3]].T)[0, 1]
            parts.append(
                draw_text(
                    text, x, (top if top < y else y) - 8, role="ink halo", size=11, anchor="end" if end else "middle"
                )
            )
    return "".join(parts)


def _look_ahead(scene: TrainingScene, done: float) -> float:
    """Where the axis of a running training ends: at its total, or for now at the next power of two."""
    if not (scene.running and scene.total):
        return done
    return min(float(scene.total), 2.0 ** math.ceil(math.log2(max(done, 8.0)) + 0.1))


def _draw_band(panel: Panel, rows: Rows, colour: str) -> str:
    """The interval around a line: a band, and a whisker at its last point, which alone is no band yet."""
    rows = rows[np.isfinite(rows).all(axis=1)]
    if not len(rows):
        return ""
    low, high = panel.place(rows[:, 0], rows[:, 2]), panel.place(rows[:, 0], rows[:, 3])
    corners = "L".join(f"{x:.1f} {y:.1f}" for x, y in (*high, *low[::-1]))
    fill, line = (f'fill="{colour}"', f'stroke="{colour}"') if colour else ('class="ink"', 'class="line-ink"')
    (x, bottom), top = low[-1], high[-1, 1]
    whisker = f"M{x:.1f} {top:.1f}V{bottom:.1f}M{x - 3:.1f} {top:.1f}h6M{x - 3:.1f} {bottom:.1f}h6"
    return f'<path d="M{corners}Z" {fill} opacity=".13"/><path d="{whisker}" fill="none" {line} opacity=".6"/>'


def _style_run(scene: TrainingScene, run: str) -> tuple[str, bool]:
    """Ink for the first run, then the colours of the palette; a control has its original's colour, dashed."""
    originals = list(dict.fromkeys(name.split("/")[0] for name in scene.runs))
    position = originals.index(run.split("/")[0])
    return ("" if position == 0 else TYPE_COLOURS[(position - 1) % len(TYPE_COLOURS)]), "/" in run


def _legend_marks(scene: TrainingScene) -> list[Mark]:
    if len(scene.runs) == 1:
        return []
    styles = [(run, *_style_run(scene, run)) for run in scene.runs]
    return [Mark(run, colour or "ink", "dashed" if dashed else "line") for run, colour, dashed in styles]
