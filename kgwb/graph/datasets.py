"""Well-known graphs by name: from a folder where they lie, from the cache, or from where they are published."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

from kgwb.files import hash_file, write_whole
from kgwb.graph.building import Notes, sum_notes
from kgwb.graph.errors import GraphFileError
from kgwb.graph.files.reading import read_split
from kgwb.graph.published import PUBLISHED, PublishedFile, PublishedGraph
from kgwb.graph.splitting import Split
from kgwb.packages import load_package
from kgwb.words import quote_value


def load_dataset(name: str) -> Split:
    """A published benchmark, split as it was published.

    It is taken from the folder that the variable KGWB_DATA names, where it lies there (`fb15k-237/train.txt`,
    `countries/S1/train.txt`, ...), with the labels and descriptions found beside it. Otherwise it is downloaded once,
    its SHA-256 checked, and kept in the user's cache.

    Args:
        name: "fb15k-237", "wn18rr", "umls", "nations", "kinship", "countries-s1" (-s2, -s3), "codex-m", "yago3-10" or
            "wikidata5m", in any spelling (FB15k237, YAGO310). "codex-s" and "codex-l" come from KGWB_DATA only.

    Returns:
        The split. Files in KGWB_DATA are read whatever they hold; those that are not the published bytes are
        counted in its notes.

    Raises:
        ValueError: no graph is known by this name; lists those that are.
        FileNotFoundError: it is not on this machine and cannot be downloaded; says what to put where.
        GraphFileError: the download has another SHA-256.

    Example:
        >>> load_dataset("freebase")
        Traceback (most recent call last):
        ...
        ValueError: name='freebase' came. Type one of 'codex-l', 'codex-m', ..., 'wn18rr', 'yago3-10'.
    """
    name = _find_name(name)
    published = PUBLISHED[name]
    root = _find_root()
    notes: Notes = ()
    if root is not None and (root / published.folder).is_dir():
        folder = root / published.folder
        notes = _compare(folder, published)
    else:
        folder = _download(name, published, root)
    split = read_split(folder)
    return replace(split, graph=replace(split.graph, name=name), notes=sum_notes(split.notes, notes))


def _find_name(name: str) -> str:
    spellings = {_fold(known): known for known in PUBLISHED}
    if not isinstance(name, str) or _fold(name) not in spellings:
        raise ValueError(f"name={quote_value(name)} came. Type one of {', '.join(map(repr, PUBLISHED))}.")
    return spellings[_fold(name)]


def _fold(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def _find_root() -> Path | None:
    named = os.environ.get("KGWB_DATA", "")
    if not named:
        return None
    root = Path(named).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f"KGWB_DATA names {named!r}, which is no folder. Mend the variable, or unset it.")
    return root


def _compare(folder: Path, published: PublishedGraph) -> Notes:
    """What in a user's own folder is not the published bytes, counted."""
    missing = [part for part in published.parts if not (folder / part).is_file()]
    unknown, other = [], []
    for file in published.files:
        path = folder / file.name
        if path.is_file() and file.sha256 is None:
            unknown.append(file.name)
        elif path.is_file() and hash_file(path) != file.sha256:
            other.append(file.name)
    unknown += [part for part in published.members if part not in missing]
    return (
        (f"published files that are not in {folder} ({', '.join(missing)})", len(missing)),
        (f"files in {folder} that are not the published bytes ({', '.join(other)})", len(other)),
        (f"files in {folder} taken unchecked, for want of a SHA-256 ({', '.join(unknown)})", len(unknown)),
    )


def _download(name: str, published: PublishedGraph, root: Path | None) -> Path:
    """The folder in the user's cache, after every file in it has been checked."""
    if any(file.sha256 is None for file in published.files):
        reason = f"kgwb does not download {name!r}: no SHA-256 is published to check its files against."
        raise FileNotFoundError(f"{reason} {_say_how(published, root)}")
    pooch = load_package("pooch", f"Downloading {name!r}")
    folder = Path(pooch.os_cache("kgwb")) / published.folder
    for file in published.files:
        try:
            pooch.retrieve(file.address, f"sha256:{file.sha256}", fname=file.name, path=folder)
        except OSError as problem:
            reason = f"{name!r} is not on this machine, and {file.address} cannot be had ({type(problem).__name__})."
            raise FileNotFoundError(f"{reason} {_say_how(published, root)}") from None  # its own text is pages long
        except ValueError as problem:
            raise _wrong_bytes(name, file, root, published) from problem
    for part, member in published.members.items():
        _unpack(folder / published.files[0].name, member, folder / part)
    return folder


def _unpack(archive: Path, member: str, target: Path) -> None:
    if target.is_file():
        return
    with tarfile.open(archive) as packed, write_whole(target) as new, new.open("wb") as file:
        found = packed.extractfile(member)
        assert found is not None  # the archive's SHA-256 was checked, so its members are known
        shutil.copyfileobj(found, file)


def _wrong_bytes(name: str, file: PublishedFile, root: Path | None, published: PublishedGraph) -> GraphFileError:
    return GraphFileError(
        f"{file.address} gave other bytes than those published as {name!r} (SHA-256 {file.sha256}), and they were thrown "
        f"away. Was the download cut off, or did a proxy answer? Type load_dataset({name!r}) to try again, or: "
        f"{_say_how(published, root)}"
    )


def _say_how(published: PublishedGraph, root: Path | None) -> str:
    """What someone without a network, or without a hash, has to put where."""
    addresses = "".join(f"\n  {file.address}" for file in published.files)
    unpacked = ", ".join(f"{member} as {part}" for part, member in published.members.items())
    folder = (root or Path("data")) / published.folder
    put = f"Unpack {unpacked} into {folder}" if unpacked else f"Put them into {folder}"
    above = "" if root else ', and name the folder above: os.environ["KGWB_DATA"] = "data"'
    return f"Where there is a network, download{addresses}\n{put}{above}."
