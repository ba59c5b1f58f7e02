"""Run what a learner wrote: whatever it does, the notebook goes on, and the line it left by is known.

On Linux the work runs in a child process, so it changes nothing here and can always be ended. Elsewhere, and where a
debugger or a GPU is in use, it runs in a thread, which is told to end when its time is over. What a thread leaves out of
reach: a crash of Python, and one call into C that never lets another thread run (`10**10**10`, `sum(itertools.count())`).
A call that only waits (`time.sleep(1e9)`) gets its verdict, but its thread waits on behind the notebook until the kernel
ends.
"""

from __future__ import annotations

import builtins
import ctypes
import dis
import getpass
import inspect
import linecache
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, TracebackType
from typing import Any

import torch

from kgwb.lessons.examples import shorten_value

Say = Callable[[Any], None]

_ENDINGS, _PAUSE = 20, 0.05  # how often a thread that is out of time is told to end, and seconds between
_GRACE = 1.0  # seconds that a child has left to say where it hangs
_LEFT = "the answer left instead of returning"


class Run:
    """One run of some work with a learner's function in it.

    Attributes:
        value: what the work said last; None where it said nothing.
        error: what it raised, in words; empty where it raised nothing.
        ended: whether it came to an end within its time.
        line: the learner's line that it left by, or hangs at; empty where that is not known.
    """

    def __init__(self, code: CodeType | None) -> None:
        self.value: Any = None
        self.error, self.ended, self._done = "", False, False
        self._code, self._raised = code, None
        self.line = self._read_line(0)

    _raised: BaseException | None

    def start(self, work: Callable[[Say], object], say: Say, limit: float) -> threading.Thread:
        """Run the work for at most `limit` seconds, in a thread that may still be running then."""
        thread = threading.Thread(target=self._go, args=(work, say), daemon=True)
        thread.start()
        try:
            thread.join(limit)
        except KeyboardInterrupt:  # the stop button, pressed by the learner
            _end(thread)
            raise
        self.ended = self._done  # told to end, it comes to an end as well
        frame = sys._current_frames().get(thread.ident or 0)
        self.line = self._read_line(self._find_line() if self.ended else self._find_frame(frame))
        return thread

    def _go(self, work: Callable[[Say], object], say: Say) -> None:
        try:
            work(say)
        except BaseException as error:  # exit() and the like too: nothing a learner writes ends the notebook
            self._raised = error
            left = isinstance(error, KeyboardInterrupt | SystemExit)
            self.error = f"{type(error).__name__}: {_LEFT}" if left else shorten_value(error)
        finally:
            self._done = True

    def _find_line(self) -> int:
        """Where the error was raised in the learner's code, else the last line that returns."""
        found = 0
        trace: TracebackType | None = self._raised.__traceback__ if self._raised else None
        while trace is not None:
            code = trace.tb_frame.f_code
            # An error on a function's first line comes from calling it too deep; the line that called it says more.
            if self._code and code.co_filename == self._code.co_filename and trace.tb_lineno > code.co_firstlineno:
                found = trace.tb_lineno
            trace = trace.tb_next
        return found

    def _find_frame(self, frame: FrameType | None) -> int:
        while frame is not None and self._code is not None:
            if frame.f_code.co_filename == self._code.co_filename:
                return frame.f_lineno
            frame = frame.f_back
        return 0

    def _read_line(self, number: int) -> str:
        if self._code is None:
            return ""
        return linecache.getline(self._code.co_filename, number or _find_return(self._code)).strip()


def _find_return(code: CodeType) -> int:
    """The last line that returns, or yields; asking which one did would slow every call down, and Python 3.11 can hang."""
    leaves = ("YIELD_VALUE",) if code.co_flags & inspect.CO_GENERATOR else ("RETURN_VALUE", "RETURN_CONST")
    found = [each.positions.lineno for each in dis.get_instructions(code) if each.opname in leaves and each.positions]
    return max((line for line in found if line is not None), default=code.co_firstlineno)


def run_guarded(work: Callable[[Say], object], learner: object, *, limit: float) -> Run:
    """Run some work that calls a learner's function; nothing is raised, and it ends.

    Args:
        work: called with a function, by which it says what is to be known of it: values that JSON can hold.
        learner: the learner's function, whose lines are looked for.
        limit: seconds.

    Example:
        >>> run_guarded(lambda say: say(1 / 0), None, limit=1.0).error
        'ZeroDivisionError: division by zero'
    """
    function = inspect.unwrap(learner) if callable(learner) else learner
    code = getattr(function, "__code__", None)
    names = getattr(function, "__globals__", None)
    run = Run(code if isinstance(code, CodeType) else None)
    can_fork = _can_fork()
    with _without_exit(names if isinstance(names, dict) else {}):
        if not (can_fork and _run_apart(run, work, limit)):
            _end(run.start(work, lambda value: vars(run).update(value=value), limit))
    return run


def _can_fork() -> bool:
    """A debugger does not follow into a child, and CUDA does not work there."""
    return sys.platform == "linux" and sys.gettrace() is None and not torch.cuda.is_initialized()


def _run_apart(run: Run, work: Callable[[Say], object], limit: float) -> bool:
    """Run the work in a child process; False where there is none to be had."""
    from kgwb.lessons.apart import NoChildError, Send, run_in_child  # what it imports is missing elsewhere

    def act(send: Send) -> None:
        builtins.input = getpass.getpass = _refuse_to_ask  # of the child only
        run.start(work, lambda value: send({"value": value}), limit)
        send({"error": run.error, "ended": run.ended, "line": run.line})

    try:
        left = run_in_child(act, vars(run).update, limit=limit + _GRACE)
    except NoChildError:
        return False
    if left:
        run.error, run.ended = f"{left}: the answer ended the whole process", True
    return True


def _end(thread: threading.Thread) -> None:
    """Raise SystemExit in another thread, again where its code caught the last; a thread that waits cannot be ended."""
    for _ in range(_ENDINGS):
        if not thread.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
        thread.join(_PAUSE)


@contextmanager
def _without_exit(names: dict[str, Any]) -> Iterator[None]:
    """What ends the kernel from any thread, or asks its user: while an answer is tried, it only ends the answer."""
    instead: list[tuple[dict[str, Any], str, object]] = [(names, name, _leave) for name in ("exit", "quit")]
    instead += [(names, name, _refuse_to_ask) for name in ("input", "breakpoint")]
    instead += [(vars(os), name, _leave) for name in ("_exit", "abort")]
    before = [space.get(name, _ABSENT) for space, name, _ in instead]
    for space, name, mine in instead:
        space[name] = mine
    try:
        yield
    finally:
        for (space, name, mine), old in zip(instead, before, strict=True):
            if space.get(name) is mine:
                space[name] = old
                if old is _ABSENT:
                    del space[name]


def _leave(code: object = None, **_options: object) -> None:
    raise SystemExit(code)


def _refuse_to_ask(*_: object, **_options: object) -> str:
    raise RuntimeError("An answer cannot ask: use the arguments.")


_ABSENT = object()
