"""A learner's function after its check: on the notebook's own data, beside what kgwb says."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch

from kgwb.checks import expect_number, is_function
from kgwb.lessons.checks import ExerciseError, agree
from kgwb.lessons.examples import shorten_value
from kgwb.lessons.guarded import run_guarded
from kgwb.words import quote_value

_CALL = "kgwb.lessons.use_answer(degree, {'France': (graph, 'France')}, beside={'France': 12})"


def use_answer(
    answer: object,
    cases: Mapping[Any, tuple[Any, ...]],
    *,
    beside: Mapping[Any, Any] | None = None,
    limit: int | float = 20,
) -> pd.DataFrame:
    """What a learner's function gives for the notebook's own data, beside what kgwb gives.

    Like a check it never stops the notebook: an error or an endless loop of the answer stands in the table as text.

    Args:
        answer: the learner's function, finished or not.
        cases: a name for each row, and the arguments.
        beside: what kgwb gives, by the same names.
        limit: seconds for all cases together.

    Returns:
        A row for each case, with the columns "yours" and, where there is something beside it, "kgwb".

    Raises:
        ExerciseError: an answer differs from what stands beside it, only where KGWB_STRICT=1.

    Example:
        >>> use_answer(len, {"a pair": ([1, 2],)}, beside={"a pair": 2})
                yours  kgwb
        a pair      2     2
    """
    if not isinstance(cases, Mapping) or not cases or not all(isinstance(each, tuple) for each in cases.values()):
        raise TypeError(f"cases={quote_value(cases)} came. Expected a tuple of arguments for each name; type {_CALL}.")
    if beside is not None and (not isinstance(beside, Mapping) or list(beside) != list(cases)):
        raise ValueError(f"beside={quote_value(beside)} came. Expected a value for each of the cases; type {_CALL}.")
    expect_number("limit", limit, usual=20, above=0)
    came: dict[Any, Any] = dict.fromkeys(cases, "a function was expected: run the cell above")
    if is_function(answer):
        came = dict(zip(cases, _call_each(answer, list(cases.values()), limit), strict=True))
    given = {name: _write_tuple(value) for name, value in (beside or {}).items()}
    columns = {"yours": came} | ({} if beside is None else {"kgwb": given})
    if os.environ.get("KGWB_STRICT") == "1":
        _expect_agreement(came, beside or {})
    return pd.DataFrame({name: pd.Series(list(each.values())) for name, each in columns.items()}).set_axis(list(cases))


def _call_each(answer: Callable[..., Any], cases: list[tuple[Any, ...]], limit: float) -> list[Any]:
    def work(say: Callable[[Any], None]) -> None:
        came: list[Any] = []
        for arguments in cases:
            came.append(_reduce(answer(*arguments)))
            say(came)

    run = run_guarded(work, answer, limit=limit)
    came = list(run.value or [])
    reason = run.error if run.ended else f"nothing within {limit:g} seconds, so it was stopped"
    return came + [reason] * (len(cases) - len(came))


def _reduce(value: Any) -> Any:
    """The value as a table can show it, and a process can send it."""
    if isinstance(value, np.generic | np.ndarray | torch.Tensor | pd.Series) and value.shape in ((), (1,)):
        value = value.item()
    value = _write_tuple(value)
    return value if isinstance(value, bool | int | float | str) else shorten_value(value)


def _write_tuple(value: Any) -> Any:
    """A tuple of numbers as text, each to four digits; whatever else came as it is."""
    if isinstance(value, tuple) and value and all(isinstance(each, int | float) for each in value):
        return f"({', '.join(shorten_value(float(each)) for each in value)})"
    return value


def _expect_agreement(came: Mapping[Any, Any], beside: Mapping[Any, Any]) -> None:
    for name, expected in beside.items():
        if not agree(came[name], _reduce(expected)):
            raise ExerciseError(f"For {name!r} {came[name]!r} came, and kgwb gives {_reduce(expected)!r}.")
