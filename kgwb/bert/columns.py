"""All that a row of attention goes to: word pieces, vectors set beside them, facts in memory, a learned prefix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kgwb.axes import Float
from kgwb.bert.reading import Reading

SEEN = 1e-3  # a share of a row below it is what rounding leaves


@dataclass(frozen=True)
class Column:
    """What a row goes to that is no word piece.

    Attributes:
        kind: a "vector" set beside, a "fact" in a memory's slot, a learned "prefix", or the "rest", of which a reading says
            no more.
        place: of a vector, the word piece whose position it shares.
        fact: of a slot, its (head, relation, tail).
    """

    kind: Literal["vector", "fact", "prefix", "rest"]
    place: int = -1
    fact: tuple[int, int, int] = (-1, -1, -1)


def list_columns(reading: Reading, sentence: int) -> tuple[Column, ...]:
    """What follows the word pieces in the columns of `join_columns`; facts that fill several slots are one column."""
    places = reading.places[sentence] if reading.beside is not None else ()
    facts = dict.fromkeys(reading.facts[sentence]) if reading.slots is not None and reading.facts else {}
    named = tuple(Column("vector", place=place) for place in places) + tuple(Column("fact", fact=one) for one in facts)
    prefix = (Column("prefix"),) if reading.prefix is not None else ()
    rest = (Column("rest"),) if (_measure_rest(reading, sentence) > SEEN).any() else ()
    return named + prefix + rest


def join_columns(
    reading: Reading, sentence: int, layers: slice = slice(None)
) -> Float[np.ndarray, "layer head query column"]:
    """The attention of a sentence without padding, with a column for each thing a row goes to: each row sums to one.

    The first columns are the word pieces alone, without what goes to vectors set beside them; then those of `list_columns`.

    Args:
        reading: of the sentence, as `kgwb.read` gives it.
        sentence: which one, from 0.
        layers: which; by default all.
    """
    length, columns = reading.lengths[sentence], list_columns(reading, sentence)
    words = reading.attention[sentence, layers, :, :length, :length].numpy()  # [layer, head, query, key]
    joined = np.zeros((*words.shape[:3], length + len(columns)), np.float32)
    joined[..., :length] = words
    at = {column: length + i for i, column in enumerate(columns)}
    if reading.beside is not None:
        beside = reading.beside[sentence, layers, :, :length].numpy()  # [layer, head, query, vector]
        for i, place in enumerate(reading.places[sentence]):
            joined[..., at[Column("vector", place=place)]] += beside[..., i]
            joined[..., place] -= beside[..., i]
    if reading.slots is not None and reading.facts:
        slots = reading.slots[sentence, layers, :, :length].numpy()  # [layer, head, query, slot]
        for i, fact in enumerate(reading.facts[sentence]):
            joined[..., at[Column("fact", fact=fact)]] += slots[..., i]
    if reading.prefix is not None:
        joined[..., at[Column("prefix")]] = reading.prefix[sentence, layers, :, :length].sum(-1).numpy()
    if Column("rest") in at:
        joined[..., -1] = _measure_rest(reading, sentence)[layers]
    return joined.clip(0)  # differences of rounded numbers may lie a hair below


def _measure_rest(reading: Reading, sentence: int) -> Float[np.ndarray, "layer head query"]:
    """What is left of each row beside word pieces, the slots whose facts are known, and a prefix."""
    length = reading.lengths[sentence]
    left = 1 - reading.attention[sentence, :, :, :length, :length].sum(-1).numpy()
    if reading.slots is not None and reading.facts:
        left = left - reading.slots[sentence, :, :, :length, : len(reading.facts[sentence])].sum(-1).numpy()
    if reading.prefix is not None:
        left = left - reading.prefix[sentence, :, :, :length].sum(-1).numpy()
    return left.clip(0)
