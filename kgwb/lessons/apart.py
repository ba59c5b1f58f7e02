"""Do something in a child process, which can be ended whatever it does and takes nothing of this process along.

Only on Linux: Windows has no fork, macOS does not allow it beside threads.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import os
import posix
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

Message = dict[str, Any]
Send = Callable[[Message], None]


class NoChildError(OSError):
    """The system gives no child process, for want of memory or processes."""


_EXIT = posix._exit  # not os._exit, which is another function while an answer is tried
_MEMORY = 2 * 2**30  # bytes that the child may take beside what is there already
_PRINTED = 2_000  # characters of what it prints


def run_in_child(act: Callable[[Send], None], receive: Send, *, limit: float) -> str | None:
    """Call `act` in a child process, and `receive` here with each message that it sends.

    What the child prints is written here. It may send what JSON can hold.

    Args:
        act: called with a function that sends a message.
        receive: called with each message, in order.
        limit: seconds after which the child is killed.

    Returns:
        Empty where `act` came to its end, None where its time was over; else the signal or status that it ended with.

    Raises:
        NoChildError: there is no child to be had.
    """
    reads, writes = os.pipe()
    sys.stdout.flush()
    child = _fork()
    if child == 0:
        _be_the_child(act, writes)
    os.close(writes)
    try:
        whole = _read_messages(reads, receive, time.monotonic() + limit)
    finally:  # also after the stop button
        os.close(reads)
        status = _end_child(child)
    if whole is None:
        return None
    return "" if whole else _name_status(status)


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # from 3.12 on Python warns of the threads; only one is used
        try:
            return os.fork()
        except OSError as error:
            raise NoChildError(str(error)) from error


def _be_the_child(act: Callable[[Send], None], writes: int) -> None:
    """Never returns: what would be done at the end of Python is for the parent to do."""
    try:
        os.setsid()  # no terminal to ask, and a group that can be killed with whatever it starts
        faulthandler.disable()
        _limit_memory()
        torch.set_num_threads(1)  # the threads of the parent are not there
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the stop button is the parent's
        sys.stdin = io.StringIO()
        send = _make_sender(writes)
        sys.stdout = sys.stderr = _Printer(send)
        act(send)
        send({})
    finally:
        _EXIT(0)


def _make_sender(writes: int) -> Send:
    dumps, write = json.dumps, os.write  # whatever becomes of the modules

    def send(message: Message) -> None:
        data = dumps(message).encode() + b"\n"
        while data:
            data = data[write(writes, data) :]

    return send


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    taken = pages * resource.getpagesize() + _MEMORY
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken if hard < 0 else min(taken, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Printer(io.TextIOBase):
    """Sends what is printed, up to a length."""

    def __init__(self, send: Send) -> None:
        self._send, self._left = send, _PRINTED

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._left > 0:
            self._send({"printed": text[: self._left]})
            self._left -= len(text)
        return len(text)


def _read_messages(reads: int, receive: Send, end: float) -> bool | None:
    """Whether the last message came; None where the time was over."""
    rest = b""
    while True:
        ready, _, _ = select.select([reads], [], [], max(0.0, end - time.monotonic()))
        part = os.read(reads, 65536) if ready else b""
        if not part:
            return False if ready else None
        *lines, rest = (rest + part).split(b"\n")
        for message in map(json.loads, lines):
            if not message:
                return True
            printed = message.pop("printed", None)
            if printed is None:
                receive(message)
            else:
                sys.stdout.write(printed)


def _end_child(child: int) -> int:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended, or has no group yet
            kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _name_status(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit status {os.WEXITSTATUS(status)}"
