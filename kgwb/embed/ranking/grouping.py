"""Which triples are alike: by how many answers their relation's questions have, by how well an entity is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Int
from kgwb.embed.queries import SIDES, Side, group_queries

CARDINALITIES = ["1-1", "1-N", "N-1", "N-N"]
MANY = 1.5  # answers per question on average, from which a side counts as N (Bordes et al., 2013)


def find_distinct(triples: Int[np.ndarray, "triple 3"], entities: int) -> Int[np.ndarray, "fact 3"]:
    """Each triple once, by relation, head and tail.

    Example:
        >>> find_distinct(np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0]]), 2).tolist()
        [[0, 0, 1], [1, 0, 0]]
    """
    head, relation, tail = triples.T
    keys = np.unique((relation * entities + head) * entities + tail)  # one number per triple sorts ten times faster
    return np.stack([keys // entities % entities, keys // entities**2, keys % entities], axis=1)


def name_cardinalities(facts: Int[np.ndarray, "fact 3"], relations: int) -> np.ndarray:
    """What each relation is: 1-1, 1-N (a head has many tails), N-1 or N-N, [relation].

    Args:
        facts: distinct triples.
        relations: how many relations there are; one without facts is 1-1.

    Example:
        >>> name_cardinalities(np.array([[0, 0, 1], [0, 0, 2], [0, 1, 1], [2, 1, 1]]), 2).tolist()
        ['1-N', 'N-1']
    """
    many_heads, many_tails = (_have_many(facts, side, relations) for side in SIDES)
    return np.array(CARDINALITIES)[2 * many_heads + many_tails]


def _have_many(facts: Int[np.ndarray, "fact 3"], side: Side, relations: int) -> Bool[np.ndarray, " relation"]:
    questions = np.bincount(group_queries(facts, side).relation, minlength=relations)
    return np.bincount(facts[:, 1], minlength=relations) >= MANY * np.maximum(questions, 1)


def bin_degrees(degrees: Int[np.ndarray, " entity"]) -> pd.Categorical:
    """The bin of each degree, in order: 0, 1, 2 to 3, 4 to 7, each bin twice as wide as the one before.

    Example:
        >>> bin_degrees(np.array([0, 1, 3, 4])).tolist()
        ['0', '1', '2 to 3', '4 to 7']
    """
    number = np.frexp(degrees)[1]  # how many binary digits the degree has
    ends = [(2**digits // 2, 2**digits - 1) for digits in range(int(number.max(initial=0)) + 1)]
    names = [f"{first:,}" if first == last else f"{first:,} to {last:,}" for first, last in ends]
    return pd.Categorical.from_codes(number, names, ordered=True)
