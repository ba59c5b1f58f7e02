"""Each exercise passes right answers however they are put, and fails its typical mistakes with a message that helps.

`answers/MODULE.CHECK.txt` holds the answers: first the line that opens all of them, then each after `== right: title` or
`== wrong: title`. A new exercise is tested by a file there.
"""

from __future__ import annotations

import cmath
import inspect
import linecache
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from kgwb.embed import Scorer
from kgwb.lessons import Verdict, guarded
from kgwb.lessons.checks import ExerciseError, check

FILES = sorted(Path(__file__).with_name("answers").glob("*.txt"))
NAMES = {"cmath": cmath, "math": math, "np": np, "pd": pd, "re": re, "torch": torch, "Scorer": Scorer}


def read_answers(path: Path) -> Iterator[tuple[str, str, str]]:
    """Whether it is right, its title and its source."""
    opening, *parts = re.split(r"^== (right|wrong): (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for verdict, title, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        yield verdict, title, opening + body


ANSWERS = [(path.stem, *answer) for path in FILES for answer in read_answers(path)]
EXERCISES = [path.stem for path in FILES]


def write_cell(source: str, title: str) -> dict[str, Any]:
    """Run a source as a notebook does, which keeps its lines for those who ask."""
    name = f"<cell {title}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    names = dict(NAMES)
    exec(compile(source, name, "exec"), names)
    return names


def try_answer(exercise: str, source: str, title: str) -> Verdict:
    names = write_cell(source, title)
    found = re.match(r"(?:def|class) (\w+)", source)
    assert found
    answer = names[found[1]]
    return find_check(exercise)(answer() if isinstance(answer, type) else answer)


@cache
def find_check(exercise: str) -> Callable[[Any], Verdict]:
    module, _, name = exercise.partition(".")
    made: Callable[[Any], Verdict] = getattr(import_module(f"kgwb.lessons.{module}"), name)
    return made


# One right and one wrong answer for each exercise run as they do on the learner's machine, the many others in a thread.
APART = {
    next(a[:3] for a in ANSWERS if a[:2] == (each, verdict)) for each in EXERCISES for verdict in ("right", "wrong")
}


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)
    given = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if tuple(given.get(name) for name in ("exercise", "verdict", "title")) not in APART:
        monkeypatch.setattr(guarded, "_can_fork", lambda: False)  # a child process takes some 20 ms more


@pytest.mark.parametrize(("exercise", "verdict", "title", "source"), ANSWERS, ids=lambda part: str(part)[:60])
@pytest.mark.filterwarnings("ignore")  # a wrong answer may well divide by zero
def test_an_answer_gets_its_verdict(exercise: str, verdict: str, title: str, source: str) -> None:
    said = try_answer(exercise, source, title)
    assert said.passed == (verdict == "right"), said
    if not said.passed:
        for part in ("  gave      ", "  expected  ", "  line      ", "  hint      "):
            assert part in said.message, said
        [line] = re.findall(r"^  line      (.*)", said.message, flags=re.MULTILINE)
        assert any(line[:100] in own for own in source.splitlines()) or "of its own" in title


def test_every_exercise_has_right_answers_and_typical_mistakes() -> None:
    modules = Path(inspect.getfile(check)).parent.glob("*.py")
    checks = [
        f"{path.stem}.{name}"
        for path in modules
        for name in re.findall(r"^def (check_\w+)", path.read_text("utf-8"), re.M)
    ]
    assert sorted(checks) == sorted(EXERCISES)
    for exercise in EXERCISES:
        verdicts = [verdict for name, verdict, *_ in ANSWERS if name == exercise]
        assert verdicts.count("right") >= 3 and verdicts.count("wrong") >= 5, exercise


class Hostile:
    """Nothing can be asked of it."""

    def _refuse(self, *_: object) -> Any:
        raise RuntimeError("no")

    __repr__ = __str__ = __eq__ = __bool__ = __float__ = __iter__ = __len__ = __deepcopy__ = _refuse  # type: ignore[assignment]
    __hash__ = object.__hash__


class Departure(BaseException):
    """An error that `except Exception` lets through."""


# What fits no exercise, however it came to be returned.
MISFITS = {
    "nothing": lambda *_: None,
    "a text": lambda *_: "0.5",
    "bytes": lambda *_: b"\x00\xff",
    "a Series": lambda *_: pd.Series([1.0, 2.0]),
    "a table": lambda *_: pd.DataFrame({"a": [1.0, 2.0]}),
    "an empty array": lambda *_: np.array([]),
    "a tensor that asks for gradients": lambda *_: torch.ones(3, requires_grad=True),
    "NaN": lambda *_: float("nan"),
    "a complex NaN": lambda *_: complex("nan"),
    "a hostile thing": lambda *_: Hostile(),
    "hostile things": lambda *_: [Hostile()],
    "a list in itself": lambda *_: (lambda loop: loop.append(loop) or loop)([]),
    "a class": lambda *_: int,
    "the function": lambda *_: MISFITS,
    "a lone surrogate": lambda *_: ["\ud800"],
    "too few arguments": lambda: 0.0,
}
LEAVINGS = {
    "exit": "exit()",
    "quit": "quit()",
    "sys.exit": "__import__('sys').exit(3)",
    "SystemExit": "raise SystemExit",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "recursion": "return leave(*given)",
    "a name error": "return undefined",
}


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("misfit", MISFITS)
def test_whatever_comes_back_gets_a_verdict(exercise: str, misfit: str) -> None:
    answer = MISFITS[misfit]
    if exercise.endswith("one_way"):
        answer = type("Odd", (), {"query_tail": lambda self, *given: MISFITS[misfit](*given)})()
    if exercise.endswith("edit"):
        return  # what it returns is not compared
    verdict = find_check(exercise)(answer)
    assert not verdict.passed and "expected" in verdict.message


@pytest.mark.parametrize(
    "thing", [None, 5, "text", pd.DataFrame({"a": [1]}), int, Hostile()], ids=lambda each: type(each).__name__
)
@pytest.mark.parametrize("exercise", EXERCISES)
def test_what_is_no_function_gets_a_verdict(exercise: str, thing: Any) -> None:
    assert not find_check(exercise)(thing).passed


@pytest.mark.parametrize("how", LEAVINGS)
@pytest.mark.parametrize("exercise", [each for each in EXERCISES if not each.endswith("one_way")])
def test_an_answer_that_leaves_does_not_take_the_notebook_along(exercise: str, how: str) -> None:
    names = write_cell(f"def leave(*given):\n    {LEAVINGS[how]}\n", f"{exercise} {how}")
    verdict = find_check(exercise)(names["leave"])
    assert not verdict.passed and f"line      {LEAVINGS[how]}" in verdict.message
    assert "exit" not in names


def test_the_notebooks_own_exit_is_given_back() -> None:
    names = write_cell("def leave():\n    exit()\n", "own exit")
    ended: list[str] = []
    names["exit"] = lambda: ended.append("kernel")  # as IPython's ends the kernel
    assert "SystemExit" in check(names["leave"], [((), 1.0)], hint="").message
    names["exit"]()
    assert ended == ["kernel"]


LOOPS = {
    "a loop": "while True:\n        pass",
    "a loop that catches all": "while True:\n        try:\n            pass\n        except BaseException:\n            pass",
    "a growing list": "many = []\n    while True:\n        many.append(0)",
    "a generator": "while True:\n        yield 1.0",
    "a wait": "__import__('time').sleep(30)",
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("expected", [0.5, [1.0]])
def test_an_endless_loop_ends_in_a_verdict(loop: str, expected: Any) -> None:
    names = write_cell(f"def turn():\n    {LOOPS[loop]}\n", loop)
    before, started = threading.active_count(), time.monotonic()
    verdict = check(names["turn"], [((), expected)], hint="Stop.", limit=0.3)
    assert not verdict.passed and time.monotonic() - started < 10
    if loop != "a generator":
        assert "nothing within 0.3 seconds" in verdict.message
        assert re.search(r"line      (while|pass|many|try|except|__import__|def turn)", verdict.message)
    if loop != "a wait":
        assert threading.active_count() == before


def test_an_answer_may_change_what_it_is_given() -> None:
    given = [1, 2]
    assert check(lambda numbers: numbers.pop(), [((given,), 2), ((given,), 2)], hint="").passed
    assert given == [1, 2]


def test_strict_checks_raise_one_error_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGWB_STRICT", "1")
    names = write_cell("def leave():\n    exit()\n", "strict")
    with pytest.raises(ExerciseError):
        check(names["leave"], [((), 1.0)], hint="")
