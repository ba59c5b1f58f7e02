"""Tables that name every cell's column: .jsonl and .parquet, read and written; .json and .xlsx, read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.descriptions import SpeltFloat, find_key, spell_name
from kgwb.graph.errors import ContentError, missing_columns
from kgwb.graph.files.file_table import Columns, FileTable
from kgwb.graph.files.text import OnError
from kgwb.packages import load_package
from kgwb.words import is_whole

BINARY = (".parquet", ".xlsx")


def read_records(content: Any, suffix: str, columns: Columns, kind: str, on_error: OnError) -> FileTable:
    """A table of triples, entities or relations from the text, or the bytes, of a file with this suffix.

    Raises:
        ContentError: the content is not what the suffix says, or a column is missing.
        ImportError: a package is not installed; gives the line that installs it.
    """
    if suffix == ".parquet":
        return read_parquet(content, columns, kind)
    if suffix == ".xlsx":
        return _read_sheet(content, columns, kind)
    return (_read_array if suffix == ".json" else read_jsonl)(content, columns, kind, on_error)


def read_jsonl(text: str, columns: Columns, kind: str, on_error: OnError) -> FileTable:
    """A table of triples, entities or relations with one JSON object per line; numbers stay as they are spelt.

    Raises:
        ContentError: a line is no object, or a column is missing.
    """
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    parsed = [_parse_object(line) for _, line in numbered]
    table = FileTable((), [parsed], [number for number, _ in numbered], text=text)
    rules = [record if isinstance(record, str) else "" for record in parsed]
    return _name_cells(table.without(rules, on_error), columns, kind)


def _read_array(text: str, columns: Columns, kind: str, on_error: OnError) -> FileTable:
    """One JSON array of objects, or of rows of cells; a single object that holds one such array will do."""
    try:
        text.encode()
        read = json.loads(text, parse_int=str, parse_float=SpeltFloat, parse_constant=_spell_constant)
    except (ValueError, RecursionError):
        if text.lstrip().startswith("{") and "\n" in text.strip():
            return read_jsonl(text, columns, kind, on_error)
        raise ContentError('is not JSON. Expected an array of objects, [{"head": ..., ...}, ...].') from None
    if isinstance(read, dict) and not {str(column) for column in columns} <= set(read):
        arrays = [value for value in read.values() if isinstance(value, list)]
        read = arrays[0] if len(arrays) == 1 else read
    read = [read] if isinstance(read, dict) else read
    if not isinstance(read, list):
        raise ContentError('holds no array. Expected an array of objects, [{"head": ..., ...}, ...].')
    width = len(columns)
    names = columns if kind == "triple" and isinstance(columns[0], str) else tuple(map(str, range(width)))
    rows = [dict(zip(names, row, strict=True)) if isinstance(row, list) and len(row) == width else row for row in read]
    table = FileTable((), [rows], range(1, len(rows) + 1))
    rules = ["" if isinstance(row, dict) else "it is neither an object nor a row of three." for row in rows]
    return _name_cells(table.without(rules, on_error), columns, kind)


def _read_sheet(data: bytes, columns: Columns, kind: str) -> FileTable:
    """The first sheet of a workbook, below its header row."""
    openpyxl = load_package("openpyxl", "Reading .xlsx")
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        numbered = enumerate(sheet.iter_rows(values_only=True), 1)
        rows = [(number, row) for number, row in numbered if any(cell is not None for cell in row)]
    except Exception:  # openpyxl lets errors of every kind through
        raise ContentError("is not a workbook, or only a part of one. Save it again as .xlsx, or as .csv.") from None
    if not rows:
        raise ContentError("is empty. Expected a header row, and a row for each fact.")
    positions = kind == "triple" and isinstance(columns[0], int)
    first = rows[0][1]
    header = tuple(map(str, range(len(first)))) if positions else tuple(_spell_cell(cell) or "" for cell in first)
    body = rows if positions else rows[1:]
    cells = [[_spell_cell(row[place]) if place < len(row) else None for _, row in body] for place in range(len(header))]
    _expect_columns(header, tuple(map(str, columns)) if positions else columns, kind)
    more = len(book.worksheets) - 1
    lines = [number for number, _ in body]
    return FileTable(header, cells, lines, (("further sheets, not read", more),) if more else ())


def _spell_cell(cell: Any) -> str | None:
    """A cell as text; a workbook knows no whole numbers, so 1.0 is 1."""
    return None if cell is None else spell_name(cell)


def _name_cells(table: FileTable, columns: Columns, kind: str) -> FileTable:
    (records,) = table.columns
    header = tuple(dict.fromkeys(key for record in records for key in record))
    if not records:
        header = tuple(map(str, columns)) if kind == "triple" else (kind,)
    _expect_columns(header, columns, kind)
    return replace(table, header=header, columns=[[record.get(key) for record in records] for key in header])


def write_jsonl(records: Iterable[dict[str, Any]], path: Path) -> None:
    """Write one JSON object per line."""
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_bytes((lines or "\n").encode())


def read_parquet(data: bytes, columns: Columns, kind: str) -> FileTable:
    """A table of triples, entities or relations from the bytes of a Parquet file.

    Raises:
        ContentError: they are not Parquet, or a column is missing.
        ImportError: pyarrow is not installed; gives the line that installs it.
    """
    parquet = load_package("pyarrow.parquet", "Reading .parquet")
    try:
        read = parquet.ParquetFile(io.BytesIO(data)).read()
        cells = [column.to_pylist() for column in read.columns]
    except (ValueError, OSError, NotImplementedError):
        rule = "is not a Parquet file, or only a part of one. Write it with frame.to_parquet(path)."
        raise ContentError(rule) from None
    header = tuple(read.column_names)
    _expect_columns(header, columns, kind)
    return FileTable(header, cells, range(1, read.num_rows + 1))


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table of triples, entities or relations as Parquet."""
    load_package("pyarrow", "Writing .parquet")
    several = "entity" in table.columns[:1] and "aliases" in table.columns  # of relations it is any attribute
    lists = {"aliases": table["aliases"].map(list)} if several else {}
    table.assign(**lists).to_parquet(path, index=False)


def _parse_object(line: str) -> Any:
    """The object on a line, or the rule that the line breaks."""
    if not is_whole(line):
        return "it is not in UTF-8, the encoding expected."
    try:
        record = json.loads(line, parse_int=str, parse_float=SpeltFloat, parse_constant=_spell_constant)
    except (ValueError, RecursionError):
        return "it is not one JSON object, in braces and with double quotes."
    return record if isinstance(record, dict) else "it is not one JSON object, in braces and with double quotes."


def _spell_constant(constant: str) -> str | None:
    return {"Infinity": "1e999", "-Infinity": "-1e999"}.get(constant)


def _expect_columns(header: tuple[str, ...], columns: Columns, kind: str) -> None:
    if kind == "triple":
        missing = [column for column in columns if column not in header]
        hint = 'Say which columns hold head, relation and tail: columns=("...", "...", "...").'
        if len(columns) == 3 and missing == [columns[1]]:
            hint += ' If all facts have one relation, type it: relation="linked to".'
    else:
        missing = [] if find_key(header, kind) else [kind]
        hint = f"The column that holds the names is called {kind!r}."
    if missing:
        raise missing_columns(missing, header, hint)
