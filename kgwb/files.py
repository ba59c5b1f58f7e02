"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of another when everything has been written.

    Where the writing fails, what was there before stays as it was, and nothing is left behind.

    Args:
        path: the file or folder to be written; the folders above it are made.

    Example:
        >>> path = Path(tempfile.mkdtemp(), "vectors.txt")
        >>> with write_whole(path) as new:
        ...     _ = new.write_text("1 2 3")
        >>> path.read_text()
        '1 2 3'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as temporary:
        new = Path(temporary) / path.name
        yield new
        if path.is_dir():
            path.rename(Path(temporary) / "old")
        new.replace(path)


def refuse_other_files(folder: Path, names: Collection[str], what: str) -> None:
    """Only a folder that holds nothing but files of these names may be replaced.

    Args:
        folder: where something is to be written.
        names: what the files written there are called.
        what: what they make up, in words.

    Raises:
        FileExistsError: there is something else.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file, and {what} needs a folder. Type another path.")
    others = sorted(entry.name for entry in folder.iterdir() if entry.name not in names) if folder.exists() else []
    if others:
        message = f"{folder} holds {others[0]!r}, which is no part of {what}. Type another folder, or empty this one."
        raise FileExistsError(message)


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
