"""Files of triples, entities and relations as tables, whichever of the table formats they are in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.building import COLUMNS, Notes, sum_notes
from kgwb.graph.errors import GraphFileError
from kgwb.graph.files.delimited_tables import fit_rows, read_delimited
from kgwb.graph.files.entity_tables import find_key, is_missing
from kgwb.graph.files.headers import Columns, Header
from kgwb.graph.files.record_tables import read_jsonl, read_parquet
from kgwb.graph.files.tables import Table
from kgwb.graph.files.text_files import OnError, read_text, split_rows
from kgwb.words import quote

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
    named = replace(table, header=COLUMNS, columns=[table.columns[position] for position in picked])
    if not {kind for column in named.columns for kind in map(type, column)} <= {str}:
        rules = [_find_nameless(row) for row in zip(*named.columns, strict=True)]
        named = named.without(rules, on_error)
        named = replace(named, columns=[list(map(str, column)) for column in named.columns])
    further = sum(bool(name) for position, name in enumerate(table.header) if position not in picked)
    return named.to_frame(), sum_notes(named.notes, (("further columns of the triples, not kept", further),))


def read_name_table(path: Path, kind: str, *, on_error: OnError = "raise") -> tuple[pd.DataFrame, Notes]:
    """What a file says about entities or relations, as a frame, and what was counted.

    Raises:
        GraphFileError: no column holds the names, a line is broken, or a name is described twice in two ways.
    """
    table = _read_table(path, (), kind, on_error, headless=False)
    key = find_key(table.header, kind)
    position = table.header.index(str(key))
    rules = [f"the column {quote(key)} is empty." if is_missing(name) else "" for name in table.columns[position]]
    table = _merge_repeated(table.without(rules, on_error), position, kind, on_error)
    return table.to_frame(), table.notes


def read_pairs(path: Path, *, on_error: OnError = "raise") -> tuple[dict[str, str], Notes]:
    """A file without a header, on each line a name, a tab and a text: the texts by name, and what was counted."""
    text = read_text(path, expected="lines with a name, a tab and a text", on_error=on_error)
    table = fit_rows(path, Header(("name", "text"), 0), split_rows(text, "\t", strict=False), "\t", on_error)
    table = table.without(["the name is empty." if name is None else "" for name in table.columns[0]], on_error)
    table = _merge_repeated(table, 0, "text", on_error)
    return {name: words or "" for name, words in zip(*table.columns, strict=True)}, table.notes


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


def _merge_repeated(table: Table, position: int, kind: str, on_error: OnError) -> Table:
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
                raise GraphFileError(
                    f"{table.path} describes {quote(name)} on line {table.lines[earlier]} and again on line "
                    f"{table.lines[later]}: {column!r} is {quote(cells[earlier])}, then {quote(cells[later])}. "
                    'Keep one of the lines, or type on_error="skip" to keep the first and have the others counted.'
                )
    dropped = {later for _, later in repeated}
    return (
        table.keep([row not in dropped for row in range(len(table.lines))], f"duplicate {kind} rows")
        if dropped
        else table
    )
