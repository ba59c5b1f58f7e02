"""Tables that name every cell's column, read and written: .jsonl and .parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.descriptions import find_key
from kgwb.graph.errors import ContentError, missing_columns
from kgwb.graph.files.file_table import Columns, FileTable
from kgwb.graph.files.text import OnError
from kgwb.packages import load_package


def read_jsonl(text: str, columns: Columns, kind: str, on_error: OnError) -> FileTable:
    """A table of triples, entities or relations with one JSON object per line; numbers stay as they are spelt.

    Raises:
        ContentError: a line is no object, or a column is missing.
    """
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    parsed = [_parse_object(line) for _, line in numbered]
    table = FileTable((), [parsed], [number for number, _ in numbered], text=text)
    rules = [record if isinstance(record, str) else "" for record in parsed]
    table = table.without(rules, on_error)
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
    aliases = {"aliases": table["aliases"].map(list)} if "aliases" in table.columns else {}
    table.assign(**aliases).to_parquet(path, index=False)


def _parse_object(line: str) -> Any:
    """The object on a line, or the rule that the line breaks."""
    try:
        line.encode()
        record = json.loads(line, parse_int=str, parse_float=str, parse_constant=_spell_constant)
    except UnicodeEncodeError:
        return "it is not in UTF-8, the encoding expected."
    except (ValueError, RecursionError):
        return "it is not one JSON object, in braces and with double quotes."
    return record if isinstance(record, dict) else "it is not one JSON object, in braces and with double quotes."


def _spell_constant(constant: str) -> str | None:
    return {"Infinity": "1e999", "-Infinity": "-1e999"}.get(constant)


def _expect_columns(header: tuple[str, ...], columns: Columns, kind: str) -> None:
    if kind == "triple":
        missing = [column for column in columns if column not in header]
        hint = 'Say which columns hold head, relation and tail: columns=("...", "...", "...").'
    else:
        missing = [] if find_key(header, kind) else [kind]
        hint = f"The column that holds the names is called {kind!r}."
    if missing:
        raise missing_columns(missing, header, hint)
