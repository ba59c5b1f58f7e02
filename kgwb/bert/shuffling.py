"""Facts with the knowledge taken out: each relation's tails given to other heads, and how much is still true."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from kgwb.axes import Int
from kgwb.graph.joins import hold

_ROUNDS = 16
_SCANNED = 10_000_000

Ids: TypeAlias = Int[np.ndarray, " fact"]
Holds: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]


def shuffle_tails(
    facts: Int[np.ndarray, "fact 3"], types: Int[np.ndarray, " entity"], draw: np.random.Generator
) -> Int[np.ndarray, "fact 3"]:
    """The facts of each relation with their tails shuffled, so that none is among the facts.

    Tails are exchanged within their relation. Where that cannot be, as where a relation has one tail only, the head gets
    another entity of the tail's type, or of any type. A fact stays true only if its head has that relation to every entity.

    Args:
        facts: the truth.
        types: of each entity, as a number.
        draw: for the shuffle.
    """
    shuffled = facts.copy()
    order = facts[:, 1].argsort(kind="stable")
    borders = np.flatnonzero(np.diff(facts[order, 1])) + 1
    for rows in np.split(order, borders) if len(facts) else ():
        shuffled[rows, 2] = _shuffle(facts[rows, 0], facts[rows, 2], types, draw)
    return shuffled


def count_kept(
    truth: Int[np.ndarray, "fact 3"], facts: Int[np.ndarray, "stated 3"], identity: Int[np.ndarray, " entity"]
) -> int:
    """How many facts of the truth a door still states.

    Args:
        truth: the graph's facts.
        facts: those that the door looks up.
        identity: whose facts an entity is given: seen from a head, (h, r, t) is stated if (identity of h, r, t) is
            among them, seen from a tail, if (h, r, identity of t) is.
    """
    stated = set(map(tuple, facts.tolist()))
    given = identity.tolist()
    return sum(
        (given[head], relation, tail) in stated or (head, relation, given[tail]) in stated
        for head, relation, tail in truth.tolist()
    )


def _shuffle(heads: Ids, tails: Ids, types: Int[np.ndarray, " entity"], draw: np.random.Generator) -> Ids:
    """Other tails for the heads of one relation."""
    truth = np.unique(heads * len(types) + tails)

    def holds(heads: np.ndarray, tails: np.ndarray) -> np.ndarray:
        return hold(truth, heads * len(types) + tails)

    shuffled = tails[draw.permutation(len(tails))]
    _exchange(heads, shuffled, holds, draw)
    for alike in (types, np.zeros_like(types)):  # of the tail's own type, then of any
        _replace(heads, tails, shuffled, alike, holds, draw)
    for row in np.flatnonzero(holds(heads, shuffled)):
        if not holds(heads[[row]], heads[[row]])[0]:  # no other entity is left but the head itself
            shuffled[row] = heads[row]
    return shuffled


def _exchange(heads: Ids, shuffled: Ids, holds: Holds, draw: np.random.Generator) -> None:
    """Exchange tails, in place, where a true fact came out and both would be untrue afterwards."""
    for _ in range(_ROUNDS):
        true = np.flatnonzero(holds(heads, shuffled))
        if not len(true):
            return
        others = draw.permutation(len(heads))[: len(true)]
        fit = ~np.isin(others, true) & ~holds(heads[true], shuffled[others]) & ~holds(heads[others], shuffled[true])
        one, other = true[fit], others[fit]
        shuffled[one], shuffled[other] = shuffled[other], shuffled[one]
    for row in np.flatnonzero(holds(heads, shuffled))[: _SCANNED // len(heads)]:
        fit = ~holds(heads[[row]], shuffled) & ~holds(heads, shuffled[[row]])
        if fit.any() and holds(heads[[row]], shuffled[[row]])[0]:
            other = draw.choice(np.flatnonzero(fit))
            shuffled[[row, other]] = shuffled[[other, row]]


def _replace(
    heads: Ids, tails: Ids, shuffled: Ids, types: Int[np.ndarray, " entity"], holds: Holds, draw: np.random.Generator
) -> None:
    """Give heads, in place, an entity of their tail's type where a true fact is left."""
    by_type = types.argsort(kind="stable")
    starts, ends = (np.searchsorted(types[by_type], types, side) for side in ("left", "right"))  # [entity]
    rows = np.flatnonzero(holds(heads, shuffled))
    for _ in range(_ROUNDS):
        first, last = starts[tails[rows]], ends[tails[rows]]
        drawn = by_type[draw.integers(first, last)] if len(rows) else rows
        fit = ~holds(heads[rows], drawn) & (drawn != heads[rows])
        shuffled[rows[fit]] = drawn[fit]
        rows = rows[~fit]
    for row in rows:
        pool = by_type[starts[tails[row]] : ends[tails[row]]]
        free = pool[~holds(heads[[row]], pool) & (pool != heads[row])]
        if len(free):
            shuffled[row] = draw.choice(free)
