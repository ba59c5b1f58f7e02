"""Small work runs on one thread: on tensors of a few thousand numbers, threads mostly wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL = 1 << 27  # multiplications below which work counts as small


@contextmanager
def limit_threads(work: int) -> Iterator[None]:
    """One thread inside the block where `work`, in multiplications, is small; torch's own number afterwards.

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
