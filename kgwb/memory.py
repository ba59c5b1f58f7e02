"""What memory cannot hold, told from other failures and named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_NO_ROOM = re.compile(r"allocate|out of memory|size calculation overflowed", re.I)  # torch has no class for all of them


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether an error says that memory ran out, or never could hold what was asked for, on a GPU or on the processor."""
    return isinstance(problem, MemoryError) or (
        isinstance(problem, RuntimeError) and bool(_NO_ROOM.search(str(problem)))
    )


@contextmanager
def within_memory(given: str, *, usual: str) -> Iterator[None]:
    """What the block makes takes too much memory: the sizes that came are named.

    Args:
        given: the arguments, as they came.
        usual: what to type instead.

    Raises:
        MemoryError: there is no room; the message says what to type.

    Example:
        >>> with within_memory("dim=1125899906842624", usual="dim=128"):
        ...     raise RuntimeError("can't allocate memory")
        Traceback (most recent call last):
        MemoryError: dim=1125899906842624 came, which takes more memory than there is. Type less, as dim=128.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as problem:
        if not is_out_of_memory(problem):
            raise
        raise MemoryError(f"{given} came, which takes more memory than there is. Type less, as {usual}.") from problem
