"""Folders of one table of tensors and one record: whole or not at all, and known when they are damaged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from kgwb.axes import Tensor
from kgwb.files import SavingError, hash_file, hold_folder, refuse_other_files, write_whole

Kinds: TypeAlias = type | tuple[type, ...]


@dataclass(frozen=True)
class TensorFolder:
    """Where tensors and a record lie together.

    Attributes:
        folder: may hold other things too.
        tensors: the name of the file of tensors.
        record: the name of the JSON file.
        what: they make up, in words.
    """

    folder: Path
    tensors: str
    record: str
    what: str

    def write(self, tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> None:
        """Write both, or neither; what kgwb wrote there before is replaced.

        Raises:
            FileExistsError: a file of one of the names is of others.
            SavingError: the system refuses.
        """
        refuse_other_files(self.folder, (self.tensors, self.record), self.what)
        with write_whole(self.folder, replaces=(self.tensors, self.record)) as new:
            new.mkdir()
            write_tensor_file(tensors, new / self.tensors)
            write_record(new / self.record, {**record, "files": {self.tensors: hash_file(new / self.tensors)}})

    def read(self, kinds: Mapping[str, Kinds]) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """The record and the tensors.

        Args:
            kinds: what the record must hold, by name.

        Raises:
            OSError: there is none.
            ValueError: it is not as it was written.
        """
        with hold_folder(self.folder):
            record = read_record(self.folder / self.record, {**kinds, "files": dict})
            expect_written(self.folder, record.pop("files"))
            return record, read_tensor_file(self.folder / self.tensors)


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write JSON that says whether it is whole."""
    path.write_text(json.dumps({**record, "digest": digest_record(record)}, indent=1), encoding="utf-8")


def read_record(path: Path, kinds: Mapping[str, Kinds]) -> dict[str, Any]:
    """What `write_record` wrote.

    Raises:
        OSError: it is not there.
        ValueError: it is not as it was written, or a part is of another kind.
    """
    record = json.loads(path.read_text(encoding="utf-8"))
    expect_parts(record, kinds)
    if record.pop("digest", None) != digest_record(record):
        raise ValueError(f"{path.name} has been changed")
    assert isinstance(record, dict)
    return record


def expect_parts(record: object, kinds: Mapping[str, Kinds]) -> None:
    """A record's parts are of these kinds.

    Raises:
        ValueError: one is not.
    """
    if not isinstance(record, dict):
        raise ValueError("it holds no JSON object")  # of a file, not of an argument
    for name, kind in kinds.items():
        if name not in record or not isinstance(record[name], kind):
            raise ValueError(f"{name!r} is {record.get(name)!r:.60}")


def expect_written(folder: Path, files: Mapping[str, str]) -> None:
    """Files are as their SHA-256 says.

    Raises:
        ValueError: one is not.
    """
    for name, expected in files.items():
        if hash_file(folder / name) != expected:
            raise ValueError(f"{name} has been changed")


def write_tensor_file(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors as safetensors.

    Raises:
        SavingError: the system refuses, as where the disk is full.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}, path)
    except SafetensorError as problem:
        raise SavingError(f"{path.name} could not be written: {problem}") from problem


def read_tensor_file(path: Path) -> dict[str, Tensor]:
    """The tensors of a file.

    Raises:
        ValueError: if it is broken.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path.name} is broken: {error}") from error


def digest_record(record: Mapping[str, Any]) -> str:
    """SHA-256 of all that a record says."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
