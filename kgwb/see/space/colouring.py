"""What the colour of a point says: its type, or a number such as its degree."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.see.palette import LIGHT, TypeMark, mark_types
from kgwb.see.space.cloud import Cloud
from kgwb.words import describe_kind, find_nearest

MISSING = "missing"
MISSING_MARK = TypeMark("muted", "open circle")
RECIPROCAL = "mean reciprocal rank"
_CALL = "show_space(vectors, colour='degree')"


@dataclass(frozen=True, eq=False)
class Kinds:
    """Points told apart by a word each.

    Attributes:
        name: of what the words say.
        names: of the kinds, the most frequent first.
        marks: the colour and shape of each.
        kinds: the kind of each point, as a place in `names`.
    """

    name: str
    names: tuple[str, ...]
    marks: tuple[TypeMark, ...]
    kinds: Int[np.ndarray, " point"]

    @property
    def counts(self) -> Int[np.ndarray, " kind"]:
        """How many points are of each kind."""
        return np.bincount(self.kinds, minlength=len(self.names))


@dataclass(frozen=True, eq=False)
class Amounts:
    """Points coloured by a number each; NaN is missing.

    Attributes:
        name: of the number.
        values: by point.
    """

    name: str
    values: Float[np.ndarray, " point"]

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the largest value."""
        finite = self.values[np.isfinite(self.values)]
        return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)

    @property
    def missing(self) -> int:
        """How many points have no value."""
        return int((~np.isfinite(self.values)).sum())

    @property
    def logarithmic(self) -> bool:
        """Whether a few values are so large that on an even scale all others would look alike."""
        finite = self.values[np.isfinite(self.values)]
        return bool(len(finite) and finite.min() >= 0 and finite.max() > 20 * max(float(np.median(finite)), 1e-12))

    @property
    def shares(self) -> Float[np.ndarray, " point"]:
        """Where each value lies between the least, 0, and the largest, 1; of a logarithmic scale, by log(1 + value)."""
        values, (low, high) = self.values, self.limits
        if self.logarithmic:
            values, low, high = np.log1p(values), math.log1p(low), math.log1p(high)
        return (values - low) / (high - low) if high > low else np.where(np.isfinite(values), 0.5, np.nan)


Colouring = Kinds | Amounts


def sort_kinds(name: str, words: list[str], marks: Mapping[str, TypeMark]) -> Kinds:
    """Words as kinds, the most frequent first, equally frequent ones by name."""
    found, places, counts = np.unique(np.array(words, object), return_inverse=True, return_counts=True)
    order = np.lexsort((found.astype(str), -counts))
    names = tuple(str(found[i]) for i in order)
    return Kinds(name, names, tuple(marks[kind] for kind in names), np.argsort(order)[places])


def find_colouring(cloud: Cloud, colour: Any, columns: Mapping[str, np.ndarray]) -> Colouring:
    """What `colour` means.

    Args:
        cloud: the points.
        colour: "type", the name of a column, a RankReport, or a value for each point: a Series, an array, a list.
        columns: numbers by name, one for each point.

    Raises:
        ValueError: no such column, or not one value for each point.
        TypeError: it is none of these.
    """
    if isinstance(colour, str):
        if colour == "type":
            return sort_kinds("type", list(cloud.types), cloud.marks)
        if colour in columns:
            return Amounts(colour, np.asarray(columns[colour], float))
        near = find_nearest(colour, ["type", *columns])
        raise ValueError(
            f"colour={colour!r} came. Expected {', '.join(map(repr, ['type', *columns]))}, or a value for each point; type "
            f"colour={near[0] if near else 'type'!r}."
        )
    ranking = sys.modules.get(
        "kgwb.embed.ranking.rank_report"
    )  # not loaded, and torch with it, where none can have come
    if ranking is not None and isinstance(colour, ranking.RankReport):
        return Amounts(RECIPROCAL, average_ranks(colour.triples, colour.sides, colour.ranks, cloud))
    values = _align_values(cloud, colour)
    name = str(getattr(colour, "name", None) or "colour")
    if values.dtype.kind in "fiub":
        return Amounts(name, values.to_numpy(float))
    words = [MISSING if pd.isna(value) else str(value) for value in values]
    marks = {**mark_types(set(words) - {MISSING}), MISSING: MISSING_MARK}
    return sort_kinds(name, words, marks)


def average_ranks(
    triples: Int[np.ndarray, "question 3"], sides: np.ndarray, ranks: np.ndarray, cloud: Cloud
) -> Float[np.ndarray, " point"]:
    """The mean reciprocal rank of each entity over the questions whose right answer it is; NaN where none was asked."""
    asked = np.where(sides == "head", triples[:, 0], triples[:, 2])
    means = pd.Series(1 / ranks).groupby(asked).mean()
    found = means.reindex(cloud.ids).to_numpy(float)
    return np.where(cloud.layers == 0, found, np.nan)


def _align_values(cloud: Cloud, colour: Any) -> pd.Series:
    """One value for each point: a Series by the ids of entities, anything else by position."""
    if _has_ids(colour, cloud):
        found = colour.reindex(cloud.ids)
        return found.where(cloud.layers == 0)
    is_row = hasattr(colour, "__len__") and hasattr(colour, "__iter__")  # a tokenizer has a length, and no members
    if isinstance(colour, (Mapping, bytes)) or not is_row or getattr(colour, "ndim", 1) == 0:
        raise TypeError(f"colour= got {describe_kind(colour)}. Expected a column's name or a value each; type {_CALL}.")
    if hasattr(colour, "detach"):
        colour = colour.detach().cpu().numpy()
    values = pd.Series(list(colour)).infer_objects()
    if len(values) == cloud.entities < len(cloud.labels):  # layers came besides
        values = values.reindex(range(len(cloud.labels)))
    if len(values) != len(cloud.labels):
        raise ValueError(
            f"colour= holds {len(values):,} values for {len(cloud.labels):,} points; expected one each. Type {_CALL}."
        )
    return values


def _has_ids(colour: Any, cloud: Cloud) -> bool:
    return isinstance(colour, pd.Series) and colour.index.is_unique and bool(colour.index.isin(cloud.ids).all())


def ramp_colours(steps: int, colours: Mapping[str, str] = LIGHT) -> list[str]:
    """One hue from pale to full: the blue of edges, mixed with paper at first and with ink at last."""
    paper, edge, ink = (
        np.array([int(colours[name][i : i + 2], 16) for i in (1, 3, 5)]) for name in ("paper", "edge", "ink")
    )
    mixed = []
    for share in np.linspace(0, 1, steps):
        low, high = (paper + 0.45 * (edge - paper), edge) if share < 0.6 else (edge, edge + 0.75 * (ink - edge))
        within = share / 0.6 if share < 0.6 else (share - 0.6) / 0.4
        mixed.append("#" + "".join(f"{round(part):02x}" for part in low + within * (high - low)))
    return mixed
