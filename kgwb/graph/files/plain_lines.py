"""The lines of a table that need no thought, found and cut at once: what makes a file of a million lines fast.

A line is plain where it has as many columns as the first, is not blank, and no quotation mark in it joins or opens
anything. Where its cells begin and end is found for all lines together, and each different cell becomes text once; all
other lines are left to `rows`, one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.graph.files.text_lines import LINE, RETURN, TextLines, can_number_cells, find_signs, number_cells
from kgwb.graph.named_columns import hold_columns

_MARK = ord('"')
_WORTH = 1000  # in fewer lines there is nothing to be saved


@dataclass(frozen=True)
class PlainLines:
    """The plain lines of a text.

    Attributes:
        numbers: which lines they are, counted from 1.
        columns: their cells, one column of categories after the other; NaN is an empty cell.
    """

    numbers: np.ndarray
    columns: list[pd.Series]


@dataclass(frozen=True)
class LineCuts:
    """Where the lines of a text are cut into cells.

    Attributes:
        lines: the text.
        delimiter: the sign between columns.
        cuts: the position of every sign that ends a cell, int64 [cell].
        last: which of these ends each line, int64 [line].
        plain: which lines are plain, bool [line].
        width: how many columns those have.
        quoted: whether a mark at the start of a cell always opens a quoted cell.
    """

    lines: TextLines
    delimiter: str
    cuts: np.ndarray
    last: np.ndarray
    plain: np.ndarray
    width: int
    quoted: bool


def find_plain(lines: TextLines, delimiter: str, *, above: int, width: int, quoted: bool) -> LineCuts | None:
    """Which lines are plain, and where to cut them, or None where there are too few to matter.

    Args:
        lines: the file, with line ends of one sign or two.
        delimiter: the sign between columns.
        above: how many lines at the top are left to others.
        width: how many columns a line has.
        quoted: whether a mark at the start of a cell always opens a quoted cell.
    """
    if len(lines) <= _WORTH or not delimiter.isascii() or not can_number_cells():
        return None
    signs, ends, starts = lines.signs, lines.ends, lines.starts
    cuts = find_signs(signs, ord(delimiter), LINE)
    odd = np.zeros(len(ends), dtype=bool)
    odd[:above] = True
    marks = find_signs(signs, _MARK) if b'"' in lines.data else np.empty(0, dtype=np.int64)
    if len(marks):
        inside, suspicious = _judge_marks(signs, starts, marks, ord(delimiter))
        if quoted:
            line = np.searchsorted(ends, cuts)
            before = np.searchsorted(marks, cuts)  # marks up to each delimiter, counted from the line's first
            cuts = cuts[(cuts == ends[line]) | ((before - inside[line]) % 2 == 0)]
        else:
            opening, hiding = _find_opening(signs, starts, marks, ord(delimiter))
            suspicious = opening & (suspicious | hiding)
        odd |= suspicious
    last = np.flatnonzero(signs[cuts] == LINE)
    odd |= np.diff(last, prepend=-1) != width
    for position in _find_difficult(lines.data, signs):
        odd[np.searchsorted(ends, position)] = True
    if width == 1:
        odd |= ends == starts
    return LineCuts(lines, delimiter, cuts, last, ~odd, width, quoted)


def cut_plain(found: LineCuts) -> PlainLines:
    """The cells of the plain lines; lines that hold nothing are left out."""
    last, numbers = found.last[found.plain], np.flatnonzero(found.plain) + 1
    places = (_find_cells(found, last - behind) for behind in reversed(range(found.width)))
    columns, cells = number_cells(found.lines, places)
    gaps = [number for number, cell in enumerate(cells) if not cell or cell.isspace()]
    if gaps:
        nothing = np.zeros(len(cells), dtype=bool)
        nothing[gaps] = True
        blank = np.flatnonzero(np.logical_and.reduce([nothing[codes] for codes in columns]))
        lines = (found.lines[number] for number in (numbers[blank] - 1).tolist())
        held = [bool(line.strip() and line.strip(found.delimiter)) for line in lines]  # as in small files
        empty = blank[~np.array(held, dtype=bool)]
        numbers, columns = np.delete(numbers, empty), [np.delete(codes, empty) for codes in columns]
    if "" in cells:
        columns = [np.where(codes == cells.index(""), -1, codes) for codes in columns]
    return PlainLines(numbers, hold_columns(columns, cells))


def _find_cells(found: LineCuts, cut: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the cells that end at these cuts begin and end, without the marks around them."""
    signs, starts, ends = found.lines.signs, found.cuts[cut - 1] + 1, found.cuts[cut]  # the first line is not plain
    if b"\r" in found.lines.data:
        ends -= (ends > starts) & (signs[ends - 1] == RETURN)
    if found.quoted:
        inside = signs[starts] == _MARK
        starts, ends = starts + inside, ends - inside
    return starts, ends


def _judge_marks(
    signs: np.ndarray, starts: np.ndarray, marks: np.ndarray, delimiter: int
) -> tuple[np.ndarray, np.ndarray]:
    """How many marks stand before each line, int [line], and whether those in it do anything but open and close."""
    line = np.searchsorted(starts, marks, side="right") - 1
    inside = np.searchsorted(marks, starts)
    opens = (np.arange(len(marks)) - inside[line]) % 2 == 0  # the line's first, third, ... mark
    before = np.where(marks == starts[line], delimiter, signs[marks - 1])
    after = signs[marks + 1]
    right = np.where(opens, before == delimiter, (after == delimiter) | (after == LINE) | (after == RETURN))
    count = np.bincount(line, minlength=len(starts))
    wrong = np.bincount(line[~right | (opens & (after == _MARK))], minlength=len(starts))
    return inside, (wrong > 0) | (count % 2 == 1)


def _find_opening(
    signs: np.ndarray, starts: np.ndarray, marks: np.ndarray, delimiter: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which lines have a mark at the start of a cell, and which one with a blank behind it: it may hold nothing else."""
    line = np.searchsorted(starts, marks, side="right") - 1
    after = signs[marks + 1]
    first = np.where(marks == starts[line], delimiter, signs[marks - 1]) == delimiter
    blank = (after <= ord(" ")) | (after >= 0x80)
    return tuple(np.bincount(line[chosen], minlength=len(starts)) > 0 for chosen in (first, first & blank))  # type: ignore[return-value]


def _find_difficult(data: bytes, signs: np.ndarray) -> np.ndarray:
    """Where there are signs that are no part of a plain cell: carriage returns, NUL, halves of characters, a mark."""
    found = [np.empty(0, dtype=np.int64)]
    if b"\r" in data:
        returns = find_signs(signs, RETURN)
        found.append(returns[signs[returns + 1] != LINE])
    if b"\0" in data:
        found.append(find_signs(signs, 0))
    if not data.isascii():
        halves = find_signs(signs, 0xED)
        found.append(halves[signs[halves + 1] >= 0xA0])  # a lone surrogate
        leads = find_signs(signs, 0xEF)
        found.append(leads[(signs[leads + 1] == 0xBB) & (signs[leads + 2] == 0xBF)])
    return np.concatenate(found)
