"""A film as a piece of an offline page: packed numbers and the view's own script, nothing else."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from kgwb.see.drawing import type_marks
from kgwb.see.film.picture import dot_radius
from kgwb.see.graph.page import pack_json
from kgwb.see.page import Fragment, read_asset
from kgwb.words import shorten

if TYPE_CHECKING:
    from kgwb.see.film.view import FilmView

_STEPS = 32767  # of a 16-bit number: finer than a pixel of any screen
_SIDE = 560.0


def describe_film(film: FilmView) -> dict[str, Any]:
    """Everything the page's script draws, as plain data; positions are 16-bit steps of each frame's own reach."""
    cloud, frames, colours = film.cloud, film.frames, film.cloud.colours
    reach = [float(np.abs(each.points).max()) or 1.0 for each in frames]
    steps = np.stack([np.rint(each.points / far * _STEPS) for each, far in zip(frames, reach, strict=True)])
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
        "legend": [[mark.text, mark.colour] for mark in type_marks(film.cloud.types, colours)],
        "ringed": list(film.ringed),
        "named": list(film.named),
        "radius": round(dot_radius(len(cloud.labels), _SIDE), 2),
    }


def write_film_fragment(film: FilmView) -> Fragment:
    """The film with its controls, and the script that plays it as a library."""
    markup = (
        f'<div class="kgwb-film"><style>{read_asset("film.css")}</style>'
        f'<script type="application/json">{pack_json(describe_film(film))}</script></div>'
        "<script>kgwbFilm.draw(document.currentScript.previousElementSibling)</script>"
    )
    return Fragment(markup, film.caption, {"kgwb-film": read_asset("film.js")})
