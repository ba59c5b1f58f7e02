"""Ranks in groups: by degree, by what training saw of a query, with head and tail beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int

HITS = (1, 3, 10)
SEEN = ["both", "(head, relation)", "(relation, tail)", "neither", "not even the relation"]
Groups: TypeAlias = np.ndarray | pd.Categorical | Sequence[object]


def summarise_ranks(
    ranks: Float[np.ndarray, " rank"], groups: Groups, *, sides: np.ndarray | None = None
) -> pd.DataFrame:
    """MRR and Hits@1, 3, 10 of each group, and with `sides` the MRR of heads and of tails beside them.

    Args:
        ranks: one per query.
        groups: which group each is in, or several such columns.
        sides: "head" or "tail", what was asked for, where the groups do not say it already.

    Example:
        >>> ranks, sides = np.array([1.0, 2.0]), np.array(["head", "tail"])
        >>> summarise_ranks(ranks, np.array([0, 0]), sides=sides)[["ranks", "MRR", "MRR head", "MRR tail"]]
           ranks   MRR  MRR head  MRR tail
        0      2  0.75       1.0       0.5
    """
    columns = {"ranks": np.ones_like(ranks), "MRR": 1 / ranks}
    columns |= {f"Hits@{k}": (ranks <= k).astype(float) for k in HITS}
    if sides is not None:
        columns |= {f"MRR {side}": np.where(sides == side, 1 / ranks, np.nan) for side in ("head", "tail")}
    grouped = pd.DataFrame(columns).groupby(groups, observed=True)
    return grouped.mean().assign(ranks=grouped.size())


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


def name_seen(triples: Int[np.ndarray, "rank 3"], train: Int[np.ndarray, "fact 3"], entities: int) -> pd.Categorical:
    """What of each triple training saw: its pairs (head, relation) and (relation, tail), one of them, or not even the relation.

    Example:
        >>> name_seen(np.array([[0, 0, 2], [0, 0, 3], [5, 1, 5]]), np.array([[0, 0, 1], [4, 0, 2]]), 6).tolist()
        ['both', '(head, relation)', 'not even the relation']
    """
    seen = []
    for column in (0, 2):
        asked, there = (rows[:, 1] * entities + rows[:, column] for rows in (triples, train))
        seen.append(np.isin(asked, there))
    head, tail = seen
    code = np.where(head & tail, 0, np.where(head, 1, np.where(tail, 2, 3)))
    code[~np.isin(triples[:, 1], train[:, 1])] = 4
    return pd.Categorical.from_codes(code, SEEN, ordered=True)
