"""Which number format multiplies matrices faster on this machine, measured rather than guessed, and on how many threads."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal

import torch

from kgwb.checks import expect_choice

SMALL = 1 << 27  # multiplications below which work counts as small

Precision = Literal["auto", "float32", "bfloat16"]
PRECISIONS = ("auto", "float32", "bfloat16")
_log = logging.getLogger("kgwb.embed")


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
    start = time.perf_counter()
    (left @ right)[0, 0].item()  # reading a number waits for the device
    return time.perf_counter() - start


@contextmanager
def limit_threads(work: int) -> Iterator[None]:
    """One thread inside the block where `work`, in multiplications, is small; torch's own number afterwards.

    On tensors of a few thousand numbers, threads mostly wait for each other.

    Example:
        >>> before = torch.get_num_threads()
        >>> with limit_threads(1000):
        ...     torch.get_num_threads()
        1
        >>> torch.get_num_threads() == before
        True
    """
    before = torch.get_num_threads()
    if work < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
