"""Tables with tabs, commas, semicolons or spaces between their columns, read and written: .tsv, .csv, .txt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph.building import COLUMNS, Notes, cut_blocks, sum_notes
from kgwb.graph.descriptions import is_missing, join_aliases
from kgwb.graph.errors import ContentError, empty_file
from kgwb.graph.files.file_table import Columns, FileTable, Layout, merge_repeated
from kgwb.graph.files.headers import Header, find_name_header, find_triple_header
from kgwb.graph.files.plain_lines import PlainLines
from kgwb.graph.files.rows import NEEDS_QUOTES, Row, TextRows, split_rows, spread_rows
from kgwb.graph.files.text import OnError
from kgwb.words import count_things, is_whole

_DELIMITERS = {".csv": (",", ";", "\t"), ".txt": ("\t", ",", ";", " ")}
_DELIMITER_NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "spaces"}
# Where these are empty, the empty text is a name.
NAME_COLUMNS = frozenset(("head", "relation", "tail", "entity"))


def read_delimited(text: str, suffix: str, layout: Layout, kind: str, *, headless: bool) -> FileTable:
    """A table of triples, entities or relations.

    Args:
        text: what the file holds; its first line says which sign stands between columns.
        suffix: the file's, which says which signs may.
        layout: what is known about the table.
        kind: "triple", "entity" or "relation".
        headless: whether triples without a header line are what one expects here.

    Raises:
        ContentError: there are no rows, a column is missing, or a line is broken.
    """
    columns = layout.columns if kind == "triple" else ()
    delimiter = layout.delimiter or _find_delimiter(text, suffix, columns)
    rows = split_rows(text, delimiter, strict=delimiter not in ("\t", " "))
    if not rows.cells:
        raise empty_file(describe_expected(columns, kind))
    rows = _strip_spaces(rows) if delimiter in (",", ";") else rows
    if kind == "triple":
        headless = headless or suffix == ".txt"
        header = find_triple_header(
            rows, columns, headless=headless, header=layout.header, skip=layout.on_error == "skip"
        )
    else:
        header = find_name_header(rows, kind)
    return _fit_rows(header, rows, delimiter, layout.on_error, kind)


def read_pairs(text: str, on_error: OnError) -> tuple[dict[str, str], Notes]:
    """Without a header, on each line a name, a tab and a text: the texts by name, and what was counted."""
    table = _fit_rows(Header(("name", "text"), 0), split_rows(text, "\t", strict=False), "\t", on_error, "text")
    table = table.without(["the name is empty." if name is None else "" for name in table.columns[0]], on_error)
    table = merge_repeated(table, 0, "text", on_error)
    return {name: words or "" for name, words in zip(*table.columns, strict=True)}, table.notes


def describe_expected(columns: Columns, kind: str) -> str:
    """What a file of this kind should hold, in words."""
    if kind != "triple":
        return f"a header line that begins with {kind}, and a line per {kind}"
    named = ", ".join(map(str, columns)) if isinstance(columns[0], str) else ", ".join(COLUMNS)
    return f"triples, one per line, with the columns {named}"


def write_delimited(table: pd.DataFrame, path: Path, *, header: bool = True) -> None:
    """Write a table of triples, entities or relations, below a header line unless there is to be none.

    Quotation marks stand only around the cells that ordinary readers would else misread.
    """
    delimiter = _choose_delimiter(path)
    columns = [[_spell(column, cell) for cell in table[column].tolist()] for column in table.columns]
    rows = [*([list(map(str, table.columns))] if header else []), *zip(*columns, strict=True)]
    lines = (delimiter.join(_write_cell(cell, delimiter) for cell in row) + "\n" for row in rows)
    path.write_bytes("".join(lines).encode())


def write_triples(
    triples: np.ndarray, entities: pd.Series, relations: pd.Series, path: Path, *, header: bool = True
) -> None:
    """Write triples by name as `write_delimited` does, each name spelled once and a block of lines at a time.

    Args:
        triples: int64 [triple, 3].
        entities: the name behind each id.
        relations: the name behind each id.
        path: .csv has commas, others tabs.
        header: whether a header line stands above.
    """
    delimiter = _choose_delimiter(path)
    names, links = (
        np.array([*(_write_cell(name, delimiter) for name in some), None], dtype=object)[:-1]  # text, whatever it holds
        for some in (entities.tolist(), relations.tolist())
    )
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if header:
            file.write(delimiter.join(COLUMNS) + "\n")
        for block in cut_blocks(triples):
            head, relation, tail = block.T
            rows = zip(names[head].tolist(), links[relation].tolist(), names[tail].tolist(), strict=True)
            file.writelines(f"{delimiter.join(row)}\n" for row in rows)


def _fit_rows(header: Header, rows: TextRows, delimiter: str, on_error: OnError, kind: str) -> FileTable:
    """The rows that fit the header; comments are counted, other rows refused or skipped.

    A line that begins with # is a comment where it does not have the header's columns; otherwise it is data.
    """
    width = len(header.names)
    if not all(map(is_whole, header.names)):
        raise ContentError('has a header line that is not in UTF-8. Give its encoding, as in encoding="cp1252".')
    if rows.plain and len(rows.plain.columns) != width:
        rows = spread_rows(rows)
    above = sum((rows.cells[row][0] or "").startswith("#") for row in range(header.start - 1))
    joined = ("lines joined by quotation marks, though they look like rows", rows.joined)
    counted = sum_notes((("comment lines", above), joined), header.notes)
    cells, lines = rows.cells[header.start :], rows.lines[header.start :]
    name = _DELIMITER_NAMES.get(delimiter, repr(delimiter))
    between = f", with {name} between them" if width > 1 else ""
    expected = f"{width:,} {'was' if width == 1 else 'were'} expected ({', '.join(header.names)}{between})."
    rules = [
        _find_rule(row, rows.broken.get(line, ""), width, expected) for row, line in zip(cells, lines, strict=True)
    ]
    comments = [bool(rule) and (row[0] or "").startswith("#") for row, rule in zip(cells, rules, strict=True)]
    padded = [row if len(row) == width else [*row, *[None] * width][:width] for row in cells]
    columns = list(zip(*padded, strict=True)) or [()] * width
    table = FileTable(header.names, columns, lines, text=rows.text, bare=not header.start)
    if any(comments):
        table = table.keep([not comment for comment in comments], "comment lines")
        rules = [rule for rule, comment in zip(rules, comments, strict=True) if not comment]
    table = replace(table, notes=sum_notes(table.notes, counted))
    table = table.without(rules, on_error) if any(rules) else table
    return _add_plain(table, rows.plain, kind) if rows.plain else table


def _add_plain(table: FileTable, plain: PlainLines, kind: str) -> FileTable:
    """The table with its plain lines, in the order of the file."""
    lines = np.array(table.lines, dtype=np.int64)
    places = np.searchsorted(plain.numbers, lines)
    pairs = zip(table.columns, plain.columns, strict=True)
    columns: list[Any] = [_insert_cells(more, places, cells) if len(lines) else more for cells, more in pairs]
    if kind != "triple":  # tables about names compare their cells, and NaN is unlike itself
        columns = [column.astype(object).where(column.notna(), None).tolist() for column in columns]
    return replace(table, columns=columns, lines=np.insert(plain.numbers, places, lines))


def _insert_cells(column: pd.Series, places: np.ndarray, cells: Sequence[Any]) -> pd.Series:
    """A column of categories with further cells in some places."""
    known = set(column.cat.categories)
    column = column.cat.add_categories(list(dict.fromkeys(c for c in cells if c is not None and c not in known)))
    further = pd.Series(list(cells), dtype=column.dtype)
    codes = np.insert(column.cat.codes.to_numpy(), places, further.cat.codes.to_numpy())
    return pd.Series(pd.Categorical.from_codes(codes, dtype=column.dtype))


def _strip_spaces(rows: TextRows) -> TextRows:
    """The rows without blanks around their cells, where the first line has one behind every comma."""
    first = rows.cells[0]
    if len(first) < 2 or not all((cell or "").startswith(" ") for cell in first[1:]):
        return rows
    rows = spread_rows(rows)
    return replace(rows, cells=[[(cell or "").strip(" ") or None for cell in cells] for cells in rows.cells])


def _find_rule(row: Row, broken: str, width: int, expected: str) -> str:
    if broken:
        return broken
    if len(row) != width:
        return f"{count_things(len(row), 'column')} where {expected}"
    if not all(cell is None or is_whole(cell) for cell in row):
        return "it is not in UTF-8, the encoding expected."
    return ""


def _find_delimiter(text: str, suffix: str, columns: Columns) -> str:
    """The sign that cuts the first line into the columns asked for; failing that, the suffix's own."""
    choices = _DELIMITERS.get(suffix, ("\t", ",", ";"))
    found = (line[0] for line in islice(re.finditer(r"[^\r\n]+", text), 1000))
    lines = (line for line in found if line.strip() and not line.startswith("#"))
    first = next(lines, text[:1000].split("\n")[0])
    wanted = {str(column).casefold() for column in columns} or {"label"}
    for delimiter in choices:
        if wanted <= {cell.strip(' "').casefold() for cell in first.split(delimiter)}:
            return delimiter
    if suffix == ".tsv":
        return "\t"
    return next((delimiter for delimiter in choices if delimiter in first), choices[0])


def _choose_delimiter(path: Path) -> str:
    return "," if path.suffix.lower() == ".csv" else "\t"


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
