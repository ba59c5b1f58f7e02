"""Triples as ids, in whichever form they come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgwb.axes import Int, Tensor

Triples = Int[np.ndarray, "triple 3"] | Int[Tensor, "triple 3"] | Sequence[Sequence[int]]
Known = Int[np.ndarray, "known 3"] | Int[Tensor, "known 3"] | Sequence[Sequence[int]]


def read_ids(triples: Triples) -> Int[np.ndarray, "triple 3"]:
    """An int64 copy of triples that came as an array, a tensor or a list.

    Raises:
        ValueError: they are not rows of three whole numbers.

    Example:
        >>> read_ids([(0, 0, 1)])
        array([[0, 0, 1]])
    """
    array = np.array(triples.cpu().numpy() if isinstance(triples, Tensor) else triples)
    if not array.size:
        return np.empty((0, 3), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] != 3 or array.dtype.kind not in "iu":
        raise ValueError(
            f"Triples of shape {array.shape} and type {array.dtype} came. Expected rows of three ids; type "
            "[[head, relation, tail], ...], or graph.triples[:5]."
        )
    return array.astype(np.int64)
