"""A search on disk: what was tried and measured, whole after every measurement, beside the checkpoints of its trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgwb.files import expect_folder, hold_folder, refuse_other_files, write_whole
from kgwb.tensor_folders import Kinds, read_record, write_record

RECORD = "search.json"
_KINDS: dict[str, Kinds] = {
    "asked": dict,
    "first": int,
    "drawn": int,
    "spent": (int, float),
    "left_out": dict,
    "trials": list,
}


@dataclass(frozen=True)
class KeptSearch:
    """The folder of a search.

    Attributes:
        folder: may hold other things too; None keeps nothing.
        asked: what decides how the search goes, to be compared when it goes on; how long it may take does not.
    """

    folder: Path | None
    asked: Mapping[str, Any]

    def read(self) -> dict[str, Any] | None:
        """What was kept; None where nothing was.

        Raises:
            ValueError: it is of another search, or is none.
            FileExistsError: there is a file in the folder's place, or one of its name that is not kgwb's.
            SavingError: nothing can be written there.
        """
        if self.folder is None:
            return None
        expect_folder(self.folder, "a search")
        refuse_other_files(self.folder, (RECORD,), "a search")
        path = self.folder / RECORD
        with hold_folder(self.folder):
            if not path.exists():
                return None
            try:
                found = read_record(path, _KINDS)
            except (OSError, ValueError, TypeError, RecursionError) as problem:
                message = f"{path} is no record of a search, or broken ({problem})"
                raise ValueError(f"{message}. Remove it to start anew, or type another folder: folder=...") from problem
        self._expect_same(found["asked"])
        return found

    def write(self, state: Mapping[str, Any]) -> None:
        """Keep a search as it stands; all of it or nothing."""
        if self.folder is None:
            return
        with write_whole(self.folder, replaces=(RECORD,)) as new:
            new.mkdir()
            write_record(new / RECORD, {"asked": dict(self.asked), **state})

    def find_trial(self, number: int) -> Path | None:
        """Where the training of a trial is kept."""
        return None if self.folder is None else self.folder / f"trial-{number:03}"

    def _expect_same(self, there: Mapping[str, Any]) -> None:
        names = [name for name in {**there, **self.asked} if there.get(name) != self.asked.get(name)]
        if names:
            kept, came = (", ".join(f"{name}={part.get(name)!r}" for name in names) for part in (there, self.asked))
            message = f"The search in {self.folder} is of {kept}, but {came} came"
            other = str(self.folder) + "-2"
            raise ValueError(f"{message}. Give what that search was given to go on with it, or type folder={other!r}.")
