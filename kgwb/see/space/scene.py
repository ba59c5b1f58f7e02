"""The points of a space: vectors with their names, types and degrees, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kgwb.graph.errors import UnknownNameError
from kgwb.see.graph.scene import name_types
from kgwb.see.palette import colour_types

Names = Sequence[str | int]


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points in a space of many dimensions.

    Attributes:
        name: what they are, for captions.
        vectors: float [point, dim].
        ids: int64 [point], entity ids, or positions where there is no graph.
        labels, types: a text for each point.
        degrees: int64 [point], facts each entity stands in; None where there is no graph.
        graph: the graph whose entities they are, if any.
        whole: how many points there were before a sample was taken.
    """

    name: str
    vectors: np.ndarray
    ids: np.ndarray
    labels: tuple[str, ...]
    types: tuple[str, ...]
    degrees: np.ndarray | None
    graph: Any
    whole: int

    @property
    def colours(self) -> dict[str, str]:
        """The colour of each type, the same as in every other view of the same graph."""
        return colour_types(self.types if self.graph is None else name_types(self.graph))

    def find(self, name: str | int) -> int:
        """The position of a point given by label, name or id.

        Raises:
            UnknownNameError: names the three nearest labels.
        """
        if self.graph is not None:
            wanted = self.graph.entity_id(name)
        elif isinstance(name, str) and name in self.labels:
            return self.labels.index(name)
        else:
            wanted = name
        found = np.flatnonzero(self.ids == wanted) if not isinstance(wanted, str) else np.array([])
        if not len(found):
            raise UnknownNameError("entity", name, self.labels)
        return int(found[0])

    def take(self, positions: np.ndarray) -> Cloud:
        """Only these points, in this order."""
        return replace(
            self,
            vectors=self.vectors[positions],
            ids=self.ids[positions],
            labels=tuple(self.labels[i] for i in positions),
            types=tuple(self.types[i] for i in positions),
            degrees=None if self.degrees is None else self.degrees[positions],
        )

    def thin(self, limit: int, keep: Sequence[int], seed: int) -> Cloud:
        """At most `limit` points: those to keep, and a sample of the others in which each has the same chance."""
        if len(self.labels) <= limit:
            return self
        others = np.setdiff1d(np.arange(len(self.labels)), np.array(keep, int))
        drawn = np.random.default_rng(seed).permutation(others)[: max(0, limit - len(keep))]
        return self.take(np.sort(np.concatenate([np.array(keep, int), drawn])))


def gather_points(vectors: Any, *, labels: Sequence[str] | None, types: Sequence[str] | None) -> Cloud:
    """Points from a GraphEmbedding, from (vectors, labels, types), or from an array with `labels` and `types`.

    Raises:
        TypeError: when it is none of these.
        ValueError: when the numbers cannot be mapped.
    """
    graph, name = None, "vectors"
    degrees: np.ndarray | None = None
    if hasattr(vectors, "entity_vectors"):
        graph = vectors.graph
        labels, types, degrees = graph.labels, name_types(graph), graph.degrees
        name = f"{graph.name}, {type(vectors.scorer).__name__}" if hasattr(vectors, "scorer") else graph.name
        vectors = vectors.entity_vectors()
    elif isinstance(vectors, tuple) and len(vectors) in (2, 3):
        vectors, labels, types = (*vectors, None)[:3]
    array = _read_array(vectors)
    count = len(array)
    labels = [str(i) for i in range(count)] if labels is None else [str(label) for label in labels]
    types = ["point"] * count if types is None else [str(kind) for kind in types]
    for what, given in (("labels", labels), ("types", types)):
        if len(given) != count:
            raise ValueError(f"{count} vectors came with {len(given)} {what}; expected one for each vector.")
    return Cloud(name, array, np.arange(count), tuple(labels), tuple(types), degrees, graph, count)


def check_points(cloud: Cloud) -> None:
    """Say why these points cannot be mapped, if they cannot.

    Raises:
        ValueError: too few points, a number that is none, or all points in one place.
    """
    if len(cloud.labels) < 3:
        few = len(cloud.labels)
        raise ValueError(f"A map needs at least 3 points; {few} came. Give more vectors or more entities.")
    wrong = ~np.isfinite(cloud.vectors).all(axis=1)
    if wrong.any():
        first = cloud.labels[int(np.flatnonzero(wrong)[0])]
        raise ValueError(
            f"{int(wrong.sum()):,} of {len(wrong):,} vectors hold NaN or infinity, the first that of {first!r}. "
            "Expected finite numbers; after training, a smaller learning rate usually mends this."
        )
    if np.ptp(cloud.vectors, axis=0).max() == 0:
        raise ValueError("All vectors are equal, so every point falls on one spot. Train the embedding, then map it.")


def _read_array(vectors: Any) -> np.ndarray:
    if hasattr(vectors, "detach"):
        vectors = vectors.detach().cpu().float().numpy()
    if hasattr(vectors, "to_numpy"):
        vectors = vectors.to_numpy()
    array = np.asarray(vectors)
    if array.ndim != 2 or array.dtype.kind not in "fiu" or not array.shape[1]:
        raise TypeError(
            f"show_space got {type(vectors).__name__} of shape {array.shape} and type {array.dtype}. Expected a "
            "GraphEmbedding, an array of numbers [point, dim], or (vectors, labels, types)."
        )
    return array.astype(float)
