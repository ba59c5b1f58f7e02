"""What an epoch or step says of itself, and what is measured beside it."""

from __future__ import annotations

import inspect
import math
import sys
from typing import Any

from kgwb.see.packages import load_package

MEMORY, GPU_MEMORY = "memory in GiB", "GPU memory in GiB"
LOW, HIGH = ", low", ", high"  # what follows a figure's name where its interval stands beside it
_GIB = 2**30


def read_metrics(record: Any) -> dict[str, float]:
    """The figures of an epoch or step besides its loss."""
    metrics = dict(getattr(record, "metrics", {}) or {})
    gate = getattr(record, "gate", None)
    return metrics if gate is None else {**metrics, "gate": gate}


def is_learnt(name: str) -> bool:
    """Whether a figure says what was learnt, rather than how fast, at what cost, or how far another is sure.

    >>> [is_learnt(name) for name in ("MRR on 500 triples", "MRR on 500 triples, low", "triples per second")]
    [True, False, False]
    """
    return not name.endswith((" per second", " in GiB", LOW, HIGH))


def measure_memory() -> dict[str, float]:
    """What this process holds in memory now, and on its GPUs where it uses any; nothing where that cannot be told."""
    held: dict[str, float] = {}
    try:
        psutil = load_package("psutil", "psutil", "The memory held")
    except ImportError:
        pass
    else:
        held[MEMORY] = psutil.Process().memory_info().rss / _GIB
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        held[GPU_MEMORY] = sum(torch.cuda.memory_reserved(i) for i in range(torch.cuda.device_count())) / _GIB
    return held


def find_total(epochs: Any) -> int | None:
    """How many epochs a generator will give at most, where its own `epochs` says so; looks through wrappers.

    >>> def count(epochs):
    ...     yield from range(epochs)
    >>> find_total(count(5)), find_total(iter([1, 2]))
    (5, None)
    """
    names = inspect.getgeneratorlocals(epochs) if inspect.isgenerator(epochs) else getattr(epochs, "__dict__", {})
    inner = names.get("epochs")
    return inner if inner is None or isinstance(inner, int) else find_total(inner)


def close_generator(epochs: Any) -> None:
    """End a generator early, so that it can put its things in order; anything else is left alone."""
    close = getattr(epochs, "close", None)
    if callable(close):
        close()


def say_time(seconds: float) -> str:
    """A time in the units that people use.

    >>> say_time(5), say_time(75), say_time(4000)
    ('5.0 s', '1 min 15 s', '1 h 07 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def say_pace(seconds_each: float, unit: str) -> str:
    """How fast epochs or steps follow one another.

    >>> say_pace(2.5, "epoch"), say_pace(0.01, "step")
    ('2.5 s/epoch', '100.0 steps/s')
    """
    if seconds_each > 1:
        return f"{seconds_each:,.1f} s/{unit}"
    return f"{1 / seconds_each if seconds_each > 0 else math.inf:,.1f} {unit}s/s"
