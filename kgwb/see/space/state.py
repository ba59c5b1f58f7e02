"""What the script of a space draws: numbers as typed arrays, all labels in one buffer of UTF-8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kgwb.see.packing import pack_array, pack_texts
from kgwb.see.space.alignment import list_changed
from kgwb.see.space.arrows import list_arrows
from kgwb.see.space.cloud import Cloud
from kgwb.see.space.colouring import Amounts, Kinds, sort_kinds
from kgwb.see.space.neighbours import list_nearest
from kgwb.see.space.quality import PointQuality
from kgwb.see.space.scene import DOUBTFUL, SpaceScene
from kgwb.words import mend_text

NEAREST = 10
MOST_NEAREST = 15_000  # points whose neighbours in all dimensions travel along; of more, they are asked for
_LABEL = 400  # bytes of a label that travel; what is longer is cut
_FULL = 65534  # a share of 1 as 16 bits; one more is missing


def pack_space(scene: SpaceScene, columns: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The scene as the script takes it."""
    cloud = scene.cloud
    return {
        "kind": "space",
        **pack_cloud(cloud),
        "maps": [
            {
                "name": mend_text(each.name),
                "note": each.describe(short=True),
                "points": pack_array(each.points.astype(np.float32)),
                "quality": None if each.each is None else pack_quality(each.each),
            }
            for each in scene.maps
        ],
        "doubtful": DOUBTFUL,
        "neighbours": scene.maps[0].quality.neighbours,
        "named": [int(i) for i in scene.named],
        "locked": scene.beside is not None,
        "nearest": _pack_nearest(cloud),
        "colourings": _pack_colourings(scene, columns),
        "changed": _pack_changed(scene),
        "arrows": _pack_arrows(scene),
    }


def pack_cloud(cloud: Cloud) -> dict[str, Any]:
    """The points, without where they stand."""
    labels = pack_texts([cut_label(label) for label in cloud.labels])
    plain = bool((cloud.ids == np.arange(len(cloud.ids))).all())  # then the script counts by itself
    return {
        "count": len(cloud.labels),
        "what": "entities" if cloud.graph is not None else "points",
        "ids": None if plain else pack_array(cloud.ids.astype(np.int32)),
        "layers": pack_array(cloud.layers.astype(np.uint8)) if cloud.layers.any() else None,
        "labels": labels["bytes"],
        "offsets": labels["offsets"],
        "types": pack_kinds(sort_kinds("type", list(cloud.types), cloud.marks)),
        "degrees": None if cloud.degrees is None else pack_array(cloud.degrees.astype(np.uint32)),
    }


def cut_label(text: str) -> str:
    """A text cut with an ellipsis where it is very long."""
    packed = mend_text(text).encode("utf-8")
    return packed.decode("utf-8") if len(packed) <= _LABEL else packed[:_LABEL].decode("utf-8", "ignore") + "…"


def pack_kinds(kinds: Kinds) -> dict[str, Any]:
    """Kinds with their marks."""
    return {
        "name": mend_text(kinds.name),
        "names": [cut_label(name) for name in kinds.names],
        "marks": [{"colour": mark.colour, "shape": mark.shape} for mark in kinds.marks],
        "of": pack_array(kinds.kinds.astype(np.uint16)),
    }


def pack_quality(each: PointQuality) -> dict[str, Any]:
    """The quality at the points that were measured, in 16 bits each."""
    rows = each.rows
    values = [
        np.rint(of[rows] * _FULL).clip(0, _FULL).astype(np.uint16) for of in (each.trustworthiness, each.continuity)
    ]
    return {
        "rows": pack_array(rows.astype(np.uint32)),
        "trust": pack_array(values[0]),
        "continuity": pack_array(values[1]),
    }


def _pack_nearest(cloud: Cloud) -> dict[str, Any] | None:
    if len(cloud.labels) > MOST_NEAREST:
        return None
    ids, distances = list_nearest(cloud.vectors, np.arange(len(cloud.labels)), NEAREST)
    return {"width": ids.shape[1], "ids": pack_array(ids), "distances": pack_array(distances)}


def _pack_colourings(scene: SpaceScene, columns: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """The colouring shown, then the others to choose from."""
    first = scene.colouring
    found = [_pack_one(first)]
    if first.name != "type" or isinstance(first, Amounts):
        cloud = scene.cloud
        found.append(_pack_one(sort_kinds("type", list(cloud.types), cloud.marks)))
    found += [
        _pack_one(Amounts(name, np.asarray(values, float))) for name, values in columns.items() if name != first.name
    ]
    return found


def _pack_one(colouring: Kinds | Amounts) -> dict[str, Any]:
    if isinstance(colouring, Kinds):
        return {**pack_kinds(colouring), "amounts": None}
    low, high = colouring.limits
    values = pack_array(colouring.values.astype(np.float32))
    return {
        "name": mend_text(colouring.name),
        "amounts": values,
        "low": low,
        "high": high,
        "log": colouring.logarithmic,
    }


def _pack_changed(scene: SpaceScene) -> dict[str, Any] | None:
    if scene.beside is None:
        return None
    least, most = list_changed(scene.cloud, scene.beside)
    packed = {
        name: [[scene.cloud.locate([int(i)])[0], float(kept)] for i, kept in table["neighbours kept"].items()]
        for name, table in (("most", least), ("least", most))
    }
    return {**packed, "neighbours": scene.beside.neighbours}


def _pack_arrows(scene: SpaceScene) -> dict[str, Any] | None:
    arrows = scene.arrows
    if arrows is None:
        return None
    table = list_arrows(arrows, scene.cloud).head(12)
    return {
        "heads": pack_array(arrows.heads.astype(np.int32)),
        "tails": pack_array(arrows.tails.astype(np.int32)),
        "moved": [
            None if each.plane is None else pack_array(each.plane.place(arrows.moved).astype(np.float32))
            for each in scene.maps
        ],
        "relation": mend_text(arrows.relation),
        "scorer": arrows.scorer,
        "total": arrows.total,
        "rows": [
            [mend_text(row["head"]), mend_text(row["tail"]), f"{row['residual']:.3g}", f"{row['rank']:g}"]
            for row in table.to_dict("records")
        ],
    }
