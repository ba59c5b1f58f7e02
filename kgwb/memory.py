"""What memory cannot hold, told from other failures and named; and how much of it there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NO_ROOM = re.compile(r"allocate|out of memory|size calculation overflowed", re.I)  # torch has no class for all of them


def find_free_memory() -> int | None:
    """Bytes that could be had now without swapping, or those left to this container; None where the system does not say."""
    free = []
    with suppress(OSError, TypeError, AttributeError):
        said = re.search(r"MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
        free.append(int(said[1]) * 1024)  # type: ignore[index]
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):
        limit, used = (int((group / f"memory.{name}").read_text(encoding="ascii")) for name in ("max", "current"))
        cached = re.search(r"inactive_file (\d+)", (group / "memory.stat").read_text(encoding="ascii"))
        free.append(max(0, limit - used + (int(cached[1]) if cached else 0)))
    return min(free, default=None)


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
