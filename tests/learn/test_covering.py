"""The greedy choice counts what is new, keeps to its budget, and reaches what is promised of it."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgwb.learn import choose_covering

COVERS = st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9), max_size=4), min_size=1, max_size=7)


def cover(covers: list[dict[str, float]], chosen: Any) -> float:
    things = {thing for place in chosen for thing in covers[place]}
    return sum(max(covers[place].get(thing, 0) for place in chosen) for thing in things)


@given(COVERS, st.data())
def test_it_reaches_its_bound_of_the_best(covers: list[dict[str, float]], data: st.DataObject) -> None:
    costs = data.draw(st.lists(st.integers(1, 6), min_size=len(covers), max_size=len(covers)))
    budget = data.draw(st.integers(1, 12))
    chosen = choose_covering(covers, costs, budget=budget)
    assert len(set(chosen)) == len(chosen) and sum(costs[place] for place in chosen) <= budget
    every = [some for count in range(len(covers) + 1) for some in combinations(range(len(covers)), count)]
    best = max(cover(covers, some) for some in every if sum(costs[place] for place in some) <= budget)
    assert cover(covers, chosen) >= (1 - 1 / math.sqrt(math.e)) * best - 1e-9


@given(COVERS, st.integers(1, 4))
def test_of_equal_costs_it_reaches_more(covers: list[dict[str, float]], k: int) -> None:
    chosen = choose_covering(covers, [1] * len(covers), budget=k)
    best = max(cover(covers, some) for some in combinations(range(len(covers)), min(k, len(covers))))
    assert cover(covers, chosen) >= (1 - 1 / math.e) * best - 1e-9


def test_it_counts_only_what_is_new_and_leaves_what_gains_nothing() -> None:
    assert choose_covering([{"a": 1, "b": 1}, {"a": 1}, {"c": 0.5}], [2, 1, 1], budget=9) == [0, 2]
    assert choose_covering([{"a": 1}, {"a": 3}], [1, 1], budget=1) == [1]
    assert choose_covering([{"a": 1}, {"a": 3}], [1, 9], budget=10) == [0, 1]  # a thing is worth its greatest


def test_one_alone_is_taken_where_it_covers_more_than_the_greedy_choice() -> None:
    assert choose_covering([{"a": 2}, {"b": 9}], [1, 9], budget=9) == [1]
    assert choose_covering([{"a": 2}, {"b": 9}], [1, 9], budget=8) == [0]


def test_numbers_of_numpys_are_numbers_and_nothing_chooses_nothing() -> None:
    assert choose_covering([{1: np.float64(1)}], [np.float64(2)], budget=np.float64(2)) == [0]
    assert choose_covering([], [], budget=1) == [] == choose_covering([{}], [1], budget=1)


@pytest.mark.parametrize(
    ("covers", "costs", "said"),
    [
        ([{"a": 1.0}], [], "0 costs came for 1 to choose from. Type kgwb.learn.choose_covering"),
        ([{"a": 1.0}], [0], "0 came as a cost or a worth. Expected numbers above 0"),
        ([{"a": -1.0}], [1], "-1.0 came as a cost or a worth"),
        ([{"a": float("nan")}], [1], "nan came as a cost or a worth"),
    ],
)
def test_what_is_no_cost_or_worth_is_refused(covers: Any, costs: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        choose_covering(covers, costs, budget=1)
