"""The maps of a space as a static picture, and the measures that picture and figure share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kgwb.see.drawing import draw_legend, draw_picture, draw_points, draw_text, type_marks
from kgwb.see.labels import PlacedLabel, place_labels
from kgwb.see.panels import Panel
from kgwb.words import shorten

if TYPE_CHECKING:
    from kgwb.see.space.view import SpaceView

WIDTH, HEIGHT, GAP = 960.0, 400.0, 28.0


def draw_space(view: SpaceView) -> str:
    """The view as SVG: one panel a map, its quality above it, the types below."""
    colours = view.cloud.colours
    fills = [colours[kind] for kind in view.cloud.types]
    radii = np.full(len(fills), dot_radius(len(fills)))
    parts: list[str] = []
    for i, each in enumerate(view.maps):
        panel = frame_map(view, i, top=52)
        pixels = panel.place(*each.points.T)
        parts.append(_draw_frame(panel, each.name, str(each.quality), each.variance))
        parts.append(draw_points(pixels, radii, fills))
        for at in view.ringed:
            x, y = pixels[at]
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="none" class="line-ink" stroke-width="1.5"/>')
        placed = name_points(view, panel, pixels)
        texts = [shorten(view.cloud.labels[at.point]) for at in placed]
        parts += [
            draw_text(text, at.x, at.y, role="ink halo", size=11, anchor=at.anchor)
            for text, at in zip(texts, placed, strict=True)
        ]
    legend, height = draw_legend(type_marks(view.cloud.types, view.cloud.colours), 12, 52 + HEIGHT + 12, WIDTH - 24)
    parts.append(legend)
    title = f"Space of {view.cloud.name}"
    return draw_picture(parts, WIDTH, 52 + HEIGHT + 12 + height, title=title, caption=view.caption)


def frame_map(view: SpaceView, position: int, *, top: float) -> Panel:
    """The panel of one map; one unit is as long across as upwards, as distances on a map must be."""
    panels = len(view.maps)
    width = (WIDTH - 24 - GAP * (panels - 1)) / panels
    low, high = view.maps[position].points.min(axis=0), view.maps[position].points.max(axis=0)
    middle, span = (low + high) / 2, np.maximum(high - low, 1e-9)
    unit = max(span[0] / (width * 0.9), span[1] / (HEIGHT * 0.9))
    half = np.array([width, HEIGHT]) * unit / 2
    left = 12 + position * (width + GAP)
    return Panel(left, top, width, HEIGHT, *((float(m - h), float(m + h)) for m, h in zip(middle, half, strict=True)))


def name_points(view: SpaceView, panel: Panel, pixels: np.ndarray) -> list[PlacedLabel]:
    """Labels for the points to name, where there is room."""
    texts = [shorten(label) for label in view.cloud.labels]
    radii = np.full(len(texts), dot_radius(len(texts)))
    radii[list(view.ringed)] = 7
    bounds = (panel.left, panel.top, panel.left + panel.width, panel.top + panel.height)
    # Measured a little larger than drawn: a plotly figure is narrower where the notebook is.
    return place_labels(pixels, texts, radii=radii, order=view.named, bounds=bounds, size=13)


def dot_radius(points: int) -> float:
    """In pixels: smaller where there are many."""
    return float(np.clip(60 / np.sqrt(points + 1), 2.0, 5.0))


def _draw_frame(panel: Panel, name: str, quality: str, variance: float | None) -> str:
    x, y, width, height = panel.left, panel.top, panel.width, panel.height
    kept = "" if variance is None else f" · keeps {100 * variance:.0f} % of the variance"
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="none" class="line-rule"/>'
        + draw_text(name, x, y - 26, size=14, weight=600)
        + draw_text(quality.replace(", ", " · ") + kept, x, y - 9, role="muted", size=11.5)
    )
