"""What the script of a film plays: positions in 16 bits, and the curves that its scrubber is tied to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kgwb.see.epochs import is_learnt
from kgwb.see.film.scene import FilmScene
from kgwb.see.packing import pack_array
from kgwb.see.space.colouring import sort_kinds
from kgwb.see.space.state import pack_cloud, pack_kinds

STEPS = 65535  # from one side of a frame to the other: finer than a pixel of any screen


def pack_film(film: FilmScene) -> dict[str, Any]:
    """The film as the script takes it; positions are steps of each frame's own reach."""
    cloud, frames = film.cloud, film.frames
    shares = np.stack([(each.points / each.reach + 1) / 2 for each in frames])  # [frame, point, 2]
    kinds = pack_kinds(sort_kinds("type", list(cloud.types), cloud.marks))
    return {
        "kind": "film",
        **pack_cloud(cloud),
        "maps": [],
        "named": [int(i) for i in film.named],
        "locked": False,
        "nearest": None,
        "colourings": [{**kinds, "amounts": None}],
        "frames": {
            "points": pack_array(np.rint(shares * STEPS).clip(0, STEPS).astype(np.uint16)),
            "names": [each.name for each in frames],
            "epochs": [each.epoch for each in frames],
            "trust": [round(each.quality.trustworthiness, 4) for each in frames],
            "variance": [round(each.variance, 4) for each in frames],
            "reach": [float(f"{each.reach:.6g}") for each in frames],
        },
        "curves": list_curves(film),
    }


def list_curves(film: FilmScene) -> list[dict[str, Any]]:
    """The loss and what else says what was learnt, by epoch; figures of which fewer than two are known are left out."""
    names = list(dict.fromkeys(name for _, figures in film.history for name in figures if is_learnt(name)))
    curves = []
    for name in names:
        found = [(epoch, float(figures[name])) for epoch, figures in film.history if name in figures]
        found = [(epoch, value) for epoch, value in found if math.isfinite(value)]
        if len(found) > 1:
            curves.append({"name": str(name), "epochs": [e for e, _ in found], "values": [v for _, v in found]})
    return curves
