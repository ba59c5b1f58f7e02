"""The maps of a space as a static picture, and the measures that picture and figure share."""

from __future__ import annotations

import numpy as np

from kgwb.see.drawing import draw_picture
from kgwb.see.palette import LIGHT
from kgwb.see.panels import Panel, Pixels, PlacedLabel, draw_border, draw_labels, draw_rings, place_labels
from kgwb.see.space.colouring import sort_kinds
from kgwb.see.space.marks import draw_key, draw_marks, mark_points
from kgwb.see.space.raster import draw_dots
from kgwb.see.space.scene import SpaceScene
from kgwb.words import shorten

WIDTH, HEIGHT, GAP, TOP = 960.0, 400.0, 28.0, 52.0
RING = 7.0  # radius in pixels
MOST_SHAPES = 20_000  # more points are one image
_NOTE = "The points of this still picture are one image, each a dot without its shape."


def draw_space(scene: SpaceScene) -> str:
    """The scene as SVG: one panel a map, its quality above it, the types below."""
    cloud = scene.cloud
    kinds = sort_kinds("type", list(cloud.types), cloud.marks)
    marks = mark_points(scene.colouring, kinds)
    texts = [shorten(label) for label in cloud.labels]
    parts: list[str] = []
    for i, each in enumerate(scene.maps):
        panel = frame_map(scene, i, top=TOP)
        pixels = panel.place(*each.points.T)
        parts.append(draw_border(panel, shorten(each.name, 60), each.describe(short=True), note_size=11.5))
        if len(texts) > MOST_SHAPES:
            parts.append(_draw_image(scene, i, panel, pixels, [mark.colour for mark in marks]))
        else:
            parts.append(draw_marks(pixels, choose_radius(len(texts)), marks, scene.doubtful(i)))
        parts.append(_draw_arrows(scene, i, panel))
        parts += draw_rings(pixels[list(scene.ringed)], RING)
        parts.append(draw_labels(name_points(scene, panel, pixels), texts, size=11))
    key, height = draw_key(scene.colouring, kinds, 12, TOP + HEIGHT + 12, WIDTH - 24)
    parts.append(key)
    bottom = TOP + HEIGHT + 12 + height
    caption = scene.caption if len(texts) <= MOST_SHAPES else f"{scene.caption} {_NOTE}"
    return draw_picture(parts, WIDTH, bottom, title=scene.title, caption=caption)


def _draw_image(scene: SpaceScene, number: int, panel: Panel, pixels: Pixels, colours: list[str]) -> str:
    shades = [LIGHT.get(colour, colour) for colour in colours]
    origin = np.array([panel.left, panel.top])
    address = draw_dots(pixels - origin, shades, scene.doubtful(number), (float(panel.width), float(panel.height)))
    place = f'x="{panel.left:.1f}" y="{panel.top:.1f}" width="{panel.width:.1f}" height="{panel.height:.1f}"'
    return f'<image {place} href="{address}"/>'


def _draw_arrows(scene: SpaceScene, number: int, panel: Panel) -> str:
    """From each head to where its relation moves it, and dashed from there to the tail; in other maps nothing."""
    arrows, plane = scene.arrows, scene.maps[number].plane
    if arrows is None or plane is None:
        return ""
    points = scene.maps[number].points
    ends = [points[arrows.heads], plane.place(arrows.moved), points[arrows.tails]]
    start, moved, tail = (panel.place(*each.T) for each in ends)
    clip = f"arrows-{number}"
    border = f'<rect x="{panel.left:.1f}" y="{panel.top:.1f}" width="{panel.width:.1f}" height="{panel.height:.1f}"/>'
    solid = "".join(_trace_arrow(a, b) for a, b in zip(start, moved, strict=True))
    dashed = "".join(f"M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}" for a, b in zip(moved, tail, strict=True))
    return (
        f'<clipPath id="{clip}">{border}</clipPath><g clip-path="url(#{clip})" fill="none" stroke-width="1.1">'
        f'<path d="{solid}" class="line-edge" opacity=".7"/><path d="{dashed}" class="line-muted" stroke-dasharray="3 3"/></g>'
    )


def _trace_arrow(start: np.ndarray, end: np.ndarray) -> str:
    way = end - start
    length = float(np.hypot(*way)) or 1.0
    along = way / length * min(6.0, length / 2)
    across = np.array([-along[1], along[0]]) * 0.45
    one, other = end - along + across, end - along - across
    return (
        f"M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}M{one[0]:.1f} {one[1]:.1f}"
        f"L{end[0]:.1f} {end[1]:.1f}L{other[0]:.1f} {other[1]:.1f}"
    )


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
    texts = {i: shorten(scene.cloud.labels[i]) for i in scene.named}
    radii = {i: RING if i in scene.ringed else choose_radius(len(scene.cloud.labels)) for i in scene.named}
    order = list(scene.named)
    bounds = (panel.left, panel.top, panel.right, panel.bottom)
    # Measured a little larger than drawn: a plotly figure is narrower where the notebook is.
    placed = place_labels(
        pixels[order],
        [texts[i] for i in order],
        radii=np.array([radii[i] for i in order], float),
        order=range(len(order)),
        bounds=bounds,
        size=13,
    )
    return [PlacedLabel(order[at.point], at.x, at.y, at.anchor, at.below) for at in placed]


def choose_radius(points: int) -> float:
    """Of a dot, in pixels: smaller where there are many."""
    return float(np.clip(76 / np.sqrt(points + 1), 1.2, 5.0))
