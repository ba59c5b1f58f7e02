"""Further layers of a space: relations and word pieces, placed where the entities are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kgwb.see.space.cloud import RELATIONS, WORDS, Cloud, list_words, read_array


def add_relations(cloud: Cloud, vectors: Any) -> Cloud:
    """The cloud with a point for each relation.

    Raises:
        TypeError: the vectors hold no relations.
        ValueError: a relation is not as wide as an entity, so it stands nowhere among them.
    """
    if not hasattr(vectors, "relation_vectors"):
        raise TypeError(
            f"relations=True came with {type(vectors).__name__}, which holds no relations. Expected a GraphEmbedding; "
            "type show_space(vectors)."
        )
    graph = vectors.graph
    found = read_array(vectors.relation_vectors())
    if found.shape[1] != cloud.vectors.shape[1]:
        raise ValueError(
            f"A relation of {type(vectors.scorer).__name__} holds {found.shape[1]} numbers and an entity "
            f"{cloud.vectors.shape[1]}, so relations stand nowhere among entities. Type show_space(vectors, "
            "relation=...) to see where a relation moves its heads."
        )
    labels = list(graph.relation_labels)
    counts = np.bincount(graph.triples[:, 1], minlength=len(found))
    return _append(cloud, found, labels, RELATIONS, 1, counts)


def add_words(cloud: Cloud, words: tuple[Any, Sequence[str]]) -> Cloud:
    """The cloud with a point for each word piece, whose vectors and labels came.

    Raises:
        TypeError: these are not vectors and labels.
        ValueError: they are not one label a vector, or not as wide as an entity.
    """
    call = "show_space(vectors, words=(word_vectors, word_pieces))"
    if not isinstance(words, (tuple, list)) or len(words) != 2:
        raise TypeError(f"words= takes vectors and their labels, but {type(words).__name__} came. Type {call}.")
    found, labels = read_array(words[0]), list_words("labels", words[1])
    if len(found) != len(labels) or found.shape[1] != cloud.vectors.shape[1]:
        raise ValueError(
            f"Word pieces came as {found.shape[0]} vectors of {found.shape[1]} numbers with {len(labels)} labels; expected "
            f"one label each, and {cloud.vectors.shape[1]} numbers, as the entities have. Type {call}."
        )
    return _append(cloud, found, labels, WORDS, 2, np.zeros(len(found), int))


def _append(
    cloud: Cloud, vectors: np.ndarray, labels: Sequence[str], kind: str, layer: int, counts: np.ndarray
) -> Cloud:
    count = len(vectors)
    degrees = None if cloud.degrees is None else np.concatenate([cloud.degrees, counts])
    return replace(
        cloud,
        vectors=np.concatenate([cloud.vectors, vectors]),
        ids=np.concatenate([cloud.ids, np.arange(count)]),
        labels=(*cloud.labels, *labels),
        types=(*cloud.types, *[kind] * count),
        degrees=degrees,
        whole=cloud.whole + count,
        layers=np.concatenate([cloud.layers, np.full(count, layer)]),
    )
