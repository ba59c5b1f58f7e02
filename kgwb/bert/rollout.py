"""Attention rollout: through all layers up to one, where does what stands at a word piece come from?"""

from __future__ import annotations

import numpy as np

from kgwb.axes import Float
from kgwb.bert.columns import join_columns
from kgwb.bert.reading import Reading
from kgwb.checks import expect_kind, expect_number


def roll_out(reading: Reading, sentence: int = 0) -> Float[np.ndarray, "layer query column"]:
    """Attention followed back through the layers, with half of each state carried past each layer.

    R_l = A_l R_{l−1}, R_0 = I, A_l = ½ W_l + ½ I, W_l the mean over heads (Abnar & Zuidema, 2020). Vectors set beside and
    facts in memory are columns of W_l, and sources: their own rows are those of I, for a slot stays what it is (a vector
    set beside does read the words, but a reading does not say how). Each row of A_l is divided by its sum.

    Args:
        reading: as `kgwb.read` gives it.
        sentence: which one, from 0.

    Returns:
        R_l for each layer l, from word pieces to word pieces and what `list_columns` names; each row sums to one.

    Raises:
        TypeError: something is not a Reading.
        ValueError: there is no such sentence.

    Example:
        >>> from kgwb import load_bert, read
        >>> roll_out(read(load_bert(), "Paris is in France.")).shape
        (6, 7, 7)
    """
    expect_kind(reading, Reading, "A Reading", call="roll_out(kgwb.read(bert, sentences), sentence=0)")
    expect_number("sentence", sentence, usual=0, least=0, below=len(reading.tokens), whole=True)
    return chain_layers(join_columns(reading, sentence).mean(1))


def chain_layers(weights: Float[np.ndarray, "layer query column"]) -> Float[np.ndarray, "layer query column"]:
    """The same of one matrix a layer: its first columns are the word pieces, and the others are sources."""
    layers, length, columns = weights.shape
    rolled, reached = np.empty((layers, length, columns)), np.eye(length, columns)
    for layer, matrix in enumerate(weights.astype(np.float64)):
        step = 0.5 * matrix + 0.5 * np.eye(length, columns)
        step /= step.sum(-1, keepdims=True)
        onward = step[:, :length] @ reached  # what the words had gathered before
        onward[:, length:] += step[:, length:]  # and what this layer brings in
        rolled[layer] = reached = onward
    return rolled
