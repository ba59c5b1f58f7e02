"""A table as it came from a file, and what happens to its broken lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.building import Notes, sum_notes
from kgwb.graph.errors import broken_line
from kgwb.graph.text_files import OnError


@dataclass(frozen=True)
class Table:
    """Rows of cells: text, a number, a list, or None where a cell is empty.

    Attributes:
        path: the file.
        header: what the columns are called.
        rows: one sequence of cells per row.
        lines: on which line of the file (or on which row of the table, from 1) each row stands.
        notes: what was skipped, counted.
    """

    path: Path
    header: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    lines: Sequence[int]
    notes: Notes = ()

    def without(self, rules: Sequence[str], on_error: OnError, show: Callable[[int], str] | None = None) -> Table:
        """The table without its broken rows, which are counted.

        Args:
            rules: the rule that each row breaks, or "".
            on_error: "raise" refuses the first broken row.
            show: gives the text of a row; by default its cells, with tabs between.

        Raises:
            GraphFileError: the file, the line's number, the line, and the rule.
        """
        broken = [row for row, rule in enumerate(rules) if rule]
        if not broken:
            return self
        if on_error == "raise":
            row = broken[0]
            text = show(row) if show else "\t".join("" if cell is None else str(cell) for cell in self.rows[row])
            raise broken_line(self.path, self.lines[row], text, rules[row])
        kept = [row for row, rule in enumerate(rules) if not rule]
        notes = sum_notes(self.notes, (("broken lines", len(broken)),))
        return Table(self.path, self.header, [self.rows[i] for i in kept], [self.lines[i] for i in kept], notes)

    def to_frame(self) -> pd.DataFrame:
        """The table as a data frame of Python objects."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.header)
        frame = pd.DataFrame({i: pd.Series(list(cells), dtype=object) for i, cells in enumerate(columns)})
        return frame.set_axis(list(self.header), axis="columns")
