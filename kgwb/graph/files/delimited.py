"""Tables with tabs, commas, semicolons or spaces between their columns, read and written: .tsv, .csv, .txt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.building import COLUMNS, Notes, sum_notes
from kgwb.graph.descriptions import find_key, is_missing, join_aliases
from kgwb.graph.errors import ContentError, broken_row, empty_file, missing_columns
from kgwb.graph.files.file_table import Columns, FileTable, merge_repeated
from kgwb.graph.files.text import NEEDS_QUOTES, EvenCells, OnError, Row, TextRows, split_rows
from kgwb.words import count_things, quote

_DELIMITERS = {".csv": (",", ";", "\t"), ".txt": ("\t", ",", ";", " ")}
_DELIMITER_NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "spaces"}
# A first line with two of these is a header, even where files usually have none.
_HEADER_WORDS = frozenset("head relation tail subject predicate object source target from to edge rel".split()) | set(
    "hrtspo"
)
_POSITIONS_HINT = "If the file has no header line, say which columns to take by position: columns=(0, 1, 2)."
# Where these are empty, the empty text is a name.
NAME_COLUMNS = frozenset(("head", "relation", "tail", "entity"))


@dataclass(frozen=True)
class Header:
    """What a table's columns are called, and the row (counted from 0) on which its data begin."""

    names: tuple[str, ...]
    start: int


def read_delimited(
    text: str, suffix: str, columns: Columns, kind: str, on_error: OnError, *, headless: bool
) -> FileTable:
    """A table of triples, entities or relations.

    Args:
        text: what the file holds; its first line says which sign stands between columns.
        suffix: the file's, which says which signs may.
        columns: for triples, the columns that hold head, relation and tail.
        kind: "triple", "entity" or "relation".
        on_error: "skip" leaves broken lines out and counts them.
        headless: whether triples without a header line are what one expects here.

    Raises:
        ContentError: there are no rows, a column is missing, or a line is broken.
    """
    delimiter = _find_delimiter(text, suffix, columns)
    rows = split_rows(text, delimiter, strict=delimiter in (",", ";"))
    if not rows.cells:
        raise empty_file(describe_expected(columns, kind))
    rows = _strip_spaces(rows) if delimiter in (",", ";") else rows
    if kind == "triple":
        header = _find_triple_header(rows, columns, headless=headless or suffix == ".txt")
    else:
        header = _find_name_header(rows, kind)
    return _fit_rows(header, rows, delimiter, on_error)


def read_pairs(text: str, on_error: OnError) -> tuple[dict[str, str], Notes]:
    """Without a header, on each line a name, a tab and a text: the texts by name, and what was counted."""
    table = _fit_rows(Header(("name", "text"), 0), split_rows(text, "\t", strict=False), "\t", on_error)
    table = table.without(["the name is empty." if name is None else "" for name in table.columns[0]], on_error)
    table = merge_repeated(table, 0, "text", on_error)
    return {name: words or "" for name, words in zip(*table.columns, strict=True)}, table.notes


def describe_expected(columns: Columns, kind: str) -> str:
    """What a file of this kind should hold, in words."""
    if kind != "triple":
        return f"a header line that begins with {kind}, and a line per {kind}"
    named = ", ".join(map(str, columns)) if isinstance(columns[0], str) else "head, relation, tail"
    return f"triples, one per line, with the columns {named}"


def write_delimited(table: pd.DataFrame, path: Path) -> None:
    """Write a table of triples, entities or relations below a header line.

    Quotation marks stand only around the cells that ordinary readers would else misread.
    """
    delimiter = "," if path.suffix.lower() == ".csv" else "\t"
    columns = [[_spell(column, cell) for cell in table[column].tolist()] for column in table.columns]
    rows = [list(map(str, table.columns)), *zip(*columns, strict=True)]
    lines = (delimiter.join(_write_cell(cell, delimiter) for cell in row) + "\n" for row in rows)
    path.write_bytes("".join(lines).encode())


def _fit_rows(header: Header, rows: TextRows, delimiter: str, on_error: OnError) -> FileTable:
    """The rows that fit the header; comments are counted, other rows refused or skipped.

    A line that begins with # is a comment where it does not have the header's columns; otherwise it is data.
    """
    width = len(header.names)
    above = sum((rows.cells[row][0] or "").startswith("#") for row in range(header.start - 1))
    cells, lines = rows.cells[header.start :], rows.lines[header.start :]
    if isinstance(cells, EvenCells) and not _has_surrogates(rows.text):
        notes = sum_notes((("comment lines", above),))
        return FileTable(header.names, cells.columns, lines, notes, rows.text)
    between = f", with {_DELIMITER_NAMES[delimiter]} between them" if width > 1 else ""
    expected = f"{width:,} {'was' if width == 1 else 'were'} expected ({', '.join(header.names)}{between})."
    rules = [
        _find_rule(row, rows.broken.get(line, ""), width, expected) for row, line in zip(cells, lines, strict=True)
    ]
    comments = [bool(rule) and (row[0] or "").startswith("#") for row, rule in zip(cells, rules, strict=True)]
    padded = [[*row, *[None] * width][:width] for row in cells]
    columns = list(zip(*padded, strict=True)) or [()] * width
    table = FileTable(header.names, columns, lines, text=rows.text)
    table = table.keep([not comment for comment in comments], "comment lines")
    joined = ("lines joined by quotation marks, though they look like rows", rows.joined)
    table = replace(table, notes=sum_notes(table.notes, (("comment lines", above), joined)))
    rules = [rule for rule, comment in zip(rules, comments, strict=True) if not comment]
    return table.without(rules, on_error)


def _find_triple_header(rows: TextRows, columns: Columns, *, headless: bool) -> Header:
    """The header of a table of triples, or the names that its columns get where it has none.

    Args:
        rows: all rows, at least one.
        columns: the columns that hold head, relation and tail.
        headless: whether a file without a header line is what one expects here.

    Raises:
        ContentError: the columns are not there.
    """
    first = _find_first(rows)
    if isinstance(columns[0], int):
        return _number_columns(columns, rows, first)
    for row in range(first + 1):
        names = _match_names(rows.cells[row], columns)
        if set(columns) <= set(names):
            _refuse_twice(columns, names)
            return Header(names, row + 1)
    first = next((row for row in range(first + 1) if _looks_like_header(rows.cells[row])), first)
    cells = rows.cells[first]
    if _is_data(rows, first, columns, headless):
        if len(cells) == 3:
            return Header(tuple(map(str, columns)), 0)
        line = rows.lines[first]
        rule = f"{count_things(len(cells), 'column')} where 3 were expected."
        raise broken_row(line, rows.line(line), rule, hint=_POSITIONS_HINT)
    names = _match_names(cells, columns)
    missing = [column for column in columns if column not in names]
    hint = f'Say which columns hold head, relation and tail: columns=("...", "...", "..."). {_POSITIONS_HINT}'
    raise missing_columns(missing, names, hint)


def _find_name_header(rows: TextRows, kind: str) -> Header:
    """The header of a table of entities or relations.

    Raises:
        ContentError: no column holds the names.
    """
    first = _find_first(rows)
    for row in range(first + 1):
        names = _match_names(rows.cells[row], ())
        if find_key(names, kind) is not None:
            return Header(names, row + 1)
    names = _match_names(rows.cells[first], ())
    hint = (
        f"Give the file a header line that begins with {kind}, then label, type, description, aliases as you have them."
    )
    raise missing_columns([kind], names, hint)


def _find_first(rows: TextRows) -> int:
    """The first row that begins without a #; those above it are comments, a header, or names that begin so."""
    begins = (row for row, cells in enumerate(rows.cells) if not (cells[0] or "").startswith("#"))
    return next(begins, len(rows.cells) - 1)


def _match_names(cells: Row, columns: Columns) -> tuple[str, ...]:
    """The cells of a row as column names, spelt as they were asked for."""
    spelling = {str(column).casefold(): str(column) for column in columns}
    names = [cell or "" for cell in cells]
    names[0] = names[0].removeprefix("#").lstrip() if set(columns) - set(names) else names[0]
    return tuple(name if name in columns else spelling.get(name.strip().casefold(), name) for name in names)


def _refuse_twice(columns: Columns, names: Sequence[str]) -> None:
    twice = [name for name in columns if names.count(str(name)) > 1]
    if twice:
        raise ContentError(f"has two columns called {quote(twice[0])}. Rename one of them in the header line.")


def _number_columns(columns: Columns, rows: TextRows, first: int) -> Header:
    width = len(rows.cells[first])
    missing = [column for column in columns if not 0 <= int(column) < width]
    if missing:
        hint = f"The first line has {count_things(width, 'column')}, counted from 0; is another sign between them?"
        raise missing_columns(missing, range(width), hint)
    return Header(tuple(map(str, range(width))), 0)


def _is_data(rows: TextRows, first: int, columns: Columns, headless: bool) -> bool:
    """Whether the first line is a triple rather than a header with other names."""
    cells = rows.cells[first]
    if _looks_like_header(cells):
        return False
    if headless:
        return True
    if (
        len(cells) != 3
        or tuple(columns) != COLUMNS
        or {(cell or "").strip().casefold() for cell in cells} & set(COLUMNS)
    ):
        return False
    # A column's name does not stand in the column, but a relation comes back.
    return sum(len(row) == 3 and row[1] == cells[1] for row in rows.cells) > 1


def _looks_like_header(cells: Row) -> bool:
    return sum((cell or "").strip("# ").casefold() in _HEADER_WORDS for cell in cells) >= 2


def _strip_spaces(rows: TextRows) -> TextRows:
    """The rows without blanks around their cells, where the first line has one behind every comma."""
    first = rows.cells[0]
    if len(first) < 2 or not all((cell or "").startswith(" ") for cell in first[1:]):
        return rows
    return replace(rows, cells=[[(cell or "").strip(" ") or None for cell in cells] for cells in rows.cells])


def _find_rule(row: Row, broken: str, width: int, expected: str) -> str:
    if broken:
        return broken
    if len(row) != width:
        return f"{count_things(len(row), 'column')} where {expected}"
    if any(cell is not None and _has_surrogates(cell) for cell in row):
        return "it is not in UTF-8, the encoding expected."
    return ""


def _has_surrogates(text: str) -> bool:
    """Whether bytes that are not UTF-8 were let through."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _find_delimiter(text: str, suffix: str, columns: Columns) -> str:
    """The sign that cuts the first line into the columns asked for; failing that, the suffix's own."""
    choices = _DELIMITERS.get(suffix, ("\t", ",", ";"))
    lines = (line for line in text.replace("\r", "\n").split("\n", 1000) if line.strip() and not line.startswith("#"))
    first = next(lines, text[:1000].split("\n")[0])
    wanted = {str(column).casefold() for column in columns} or {"label"}
    for delimiter in choices:
        if wanted <= {cell.strip(' "').casefold() for cell in first.split(delimiter)}:
            return delimiter
    if suffix == ".tsv":
        return "\t"
    return next((delimiter for delimiter in choices if delimiter in first), choices[0])


def _spell(column: str, cell: Any) -> str | None:
    if isinstance(cell, tuple):
        cell = join_aliases(cell)
    if isinstance(cell, str):
        return cell if cell or column in NAME_COLUMNS else None
    if is_missing(cell):
        return None
    return {float("inf"): "1e999", float("-inf"): "-1e999"}.get(cell, repr(cell))


def _write_cell(cell: str | None, delimiter: str) -> str:
    if cell is None:
        return ""
    if NEEDS_QUOTES.search(cell) or cell.startswith('"') or delimiter in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell
