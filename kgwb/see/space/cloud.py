"""The points of a space: entities, relations and word pieces, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Number
from typing import Any

import numpy as np

from kgwb.axes import Float, Int
from kgwb.checks import expect_each
from kgwb.graph.errors import UnknownNameError
from kgwb.see.names import Names, list_names, name_types
from kgwb.see.palette import LIGHT, TypeMark, mark_types

LAYERS = ("entity", "relation", "word piece")
RELATIONS, WORDS = "relations", "word pieces"  # their types
LAYER_MARKS = {RELATIONS: TypeMark("edge", "cross"), WORDS: TypeMark("ink", "open square")}


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points in a space of many dimensions.

    Attributes:
        name: what they are, for captions.
        vectors: in all dimensions.
        ids: of entities or relations in their graph; positions where there is none.
        labels, types: a text for each point.
        degrees: facts each stands in; None where there is no graph.
        graph: the graph whose entities they are, if any.
        whole: how many points there were before a sample was taken.
        layers: the layer of each, as a place in `LAYERS`; entities come first.
    """

    name: str
    vectors: Float[np.ndarray, "point dim"]
    ids: Int[np.ndarray, " point"]
    labels: tuple[str, ...]
    types: tuple[str, ...]
    degrees: Int[np.ndarray, " point"] | None
    graph: Any
    whole: int
    layers: Int[np.ndarray, " point"]

    @cached_property
    def marks(self) -> dict[str, TypeMark]:
        """The colour and shape of each type, the same as in every other view of the same graph."""
        own = {kind for kind, layer in zip(self.types, self.layers.tolist(), strict=True) if not layer}
        marks = mark_types(own if self.graph is None else name_types(self.graph))
        return {**marks, **{kind: LAYER_MARKS[kind] for kind in set(self.types) - set(marks)}}

    @property
    def colours(self) -> dict[str, str]:
        """The colour of each type, on light paper."""
        return {kind: LIGHT.get(mark.colour, mark.colour) for kind, mark in self.marks.items()}

    @property
    def entities(self) -> int:
        """How many entities there are; they come before the other layers."""
        return int((self.layers == 0).sum())

    def find(self, name: str | int) -> int:
        """The position of an entity given by label, name or id.

        Raises:
            UnknownNameError: names the three nearest labels.
        """
        if self.graph is not None:
            wanted = self.graph.entity_id(name)
        elif isinstance(name, str) and name in self.labels:
            return self.labels.index(name)
        else:
            wanted = name
        found = self.locate([wanted]) if not isinstance(wanted, str) else []
        if not found:
            raise UnknownNameError("entity", name, self.labels)
        return found[0]

    def find_all(self, names: Names) -> list[int]:
        """The positions of one point or several, as `find` gives them."""
        return [self.find(name) for name in list_names(names, call="highlight=['Berlin', 'Paris']")]

    def locate(self, ids: Sequence[int], layer: int = 0) -> list[int]:
        """The positions of ids in a layer, of those that are here."""
        places = self._places[layer]
        return [places[i] for i in ids if i in places]

    @cached_property
    def _places(self) -> list[dict[int, int]]:
        places: list[dict[int, int]] = [{}, {}, {}]
        for position, (i, layer) in enumerate(zip(self.ids.tolist(), self.layers.tolist(), strict=True)):
            places[layer][i] = position
        return places

    def choose_named(self, ringed: Sequence[int], count: int) -> tuple[int, ...]:
        """Positions of the points to name: the highlighted ones, then the `count` best connected."""
        order = np.arange(len(self.labels)) if self.degrees is None else np.argsort(-self.degrees, kind="stable")
        return (*ringed, *[int(i) for i in order[: count + len(ringed)] if i not in ringed][:count])

    def restrict(self, positions: Sequence[int] | Int[np.ndarray, " chosen"]) -> Cloud:
        """Only these points, which are then the whole."""
        return replace(self.take(np.array(positions, int)), whole=len(positions))

    def take(self, positions: Int[np.ndarray, " chosen"]) -> Cloud:
        """Only these points, in this order."""
        return replace(
            self,
            vectors=self.vectors[positions],
            ids=self.ids[positions],
            labels=tuple(self.labels[i] for i in positions),
            types=tuple(self.types[i] for i in positions),
            degrees=None if self.degrees is None else self.degrees[positions],
            layers=self.layers[positions],
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
    array = read_array(vectors)
    count = len(array)
    labels = [str(i) for i in range(count)] if labels is None else list_words("labels", labels)
    types = ["point"] * count if types is None else list_words("types", types)
    for what, given in (("labels", labels), ("types", types)):
        if len(given) != count:
            raise ValueError(
                f"{count} vectors came with {len(given)} {what}; expected one for each vector. Type show_space(vectors)."
            )
    zeros = np.zeros(count, int)
    return Cloud(name, array, np.arange(count), tuple(labels), tuple(types), degrees, graph, count, zeros)


def list_words(argument: str, words: object) -> list[str]:
    """Labels or types as texts; numbers will do."""
    found = expect_each(words, (str, Number), "A text", call=f"show_space(array, {argument}=['a', 'b'])")
    return [str(word) for word in found]


def check_points(cloud: Cloud) -> None:
    """Say why these points cannot be mapped, if they cannot.

    Raises:
        ValueError: too few points, a number that is none, or all points in one place.
    """
    if len(cloud.labels) < 3:
        few = len(cloud.labels)
        chosen = cloud.graph is not None and len(cloud.graph.entities) >= 3
        mend = "Type show_space(vectors) to map them all." if chosen else "Expected the vectors of more entities."
        raise ValueError(f"A map needs at least 3 points; {few} came. {mend}")
    wrong = ~np.isfinite(cloud.vectors).all(axis=1)
    if wrong.any():
        first = cloud.labels[int(np.flatnonzero(wrong)[0])]
        raise ValueError(
            f"{int(wrong.sum()):,} of {len(wrong):,} vectors hold NaN or infinity, the first that of {first!r}. "
            "Expected finite numbers; after training, a smaller learning rate usually mends this."
        )
    if np.ptp(cloud.vectors, axis=0).max() == 0:
        raise ValueError("All vectors are equal, so every point falls on one spot. Train the embedding, then map it.")


def read_array(vectors: Any) -> Float[np.ndarray, "point dim"]:
    """Vectors as an array [point, dim], whatever holds them.

    Raises:
        TypeError: they are none.
    """
    if hasattr(vectors, "detach"):
        vectors = vectors.detach().cpu().float().numpy()
    if hasattr(vectors, "to_numpy"):
        vectors = vectors.to_numpy()
    try:
        array = np.asarray(vectors)
    except (ValueError, TypeError):  # rows of different lengths, or an object that says it can be an array and cannot
        array = np.array(None)
    if array.ndim != 2 or array.dtype.kind not in "fiu" or not array.shape[1]:
        raise TypeError(
            f"show_space got {type(vectors).__name__} of shape {array.shape} and type {array.dtype}. Expected a "
            "GraphEmbedding, an array of numbers [point, dim], or (vectors, labels, types); type show_space(embedding)."
        )
    return array.astype(float)
