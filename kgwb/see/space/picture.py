"""The maps of a space as a static picture, and the measures that picture and figure share."""

from __future__ import annotations

import numpy as np

from kgwb.see.drawing import draw_legend, draw_picture, draw_points, type_marks
from kgwb.see.panels import Panel, Pixels, PlacedLabel, draw_border, draw_labels, draw_rings, place_labels
from kgwb.see.space.scene import SpaceScene
from kgwb.words import shorten

WIDTH, HEIGHT, GAP = 960.0, 400.0, 28.0
RING = 7.0  # radius in pixels


def draw_space(scene: SpaceScene) -> str:
    """The scene as SVG: one panel a map, its quality above it, the types below."""
    cloud = scene.cloud
    colours = cloud.colours
    fills = [colours[kind] for kind in cloud.types]
    radii = np.full(len(fills), choose_radius(len(fills)))
    texts = [shorten(label) for label in cloud.labels]
    parts: list[str] = []
    for i, each in enumerate(scene.maps):
        panel = frame_map(scene, i, top=52.0)
        pixels = panel.place(*each.points.T)
        parts.append(draw_border(panel, each.name, each.describe(short=True), note_size=11.5))
        parts.append(draw_points(pixels, radii, fills))
        parts += draw_rings(pixels[list(scene.ringed)], RING)
        parts.append(draw_labels(name_points(scene, panel, pixels), texts, size=11))
    legend, height = draw_legend(type_marks(cloud.types, colours), 12, 52 + HEIGHT + 12, WIDTH - 24)
    parts.append(legend)
    return draw_picture(parts, WIDTH, 52 + HEIGHT + 12 + height, title=scene.title, caption=scene.caption)


def frame_map(scene: SpaceScene, position: int, *, top: float) -> Panel:
    """The panel of one map; one unit is as long across as upwards, as distances on a map must be."""
    panels = len(scene.maps)
    width = (WIDTH - 24 - GAP * (panels - 1)) / panels
    low, high = scene.maps[position].points.min(axis=0), scene.maps[position].points.max(axis=0)
    middle, span = (low + high) / 2, np.maximum(high - low, 1e-9)
    unit = max(span[0] / (width * 0.9), span[1] / (HEIGHT * 0.9))
    half = np.array([width, HEIGHT]) * unit / 2
    left = 12 + position * (width + GAP)
    return Panel(left, top, width, HEIGHT, *((float(m - h), float(m + h)) for m, h in zip(middle, half, strict=True)))


def name_points(scene: SpaceScene, panel: Panel, pixels: Pixels) -> list[PlacedLabel]:
    """Labels for the points to name, where there is room."""
    texts = [shorten(label) for label in scene.cloud.labels]
    radii = np.full(len(texts), choose_radius(len(texts)))
    radii[list(scene.ringed)] = RING
    bounds = (panel.left, panel.top, panel.right, panel.bottom)
    # Measured a little larger than drawn: a plotly figure is narrower where the notebook is.
    return place_labels(pixels, texts, radii=radii, order=scene.named, bounds=bounds, size=13)


def choose_radius(points: int) -> float:
    """Of a dot, in pixels: smaller where there are many."""
    return float(np.clip(60 / np.sqrt(points + 1), 2.0, 5.0))
