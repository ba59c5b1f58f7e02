"""What an epoch or step says of itself, and what is measured beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from kgwb.packages import load_package
from kgwb.words import describe_kind

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
        psutil = load_package("psutil", "The memory held")
    except ImportError:
        pass
    else:
        held[MEMORY] = psutil.Process().memory_info().rss / _GIB
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        held[GPU_MEMORY] = sum(torch.cuda.memory_reserved(i) for i in range(torch.cuda.device_count())) / _GIB
    return held


def expect_epochs(epochs: object, call: str) -> None:
    """What training gives, or anything else that is iterated.

    Args:
        epochs: what came.
        call: what to type, with {} in the epochs' place.

    Raises:
        TypeError: it cannot be iterated; says what to type.
    """
    if not isinstance(epochs, Iterable):
        usual = call.format("train_embedding(vectors, split)")
        raise TypeError(f"The epochs of a training were expected, but {describe_kind(epochs)} came. Type {usual}.")


def close_generator(epochs: Any) -> None:
    """End a generator early, so that it can put its things in order; anything else is left alone."""
    close = getattr(epochs, "close", None)
    if callable(close):
        close()
