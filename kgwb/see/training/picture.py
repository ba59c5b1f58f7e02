"""Loss and metrics over epochs or steps, a panel for each; every line is named where it ends."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from kgwb.see.drawing import Mark, draw_cross, draw_legend, draw_picture, draw_polyline, draw_text, measure_text
from kgwb.see.panels import Panel, draw_axes, spread_labels, widen
from kgwb.see.training.lines import MOST_NAMED, MOST_POINTS, Line
from kgwb.see.training.scene import TrainingScene
from kgwb.words import shorten

_WIDTH, _TOP, _HEIGHT, _LEFT, _BELOW = 960.0, 92.0, 210.0, 56.0, 78.0
_NARROWEST, _LEADER, _SIZE, _ROW, _MOST = 190.0, 14.0, 11, 13.0, 3


def draw_training(scene: TrainingScene, *, captioned: bool = True) -> str:
    """The scene as SVG."""
    lines = scene.lines
    figures = list(dict.fromkeys(["loss", *(line.figure for line in lines)]))
    room = _LEADER + max([measure_text(text, _SIZE) for text in _label_ends(lines).values()], default=30.0)
    abreast = max(1, min(len(figures), _MOST, int((_WIDTH - 24) // (_LEFT + _NARROWEST + room))))
    title = scene.title
    height = max(_HEIGHT, _ROW * (count_labels(lines) - 1))
    parts = [draw_text(shorten(title, 100), 12, 26, size=15, weight=600)]
    parts.append(draw_text(scene.progress, 12, 47, role="muted", size=13))
    rows = fill_rows(figures, abreast)
    for i, row in enumerate(rows):
        wide = (_WIDTH - 24) / len(row)
        for j, figure in enumerate(row):
            held = [line for line in lines if line.figure == figure]
            limits = frame_panel(scene, held, figure)
            panel = Panel(_LEFT + j * wide, _TOP + i * (height + _BELOW), wide - _LEFT - room, height, *limits)
            parts.append(_draw_panel(scene, held, figure, panel))
    bottom = _TOP + len(rows) * (height + _BELOW) - _BELOW + 44
    legend, taken = draw_legend(list_marks(lines), 12, bottom, _WIDTH - 24)
    caption = scene.caption if captioned else ""
    return draw_picture([*parts, legend], _WIDTH, bottom + taken, title=title, caption=caption)


def fill_rows(figures: Sequence[str], abreast: int) -> list[list[str]]:
    """Panels in rows of at most `abreast`; the first row takes what is left over, and is as wide as the others.

    >>> fill_rows(["loss", "MRR", "gate"], 2)
    [['loss'], ['MRR', 'gate']]
    """
    first = len(figures) % abreast or abreast
    starts = range(first, len(figures), abreast)
    return [list(figures[:first]), *(list(figures[i : i + abreast]) for i in starts)]


def format_value(value: float) -> str:
    """Three digits, also where they are zeros: what stands in a column is compared.

    >>> [format_value(value) for value in (0.47, 12.345, 1234.5, 0.000123)]
    ['0.470', '12.3', '1,234', '1.23e-04']
    """
    if abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e6 else f"{value:.2e}"
    return f"{value:#.3g}".rstrip(".") if abs(value) >= 1e-3 or value == 0 else f"{value:.2e}"


def head_panel(scene: TrainingScene, figure: str) -> str:
    """What a panel shows."""
    if figure != "loss":
        return figure
    size = max([-(-len(records) // MOST_POINTS) for records in scene.records.values()], default=1)
    return "loss on the training data" + (f", means of {size} {scene.unit}s" if size > 1 else "")


def look_ahead(scene: TrainingScene, done: float) -> float:
    """Where the axis of a running training ends: at its total, or for now at the next power of two."""
    if not (scene.running and scene.total):
        return done
    return min(float(scene.total), 2.0 ** math.ceil(math.log2(max(done, 8.0)) + 0.1))


def frame_panel(
    scene: TrainingScene, lines: Sequence[Line], figure: str
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The ranges of a panel: from the first number to the last, and all values with their floor."""
    numbers = np.concatenate([line.rows[:, 0] for line in lines]) if lines else np.array([0.0, 1.0])
    values = [line.rows[:, 1:].ravel() for line in lines] or [np.array([0.0, 1.0])]
    floors = np.array(list(scene.floors.values()), float) if figure == "loss" else np.empty(0)
    last = max(float(numbers.max()), look_ahead(scene, float(numbers.max())), 2.0)
    return (min(1.0, float(numbers.min())), last), widen(np.concatenate([*values, floors]))


def list_marks(lines: Sequence[Line]) -> list[Mark]:
    """A legend of the runs, where there are several, and of what is missing."""
    runs = list({line.name: line for line in lines}.values())
    marks = [Mark(line.name, line.colour or "ink", "dashed" if line.dashed else "line") for line in runs]
    gaps = any(np.isnan(line.rows[:, 1]).any() for line in lines)
    return (marks if len(runs) > 1 else []) + ([Mark("missing: no number", "muted", "cross")] if gaps else [])


def count_labels(lines: Sequence[Line]) -> int:
    """How many labels stand beside the panel that has most."""
    counts = Counter(lines[i].figure for i in _label_ends(lines))
    return min(MOST_NAMED, max(counts.values(), default=1))


def _draw_panel(scene: TrainingScene, lines: Sequence[Line], figure: str, panel: Panel) -> str:
    heading = shorten(head_panel(scene, figure), max(12, int(panel.width / 7)))
    parts = [draw_axes(panel, title=heading, x_name=scene.unit, whole_x=True)]
    for line in lines:
        colour, role = line.colour, "" if line.colour else "line-ink"
        pixels = panel.place(*line.rows[:, :2].T)
        parts.append("" if line.kind == "seed" else _draw_band(panel, line))
        thin = line.kind == "seed"
        drawn = draw_polyline(pixels, colour=colour, role=role, dashed=line.dashed, width=0.75 if thin else 1.5)
        parts.append(f'<g opacity=".4">{drawn}</g>' if thin else drawn)
        gone = np.isnan(line.rows[:, 1])
        parts += [draw_cross(x, panel.bottom - 6, colour=colour) for x in pixels[gone, 0]]
    parts += _draw_floors(panel, scene.floors, lines) if figure == "loss" else []
    return "".join([*parts, *_name_ends(panel, lines)])


def _draw_floors(panel: Panel, floors: Mapping[str, float], lines: Sequence[Line]) -> list[str]:
    """Thin lines, each with its reason at the end that the runs are further from."""
    shown = [line.rows[np.isfinite(line.rows[:, 1]), 1] for line in lines]
    ends = np.array([[values[0], values[-1]] for values in shown if len(values)]).reshape(
        -1, 2
    )  # [line, first and last]
    parts = []
    for name, value in floors.items():
        y = panel.place(np.array([panel.x_range[0]]), np.array([value]))[0, 1]
        first, last = np.abs(ends - value).min(axis=0) if len(ends) else (1, 0)
        x, anchor = (panel.right - 4, "end") if last > first else (panel.left + 4, "start")
        text = shorten(f"{name} = {format_value(value)}", max(12, int(panel.width / 6.5)))
        parts.append(f'<path d="M{panel.left:.1f} {y:.1f}H{panel.right:.1f}" class="line-muted" stroke-width=".75"/>')
        down = 14 if y < panel.top + 16 else -4
        parts.append(draw_text(text, x, y + down, role="muted halo", size=_SIZE, anchor=anchor))
    return parts


def _label_ends(lines: Sequence[Line]) -> dict[int, str]:
    """The last value of each line, with its name where there are several; seeds have their mean's."""
    several = len({line.name for line in lines}) > 1
    means = {(line.figure, line.name) for line in lines if line.kind == "mean"}
    texts = {}
    for i, line in enumerate(lines):
        values = line.rows[np.isfinite(line.rows[:, 1]), 1]
        if len(values) and not (line.kind == "seed" and (line.figure, line.name) in means):
            texts[i] = format_value(values[-1]) + (f" {shorten(line.name, 24)}" if several else "")
    return texts


def _name_ends(panel: Panel, lines: Sequence[Line]) -> list[str]:
    """A dot at the last value of each line and, beside the panel, its label; of very many, the first."""
    labels = list(_label_ends(lines).items())[:MOST_NAMED]
    if not labels:
        return []
    ends = []
    for i, _ in labels:
        rows = lines[i].rows[np.isfinite(lines[i].rows[:, 1])]
        ends.append(panel.place(rows[-1:, 0], rows[-1:, 1])[0])
    heights = spread_labels([float(y) for _, y in ends], _ROW, panel.top, panel.bottom)
    parts = []
    for (i, text), (x, y), height in zip(labels, ends, heights, strict=True):
        colour = lines[i].colour
        paint, line = (f'fill="{colour}"', f'stroke="{colour}"') if colour else ('class="ink"', 'class="line-ink"')
        leader = f"M{x + 4:.1f} {y:.1f}H{panel.right + 3:.1f}L{panel.right + _LEADER - 3:.1f} {height:.1f}"
        parts.append(f'<path d="{leader}" fill="none" stroke-width=".6" opacity=".6" {line}/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" {paint}/>')
        parts.append(draw_text(text, panel.right + _LEADER, height + 4, role="ink halo", size=_SIZE))
    return parts


def _draw_band(panel: Panel, line: Line) -> str:
    """The interval around a line: a band, and a whisker at its last point, which alone is no band yet."""
    rows, colour = line.rows[np.isfinite(line.rows).all(axis=1)], line.colour
    if not len(rows):
        return ""
    low, high = panel.place(rows[:, 0], rows[:, 2]), panel.place(rows[:, 0], rows[:, 3])
    corners = "L".join(f"{x:.1f} {y:.1f}" for x, y in (*high, *low[::-1]))
    fill, stroke = (f'fill="{colour}"', f'stroke="{colour}"') if colour else ('class="ink"', 'class="line-ink"')
    (x, bottom), top = low[-1], high[-1, 1]
    whisker = f"M{x:.1f} {top:.1f}V{bottom:.1f}M{x - 3:.1f} {top:.1f}h6M{x - 3:.1f} {bottom:.1f}h6"
    return f'<path d="M{corners}Z" {fill} opacity=".13"/><path d="{whisker}" fill="none" {stroke} opacity=".6"/>'
