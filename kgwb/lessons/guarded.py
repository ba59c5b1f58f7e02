"""Run what a learner wrote: whatever it does, the notebook goes on, and the line it left by is known.

The work runs in a thread of its own, which is told to end when its time is over. What stays out of reach: one call into
C that never lets another thread run (`10**10**10`, `sum(itertools.count())`), and `os._exit`. A call that only waits
(`time.sleep(1e9)`) gets its verdict, but its thread waits on behind the notebook until the kernel ends.
"""

from __future__ import annotations

import ctypes
import dis
import inspect
import linecache
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, TracebackType
from typing import Any

_ENDINGS, _PAUSE = 20, 0.05  # how often a thread that is out of time is told to end, and seconds between


class Run:
    """One run of some work with a learner's function in it.

    Attributes:
        value: what the work returned; None while it has not.
        error: what it raised, if anything; SystemExit and KeyboardInterrupt too.
        ended: whether it came to an end within its time.
        line: the learner's line that it left by, or hangs at; empty where that is not known.
    """

    def __init__(self, work: Callable[[], Any], code: CodeType | None) -> None:
        self.value: Any = None
        self.error: BaseException | None = None
        self.ended = False
        self.line = ""
        self._work, self._code, self._done = work, code, False

    def start(self, limit: float) -> None:
        """Run the work for at most `limit` seconds."""
        thread = threading.Thread(target=self._go, daemon=True)
        thread.start()
        try:
            thread.join(limit)
        except KeyboardInterrupt:  # the stop button, pressed by the learner
            _end(thread)
            raise
        self.ended = self._done  # told to end, it comes to an end as well
        if self.ended:
            self.line = self._read_line(self._find_line())
        else:
            frame = sys._current_frames().get(thread.ident or 0)
            self.line = self._read_line(self._find_frame(frame))
            _end(thread)

    def _go(self) -> None:
        try:
            self.value = self._work()
        except BaseException as error:  # exit() and the like too: nothing a learner writes ends the notebook
            self.error = error
        finally:
            self._done = True

    def _find_line(self) -> int:
        """Where the error was raised in the learner's code, else the last line that returns."""
        found = 0
        trace: TracebackType | None = self.error.__traceback__ if self.error is not None else None
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


def run_guarded(work: Callable[[], Any], learner: object, *, limit: float) -> Run:
    """Run some work that calls a learner's function; nothing is raised, and it ends.

    Args:
        work: takes nothing.
        learner: the learner's function, whose lines are looked for.
        limit: seconds.

    Example:
        >>> run_guarded(lambda: 1 / 0, None, limit=1.0).error
        ZeroDivisionError('division by zero')
    """
    function = inspect.unwrap(learner) if callable(learner) else learner
    code = getattr(function, "__code__", None)
    names = getattr(function, "__globals__", None)
    run = Run(work, code if isinstance(code, CodeType) else None)
    with _without_exit(names if isinstance(names, dict) else {}):
        run.start(limit)
    return run


def _end(thread: threading.Thread) -> None:
    """Raise SystemExit in another thread, again where its code caught the last; a thread that waits cannot be ended."""
    for _ in range(_ENDINGS):
        if not thread.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
        thread.join(_PAUSE)


@contextmanager
def _without_exit(names: dict[str, Any]) -> Iterator[None]:
    """A notebook's own exit() ends the kernel from any thread; while an answer is tried, it only ends the answer."""
    before: dict[str, Any] = {name: names[name] for name in ("exit", "quit") if name in names}
    names.update(exit=_leave, quit=_leave)
    try:
        yield
    finally:
        for name in ("exit", "quit"):
            if names.get(name) is _leave:
                del names[name]
        names.update(before)


def _leave(code: object = None, **_options: object) -> None:
    raise SystemExit(code)
