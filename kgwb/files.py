"""Files and folders that appear whole or not at all, and leave alone what kgwb did not write.

A folder that kgwb writes holds a list of kgwb's own files, with their SHA-256. What is not in it, or is no longer as it
was written, is of others: it is never removed or overwritten. New files are gathered in a hidden folder
within it, which gets its good name in one step, and only then move to their places. Whoever is killed before that step
leaves the old state; after it the new one, which the next to read or write there puts in place (`finish_saving`).
Whoever does so locks the folder, and whoever reads there shares a lock of it (`hold_folder`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from kgwb.processes import is_abandoned, lock_folder, name_process

LIST, SAVED, _HALF = ".kgwb.json", ".kgwb-saved", ".kgwb-half-"
_RAISED = (FileExistsError, FileNotFoundError, IsADirectoryError)  # errors of the system that kgwb raises itself
_TRIES = 50  # at a folder that others save to again and again


class SavingError(OSError):
    """Something could not be written; what was there before is as it was."""


@contextmanager
def write_whole(path: Path, *, replaces: Collection[str] = (), named: Collection[str] = ()) -> Iterator[Path]:
    """A path to write a file or a folder to, which takes its place when everything has been written.

    Where the writing fails, what was there before stays as it was. Files go into a folder that is already there one by
    one; others in it stay, and a link to a folder or file stays a link.

    Args:
        path: the file or folder to be written; the folders above it are made.
        replaces: the names that files of this kind of folder may have; those that kgwb wrote before, and not now, go.
        named: the names of files that were asked for by name, and may be of others.

    Raises:
        FileExistsError: a file of the new folder would overwrite one that kgwb did not write.
        SavingError: the system refuses, as where the disk is full.

    Example:
        >>> path = Path(tempfile.mkdtemp(), "vectors.txt")
        >>> with write_whole(path) as new:
        ...     _ = new.write_text("1 2 3")
        >>> path.read_text()
        '1 2 3'
    """
    path = path.resolve() if path.is_symlink() and not path.is_dir() else path
    with _explained(path.joinpath(*sorted(named)[:1])):
        home = path if path.is_dir() else path.parent
        home.mkdir(parents=True, exist_ok=True)
        with make_room(home) as room:
            new = room / (path.name or "new")
            yield new
            open_to_readers(new)
            if new.is_dir():
                _give_place(new, path, replaces=replaces, named=named)
            else:
                with suppress(FileNotFoundError):
                    new.chmod(path.stat().st_mode & 0o777)  # what was closed to others stays closed
                new.replace(path)


@contextmanager
def make_room(home: Path) -> Iterator[Path]:
    """A hidden folder of this process alone, within `home`, gone afterwards; those of dead processes go as well."""
    for left in home.glob(f"{_HALF}*"):
        if is_abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    prefix = f"{_HALF}{name_process()}-"
    with tempfile.TemporaryDirectory(dir=home, prefix=prefix, ignore_cleanup_errors=True) as room:
        yield Path(room)


def refuse_other_files(folder: Path, names: Collection[str], what: str) -> None:
    """Files of these names in a folder must be missing, or as kgwb wrote them.

    Args:
        folder: where something is to be written.
        names: what the files to be written there are called, with / where they lie deeper.
        what: what they make up, in words.

    Raises:
        FileExistsError: one is of others, or there is a file in the folder's place.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file, and {what} needs a folder. Type another path.")
    with hold_folder(folder) as there:
        if there:
            _refuse_foreign(folder, names, what)


def expect_folder(folder: Path, what: str) -> None:
    """A folder that can be made and written to, tried before long work; nothing is left of the trial.

    Raises:
        FileExistsError: there is a file in its place.
        SavingError: it cannot be made, or nothing can be written in it.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file, and {what} needs a folder. Type another path.")
    there = next(above for above in (folder, *folder.parents) if os.path.lexists(above))
    try:
        with make_room(there) as room:  # not in its place: other processes may be making it
            trial = room.joinpath(*folder.relative_to(there).parts)
            trial.mkdir(parents=True, exist_ok=True)
            (trial / "file").touch()
    except (OSError, ValueError) as problem:  # as of a name with a null byte
        message = f"{folder} cannot hold {what} ({_spell_problem(folder, problem)})"
        raise SavingError(f"{message}. Type a folder that can be made and written to.") from problem


def finish_saving(folder: Path) -> None:
    """Put in place what was saved whole into this folder by a process that died before it was all there.

    Raises:
        FileExistsError: since then another file was put into the place of one.
        SavingError: nothing can be written there.
    """
    if (folder / SAVED).is_dir():
        with _explained(folder), lock_folder(folder, alone=True):
            _put_in_place(folder, trusting=False)


@contextmanager
def hold_folder(folder: Path) -> Iterator[bool]:
    """What is saved whole into a folder waits until it has been read; others may read it as well.

    Yields:
        Whether there is such a folder: one that is made later is not held.

    Raises:
        FileExistsError: what was saved there cannot be put in place; see `finish_saving`.
        SavingError: nothing can be written there.
    """
    for more in reversed(range(_TRIES)):
        there = folder.is_dir()
        finish_saving(folder)
        with lock_folder(folder, alone=False):
            # Otherwise another process has just made it, or was killed.
            if not more or (there == folder.is_dir() and not (folder / SAVED).is_dir()):
                yield there
                return


def hash_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _give_place(new: Path, folder: Path, *, replaces: Collection[str], named: Collection[str]) -> None:
    """Let a folder that is all written become the folder, or its files become files of the folder that is there."""
    files = {path.relative_to(new).as_posix(): hash_file(path) for path in _list_files(new)}
    if not folder.exists():
        _write_list(new, files, over={})
        try:
            new.rename(folder)
            return
        except OSError:
            if not folder.is_dir():  # it is where another process was faster
                raise
    with lock_folder(folder, alone=True):
        _put_in_place(folder, trusting=False)  # of one that was killed
        _refuse_foreign(folder, files.keys() - named, "what is being saved")
        listed = _read_list(folder) or {}
        kept = {name: hashed for name, hashed in listed.items() if name not in replaces}
        over = {name: hash_file(folder / name) for name in named if (folder / name).is_file()}
        _write_list(new, kept | files, over=over)
        new.rename(folder / SAVED)  # the one step that decides
        _put_in_place(folder, trusting=True)


def _refuse_foreign(folder: Path, names: Collection[str], what: str) -> None:
    foreign = [name for name in sorted(names) if not _is_own(folder, name)]
    if foreign:
        raise FileExistsError(
            f"{folder / foreign[0]} is no file of kgwb's, or was changed since kgwb wrote it, and {what} needs its name. "
            "Type another folder, or move that file away."
        )


def _put_in_place(folder: Path, *, trusting: bool) -> None:
    """Move what was saved to where it belongs, if there is anything."""
    saved = folder / SAVED
    new, old, over = _read_list(saved), _read_list(folder) or {}, _read_list(saved, "over") or {}
    gone = set() if new is None else old.keys() - new.keys()
    for name in gone:
        if _hash_if_any(folder / name) == old[name]:
            (folder / name).unlink(missing_ok=True)
    for path in _list_files(saved):
        name = path.relative_to(saved).as_posix()
        target = folder / name
        known = {None, old.get(name), (new or {}).get(name), over.get(name)}
        if not trusting and Path(name).name != LIST and _hash_if_any(target) not in known and path.exists():
            message = f"{target} came between, while {folder} was being saved"
            raise FileExistsError(f"{message}. Move it away, and what was saved takes its place.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # another process was faster, where the system has no locks
            path.replace(target)
    for inner, _, _ in os.walk(saved, topdown=False):
        with suppress(OSError):  # not empty, or gone
            Path(inner).rmdir()


def _is_own(folder: Path, name: str) -> bool:
    """Whether kgwb may write a file of this name: nothing is there, or what is there is as kgwb wrote it."""
    path = folder / name
    if not os.path.lexists(path):
        return all(above.is_dir() or not os.path.lexists(above) for above in path.parents if above != folder.parent)
    if path.is_symlink() or not path.is_file():
        return False
    if path.name == LIST:
        return _read_list(path.parent) is not None
    listed = {(_read_list(folder) or {}).get(name), (_read_list(path.parent) or {}).get(path.name)}
    return _hash_if_any(path) in listed - {None}


def _read_list(folder: Path, part: str = "files") -> dict[str, str] | None:
    """The files that kgwb wrote here and their SHA-256; None where there is no such list."""
    try:
        files = json.loads((folder / LIST).read_text(encoding="utf-8"))[part]
    except (OSError, ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None
    if not isinstance(files, dict):
        return None
    return {name: str(hashed) for name, hashed in files.items() if ".." not in name and not name.startswith("/")}


def _write_list(folder: Path, files: Mapping[str, str], *, over: Mapping[str, str]) -> None:
    """Write the list into a folder; `over` holds the hashes of what was asked for by name and may be overwritten."""
    text = json.dumps({"files": dict(sorted(files.items())), "over": dict(over)}, indent=1)
    (folder / LIST).write_text(text + "\n", encoding="utf-8")


def _list_files(folder: Path) -> list[Path]:
    """All files below a folder; its own list comes last, for only then all the others are there."""
    files = [
        Path(inner, name) for inner, _, names in os.walk(folder) for name in names
    ]  # another process may move them
    return sorted(files, key=lambda path: (path == folder / LIST, path))


def _hash_if_any(path: Path) -> str | None:
    """The SHA-256 of a file, or None where there is nothing; what is no file has none that is known."""
    try:
        return hash_file(path)
    except FileNotFoundError:
        return None
    except OSError:
        return ""


def open_to_readers(path: Path) -> None:
    """Give files the mode that new files have; some writers close theirs to all others."""
    files = _list_files(path) if path.is_dir() else [path]
    with tempfile.TemporaryDirectory(dir=path.parent) as room:
        fresh = Path(room, "fresh")
        fresh.touch()
        mode = fresh.stat().st_mode & 0o777
    for file in files:
        if not file.is_symlink():
            file.chmod(mode)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """What the system refuses, with the folder and what to do."""
    try:
        yield
    except OSError as problem:
        own = isinstance(problem, (SavingError, *_RAISED)) and problem.errno is None  # the system's have numbers
        if own and (not isinstance(problem, SavingError) or str(path) in str(problem)):
            raise
        message = f"{path} was not saved: {_spell_problem(path, problem)}. What was there before is as it was"
        mend = "Make room or get the right to write there, or type another path."
        raise SavingError(f"{message}. {mend}") from problem


def find_file_above(path: Path) -> Path | None:
    """The file that stands where a path has a folder, or None."""
    return next((above for above in path.parents if above.is_file()), None)


def _spell_problem(path: Path, problem: Exception) -> str:
    """What the system says, without the names of hidden folders, which no user typed."""
    if (above := find_file_above(path)) is not None:
        return f"{above} is a file, not a folder"
    hidden = Path(str(getattr(problem, "filename", None) or ""))
    home = next((above.parent for above in (hidden, *hidden.parents) if above.name.startswith(_HALF)), None)
    return (
        str(problem) if home is None else f"nothing can be written in {home}: {getattr(problem, 'strerror', problem)}"
    )
