"""A film as a strip of four frames, where no script runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from kgwb.see.drawing import draw_picture
from kgwb.see.film.scene import FilmFrame, FilmScene
from kgwb.see.palette import TypeMark
from kgwb.see.panels import Panel, draw_border, draw_labels, draw_rings, place_labels
from kgwb.see.space.colouring import sort_kinds
from kgwb.see.space.marks import draw_key, draw_marks, mark_points
from kgwb.words import count_things, shorten

_WIDTH, _TOP, _GAP, _SHOWN = 960.0, 56.0, 16.0, 4
_SIDE = (_WIDTH - 24 - _GAP * (_SHOWN - 1)) / _SHOWN


def draw_film(film: FilmScene) -> str:
    """Four frames side by side, each as large as its panel."""
    frames = film.frames
    shown = choose_frames(frames)
    kinds = sort_kinds("type", list(film.cloud.types), film.cloud.marks)
    marks = mark_points(kinds, kinds)
    parts = []
    for i, at in enumerate(shown):
        named = film.named if at == shown[-1] else film.ringed
        parts.append(_draw_frame(film, frames[at], 12 + i * (_SIDE + _GAP), marks, named))
    legend, height = draw_key(kinds, kinds, 12, _TOP + _SIDE + 12, _WIDTH - 24)
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


def _draw_frame(film: FilmScene, frame: FilmFrame, left: float, marks: list[TypeMark], named: tuple[int, ...]) -> str:
    reach = frame.reach
    pixels = np.array([left, _TOP]) + _SIDE / 2 + frame.points * [1, -1] * (0.46 * _SIDE / reach)  # [point, 2]
    radius = _choose_radius(len(pixels), _SIDE)
    quality = f"trust {frame.quality.trustworthiness:.2f} · keeps {100 * frame.variance:.0f} % · width {2 * reach:.2g}"
    texts = [shorten(label, 20) for label in film.cloud.labels]
    panel = Panel(left, _TOP, _SIDE, _SIDE, (-reach, reach), (-reach, reach))
    bounds = (left + 2, _TOP + 2, left + _SIDE - 2, _TOP + _SIDE - 2)
    placed = place_labels(pixels, texts, radii=np.full(len(pixels), radius + 2), order=named, bounds=bounds, size=11)
    rings = draw_rings(pixels[list(film.ringed)], 5)
    dots = draw_marks(pixels, radius, marks, np.zeros(len(pixels), bool))
    labels = draw_labels(placed, texts, size=10.5)
    return "".join([draw_border(panel, shorten(frame.name), quality), dots, *rings, labels])
