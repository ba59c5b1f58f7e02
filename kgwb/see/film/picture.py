"""A film as a strip of four frames, where no script runs, and as the numbers that the page's script plays."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from kgwb.see.drawing import draw_legend, draw_picture, draw_points, type_marks
from kgwb.see.film.scene import FilmFrame, FilmScene
from kgwb.see.panels import Panel, draw_border, draw_labels, draw_rings, place_labels
from kgwb.words import count_things, shorten

_WIDTH, _TOP, _GAP, _SHOWN = 960.0, 56.0, 16.0, 4
_SIDE = (_WIDTH - 24 - _GAP * (_SHOWN - 1)) / _SHOWN
_PAGE_SIDE = 560.0  # of the square on the page, in pixels
_STEPS = 32767  # of a 16-bit number: finer than a pixel of any screen


def draw_film(film: FilmScene) -> str:
    """Four frames side by side, each as large as its panel."""
    frames = film.frames
    shown = choose_frames(frames)
    fills = [film.cloud.colours[kind] for kind in film.cloud.types]
    parts = []
    for i, at in enumerate(shown):
        named = film.named if at == shown[-1] else film.ringed
        parts.append(_draw_frame(film, frames[at], 12 + i * (_SIDE + _GAP), fills, named))
    legend, height = draw_legend(type_marks(film.cloud.types, film.cloud.colours), 12, _TOP + _SIDE + 12, _WIDTH - 24)
    caption = (
        f"{film.caption} This still picture shows {count_things(len(shown), 'frame')}, chosen so that the dots moved as far "
        "between one and the next; each is drawn as large as its panel."
    )
    bottom = _TOP + _SIDE + 12 + height
    return draw_picture([*parts, legend], _WIDTH, bottom, title=film.title, caption=caption)


def choose_frames(frames: Sequence[FilmFrame]) -> list[int]:
    """Positions of four frames, the first and the last among them, with as much movement between one and the next."""
    steps = [np.sqrt(((b.points - a.points) ** 2).sum(axis=1).mean()) for a, b in pairwise(frames)]
    moved = np.concatenate([[0.0], np.cumsum(steps)])
    marks = np.linspace(0, moved[-1], _SHOWN)
    return sorted({0, len(frames) - 1, *(int(np.abs(moved - mark).argmin()) for mark in marks)})


def _choose_radius(points: int, side: float) -> float:
    """Of a dot, in pixels: smaller where there are many, or little room."""
    return float(np.clip(side / 8 / np.sqrt(points + 1), 1.8, side / 100))


def _measure_reach(frame: FilmFrame) -> float:
    return float(np.abs(frame.points).max()) or 1.0


def _draw_frame(film: FilmScene, frame: FilmFrame, left: float, fills: list[str], named: tuple[int, ...]) -> str:
    reach = _measure_reach(frame)
    pixels = np.array([left, _TOP]) + _SIDE / 2 + frame.points * [1, -1] * (0.46 * _SIDE / reach)  # [point, 2]
    radii = np.full(len(pixels), _choose_radius(len(pixels), _SIDE))
    quality = f"trust {frame.quality.trustworthiness:.2f} · keeps {100 * frame.variance:.0f} % · width {2 * reach:.2g}"
    texts = [shorten(label, 20) for label in film.cloud.labels]
    panel = Panel(left, _TOP, _SIDE, _SIDE, (-reach, reach), (-reach, reach))
    bounds = (left + 2, _TOP + 2, left + _SIDE - 2, _TOP + _SIDE - 2)
    placed = place_labels(pixels, texts, radii=radii + 2, order=named, bounds=bounds, size=11)
    rings = draw_rings(pixels[list(film.ringed)], 5)
    dots, labels = draw_points(pixels, radii, fills), draw_labels(placed, texts, size=10.5)
    return "".join([draw_border(panel, shorten(frame.name), quality), dots, *rings, labels])


def describe_film(film: FilmScene) -> dict[str, Any]:
    """Everything the page's script draws, as plain data; positions are 16-bit steps of each frame's own reach."""
    cloud, frames, colours = film.cloud, film.frames, film.cloud.colours
    reach = [_measure_reach(each) for each in frames]
    steps = np.stack(
        [np.rint(each.points / far * _STEPS) for each, far in zip(frames, reach, strict=True)]
    )  # [frame, point, 2]
    shades = sorted(set(colours.values()))
    return {
        "names": [each.name for each in frames],
        "trust": [round(each.quality.trustworthiness, 3) for each in frames],
        "variance": [round(each.variance, 4) for each in frames],
        "reach": [float(f"{far:.6g}") for far in reach],
        "points": base64.b64encode(steps.astype("<i2").tobytes()).decode("ascii"),
        "labels": [shorten(label, 60) for label in cloud.labels],
        "types": list(cloud.types),
        "shades": shades,
        "colours": [shades.index(colours[kind]) for kind in cloud.types],
        "legend": [[mark.text, mark.colour] for mark in type_marks(cloud.types, colours)],
        "ringed": list(film.ringed),
        "named": list(film.named),
        "radius": round(_choose_radius(len(cloud.labels), _PAGE_SIDE), 2),
    }
