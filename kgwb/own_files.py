"""The list that a folder holds of the files that kgwb wrote there, and what is kgwb's own by it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

LIST = ".kgwb.json"


def is_own(folder: Path, name: str) -> bool:
    """Whether kgwb may write a file of this name: nothing is there, or what is there is as kgwb wrote it."""
    path = folder / name
    if not os.path.lexists(path):
        return all(above.is_dir() or not os.path.lexists(above) for above in path.parents if above != folder.parent)
    if path.is_symlink() or not path.is_file():
        return False
    if path.name == LIST:
        return read_list(path.parent) is not None
    listed = {(read_list(folder) or {}).get(name), (read_list(path.parent) or {}).get(path.name)}
    return hash_if_any(path) in listed - {None}


def read_list(folder: Path, part: str = "files") -> dict[str, str] | None:
    """The files that kgwb wrote here and their SHA-256; None where there is no such list."""
    try:
        files = json.loads((folder / LIST).read_text(encoding="utf-8"))[part]
    except (OSError, ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None
    if not isinstance(files, dict):
        return None
    return {name: str(hashed) for name, hashed in files.items() if ".." not in name and not name.startswith("/")}


def write_list(folder: Path, files: Mapping[str, str], *, over: Mapping[str, str]) -> None:
    """Write the list into a folder; `over` holds the hashes of what was asked for by name and may be overwritten."""
    text = json.dumps({"files": dict(sorted(files.items())), "over": dict(over)}, indent=1)
    (folder / LIST).write_text(text + "\n", encoding="utf-8")


def list_files(folder: Path) -> list[Path]:
    """All files below a folder; its own list comes last, for only then all the others are there."""
    files = [path for path in folder.rglob("*") if not path.is_dir()]
    return sorted(files, key=lambda path: (path == folder / LIST, path))


def hash_if_any(path: Path) -> str | None:
    """The SHA-256 of a file, or None where there is nothing; what is no file has none that is known."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError:
        return ""
