"""Checks that help: what came, what was expected on a tiny example, and one hint. They never stop a notebook."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check has to say about an answer.

    Attributes:
        passed: whether every example came out right.
        message: what came, what was expected, and the hint.
    """

    passed: bool
    message: str

    def __repr__(self) -> str:
        return self.message


class ExerciseError(AssertionError):
    """A wrong answer, where KGWB_STRICT=1 asks for right ones."""


def check(answer: Callable[..., Any], examples: Sequence[tuple[tuple[Any, ...], Any]], *, hint: str) -> Verdict:
    """Try a learner's function on small examples, up to the first that comes out wrong.

    Args:
        answer: the learner's function.
        examples: (arguments, expected value) pairs; numbers are compared to three decimals, lists without their order.
        hint: one sentence that helps without giving the answer away.

    Raises:
        ExerciseError: for a wrong answer, only where KGWB_STRICT=1.

    Example:
        >>> check(lambda number: number + 1, [((1,), 2)], hint="Add one.")
        Right.
    """
    for arguments, expected in examples:
        came = _try(answer, arguments)
        if not _agree(came, expected):
            called = f"{getattr(answer, '__name__', 'answer')}({', '.join(map(_shorten, arguments))})"
            return _refuse(
                f"Not yet. {called}\n  gave      {_shorten(came)}\n  expected  {_shorten(expected)}\n  hint      {hint}"
            )
    return Verdict(True, "Right.")


def _try(answer: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return answer(*arguments)
    except Exception as error:  # whatever a learner's code raises is shown to the learner
        return error


def _agree(came: Any, expected: Any) -> bool:
    if isinstance(expected, float):
        try:
            return math.isclose(float(came), expected, abs_tol=1e-3)
        except (TypeError, ValueError):
            return False
    if isinstance(expected, list):
        try:
            return sorted(came) == sorted(expected)
        except TypeError:
            return False
    return bool(came == expected)


def _shorten(value: Any) -> str:
    if isinstance(value, float):  # numpy's too, which name their type otherwise
        return f"{value:.4g}"
    if isinstance(value, pd.DataFrame):  # its first line says nothing
        return f"a table of {len(value)} rows, {', '.join(map(str, value.columns))}"[:100]
    text = f"{type(value).__name__}: {value}" if isinstance(value, Exception) else repr(value)
    first, *more = text.splitlines() or [""]
    return first[:100] + (" …" if more or len(first) > 100 else "")


def _refuse(message: str) -> Verdict:
    if os.environ.get("KGWB_STRICT") == "1":
        raise ExerciseError(message)
    return Verdict(False, message)
