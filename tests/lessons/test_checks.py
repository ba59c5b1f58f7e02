"""Checks help and never stop a notebook; strict ones do."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from kgwb.lessons import budget, check
from kgwb.lessons.checks import ExerciseError


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


def double(number: int) -> int:
    return number * 2


def test_a_right_answer() -> None:
    assert repr(check(double, [((1,), 2), ((0.25,), 0.5)], hint="Twice.")) == "Right."


def test_a_wrong_answer_shows_what_came_and_what_was_expected() -> None:
    verdict = check(double, [((1,), 2), ((2,), 5)], hint="Twice, and one more.")
    assert not verdict.passed
    assert repr(verdict).splitlines() == [
        "Not yet. double(2)",
        "  gave      4",
        "  expected  5",
        "  line      return number * 2",
        "  hint      Twice, and one more.",
    ]


def test_in_a_notebook_the_hint_is_folded_and_nothing_of_it_is_markup() -> None:
    shown = check(double, [((1,), 3)], hint="Is 1 < 2?")._repr_html_()
    assert re.match(r'<pre style="[^"<>]*word-break:normal[^"<>]*">Not yet\. double\(1\)\n', shown)
    assert "line      return number * 2</pre>" in shown
    assert shown.endswith("<details><summary>A hint</summary>Is 1 &lt; 2?</details>")
    assert check(double, [((1,), 2)], hint="Twice.")._repr_html_().endswith(">Right.</pre>")


def test_an_error_in_the_answer_is_shown_not_raised() -> None:
    verdict = check(lambda number: 1 / number, [((0,), 1.0)], hint="Mind zero.")
    assert "gave      ZeroDivisionError: division by zero" in repr(verdict)


def test_a_stub_that_returns_nothing_is_simply_not_right_yet() -> None:
    assert "gave      None" in repr(check(lambda: None, [((), 0.5)], hint="Return it."))


def test_numbers_are_shown_short() -> None:
    message = repr(check(lambda: np.float64(0.7000000000000001), [((), 1 / 3)], hint=""))
    assert "gave      0.7\n  expected  0.3333\n" in message


def test_a_table_is_shown_by_its_size_and_columns() -> None:
    table = pd.DataFrame({"accuracy": [0.5, 0.25], "spread": [0.0, 0.1]})
    verdict = check(lambda given: 1.0, [((table,), 2.0)], hint="")
    assert "(a table of 2 rows, accuracy, spread)" in verdict.message


def test_lists_may_come_in_any_order() -> None:
    assert check(lambda: ("b", "a"), [((), ["a", "b"])], hint="").passed


def test_strict_checks_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGWB_STRICT", "1")
    with pytest.raises(ExerciseError, match=r"Not yet\. double"):
        check(double, [((1,), 3)], hint="Thrice.")


@pytest.mark.parametrize(("setting", "amount"), [("1", 5), ("0", 80), ("", 80)])
def test_budgets_shrink_on_request(monkeypatch: pytest.MonkeyPatch, setting: str, amount: int) -> None:
    monkeypatch.setenv("KGWB_QUICK", setting)
    assert budget(80, quick=5) == amount
