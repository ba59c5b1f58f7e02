"""The head map as a still picture: every head a dot between two axes, with the layers as a ramp of colours."""

from __future__ import annotations

import numpy as np

from kgwb.see.drawing import draw_picture, draw_points, draw_text, escape
from kgwb.see.heads.scene import LABELS, HeadsScene, colour_layers, read_metric
from kgwb.see.panels import Panel, draw_axes, draw_rings, widen
from kgwb.words import shorten

WIDTH, HEIGHT = 760, 520


def draw_head_map(scene: HeadsScene) -> str:
    """The scene as SVG on a solid paper background."""
    points = [(read_metric(each, scene.x)[0], read_metric(each, scene.y)[0]) for each in scene.habits]
    ranges = [widen(np.concatenate([pair[axis].ravel() for pair in points])) for axis in (0, 1)]
    panel = Panel(64, 92, WIDTH - 200, HEIGHT - 160, ranges[0], ranges[1])
    layers, heads = points[0][0].shape
    colours = colour_layers(layers)
    placed = [panel.place(x.ravel(), y.ravel()) for x, y in points]
    parts = [draw_text(scene.title, 12, 34, size=15, weight=600)]
    parts.append(draw_axes(panel, title=shorten(LABELS[scene.y], 60), x_name=LABELS[scene.x]))
    seen = np.isfinite(placed[-1]).all(1)
    if len(placed) > 1:
        parts += _draw_steps(placed[0], placed[1])
    by_head = [colours[i // heads] for i in range(layers * heads)]
    dots = placed[-1][seen]
    parts.append(draw_points(dots, np.full(len(dots), 5.0), [by_head[i] for i in np.flatnonzero(seen)]))
    if scene.layer is not None and scene.head is not None:
        at = scene.layer * heads + scene.head
        if seen[at]:
            parts += draw_rings(placed[-1][at : at + 1], 9.0)
            name = f"layer {scene.layer}, head {scene.head}"
            x, y = placed[-1][at]
            parts.append(draw_text(name, x + 13, y + 4, role="ink halo"))
    parts += _draw_layers(colours)
    return draw_picture(parts, WIDTH, HEIGHT, title=scene.title, caption=scene.caption)


def _draw_steps(before: np.ndarray, after: np.ndarray) -> list[str]:
    """A line from where each head was to where it is, with a ring at its start."""
    parts = []
    for (x, y), (to_x, to_y) in zip(before, after, strict=True):
        if np.isfinite([x, y, to_x, to_y]).all():
            parts.append(f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" class="line-before" stroke-opacity=".6"/>')
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="none" class="line-before"/>')
    return parts


def _draw_layers(colours: list[str]) -> list[str]:
    """The layers' colours as a column beside the panel."""
    left = WIDTH - 112
    parts = [draw_text("layer", left, 84, role="muted")]
    for i, colour in enumerate(colours):
        y = 104 + 17 * i
        parts.append(f'<circle cx="{left + 6}" cy="{y - 4}" r="5" fill="{escape(colour)}"/>')
        parts.append(draw_text(str(i), left + 20, y))
    return parts
