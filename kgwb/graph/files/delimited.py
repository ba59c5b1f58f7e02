"""Tables with tabs, commas, semicolons or spaces between their columns: .tsv, .csv, .txt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kgwb.graph.building import sum_notes
from kgwb.graph.errors import empty_file
from kgwb.graph.files.headers import Columns, Header, count_cells, find_name_header, find_triple_header
from kgwb.graph.files.tables import Table
from kgwb.graph.files.text_files import EvenCells, OnError, Row, Rows, read_text, split_rows

_DELIMITERS = {".csv": (",", ";", "\t"), ".txt": ("\t", ",", ";", " ")}
_DELIMITER_NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "spaces"}


def read_delimited(path: Path, columns: Columns, kind: str, *, on_error: OnError, headless: bool) -> Table:
    """A table of triples, entities or relations from a text file.

    Args:
        path: the file; its suffix says which signs may stand between columns, its first line which one does.
        columns: for triples, the columns that hold head, relation and tail.
        kind: "triple", "entity" or "relation".
        on_error: "skip" leaves broken lines out and counts them.
        headless: whether a file of triples without a header line is what one expects here.
    """
    expected = describe_expected(columns, kind)
    text = read_text(path, expected=expected, on_error=on_error)
    delimiter = _find_delimiter(path, text, columns)
    rows = split_rows(text, delimiter, strict=delimiter in (",", ";"))
    if not rows.cells:
        raise empty_file(path, expected)
    rows = _strip_spaces(rows) if delimiter in (",", ";") else rows
    if kind == "triple":
        header = find_triple_header(path, rows, columns, headless=headless or path.suffix.lower() == ".txt")
    else:
        header = find_name_header(path, rows, kind)
    return fit_rows(path, header, rows, delimiter, on_error)


def describe_expected(columns: Columns, kind: str) -> str:
    """What a file of this kind should hold, in words."""
    if kind != "triple":
        return f"a header line that begins with {kind}, and a line per {kind}"
    named = ", ".join(map(str, columns)) if isinstance(columns[0], str) else "head, relation, tail"
    return f"triples, one per line, with the columns {named}"


def fit_rows(path: Path, header: Header, rows: Rows, delimiter: str, on_error: OnError) -> Table:
    """The rows that fit the header; comments are counted, other rows refused or skipped.

    A line that begins with # is a comment where it does not have the header's columns; otherwise it is data.
    """
    width = len(header.names)
    above = sum((rows.cells[row][0] or "").startswith("#") for row in range(header.start - 1))
    cells, lines = rows.cells[header.start :], rows.lines[header.start :]
    if isinstance(cells, EvenCells) and not _has_surrogates(rows.text):
        notes = sum_notes((("comment lines", above),))
        return Table(path, header.names, cells.columns, lines, notes, rows.text)
    between = f", with {_DELIMITER_NAMES[delimiter]} between them" if width > 1 else ""
    expected = f"{width:,} {'was' if width == 1 else 'were'} expected ({', '.join(header.names)}{between})."
    rules = [
        _find_rule(row, rows.broken.get(line, ""), width, expected) for row, line in zip(cells, lines, strict=True)
    ]
    comments = [bool(rule) and (row[0] or "").startswith("#") for row, rule in zip(cells, rules, strict=True)]
    padded = [[*row, *[None] * width][:width] for row in cells]
    columns = list(zip(*padded, strict=True)) or [()] * width
    table = Table(path, header.names, columns, lines, text=rows.text)
    table = table.keep([not comment for comment in comments], "comment lines")
    joined = ("lines joined by quotation marks, though they look like rows", rows.joined)
    table = replace(table, notes=sum_notes(table.notes, (("comment lines", above), joined)))
    rules = [rule for rule, comment in zip(rules, comments, strict=True) if not comment]
    return table.without(rules, on_error)


def _strip_spaces(rows: Rows) -> Rows:
    """The rows without blanks around their cells, where the first line has one behind every comma."""
    first = rows.cells[0]
    if len(first) < 2 or not all((cell or "").startswith(" ") for cell in first[1:]):
        return rows
    return replace(rows, cells=[[(cell or "").strip(" ") or None for cell in cells] for cells in rows.cells])


def _find_rule(row: Row, broken: str, width: int, expected: str) -> str:
    if broken:
        return broken
    if len(row) != width:
        return f"{count_cells(len(row))} where {expected}"
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


def _find_delimiter(path: Path, text: str, columns: Columns) -> str:
    """The sign that cuts the first line into the columns asked for; failing that, the suffix's own."""
    choices = _DELIMITERS.get(path.suffix.lower(), ("\t", ",", ";"))
    lines = (line for line in text.replace("\r", "\n").split("\n", 1000) if line.strip() and not line.startswith("#"))
    first = next(lines, text[:1000].split("\n")[0])
    wanted = {str(column).casefold() for column in columns} or {"label"}
    for delimiter in choices:
        if wanted <= {cell.strip(' "').casefold() for cell in first.split(delimiter)}:
            return delimiter
    if path.suffix.lower() == ".tsv":
        return "\t"
    return next((delimiter for delimiter in choices if delimiter in first), choices[0])
