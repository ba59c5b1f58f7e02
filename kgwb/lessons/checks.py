"""Checks that help: what came, what was expected on a tiny example, and one hint. They never stop a notebook."""

from __future__ import annotations

import copy
import html
import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from kgwb.checks import expect_each, expect_flags, expect_number, expect_text, is_function
from kgwb.lessons.examples import describe_input, shorten_value
from kgwb.lessons.guarded import Run, run_guarded
from kgwb.words import quote_value

LIMIT = 5.0  # seconds for one check: little enough that a list which grows for ever still fits into memory
_LONGEST = 10_000  # elements of an answer that are looked at
# A page may break lines of such text inside a word, as JupyterLab does; a name should stay whole.
_WRAPPED = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check has to say about an answer.

    Attributes:
        passed: whether every example came out right.
        message: the input, what came, what was expected, the learner's own line, and the hint.
    """

    passed: bool
    message: str

    def __repr__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        """The hint is folded: who wants to think first need not read it."""
        said, _, hint = self.message.partition(f"\n{_row('hint', '')}")
        folded = f"<details><summary>A hint</summary>{html.escape(hint)}</details>" if hint else ""
        return f'<pre style="{_WRAPPED}">{html.escape(said)}</pre>{folded}'


class ExerciseError(AssertionError):
    """A wrong answer, where KGWB_STRICT=1 asks for right ones."""


def check(
    answer: object,
    examples: Sequence[tuple[tuple[Any, ...], Any]],
    *,
    hint: str,
    ordered: bool = False,
    through: Callable[..., Any] | None = None,
    called: str = "",
    limit: float = LIMIT,
) -> Verdict:
    """Try a learner's function on small examples, up to the first that comes out wrong.

    Each example gets copies of its arguments. Whatever the function does, a verdict comes: an error, exit() and an endless
    loop are wrong answers.

    Args:
        answer: the learner's function.
        examples: (arguments, expected value) pairs, the smallest first. A number may come as a number of any kind or as a
            tensor, array or Series of one element, and is compared to three decimals; a list may come as anything that
            can be gone through.
        hint: one sentence that helps without giving the answer away.
        ordered: whether the order of a list counts.
        through: called with the function and the arguments, where it is not the function's value that is compared.
        called: what the message calls the function; by default its name.
        limit: seconds for all examples together.

    Raises:
        ExerciseError: for a wrong answer, only where KGWB_STRICT=1.

    Example:
        >>> check(lambda number: number + 1, [((1,), 2)], hint="Add one.")
        Right.
    """
    call = "check(answer, [((1,), 2)], hint='Add one.')"
    pairs = expect_each(examples, tuple, "A pair of arguments and a value", call=call)
    if not pairs or not all(len(pair) == 2 and isinstance(pair[0], tuple) for pair in pairs):
        raise ValueError(
            f"examples={quote_value(examples)} came. Expected pairs of arguments and a value; type {call}."
        )
    expect_text("hint", hint, usual="Add one.")
    expect_text("called", called, usual="answer")
    expect_flags(ordered=ordered)
    expect_number("limit", limit, usual=5, above=0)
    if through is not None and not is_function(through):
        raise TypeError(f"through={quote_value(through)} came. Expected a function, or nothing; type {call}.")
    if not is_function(answer):
        what = shorten_value(answer)
        return _refuse(
            ["Not yet.", _row("gave", what), _row("expected", "a function: run the cell above"), _row("hint", hint)]
        )
    trial = _Trial(answer, pairs, ordered, through)
    run = run_guarded(trial.run, answer, limit=limit)
    place, came = run.value or (0, None)
    if run.ended and not run.error and place == len(examples):
        return Verdict(True, "Right.")
    arguments, expected = examples[min(place, len(examples) - 1)]
    name = called or str(getattr(answer, "__name__", "answer"))
    rows = [f"Not yet. {name}({', '.join(map(shorten_value, arguments))})"]
    rows += [_row("given", line) for line in map(describe_input, arguments) if line]
    rows += [_row("gave", _say_what_came(run, came, limit)), _row("expected", shorten_value(expected))]
    rows += [_row("line", run.line[:120])] if run.line else []
    return _refuse([*rows, _row("hint", hint)])


def agree(came: Any, expected: Any, *, ordered: bool = False) -> bool:
    """Whether what came is what was expected; a text is no number, and neither is a truth value.

    Example:
        >>> agree(np.array([0.5]), 0.5), agree("0.5", 0.5), agree([1, 2], [2, 1]), agree([1, 2], [2, 1], ordered=True)
        (True, False, True, False)
    """
    if isinstance(expected, bool):
        return isinstance(came, bool | np.bool_) and bool(came) == expected
    if isinstance(expected, (int, float)):
        number = _read_number(came)
        return number is not None and isclose(number, expected, rel_tol=1e-9, abs_tol=1e-3)
    if isinstance(expected, str):  # what came may be of a class that calls itself equal to anything
        return isinstance(came, str) and str.__eq__(expected, came)
    if isinstance(expected, tuple):
        return isinstance(came, tuple) and _agree_lists(list(came), expected, True)
    came = list_elements(came)
    return isinstance(came, list) and _agree_lists(came, expected, ordered)


def _agree_lists(came: list[Any], expected: Sequence[Any], ordered: bool) -> bool:
    if len(came) != len(expected):
        return False
    if ordered:
        return all(agree(one, other, ordered=True) for one, other in zip(came, expected, strict=True))
    left = list(expected)
    for one in came:
        found = next((place for place, other in enumerate(left) if agree(one, other)), None)
        if found is None:
            return False
        del left[found]
    return True


def _read_number(came: Any) -> float | None:
    """The one number that came, in whatever it came; None where it is none."""
    if isinstance(came, bool | np.bool_ | str | bytes):
        return None
    if isinstance(came, complex | np.complexfloating):
        return float(came.real) if came.imag == 0 else None
    if isinstance(came, Number):
        return float(came)  # type: ignore[arg-type]  # of every real kind
    elements = came.to_numpy() if isinstance(came, pd.Series | pd.DataFrame | pd.Index) else came
    if hasattr(elements, "detach"):  # a tensor
        elements = elements.detach().cpu().numpy()
    return _read_number(elements.item()) if isinstance(elements, np.ndarray) and elements.size == 1 else None


def list_elements(came: Any) -> Any:
    """The elements of what can be gone through, the rows of a table included; else what came."""
    if isinstance(came, pd.DataFrame):
        came = came.iloc[:, 0] if came.shape[1] == 1 else came.to_numpy()
    if isinstance(came, str | bytes | Mapping) or not isinstance(came, Iterable):
        return came
    elements = came.tolist() if hasattr(came, "tolist") else itertools.islice(came, _LONGEST)
    return list(elements) if isinstance(elements, Iterable) else came


class _Trial:
    """One pass over the examples, up to the first that comes out wrong."""

    def __init__(
        self,
        answer: Callable[..., Any],
        examples: Sequence[tuple[tuple[Any, ...], Any]],
        ordered: bool,
        through: Callable[..., Any] | None,
    ) -> None:
        self.answer, self.examples, self.ordered, self.through = answer, examples, ordered, through

    def run(self, say: Callable[[Any], None], judge: Callable[..., bool] = agree) -> None:
        """Says each example's place before it is tried, what came where it is wrong, and their number after all."""
        for place, (arguments, expected) in enumerate(self.examples):
            say([place, None])
            given = copy.deepcopy(arguments)
            came = self.answer(*given) if self.through is None else self.through(self.answer, *given)
            if isinstance(expected, list):
                came = list_elements(came)
            if not judge(came, expected, ordered=self.ordered):
                say([place, shorten_value(came)])
                return
        say([len(self.examples), None])


def _say_what_came(run: Run, came: str | None, limit: float) -> str:
    if not run.ended:
        return f"nothing within {limit:g} seconds, so it was stopped: does a loop never end?"
    return run.error or came or ""


def _row(name: str, text: str) -> str:
    return f"  {name:<10}{text}"


def _refuse(rows: list[str]) -> Verdict:
    message = "\n".join(rows)
    if os.environ.get("KGWB_STRICT") == "1":
        raise ExerciseError(message)
    return Verdict(False, message)
