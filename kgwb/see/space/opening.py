"""What a space is made from: which points, by which methods, and what numbers there are to colour them by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from kgwb.see.names import Names
from kgwb.see.space.alignment import match_clouds
from kgwb.see.space.cloud import Cloud, check_points, gather_points
from kgwb.see.space.projection import Method, Projection

Methods = Literal["both", "pca", "tsne", "umap"]
MOST_BOTH = 10_000  # points whose t-SNE takes about half a minute


def open_clouds(
    vectors: Any,
    beside: Any,
    *,
    labels: Sequence[str] | None,
    types: Sequence[str] | None,
    entities: Names | None,
    highlight: Names,
    limit: int,
    seed: int,
) -> tuple[Cloud, Cloud | None, int]:
    """The points of a space, the same of a second one, and how many only one of them has.

    Raises:
        UnknownNameError: when `entities` or `highlight` names something that is not there.
        ValueError: when the vectors cannot be mapped, or share too few points.
    """
    cloud = gather_points(vectors, labels=labels, types=types)
    if entities is not None:
        cloud = cloud.restrict(cloud.find_all(entities))
    check_points(cloud)
    other, left_out = None, 0
    if beside is not None:
        other = gather_points(beside, labels=None if _has_labels(beside) else labels, types=None)
        check_points(other)
        cloud, other, left_out = match_clouds(cloud, other)
    thinned = cloud.thin(max(3, limit), sorted(set(cloud.find_all(highlight))), seed)
    if other is not None and thinned is not cloud:
        other = other.take(np.array(cloud.locate(thinned.ids.tolist())))
    return thinned, other, left_out


def _has_labels(vectors: Any) -> bool:
    return isinstance(vectors, tuple) or hasattr(vectors, "entity_vectors")


def choose_methods(method: Methods, count: int, *, pair: bool) -> tuple[tuple[Method, ...], tuple[str, ...]]:
    """The methods to map by, and what to say of one that was left out.

    >>> choose_methods("both", 20_000, pair=False)[0]
    ('pca',)
    """
    if method != "both":
        return (method,), ()
    if pair:
        return ("pca",), ()
    if count > MOST_BOTH:
        return ("pca",), ("t-SNE of so many points takes minutes and was left out; type method='tsne' for it",)
    return ("pca", "tsne"), ()


def list_colourings(
    degrees: np.ndarray | None, maps: Sequence[Projection], kept: np.ndarray | None
) -> dict[str, np.ndarray]:
    """The numbers that a colour can say, by name."""
    columns: dict[str, np.ndarray] = {} if degrees is None else {"degree": degrees}
    if kept is not None:
        columns["neighbours kept"] = kept
    for each in maps:
        if each.each is not None:
            columns[f"{each.name} trustworthiness"] = each.each.trustworthiness
            columns[f"{each.name} continuity"] = each.each.continuity
    return columns
