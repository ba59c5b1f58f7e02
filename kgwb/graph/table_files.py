"""Files of triples, entities and relations as tables, whichever of the table formats they are in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.building import COLUMNS, Notes, sum_notes
from kgwb.graph.delimited_tables import fit_rows, read_delimited
from kgwb.graph.entity_tables import find_key, is_missing
from kgwb.graph.errors import GraphFileError, quote
from kgwb.graph.headers import Columns, Header
from kgwb.graph.record_tables import read_jsonl, read_parquet
from kgwb.graph.tables import Table
from kgwb.graph.text_files import OnError, read_text, split_rows

TABLE_SUFFIXES = (".tsv", ".csv", ".txt", ".jsonl", ".parquet")


def read_triple_table(
    path: Path, columns: Columns = COLUMNS, *, on_error: OnError = "raise", headless: bool = False
) -> tuple[pd.DataFrame, Notes]:
    """The named triples of one file, in a frame with the columns head, relation, tail, and what was counted.

    Args:
        path: the file.
        columns: the columns that hold head, relation and tail; positions where the file has no header line.
        on_error: "skip" leaves broken lines out and counts them.
        headless: whether a file without a header line is what one expects here.

    Raises:
        GraphFileError: a column is missing, or a line is broken.
    """
    table = _read_table(path, columns, "triple", on_error, headless)
    picked = [table.header.index(str(column)) for column in columns]
    head, relation, tail = picked
    named = Table(path, COLUMNS, [(row[head], row[relation], row[tail]) for row in table.rows], table.lines, table.notes)
    if not {type(cell) for row in named.rows for cell in row} <= {str}:
        named = named.without([_find_nameless(row) for row in named.rows], on_error)
    columns_of_cells = list(zip(*named.rows, strict=True)) or [(), (), ()]
    frame = pd.DataFrame({name: _as_objects(cells) for name, cells in zip(COLUMNS, columns_of_cells, strict=True)})
    further = sum(bool(name) for position, name in enumerate(table.header) if position not in picked)
    return frame, sum_notes(named.notes, (("further columns of the triples, not kept", further),))


def read_name_table(path: Path, kind: str, *, on_error: OnError = "raise") -> tuple[pd.DataFrame, Notes]:
    """What a file says about entities or relations, as a frame, and what was counted.

    Raises:
        GraphFileError: no column holds the names, a line is broken, or a name is described twice in two ways.
    """
    table = _read_table(path, (), kind, on_error, headless=False)
    key = find_key(table.header, kind)
    position = table.header.index(str(key))
    table = table.without(
        [f"the column {quote(key)} is empty." if is_missing(row[position]) else "" for row in table.rows], on_error
    )
    if on_error == "raise":
        _refuse_conflicts(table, position, kind)
        return table.to_frame(), table.notes
    first: dict[str, Any] = {}
    for row in table.rows:
        first.setdefault(str(row[position]), row)
    repeated = ((f"duplicate {kind} rows", len(table.rows) - len(first)),)
    return Table(path, table.header, list(first.values()), ()).to_frame(), sum_notes(table.notes, repeated)


def read_pairs(path: Path, *, on_error: OnError = "raise") -> tuple[dict[str, str], Notes]:
    """A file without a header, on each line a name, a tab and a text: the texts by name, and what was counted."""
    text = read_text(path, expected="lines with a name, a tab and a text", on_error=on_error)
    table = fit_rows(path, Header(("name", "text"), 0), split_rows(text, "\t", strict=False), "\t", on_error)
    table = table.without(["the name is empty." if row[0] is None else "" for row in table.rows], on_error)
    if on_error == "raise":
        _refuse_conflicts(table, 0, "name")
    pairs = {name: words or "" for name, words in reversed(table.rows)}
    return pairs, sum_notes(table.notes, (("duplicate text lines", len(table.rows) - len(pairs)),))


def _read_table(path: Path, columns: Columns, kind: str, on_error: OnError, headless: bool) -> Table:
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return read_jsonl(path, columns, kind, on_error=on_error)
    if suffix == ".parquet":
        return read_parquet(path, columns, kind)
    return read_delimited(path, columns, kind, on_error=on_error, headless=headless)


def _find_nameless(row: tuple[Any, ...]) -> str:
    for column, cell in zip(COLUMNS, row, strict=True):
        if is_missing(cell):
            return f"the {column} is empty."
        if isinstance(cell, (dict, list, tuple, bool)):
            return f"the {column} is not a name but {quote(cell)}."
    return ""


def _as_objects(cells: tuple[Any, ...]) -> pd.Series:
    return pd.Series([cell if isinstance(cell, str) else str(cell) for cell in cells], dtype=object)


def _refuse_conflicts(table: Table, position: int, kind: str) -> None:
    seen: dict[str, tuple[int, Any]] = {}
    for row, line in zip(table.rows, table.lines, strict=True):
        name = str(row[position])
        earlier, other = seen.setdefault(name, (line, row))
        for column, one, two in zip(table.header, other, row, strict=True):
            if not is_missing(one) and not is_missing(two) and one != two:
                raise GraphFileError(
                    f"{table.path} describes the {kind} {quote(name)} on line {earlier} and again on line {line}: its "
                    f"{column} is {quote(one)}, then {quote(two)}. Keep one of the lines, or type "
                    'on_error="skip" to keep the first and have the others counted.'
                )
