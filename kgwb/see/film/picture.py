"""A film as a strip of four frames, for saved notebooks and for readers without a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from kgwb.see.drawing import draw_legend, draw_picture, draw_points, draw_text, type_marks
from kgwb.see.labels import place_labels
from kgwb.words import count_things, shorten

if TYPE_CHECKING:
    from kgwb.see.film.scene import Frame
    from kgwb.see.film.view import FilmView

_WIDTH, _TOP, _GAP, _SHOWN = 960.0, 56.0, 16.0, 4
_SIDE = (_WIDTH - 24 - _GAP * (_SHOWN - 1)) / _SHOWN


def draw_film(film: FilmView) -> str:
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
    return draw_picture([*parts, legend], _WIDTH, bottom, title=f"Film of {film.cloud.name}", caption=caption)


def choose_frames(frames: Sequence[Frame]) -> list[int]:
    """Positions of four frames, the first and the last among them, with as much movement between one and the next."""
    steps = [np.sqrt(((b.points - a.points) ** 2).sum(axis=1).mean()) for a, b in pairwise(frames)]
    moved = np.concatenate([[0.0], np.cumsum(steps)])
    marks = np.linspace(0, moved[-1], _SHOWN)
    return sorted({0, len(frames) - 1, *(int(np.abs(moved - mark).argmin()) for mark in marks)})


def dot_radius(points: int, side: float) -> float:
    """In pixels: smaller where there are many, or little room."""
    return float(np.clip(side / 8 / np.sqrt(points + 1), 1.8, side / 100))


def _draw_frame(film: FilmView, frame: Frame, left: float, fills: list[str], named: tuple[int, ...]) -> str:
    reach = float(np.abs(frame.points).max()) or 1.0
    pixels = np.array([left, _TOP]) + _SIDE / 2 + frame.points * [1, -1] * (0.46 * _SIDE / reach)
    radii = np.full(len(pixels), dot_radius(len(pixels), _SIDE))
    quality = f"trust {frame.quality.trustworthiness:.2f} · keeps {100 * frame.variance:.0f} % · width {2 * reach:.2g}"
    parts = [
        f'<rect x="{left:.1f}" y="{_TOP:.1f}" width="{_SIDE:.1f}" height="{_SIDE:.1f}" fill="none" class="line-rule"/>',
        draw_text(shorten(frame.name), left, _TOP - 26, size=14, weight=600),
        draw_text(quality, left, _TOP - 9, role="muted", size=11),
        draw_points(pixels, radii, fills),
    ]
    for at in film.ringed:
        x, y = pixels[at]
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" class="line-ink" stroke-width="1.5"/>')
    texts = [shorten(label, 20) for label in film.cloud.labels]
    bounds = (left + 2, _TOP + 2, left + _SIDE - 2, _TOP + _SIDE - 2)
    placed = place_labels(pixels, texts, radii=radii + 2, order=named, bounds=bounds, size=11)
    parts += [draw_text(texts[at.point], at.x, at.y, role="ink halo", size=10.5, anchor=at.anchor) for at in placed]
    return "".join(parts)
