"""Where a graph comes from: files, compressed files, files that are open already; never an address."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

from kgwb.checks import expect_path
from kgwb.graph.errors import GraphFileError, missing_file
from kgwb.words import describe_kind, quote

PACKED = (".gz", ".bz2", ".xz", ".zip")
_UNPACK: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
_ADDRESSES = ("http://", "https://", "ftp://", "s3://")


@dataclass(frozen=True)
class OpenFile:
    """A file that was open already, or lay in memory.

    Attributes:
        name: what it is called.
        content: its bytes.
    """

    name: str
    content: bytes

    def __str__(self) -> str:
        return self.name


Source = Path | OpenFile


def find_suffix(source: Source) -> str:
    """The suffix that says the format, in small letters: that of "facts.TSV.gz" is ".tsv"; in a .zip, the file's own."""
    path = PurePath(source.name)
    packed = path.suffix.lower() in PACKED
    outer = (PurePath(path.stem).suffix if packed else path.suffix).lower()
    return (path.suffix.lower() == ".zip" and _find_packed_suffix(source)) or outer


def find_stem(source: Source) -> str:
    """The name without the suffixes of the format and of the packing."""
    path = PurePath(source.name)
    return PurePath(path.stem).stem if path.suffix.lower() in PACKED else path.stem


def read_bytes(source: Source, expected: str) -> bytes:
    """The bytes of a file, unpacked.

    Raises:
        FileNotFoundError: there is no such file; names those near by.
        GraphFileError: the packing is damaged, or an archive holds several files.
    """
    if isinstance(source, Path) and not source.is_file():
        raise missing_file(source, expected)
    data = source.content if isinstance(source, OpenFile) else source.read_bytes()
    packing = PurePath(source.name).suffix.lower()
    if packing not in PACKED or not data:
        return data
    try:
        return _unzip(data, source) if packing == ".zip" else _UNPACK[packing](data)
    except GraphFileError:
        raise
    except Exception as problem:  # each packing has errors of its own, and damage raises others beside them
        rule = f"{source} cannot be unpacked as {packing} ({problem}). Is it complete? Unpack it with another program."
        raise GraphFileError(rule) from None


def take_source(given: object) -> Path | OpenFile:
    """A path or an open file from what a user gave.

    Raises:
        TypeError: it is neither.
        GraphFileError: it is an address on the network; says how to download it.
    """
    if isinstance(given, str) and given.lower().startswith(_ADDRESSES):
        name = PurePath(given.split("?")[0].rstrip("/")).name or "facts.tsv"
        raise GraphFileError(
            f"{given} is an address, and graphs are read from files. Type urllib.request.urlretrieve({given!r}, "
            f"{name!r}), then read_graph({name!r})."
        )
    if isinstance(given, (str, Path)):
        return expect_path(given, call='read_graph("facts.tsv")')
    if callable(getattr(given, "read", None)):
        content = given.read()  # type: ignore[attr-defined]
        called = getattr(given, "name", None)
        name = Path(called).name if isinstance(called, (str, Path)) and str(called) else "facts.tsv"
        return OpenFile(name, content.encode("utf-8", "surrogatepass") if isinstance(content, str) else bytes(content))
    if type(given).__name__ == "DataFrame":
        raise TypeError("A frame came. Type KnowledgeGraph.from_pandas(frame).")
    raise TypeError(
        f"A path was expected, or an open file, or a list of paths, but {describe_kind(given)} came. "
        'Type read_graph("facts.tsv").'
    )


def _find_packed_suffix(source: Source) -> str:
    """The suffix of the one file of an archive, or "" where there is no such thing."""
    try:
        with zipfile.ZipFile(source if isinstance(source, Path) else io.BytesIO(source.content)) as archive:
            files = _list_packed(archive)
    except (OSError, zipfile.BadZipFile, RuntimeError, ValueError):  # reading will say what is wrong
        return ""
    return PurePath(files[0]).suffix.lower() if len(files) == 1 else ""


def _list_packed(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]


def _unzip(data: bytes, source: Source) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = _list_packed(archive)
        if len(files) != 1:
            names = ", ".join(map(quote, files[:5])) or "no file"
            raise GraphFileError(f"{source} holds {names}. Expected one file; unpack it, and read the folder.")
        return archive.read(files[0])
