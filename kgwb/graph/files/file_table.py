"""A table as it came from a file: what happens to its broken lines, and the triples and names it holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph.building import COLUMNS, Notes, sum_notes
from kgwb.graph.descriptions import find_key, is_missing, name_columns, spell_name
from kgwb.graph.errors import ContentError, broken_row
from kgwb.graph.files.text import OnError
from kgwb.words import quote

Columns = Sequence[str] | Sequence[int]
BROKEN = "broken lines"  # what a note of them begins with
_SHOWN = 8  # of their numbers


@dataclass(frozen=True)
class Layout:
    """How the tables of a graph are laid out, as far as the user says so.

    Attributes:
        columns: the columns that hold head, relation and tail.
        on_error: what happens to broken lines.
        encoding: the encoding of the text, where it is not UTF-8.
        delimiter: the sign between columns, where the first line does not show it.
        relation: the relation of every fact of a table that has only heads and tails.
        header: whether the first line names the columns, where that is not to be guessed.
    """

    columns: Columns = COLUMNS
    on_error: OnError = "raise"
    encoding: str | None = None
    delimiter: str | None = None
    relation: str | None = None
    header: bool | None = None


@dataclass(frozen=True)
class FileTable:
    """Columns of cells: text, a number, a list, or None where a cell is empty.

    Attributes:
        header: what the columns are called.
        columns: one sequence of cells per column.
        lines: on which line of the file (or on which row of the table, from 1) each row stands.
        notes: what was skipped, counted.
        text: the file, for showing a line again; "" where it has no lines.
        bare: whether it has no header line.
        skipped: the lines (or rows) that were broken and left out, in order.
    """

    header: tuple[str, ...]
    columns: Sequence[Sequence[Any] | pd.Series]
    lines: Sequence[int] | np.ndarray
    notes: Notes = ()
    text: str = ""
    bare: bool = False
    skipped: tuple[int, ...] = ()

    def row(self, number: int) -> tuple[Any, ...]:
        """The cells of one row, counted from 0."""
        return tuple(column[number] for column in self.columns)

    def show(self, number: int) -> str:
        """One row as it stands in the file, for an error."""
        if self.text:
            return self.text.split("\n")[self.lines[number] - 1].rstrip("\r")
        return "\t".join("" if cell is None else str(cell) for cell in self.row(number))

    def without(self, rules: Sequence[str], on_error: OnError) -> FileTable:
        """The table without its broken rows, which are counted.

        Args:
            rules: the rule that each row breaks, or "".
            on_error: "raise" refuses the first broken row.

        Raises:
            ContentError: the line's number, the line, and the rule.
        """
        broken = [row for row, rule in enumerate(rules) if rule]
        if broken and on_error == "raise":
            row = broken[0]
            raise broken_row(int(self.lines[row]), self.show(row), rules[row])
        if not broken:
            return self
        kept = self.keep([not rule for rule in rules], BROKEN)
        lines = sorted([*self.skipped, *(int(self.lines[row]) for row in broken)])
        told = tuple(note for note in kept.notes if not note[0].startswith(BROKEN))
        return replace(kept, skipped=tuple(lines), notes=(*told, (_list_lines(lines), len(lines))))

    def keep(self, wanted: Sequence[bool], otherwise: str) -> FileTable:
        """The rows that are wanted; the others are counted under a name."""
        chosen = np.asarray(wanted, dtype=bool)
        columns = [
            column[chosen].reset_index(drop=True) if isinstance(column, pd.Series) else list(compress(column, wanted))
            for column in self.columns
        ]
        lines = self.lines[chosen] if isinstance(self.lines, np.ndarray) else list(compress(self.lines, wanted))
        notes = sum_notes(self.notes, ((otherwise, len(self.lines) - len(lines)),))
        return replace(self, columns=columns, lines=lines, notes=notes)

    def to_frame(self) -> pd.DataFrame:
        """The table as a data frame of Python objects."""
        columns = (
            cells if isinstance(cells, pd.Series) else pd.Series(list(cells), dtype=object) for cells in self.columns
        )
        frame = pd.DataFrame(dict(enumerate(columns)))
        return frame.set_axis(list(self.header), axis="columns")


def _list_lines(lines: Sequence[int]) -> str:
    more = f" and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
    return f"{BROKEN}: {', '.join(map(str, lines[:_SHOWN]))}{more}"


def take_triples(table: FileTable, columns: Columns, on_error: OnError) -> tuple[pd.DataFrame, Notes]:
    """The named triples of a table, in a frame with the columns head, relation, tail, and what was counted.

    Args:
        table: one row per triple.
        columns: which of its columns hold head, relation and tail; it has them.
        on_error: "skip" leaves rows without a name out and counts them.

    Raises:
        ContentError: a name is missing.
    """
    picked = [table.header.index(str(column)) for column in columns]
    roles = COLUMNS if len(picked) == len(COLUMNS) else (COLUMNS[0], COLUMNS[-1])
    named = replace(table, header=roles, columns=[table.columns[position] for position in picked])
    if not all(map(_holds_names, named.columns)):
        named = named.without(_find_nameless(named), on_error)
        named = replace(named, columns=[_spell_cells(column) for column in named.columns])
    further = sum(bool(name) for position, name in enumerate(table.header) if position not in picked)
    return named.to_frame(), sum_notes(named.notes, (("further columns of the triples, not kept", further),))


def take_names(table: FileTable, kind: str, on_error: OnError) -> tuple[pd.DataFrame, Notes]:
    """What a table says about entities or relations, as a frame, and what was counted.

    Raises:
        ContentError: a row has no name, a name is described twice in two ways, or two columns are called alike.
    """
    key = find_key(table.header, kind)
    position = table.header.index(str(key))
    rules = [f"the column {quote(key)} is empty." if is_missing(name) else "" for name in table.columns[position]]
    table = merge_repeated(table.without(rules, on_error), position, kind, on_error)
    return name_columns(table.to_frame(), kind), table.notes


def merge_repeated(table: FileTable, position: int, kind: str, on_error: OnError) -> FileTable:
    """The table with one row for each name; rows that contradict each other are refused, or the first one is kept."""
    first: dict[str, int] = {}
    repeated = []
    for row, name in enumerate(map(str, table.columns[position])):
        if first.setdefault(name, row) != row:
            repeated.append((first[name], row))
    for earlier, later in repeated:
        for column, cells in zip(table.header, table.columns, strict=True):
            if on_error == "raise" and cells[earlier] != cells[later]:
                name = table.columns[position][later]
                raise ContentError(
                    f"describes {quote(name)} on line {table.lines[earlier]} and again on line "
                    f"{table.lines[later]}: {column!r} is {quote(cells[earlier])}, then {quote(cells[later])}. "
                    'Keep one of the lines, or type on_error="skip" to keep the first and have the others counted.'
                )
    if not repeated:
        return table
    dropped = {later for _, later in repeated}
    return table.keep([row not in dropped for row in range(len(table.lines))], f"duplicate {kind} rows")


def _holds_names(column: Sequence[Any] | pd.Series) -> bool:
    if isinstance(column, pd.Series):
        return not column.isna().any()
    return set(map(type, column)) <= {str}


def _spell_cells(column: Sequence[Any] | pd.Series) -> Sequence[Any] | pd.Series:
    return column if isinstance(column, pd.Series) else list(map(spell_name, column))


def _find_nameless(table: FileTable) -> list[str]:
    """For each row, the rule that a cell of it breaks by being no name, or ""."""
    rules = [""] * len(table.lines)
    for role, column in reversed([*zip(table.header, table.columns, strict=True)]):
        if isinstance(column, pd.Series):
            rows: Iterable[int] = np.flatnonzero(column.isna()).tolist()
        else:
            rows = (row for row, cell in enumerate(column) if not isinstance(cell, str))
        for row in rows:
            rules[row] = _judge_name(role, column[row]) or rules[row]
    return rules


def _judge_name(role: str, cell: Any) -> str:
    if is_missing(cell):
        return f"the {role} is empty."
    if isinstance(cell, (dict, list, tuple, bool)):
        return f"the {role} is not a name but {quote(cell)}."
    return ""
