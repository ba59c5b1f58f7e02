"""A learner's function on the notebook's own data never stops the notebook, and a solution agrees with kgwb."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from kgwb.lessons import use_answer
from kgwb.lessons.checks import ExerciseError


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


def double(number: float) -> float:
    return number * 2


def invert(number: float) -> float:
    return 1 / number


def wait(_: float) -> None:
    while True:
        pass


def test_it_stands_beside_what_kgwb_gives() -> None:
    shown = use_answer(double, {"one": (1,), "two": (2,)}, beside={"one": 2, "two": 5})
    pd.testing.assert_frame_equal(shown, pd.DataFrame({"yours": [2, 4], "kgwb": [2, 5]}, index=["one", "two"]))
    assert list(use_answer(double, {"one": (1,)}).columns) == ["yours"]


def test_an_error_and_an_endless_loop_stand_in_the_table() -> None:
    shown = use_answer(invert, {"four": (4,), "zero": (0,), "two": (2,)})["yours"].tolist()
    assert shown == [0.25, *2 * ["ZeroDivisionError: division by zero"]]
    assert use_answer(wait, {"one": (1,)}, limit=0.2).loc["one", "yours"] == (
        "nothing within 0.2 seconds, so it was stopped"
    )


def test_what_is_no_function_is_said() -> None:
    for answer in (None, 3, double(1), Exception):
        assert use_answer(answer, {"one": (1,)}).loc["one", "yours"] == "a function was expected: run the cell above"


@pytest.mark.parametrize("number", [0.5, np.float32(0.5), np.array([0.5]), torch.tensor(0.5), pd.Series([0.5])])
def test_a_number_of_any_kind_is_a_number(number: object) -> None:
    assert use_answer(lambda: number, {"half": ()}).loc["half", "yours"] == 0.5


def test_a_tuple_of_numbers_is_shown_and_compared_to_four_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGWB_STRICT", "1")
    beside = {"pair": (np.float64(2) / 3, 1.0)}
    shown = use_answer(lambda share, whole: (share, whole), {"pair": (2 / 3, 1)}, beside=beside)
    assert shown.loc["pair"].tolist() == ["(0.6667, 1)", "(0.6667, 1)"]
    with pytest.raises(ExerciseError, match=r"'\(1, 0\.6667\)' came, and kgwb gives '\(0\.6667, 1\)'"):
        use_answer(lambda share, whole: (whole, share), {"pair": (2 / 3, 1)}, beside=beside)


def test_a_solution_that_differs_is_an_error_where_answers_must_be_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGWB_STRICT", "1")
    assert len(use_answer(double, {"one": (1,)}, beside={"one": 2})) == 1
    with pytest.raises(ExerciseError, match=r"^For 'one' 2 came, and kgwb gives 3\.$"):
        use_answer(double, {"one": (1,)}, beside={"one": 3})


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(
        TypeError, match=r"cases=\{'one': 1\} came\. Expected a tuple of arguments for each name; type kg"
    ):
        use_answer(double, {"one": 1})  # type: ignore[dict-item]
    with pytest.raises(
        ValueError, match=r"beside=\{'two': 1\} came\. Expected a value for each of the cases; type kgwb"
    ):
        use_answer(double, {"one": (1,)}, beside={"two": 1})


def test_a_set_is_shown_in_one_order() -> None:
    def list_letters(text: str) -> set[str]:
        return {*text}

    table = use_answer(list_letters, {"letters": ("cabd",), "none": ("",)})
    assert table["yours"].tolist() == ["{'a', 'b', 'c', 'd'}", "set()"]
