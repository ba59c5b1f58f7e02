"""One matrix of attention: of a head, or of all heads as their mean, their maximum or their rollout; folded, or rounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from kgwb.axes import Float, Int
from kgwb.bert import Reading
from kgwb.bert.rollout import chain_layers
from kgwb.see.attention.injected import Extra, join_extras

Combine = Literal["mean", "max", "rollout"]
NAMES = {"mean": "mean of heads", "max": "maximum of heads", "rollout": "rollout"}


def select_weights(
    reading: Reading, sentence: int, layer: int, head: int | None, combine: str = "mean", extras: Sequence[Extra] = ()
) -> Float[np.ndarray, "query column"]:
    """One matrix without padding, of the word pieces and the extras; of all heads as `combine` says where none is named."""
    if head is None and combine == "rollout":
        return chain_layers(join_extras(reading, sentence, extras).mean(1))[layer].astype(np.float32)
    weights = join_extras(reading, sentence, extras, slice(layer, layer + 1))[0]  # [head, query, column]
    if head is not None:
        return weights[head]
    return weights.max(0) if combine == "max" else weights.mean(0)


def fold_mentions(
    weights: Float[np.ndarray, "query column"], spans: Sequence[tuple[int, int]]
) -> Float[np.ndarray, "unit unit_or_extra"]:
    """The same with the word pieces of each mention as one: summed as keys, averaged as queries, so that rows still sum to one.

    Args:
        weights: word pieces in the rows and in the first columns.
        spans: (first, one past last) word piece of each mention; they do not overlap.

    Example:
        >>> fold_mentions(np.array([[0.2, 0.3, 0.5], [0.4, 0.4, 0.2], [0.0, 0.0, 1.0]]), [(0, 2)]).tolist()
        [[0.65, 0.35], [0.0, 1.0]]
    """
    starts = list_units(len(weights), spans)
    extra = np.arange(len(weights), weights.shape[1])
    summed = np.add.reduceat(weights, np.concatenate([starts, extra]).astype(int), axis=1)
    sizes = np.diff(np.append(starts, len(weights)))
    return np.add.reduceat(summed, starts, axis=0) / sizes[:, None]


def list_units(length: int, spans: Sequence[tuple[int, int]]) -> Int[np.ndarray, " unit"]:
    """Where each unit begins: a mention, or a word piece of none."""
    inside = {i for first, last in spans for i in range(first + 1, last)}
    return np.array([i for i in range(length) if i not in inside], np.int64)


def renormalise(weights: Float[np.ndarray, "row column"], length: int) -> Float[np.ndarray, "row key"]:
    """What goes to word pieces alone, as shares of that: the rows of two readings can then be compared."""
    words = weights[..., :length]
    return words / np.maximum(words.sum(-1, keepdims=True), 1e-12)


def round_rows(weights: Float[np.ndarray, "... query column"], dtype: str) -> np.ndarray:
    """Whole numbers, weight = number / largest, with the remainders given out so that each row sums to what it did."""
    full = np.iinfo(dtype).max
    scaled = weights * np.float32(full)
    low = np.floor(scaled)
    missing = np.rint(scaled.sum(-1, dtype=np.float64)) - low.sum(-1, dtype=np.float64)  # [..., query]
    order = np.argsort(low - scaled, axis=-1, kind="stable")  # the largest remainder first
    first = np.arange(weights.shape[-1]) < missing[..., None]
    up = np.zeros_like(first)
    np.put_along_axis(up, order, first, axis=-1)
    return np.minimum(low + up, full).astype(np.dtype(dtype).newbyteorder("<"))
