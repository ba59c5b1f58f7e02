"""Choosing few things that cover much: the greedy choice under a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from kgwb.checks import expect_each, expect_number, is_number
from kgwb.words import quote_value

_CALL = "kgwb.learn.choose_covering([{'a': 1.0, 'b': 1.0}, {'b': 1.0}], [3, 2], budget=4)"
_LEAST = 1e-9  # a gain below this is rounding


def choose_covering(
    covers: Sequence[Mapping[Any, int | float]], costs: Sequence[int | float], *, budget: int | float
) -> list[int]:
    """Choose some of many, for what they cover together, at a cost that is within a budget.

    f(S) = Σ_x max_{i ∈ S} covers[i][x], greatest for Σ_{i ∈ S} costs[i] ≤ budget. Greedy: next comes what gains most for its
    cost among what can still be paid; if one alone covers more than all of these, that one. f is monotone and submodular
    (a gain only falls as more is chosen), so this reaches at least 1 − 1/√e = .39 of the best (Khuller, Moss and Naor, 1999,
    "The budgeted maximum coverage problem"); where all cost the same, 1 − 1/e = .63 (Nemhauser, Wolsey and Fisher, 1978).
    Of equal gains the first is taken. What gains nothing is not chosen.

    Args:
        covers: of each, what it covers and how much that is worth, above 0.
        costs: of each, above 0.
        budget: for all costs together.

    Returns:
        Which are chosen, in the order of the choice.

    Raises:
        ValueError: not as many costs as things to choose from, or a number that is not above 0.

    Example:
        >>> choose_covering([{"a": 1, "b": 1}, {"b": 1}, {"c": 1}], [4, 2, 4], budget=8)
        [0, 2]
    """
    covers = expect_each(covers, Mapping, "What one covers", call=_CALL)
    costs = expect_each(costs, Real, "A cost", call=_CALL)
    if len(costs) != len(covers):
        raise ValueError(f"{len(costs)} costs came for {len(covers)} to choose from. Type {_CALL}.")
    expect_number("budget", budget, usual=30, above=0)
    for number in (*costs, *(worth for its in covers for worth in its.values())):
        if not is_number(number) or not 0 < number < float("inf"):
            raise ValueError(
                f"{quote_value(number)} came as a cost or a worth. Expected numbers above 0; type {_CALL}."
            )
    chosen = _choose_greedily(covers, costs, budget)
    together = sum(_join_covers([covers[place] for place in chosen]).values())
    payable = [place for place, cost in enumerate(costs) if cost <= budget]
    best = max(payable, key=lambda place: sum(covers[place].values()), default=None)
    if best is not None and sum(covers[best].values()) > together + _LEAST:
        return [best]
    return chosen


def _choose_greedily(
    covers: Sequence[Mapping[Any, int | float]], costs: Sequence[int | float], budget: int | float
) -> list[int]:
    chosen: list[int] = []
    covered: Mapping[Any, int | float] = {}
    left, rest = budget, list(range(len(covers)))
    while rest := [place for place in rest if costs[place] <= left]:
        gains = {place: _measure_gain(covers[place], covered) for place in rest}
        best = max(rest, key=lambda place: gains[place] / costs[place])
        if gains[best] <= _LEAST:
            break
        chosen.append(best)
        covered = _join_covers([covered, covers[best]])
        left -= costs[best]
        rest.remove(best)
    return chosen


def _measure_gain(its: Mapping[Any, int | float], covered: Mapping[Any, int | float]) -> float:
    return float(sum(max(0.0, worth - covered.get(thing, 0.0)) for thing, worth in its.items()))


def _join_covers(covers: Sequence[Mapping[Any, int | float]]) -> dict[Any, int | float]:
    """What is covered together: of each thing the greatest worth."""
    joined: dict[Any, int | float] = {}
    for its in covers:
        for thing, worth in its.items():
            joined[thing] = max(worth, joined.get(thing, 0.0))
    return joined
