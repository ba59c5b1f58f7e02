"""A table as it came from a file, and what happens to its broken lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.building import Notes, sum_notes
from kgwb.graph.errors import broken_line
from kgwb.graph.files.text_files import OnError


@dataclass(frozen=True)
class Table:
    """Columns of cells: text, a number, a list, or None where a cell is empty.

    Attributes:
        path: the file.
        header: what the columns are called.
        columns: one sequence of cells per column.
        lines: on which line of the file (or on which row of the table, from 1) each row stands.
        notes: what was skipped, counted.
        text: the file, for showing a line again; "" where it has no lines.
    """

    path: Path
    header: tuple[str, ...]
    columns: Sequence[Sequence[Any]]
    lines: Sequence[int]
    notes: Notes = ()
    text: str = ""

    def row(self, number: int) -> tuple[Any, ...]:
        """The cells of one row, counted from 0."""
        return tuple(column[number] for column in self.columns)

    def show(self, number: int) -> str:
        """One row as it stands in the file, for an error."""
        if self.text:
            return self.text.split("\n")[self.lines[number] - 1].rstrip("\r")
        return "\t".join("" if cell is None else str(cell) for cell in self.row(number))

    def without(self, rules: Sequence[str], on_error: OnError) -> Table:
        """The table without its broken rows, which are counted.

        Args:
            rules: the rule that each row breaks, or "".
            on_error: "raise" refuses the first broken row.

        Raises:
            GraphFileError: the file, the line's number, the line, and the rule.
        """
        broken = [row for row, rule in enumerate(rules) if rule]
        if broken and on_error == "raise":
            row = broken[0]
            raise broken_line(self.path, self.lines[row], self.show(row), rules[row])
        return self.keep([not rule for rule in rules], "broken lines") if broken else self

    def keep(self, wanted: Sequence[bool], otherwise: str) -> Table:
        """The rows that are wanted; the others are counted under a name."""
        columns = [list(compress(column, wanted)) for column in self.columns]
        lines = list(compress(self.lines, wanted))
        notes = sum_notes(self.notes, ((otherwise, len(self.lines) - len(lines)),))
        return replace(self, columns=columns, lines=lines, notes=notes)

    def to_frame(self) -> pd.DataFrame:
        """The table as a data frame of Python objects."""
        frame = pd.DataFrame({i: pd.Series(list(cells), dtype=object) for i, cells in enumerate(self.columns)})
        return frame.set_axis(list(self.header), axis="columns")
