"""Rows and cells of a text: quoted cells, gaps, and marks that open no cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kgwb.graph.files.plain_lines import PlainLines, cut_plain, find_plain
from kgwb.graph.files.text_lines import TextLines

Row = list["str | None"]
NEEDS_QUOTES = re.compile(r"[\t\r\n]|\A\s*\Z")
_SAMPLE = 1000


@dataclass(frozen=True)
class TextRows:
    """The rows of a text table, before it is known what its columns mean.

    Attributes:
        cells: one list per row that needed a look; None is an empty cell, "" a cell written as two quotation marks.
        lines: the number of the line on which each of these begins, counted from 1.
        broken: what is wrong with a line that could not be taken apart, by its number.
        joined: how many lines quotation marks joined to the one above although they look like rows of their own.
        text: the file, for showing a line again.
        plain: all the other rows, column by column.
    """

    cells: Sequence[Row]
    lines: Sequence[int]
    broken: dict[int, str]
    joined: int
    text: str
    plain: PlainLines | None = None

    def line(self, number: int) -> str:
        """One line of the file, by its number."""
        return self.text.split("\n")[number - 1].rstrip("\r")

    def __len__(self) -> int:
        return len(self.cells) + (len(self.plain.numbers) if self.plain else 0)

    def count(self, column: int, cell: str | None) -> int:
        """How many rows hold this in a column."""
        looked_at = sum(row[column : column + 1] == [cell] for row in self.cells)
        return looked_at + (int((self.plain.columns[column] == cell).sum()) if self.plain else 0)

    def sample(self, column: int, start: int) -> list[str | None]:
        """Some cells of a column, from a row on."""
        looked_at = [row[column] for row in self.cells[start : start + _SAMPLE] if column < len(row)]
        return looked_at + (self.plain.columns[column][:_SAMPLE].tolist() if self.plain else [])


def split_rows(text: str, delimiter: str, *, strict: bool) -> TextRows:
    r"""Cut a text into rows and cells.

    A cell in quotation marks may hold the delimiter, line ends, and quotation marks written twice. In a strict table
    (CSV) every cell that begins with a quotation mark is of that kind. Elsewhere people write `"Heroes"` and mean
    the marks, so there a cell is of that kind only where it has to be, or where the whole first line is quoted.

    Args:
        text: the file's text.
        delimiter: a tab, a comma, ...; " " means any run of white space.
        strict: whether a quotation mark at the start of a cell always opens a quoted cell.

    Example:
        >>> split_rows('a\t"Heroes"\n\n"x\ty"\t\n', "\t", strict=False).cells
        [['a', '"Heroes"'], ['x\ty', None]]
    """
    text = text.replace("\r", "\n") if "\r" in text and "\n" not in text else text
    if delimiter == " ":
        words = ((number, _split_words(line)) for number, line in enumerate(text.split("\n"), 1))
        return _gather(words, text)
    lines = TextLines(text)
    always = '"' in text and (strict or _is_quoted(lines[0], delimiter, _quoted_cell(delimiter)))
    above, width = _measure(lines[:_SAMPLE], delimiter, always)
    found = find_plain(lines, delimiter, above=above, width=width, quoted=always) if width else None
    plain = np.zeros(len(lines), dtype=bool) if found is None else found.plain
    broken: dict[int, str] = {}
    joined = 0
    if '"' in text:
        rows, joined = _split_quoted(lines, delimiter, strict, always, broken, plain)
    else:
        rows = [(number + 1, _split_line(line, delimiter)) for number, line in _list_odd(lines, plain)]
    return _gather(rows, text, broken, joined, cut_plain(found) if found and plain.any() else None)


def spread_rows(rows: TextRows) -> TextRows:
    """The same rows, each one a list."""
    if rows.plain is None:
        return rows
    cells = [column.astype(object).where(column.notna(), None).tolist() for column in rows.plain.columns]
    every = [*zip(rows.lines, rows.cells, strict=True)]
    every += zip(rows.plain.numbers.tolist(), map(list, zip(*cells, strict=True)), strict=True)
    every.sort(key=lambda row: row[0])
    return replace(rows, cells=[row for _, row in every], lines=[line for line, _ in every], plain=None)


def _gather(
    found: Iterable[tuple[int, Row]],
    text: str,
    broken: dict[int, str] | None = None,
    joined: int = 0,
    plain: PlainLines | None = None,
) -> TextRows:
    kept = [(number, cells) for number, cells in found if cells]
    return TextRows([cells for _, cells in kept], [number for number, _ in kept], broken or {}, joined, text, plain)


def _measure(lines: Sequence[str], delimiter: str, always: bool) -> tuple[int, int]:
    """How many lines there are up to the first that is no comment, and how many columns that has; 0 if unsure."""
    for number, line in enumerate(lines):
        if line.strip() and line.strip(delimiter) and not line.startswith("#"):
            opening = line.startswith('"') or delimiter + '"' in line
            if not opening:
                return number + 1, line.count(delimiter) + 1
            cells = line.split(delimiter)
            simple = always and all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)
            return number + 1, len(cells) if simple and line.count('"') == 2 * len(cells) else 0
    return 0, 0


def _list_odd(lines: TextLines, plain: np.ndarray) -> Iterable[tuple[int, str]]:
    """The lines that are not plain, and their positions."""
    odd = np.flatnonzero(~plain).tolist()
    if len(odd) * 10 < len(plain):
        return ((number, lines[number]) for number in odd)
    cut = [line.removesuffix("\r") for line in lines.text.split("\n")]
    return ((number, cut[number]) for number in odd)


def _split_line(line: str, delimiter: str) -> Row:
    """The cells of a line without quoted cells; a line that holds nothing has none."""
    if not line.strip() or not line.strip(delimiter):
        return []
    cells: Row = line.split(delimiter)  # type: ignore[assignment]
    return [cell or None for cell in cells] if "" in cells else cells


def _split_words(line: str) -> Row:
    return line.split()  # type: ignore[return-value]


def _split_quoted(
    lines: TextLines, delimiter: str, strict: bool, always: bool, broken: dict[int, str], plain: np.ndarray
) -> tuple[list[tuple[int, Row]], int]:
    """The rows of a text with quoted cells, but for plain ones, and how many lines were joined that look like rows.

    A plain line that a quoted cell reaches over is marked as not plain.
    """
    starts = lines.places
    pattern = _quoted_cell(delimiter)
    rows: list[tuple[int, Row]] = []
    joined, width, following, opening = 0, 0, 0, delimiter + '"'
    for number, line in _list_odd(lines, plain):
        if number < following:
            continue
        cells, start = _split_line(line, delimiter), int(starts[number])
        end = start
        if line.startswith('"') or opening in line:
            quoted, end, stray = _split_at(lines.text, start, delimiter, pattern, always)
            # A mark that only opens would swallow the lines behind it, so a line that is a row as it stands is one.
            if always or len(quoted) == width or len(cells) != width:
                cells = quoted
            else:
                end = start
            if strict and stray:
                broken[number + 1] = "a quotation mark opens a cell and none closes it."
        rows.append((number + 1, cells))
        width = width or (0 if line.startswith("#") else len(cells))
        following = int(np.searchsorted(starts, end, side="right")) if end > start else number + 1
        if following > number + 1:
            joined += 0 if always else _count_joined(lines[number:following], delimiter, width)
            plain[number:following] = False
    return rows, joined


def _count_joined(spanned: list[str], delimiter: str, width: int) -> int:
    """How many lines a stray pair of marks joined to the one above, where all look like rows of their own.

    Further marks, or cells without anything but marks, are what a writer leaves who meant to quote.
    """
    if len(spanned) < 2 or sum(line.count('"') for line in spanned) != 2:
        return 0
    rows = [line.split(delimiter) for line in spanned]
    return len(rows) - 1 if all(len(row) == width and all(cell.strip('" ') for cell in row) for row in rows) else 0


def _split_at(
    text: str, position: int, delimiter: str, pattern: re.Pattern[str], always: bool
) -> tuple[Row, int, bool]:
    """The cells of the row that begins at a position, where the row ends, and whether a quotation mark was stray."""
    plain = re.compile(f"[^{re.escape(delimiter)}\n]*")
    cells: Row = []
    stray = False
    while True:
        match = pattern.match(text, position)
        if match and (always or '""' in match[1] or delimiter in match[1] or NEEDS_QUOTES.search(match[1])):
            cells.append(match[1].replace('""', '"'))
        else:
            stray = stray or (match is None and text.startswith('"', position))
            match = plain.match(text, position)
            assert match is not None  # the pattern also matches nothing
            last = match.end() == len(text) or text[match.end()] == "\n"
            cells.append((match[0].removesuffix("\r") if last else match[0]) or None)
        position = match.end()
        if text[position : position + 1] != delimiter:
            return cells, position, stray
        position += 1


def _quoted_cell(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf'"([^"]*+(?:""[^"]*+)*+)"(?:\r(?=\n|\Z))?(?={re.escape(delimiter)}|\n|\Z)')


def _is_quoted(line: str, delimiter: str, pattern: re.Pattern[str]) -> bool:
    return line.startswith('"') and all(pattern.fullmatch(cell) for cell in line.split(delimiter))
