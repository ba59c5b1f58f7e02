"""Whatever an answer does to Python, the notebook goes on as it was: in a child process, in a thread, beside threads."""

from __future__ import annotations

import linecache
import math
import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from kgwb.lessons import Verdict, check

forking = pytest.mark.skipif(sys.platform != "linux", reason="only Linux runs an answer in a child process")

# Ways out of Python, and what the message says came of them.
WAYS_OUT = {
    "os._exit(0)": "SystemExit: the answer left",
    "os.abort()": "SystemExit: the answer left",
    "from os import _exit; _exit(3)": "SystemExit: the answer left",
    "__import__('posix')._exit(3)": "exit status 3: the answer ended the whole process",
    "os.kill(os.getpid(), 9)": "SIGKILL: the answer ended the whole process",
    "import ctypes; ctypes.string_at(0)": "SIGSEGV: the answer ended the whole process",
    "os.execv('/bin/true', ['true'])": "the answer ended the whole process",
    "return 10**10**9": "nothing within 0.3 seconds",
    "import itertools; return sum(itertools.count())": "nothing within 0.3 seconds",
    "import threading; threading.Event().wait()": "nothing within 0.3 seconds",
    "return [0.5] * 10**12": "MemoryError",
    "return np.ones((10**6, 10**6))": "MemoryError",
}
QUESTIONS = dict.fromkeys(("input('?')", "breakpoint()"), "RuntimeError: An answer cannot ask")
IN_REACH = (
    dict([*WAYS_OUT.items()][:2]) | QUESTIONS | {"while True: pass": "nothing within 0.3 seconds", "exit()": "left"}
)


def try_body(body: str, expected: Any = 0.5) -> Verdict:
    source = f"def answer(*given):\n    {body}\n"
    linecache.cache["<cell>"] = (len(source), None, source.splitlines(keepends=True), "<cell>")
    names: dict[str, Any] = {"np": np, "os": os, "torch": torch, "math": math}
    exec(compile(source, "<cell>", "exec"), names)
    return check(names["answer"], [((), expected)], hint="None.", limit=0.3)


def assert_refused(body: str, said: str) -> None:
    started, before = time.monotonic(), (os._exit, os.abort)
    verdict = try_body(body)
    [came] = [line for line in verdict.message.splitlines() if line.startswith("  gave      ")]
    assert not verdict.passed and said in came and f"line      {body}" in verdict.message, verdict
    assert (os._exit, os.abort) == before and time.monotonic() - started < 10


def list_children() -> set[int]:
    """The processes that this one has begun, those included that have ended and that nobody has asked for."""
    return {child.pid for child in psutil.Process().children()}


@forking
@pytest.mark.parametrize("body", WAYS_OUT | QUESTIONS)
def test_no_way_out_ends_the_notebook(body: str) -> None:
    before = list_children()  # other tests of this process may have left some, as joblib's watchers
    assert_refused(body, (WAYS_OUT | QUESTIONS)[body])
    assert list_children() <= before


@pytest.mark.parametrize("body", IN_REACH)
def test_without_a_child_process_a_thread_does_it(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert_refused(body, IN_REACH[body])
    assert try_body("return 0.5").passed


@forking
def test_where_the_system_gives_no_child_a_thread_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert_refused("os._exit(0)", "SystemExit")
    assert try_body("return 0.5").passed


@pytest.mark.parametrize("platform", ["linux", "win32"])
@pytest.mark.parametrize("body", ["return 0.5", "while True: pass", "os._exit(0)"])
def test_a_check_may_be_called_from_any_thread(body: str, platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if platform != sys.platform:
        monkeypatch.setattr(sys, "platform", "win32")
    verdicts: list[Verdict] = []
    thread = threading.Thread(target=lambda: verdicts.append(try_body(body)))
    thread.start()
    thread.join(20)
    assert [verdict.passed for verdict in verdicts] == [body == "return 0.5"]


def read_state() -> tuple[object, ...]:
    parts = (np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes(), random.getstate())
    return (Path.cwd(), dict(os.environ), sys.getrecursionlimit(), sys.stdout, torch.get_default_dtype(), len, *parts)


@forking
@pytest.mark.parametrize(
    "body",
    [
        "os.chdir('/')",
        "os.environ.clear()",
        "import sys; sys.setrecursionlimit(10**9); return answer()",
        "import sys; sys.stdout = sys.stderr = None",
        "torch.set_default_dtype(torch.float64)",
        "np.random.seed(3); torch.manual_seed(3); __import__('random').seed(3)",
        "import builtins; builtins.len = lambda thing: 0",
        "import sys; sys.modules.clear()",
    ],
)
def test_an_answer_changes_nothing_here(body: str) -> None:
    before = read_state()
    assert not try_body(body).passed
    assert read_state() == before


@forking
@pytest.mark.parametrize("wrong", ["math.isclose", "__import__('kgwb.lessons.checks').lessons.checks.agree"])
def test_a_judge_that_is_replaced_judges_nothing(wrong: str) -> None:
    owner, _, name = wrong.rpartition(".")
    assert not try_body(f"setattr({owner}, {name!r}, lambda *a, **k: True); return 7.25").passed


@pytest.mark.parametrize("expected", [0.5, ["a", "b"], ("a", "b"), [("a", "b"), ("a", "b")], True])
@pytest.mark.parametrize(
    "came", ["Liar()", "[Liar(), Liar()]", "(Liar(), Liar())", "__import__('unittest.mock').mock.ANY"]
)
def test_what_calls_itself_equal_to_anything_is_not(came: str, expected: Any) -> None:
    liar = "Liar = type('Liar', (str,), {'__eq__': lambda *_: True, '__hash__': None})"
    assert not try_body(f"{liar}; return {came}", expected).passed


def test_what_an_answer_prints_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert not try_body("print('seen', 1)").passed
    assert capsys.readouterr().out == "seen 1\n"
    try_body("while True: print('much')")
    assert len(capsys.readouterr().out) < 10_000 or sys.platform != "linux"


def test_what_is_no_list_is_shown_as_it_came() -> None:
    assert "gave      0.25\n" in try_body("return 0.25", ["a"]).message
