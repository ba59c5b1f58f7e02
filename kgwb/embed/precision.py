"""Which number format multiplies matrices faster on this machine, measured rather than guessed, and on how many threads."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Event, Lock, Thread
from typing import Literal

import torch

from kgwb.checks import expect_choice

SMALL = 1 << 27  # multiplications below which work counts as small

Precision = Literal["auto", "float32", "bfloat16"]
PRECISIONS = ("auto", "float32", "bfloat16")
_SETTING = Lock()  # between asking for the process's number and giving it back
_log = logging.getLogger("kgwb.embed")


def widen_numbers(values: torch.Tensor) -> torch.Tensor:
    """Numbers of 16 bits as numbers of 32, in which sums are exact enough; others as they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def choose_precision(precision: Precision, device: torch.device, *, work: int) -> torch.dtype:
    """The number format for the matmuls of training; sums, tables and ranking stay in float32.

    Args:
        precision: a format, or "auto" for the faster one of the two, measured once per process. Where runs on
            different machines must agree to the bit, name the format.
        device: where the training runs.
        work: multiplications per batch; small work is done in float32 without measuring.
    """
    expect_choice("precision", precision, PRECISIONS)
    if precision != "auto":
        return torch.bfloat16 if precision == "bfloat16" else torch.float32
    if work < SMALL:
        return torch.float32
    speedup = _measure_speedup(device)
    chosen = torch.bfloat16 if speedup > 1.2 else torch.float32
    _log.info("bfloat16 matmuls run %.1f times as fast as float32 on %s: training in %s", speedup, device, chosen)
    return chosen


@cache  # one answer per process, so that a run and its repetition use the same format
def _measure_speedup(device: torch.device) -> float:
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = (
            torch.ones(512, 256, device=device, dtype=dtype),
            torch.ones(256, 8192, device=device, dtype=dtype),
        )
        seconds[dtype] = min(_time_product(left, right) for _ in range(4))  # the first is a warm-up
    return seconds[torch.float32] / seconds[torch.bfloat16]


def _time_product(left: torch.Tensor, right: torch.Tensor) -> float:
    # Of a processor the time spent here counts: on the clock, others who use it decide which format looks faster.
    clock = time.thread_time if left.device.type == "cpu" else time.perf_counter
    start = clock()
    (left @ right)[0, 0].item()  # reading a number waits for the device
    return clock() - start


@contextmanager
def limit_threads(work: int) -> Iterator[None]:
    """One thread inside the block where `work`, in multiplications, is small; the number from before afterwards.

    On tensors of a few thousand numbers, threads mostly wait for each other. The number holds for the thread that
    asks; others, those that begin within the block included, keep the process's own.

    Example:
        >>> before = torch.get_num_threads()
        >>> with limit_threads(1000):
        ...     torch.get_num_threads()
        1
        >>> torch.get_num_threads() == before
        True
    """
    before = torch.get_num_threads()
    if work >= SMALL or before == 1:
        yield
        return
    try:
        _set_threads_here(1)
        yield
    finally:
        _set_threads_here(before)


def _set_threads_here(number: int) -> None:
    """torch's number of threads for this thread alone: torch also gives it to all threads that begin later."""
    asked, is_set = Event(), Event()

    def restore() -> None:
        usual = torch.get_num_threads()
        asked.set()
        is_set.wait()
        torch.set_num_threads(usual)

    with _SETTING:
        later = Thread(target=restore, daemon=True)
        later.start()
        try:
            asked.wait()
            torch.set_num_threads(number)
        finally:
            is_set.set()
        later.join()
