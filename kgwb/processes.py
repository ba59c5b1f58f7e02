"""What processes that work in one folder know of each other: their names, whether they live, and who may change it now."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def lock_folder(folder: Path, *, alone: bool) -> Iterator[None]:
    """Wait for a folder, and keep it: alone to change what is in it, together with others to read it.

    The lock is the system's, on the folder itself: it leaves no file, needs no right to write, and goes with the
    process. There is none on Windows, nor on a disk that knows no locks, nor of what is no folder.

    Args:
        folder: which one; a lock of another does not matter.
        alone: whether others must wait.
    """
    opened = _open_locked(folder, alone=alone)
    try:
        yield
    finally:
        if opened is not None:
            _unlock(opened)


def _open_locked(folder: Path, *, alone: bool) -> int | None:
    try:
        import fcntl

        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    except BaseException as problem:
        os.close(opened)
        if isinstance(problem, OSError):
            return None
        raise  # stopped while it waited
    return opened


def _unlock(opened: int) -> None:
    import fcntl

    with suppress(OSError):
        fcntl.flock(opened, fcntl.LOCK_UN)  # closing alone would not do where a fork has it as well
    os.close(opened)


def name_process() -> str:
    """Host and number of this process, for the names of files that are not finished."""
    return f"{re.sub(r'[^A-Za-z0-9]', '_', platform.node())}-{os.getpid()}"


def is_abandoned(path: Path) -> bool:
    """Whether a file or folder with `name_process()` in its name belongs to a process of this host that is gone."""
    host, _, own = name_process().rpartition("-")
    match = re.search(rf"-{re.escape(host)}-(\d+)-", path.name)
    if match is None or match[1] == own or os.name == "nt":  # os.kill ends a process on Windows
        return False
    try:
        os.kill(int(match[1]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        pass
    return False
