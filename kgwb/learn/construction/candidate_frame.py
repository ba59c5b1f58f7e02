"""A data frame of candidate facts, checked, and which of its rows are right."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from kgwb.axes import Bool
from kgwb.checks import expect_id_rows, expect_kind
from kgwb.words import quote_value

FactRows: TypeAlias = Collection[Sequence[int]] | np.ndarray
IDS = ("head", "relation", "tail")


def expect_candidates(candidates: object, columns: Sequence[str], *, call: str) -> None:
    """A frame with the columns of `propose_facts` that are needed; it may have no row.

    Raises:
        TypeError: it is no data frame; the message holds the call.
        ValueError: it lacks a column, or its ids are no whole numbers.
    """
    expect_kind(candidates, pd.DataFrame, "A data frame of candidates", call=call)
    assert isinstance(candidates, pd.DataFrame)
    missing = [name for name in (*IDS, *columns) if list(candidates.columns).count(name) != 1]
    if missing:
        found = ", ".join(map(repr, candidates.columns[:8])) or "none"
        raise ValueError(
            f"The candidates have no column {missing[0]!r}, or several; their columns are {found}. Type {call}."
        )
    for name in IDS:
        if len(candidates) and candidates[name].dtype.kind not in "iu":
            raise ValueError(
                f"The column {name!r} of the candidates holds {quote_value(candidates[name].iloc[0])}. Expected ids, as "
                f"propose_facts gives them; type {call}."
            )


def read_facts_that_are_right(right: FactRows, *, call: str) -> set[tuple[int, int, int]]:
    """Facts as a set of ids.

    Raises:
        TypeError: they are no rows of three ids; the message holds the call.
    """
    is_rows = isinstance(right, (Collection, np.ndarray)) and not isinstance(right, (str, bytes, pd.DataFrame, dict))
    is_rows = is_rows and getattr(right, "ndim", 1) > 0  # an array of one thing has no length
    try:
        table = np.array(list(right)) if is_rows else np.empty(0)
    except (TypeError, ValueError):  # rows of different lengths
        table = np.empty(0)
    if is_rows and not len(right):
        return set()
    expect_id_rows("right", table, call=call)
    return set(map(tuple, table.tolist()))


def mark_right(candidates: pd.DataFrame, right: FactRows, *, call: str) -> Bool[np.ndarray, " candidate"]:
    """Which candidates are among the right facts."""
    facts = read_facts_that_are_right(right, call=call)
    ids = candidates[[*IDS]].to_numpy().reshape(-1, 3)
    return np.array([tuple(fact) in facts for fact in ids.tolist()], dtype=bool)
