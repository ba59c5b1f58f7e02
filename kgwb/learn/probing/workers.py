"""Processes that share pieces of work: forked from this one, so that they take functions as they are, lambdas too.

A fork has this process's memory, but of its threads only the one that forked. OpenMP believes that the others are still
there: on the forked thread, a loop over several threads would wait for them for ever. So each process works on a new
thread, for which OpenMP starts threads anew. Its first thread only waits: for the end of the work, for the signal to
stop, and for the end of the process that forked it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
import warnings
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch

from kgwb.environment import best_device, seed_everything

_PATIENCE = 5.0  # seconds for a process that was told to stop, before it is killed


@dataclass(frozen=True)
class Work:
    """What is to be done with each piece, known by its number.

    Attributes:
        do: gives a piece's result; where it lasts long.
        keep: keeps the result, for instance in a file. A process that is told to stop finishes this first.
        describe: what to call a piece in a message.
        remedy: what to type where a process dies.
    """

    do: Callable[[int], Any]
    keep: Callable[[int, Any], None]
    describe: Callable[[int], str]
    remedy: str


def why_not_fork() -> str:
    """Why this process cannot share work with forked ones; empty where it can."""
    if "fork" not in multiprocessing.get_all_start_methods() or sys.platform == "darwin":
        return "this system does not fork processes safely"
    if multiprocessing.current_process().daemon:
        return "this is itself one of several processes"
    if best_device().type != "cpu":
        return "what ran beside a GPU cannot be forked"
    return ""


def share_work(
    parts: Iterable[Sequence[int]], work: Work, *, processes: int, tick: Callable[[], object]
) -> Generator[tuple[int, Any], None, None]:
    """The results of all pieces as they are done, each with its number; close the generator to stop early.

    Args:
        parts: the pieces; those of one part are done by one process, one after the other.
        work: what is done with each.
        processes: how many, where `why_not_fork` has no reason; 1 does it all here. Each has its share of torch's threads.
        tick: called once a second or more often while others work.

    Raises:
        ChildProcessError: a process died; the message says over what.
        Exception: what `work.do` raised, with a note that says where.
    """
    if processes > 1:
        yield from _share(deque(parts), work, processes, tick)
        return
    for number in (number for part in parts for number in part):
        result = work.do(number)
        work.keep(number, result)
        yield number, result


def _share(
    waiting: deque[Sequence[int]], work: Work, processes: int, tick: Callable[[], object]
) -> Iterator[tuple[int, Any]]:
    threads = max(1, torch.get_num_threads() // processes)
    workers: list[_Worker] = []
    try:
        with _hold_interrupts(), _quiet_fork():
            for _ in range(processes):
                workers.append(_Worker.start(work, threads))
        for worker in workers:
            worker.take_next(waiting)
        while busy := [worker for worker in workers if worker.is_busy]:
            wait([thing for worker in busy for thing in (worker.pipe, worker.process.sentinel)], timeout=1)
            for worker in busy:
                yield from worker.hear(work, waiting)
            tick()
    finally:
        _stop(workers)


@dataclass
class _Worker:
    """One process, seen from the one that forked it."""

    process: BaseProcess
    pipe: Connection
    is_busy: bool = False
    at: int | None = field(default=None)

    @classmethod
    def start(cls, work: Work, threads: int) -> _Worker:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=_live, args=(work, threads, theirs), daemon=True)
        process.start()
        theirs.close()  # else its end would not be noticed
        return cls(process, ours)

    def take_next(self, waiting: deque[Sequence[int]]) -> None:
        self.is_busy = bool(waiting)
        with suppress(OSError):  # one that died is noticed when it is listened to
            self.pipe.send(waiting.popleft() if waiting else None)

    def hear(self, work: Work, waiting: deque[Sequence[int]]) -> Iterator[tuple[int, Any]]:
        """What it has said since; the results among it."""
        ended = not self.process.is_alive()  # asked first: what it said before its end is still in the pipe
        try:
            while self.is_busy and self.pipe.poll():
                said, value = self.pipe.recv()
                if said == "failed":
                    problem, where = value
                    problem.add_note(where)
                    raise problem
                elif said == "begins":
                    self.at = value
                elif said == "free":
                    self.take_next(waiting)
                else:
                    yield value
        except (EOFError, ConnectionResetError):
            ended = True
        if ended and self.is_busy:
            self.process.join(_PATIENCE)
            what = "before its first piece" if self.at is None else f"over {work.describe(self.at)}"
            raise ChildProcessError(f"A process {_describe_end(self.process.exitcode)} {what}. {work.remedy}")


def _describe_end(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"was ended by {name}" + ", as happens where memory runs out," * (name == "SIGKILL")


def _stop(workers: Sequence[_Worker]) -> None:
    """All of them gone, and none left as a zombie."""
    for worker in workers:
        worker.pipe.close()
        worker.process.terminate()
    for worker in workers:
        worker.process.join(_PATIENCE)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.process.close()


@contextmanager
def _hold_interrupts() -> Iterator[None]:
    """Ctrl-C waits for the end of the block: a process that is being started would be left behind."""
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or usual is None:
        yield
        return
    came: list[Any] = []
    signal.signal(signal.SIGINT, lambda *given: came.append(given))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if came and callable(usual):
        usual(*came[0])


@contextmanager
def _quiet_fork() -> Iterator[None]:
    """No warnings for what is taken care of: threads are not used after the fork, the tokenizers' neither."""
    variable = "TOKENIZERS_PARALLELISM"
    before = os.environ.get(variable)
    os.environ.setdefault(variable, "false")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)
            yield
    finally:
        if before is None:
            os.environ.pop(variable, None)


def _live(work: Work, threads: int, pipe: Connection) -> None:
    """A process's life: its work on a thread of its own, while this one waits for the end."""
    held = threading.Lock()  # whoever has it keeps a result, which is not to be cut short

    def leave(*_: object) -> None:
        with held:
            os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the first one decides
    signal.signal(signal.SIGTERM, leave)
    parent = multiprocessing.parent_process()
    assert parent is not None
    done, end = multiprocessing.Pipe(duplex=False)
    thread = threading.Thread(target=_work_through, args=(work, threads, pipe, held, end), daemon=True)
    thread.start()
    if parent.sentinel in wait([done, parent.sentinel]):
        leave()
    thread.join()


def _work_through(work: Work, threads: int, pipe: Connection, held: threading.Lock, end: Connection) -> None:
    torch.set_num_threads(threads)
    with closing(end), suppress(EOFError, OSError):  # whoever listened is gone
        while (part := pipe.recv()) is not None:
            for number in part:
                pipe.send(("begins", number))
                try:
                    # Forks begin with the same random numbers: what draws from them unseeded would draw the same.
                    seed_everything(zlib.crc32(work.describe(number).encode("utf-8", "surrogatepass")))
                    result = work.do(number)
                    with held:
                        work.keep(number, result)
                except BaseException as problem:  # sys.exit too
                    where = f"It was raised in a process of its own, over {work.describe(number)}:"
                    pipe.send(("failed", (_make_sendable(problem), f"{where}\n{traceback.format_exc()}")))
                    return
                pipe.send(("done", (number, result)))
            pipe.send(("free", None))


def _make_sendable(problem: BaseException) -> BaseException:
    """The error itself, or where it cannot be sent (its class is local, say) one that says the same."""
    with suppress(Exception):
        copied: Any = ForkingPickler.loads(ForkingPickler.dumps(problem))
        if type(copied) is type(problem) and str(copied) == str(problem):
            return problem
    return RuntimeError(f"{type(problem).__name__}: {problem}")
