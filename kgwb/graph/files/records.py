"""Tables that name every cell's column: .jsonl and .parquet."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from kgwb.graph.errors import GraphFileError, empty_file, missing_columns, missing_file
from kgwb.graph.files.entity_tables import find_key
from kgwb.graph.files.headers import Columns
from kgwb.graph.files.tables import Table
from kgwb.graph.files.text_files import OnError, read_text
from kgwb.packages import load_package


def read_jsonl(path: Path, columns: Columns, kind: str, *, on_error: OnError) -> Table:
    """A table of triples, entities or relations with one JSON object per line; numbers stay as they are spelt."""
    text = read_text(path, expected="one JSON object per line", on_error=on_error)
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    parsed = [_parse_object(line) for _, line in numbered]
    table = Table(path, (), [parsed], [number for number, _ in numbered], text=text)
    rules = [record if isinstance(record, str) else "" for record in parsed]
    table = table.without(rules, on_error)
    (records,) = table.columns
    header = tuple(dict.fromkeys(key for record in records for key in record))
    if not records:
        header = tuple(map(str, columns)) if kind == "triple" else (kind,)
    _find_columns(path, header, columns, kind)
    return replace(table, header=header, columns=[[record.get(key) for record in records] for key in header])


def read_parquet(path: Path, columns: Columns, kind: str) -> Table:
    """A table of triples, entities or relations from a Parquet file.

    Raises:
        GraphFileError: the file is not Parquet, or a column is missing.
        ImportError: pyarrow is not installed; gives the line that installs it.
    """
    if not path.is_file():
        raise missing_file(path, "a Parquet table")
    if not path.stat().st_size:
        raise empty_file(path, "a Parquet table")
    parquet = load_package("pyarrow.parquet", "Reading .parquet")
    try:
        read = parquet.ParquetFile(path).read()
        cells = [column.to_pylist() for column in read.columns]
    except (ValueError, OSError, NotImplementedError):
        rule = "is not a Parquet file, or only a part of one"
        raise GraphFileError(f'{path} {rule}. Write it with frame.to_parquet("{path.name}").') from None
    header = tuple(read.column_names)
    _find_columns(path, header, columns, kind)
    return Table(path, header, cells, range(1, read.num_rows + 1))


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


def _find_columns(path: Path, header: tuple[str, ...], columns: Columns, kind: str) -> None:
    if kind == "triple":
        missing = [column for column in columns if column not in header]
        hint = 'Say which columns hold head, relation and tail: columns=("...", "...", "...").'
    else:
        missing = [] if find_key(header, kind) else [kind]
        hint = f"The column that holds the names is called {kind!r}."
    if missing:
        raise missing_columns(path, missing, header, hint)
