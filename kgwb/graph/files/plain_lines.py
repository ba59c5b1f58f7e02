"""The lines of a table that need no thought, found and cut at once: what makes a file of a million lines fast.

A line is plain where it has as many columns as the first, is not blank, and no quotation mark in it joins or opens
anything. Those are cut by pandas; all others are left to `rows`, one at a time.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.packages import load_package

_MARK, _LINE, _RETURN = ord('"'), ord("\n"), ord("\r")
_WORTH = 1000  # in fewer lines there is nothing to be saved


@dataclass(frozen=True)
class PlainLines:
    """The plain lines of a text.

    Attributes:
        numbers: which lines they are, counted from 1.
        columns: their cells, one column of text after the other; NaN is an empty cell.
    """

    numbers: np.ndarray
    columns: list[pd.Series]


def find_plain(text: str, delimiter: str, *, above: int, width: int, quoted: bool) -> np.ndarray | None:
    """Which lines are plain, bool [line], or None where there are too few to matter.

    Args:
        text: the file, with line ends of one sign or two.
        delimiter: the sign between columns.
        above: how many lines at the top are left to others.
        width: how many columns a line has.
        quoted: whether a mark at the start of a cell always opens a quoted cell.
    """
    if delimiter == " " or text.count("\n") < _WORTH:
        return None
    data = _encode(text)
    signs = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(signs == _LINE)
    ends = ends if len(ends) and ends[-1] == len(signs) - 1 else np.append(ends, len(signs))  # [line]
    starts = np.concatenate([[0], ends[:-1] + 1])
    between = np.flatnonzero(signs == ord(delimiter))
    marks = np.flatnonzero(signs == _MARK)
    odd = np.zeros(len(ends), dtype=bool)
    odd[:above] = True
    if len(marks):
        inside, suspicious = _judge_marks(signs, starts, marks, ord(delimiter))
        if quoted:
            before = np.searchsorted(marks, between)  # marks up to each delimiter, counted from the line's first
            between = between[(before - inside[np.searchsorted(ends, between)]) % 2 == 0]
        else:
            opening, hiding = _find_opening(signs, starts, marks, ord(delimiter))
            suspicious = opening & (suspicious | hiding)
        odd |= suspicious
    odd |= np.bincount(np.searchsorted(ends, between), minlength=len(ends)) != width - 1
    for position in _find_difficult(data, signs):
        odd[np.searchsorted(ends, position)] = True
    if width == 1:
        odd |= ends == starts
    return ~odd


def cut_plain(text: str, delimiter: str, plain: np.ndarray, *, width: int, quoted: bool) -> PlainLines:
    """The cells of the plain lines; those that hold nothing but blanks are left out.

    Args:
        text, delimiter, width, quoted: as for `find_plain`.
        plain: which lines are plain, bool [line].
    """
    data = _encode(text)
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _LINE) + 1
    borders = np.concatenate([[0], ends, [len(data)]])[: len(plain) + 1]
    changes = np.flatnonzero(np.diff(np.concatenate([[False], plain, [False]]).astype(np.int8)))
    pieces = [data[borders[a] : borders[b]] for a, b in changes.reshape(-1, 2)]
    frame = _read_cells(b"".join(pieces), delimiter, width, quoted=quoted)
    numbers = np.flatnonzero(plain) + 1
    blank = frame[0].str.strip() == ""
    for column in range(1, width):
        if not blank.any():
            break
        blank &= frame[column].str.strip() == ""
    if blank.any():
        frame, numbers = frame[~blank].reset_index(drop=True), numbers[~blank.to_numpy(dtype=bool)]
    columns = [frame[column] for column in range(width)]
    empty = [column == "" for column in columns]
    return PlainLines(
        numbers, [cells.mask(gaps) if gaps.any() else cells for cells, gaps in zip(columns, empty, strict=True)]
    )


def _read_cells(data: bytes, delimiter: str, width: int, *, quoted: bool) -> pd.DataFrame:
    """Cells as text, in columns called 0, 1, 2, ...; several times faster where pyarrow is installed."""
    try:
        arrow = load_package("pyarrow.csv", "Reading fast")
    except ImportError:
        quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        return pd.read_csv(
            io.BytesIO(data), sep=delimiter, header=None, names=range(width), index_col=False, dtype=str,
            na_filter=False, skip_blank_lines=False, quoting=quoting, engine="c", encoding="utf-8",
        )  # fmt: skip
    names = [str(column) for column in range(width)]
    table = arrow.read_csv(
        io.BytesIO(data),
        read_options=arrow.ReadOptions(column_names=names, use_threads=False),
        parse_options=arrow.ParseOptions(
            delimiter=delimiter, quote_char='"' if quoted else False, ignore_empty_lines=False
        ),
        convert_options=arrow.ConvertOptions(
            column_types=dict.fromkeys(names, "string"), strings_can_be_null=False, quoted_strings_can_be_null=False
        ),
    )
    return table.to_pandas().set_axis(range(width), axis="columns")


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _judge_marks(
    signs: np.ndarray, starts: np.ndarray, marks: np.ndarray, delimiter: int
) -> tuple[np.ndarray, np.ndarray]:
    """How many marks stand before each line, int [line], and whether those in it do anything but open and close."""
    line = np.searchsorted(starts, marks, side="right") - 1
    inside = np.searchsorted(marks, starts)
    opens = (np.arange(len(marks)) - inside[line]) % 2 == 0  # the line's first, third, ... mark
    before = np.where(marks == starts[line], delimiter, signs[marks - 1])
    after = np.append(signs, np.uint8(_LINE))[marks + 1]
    right = np.where(opens, before == delimiter, (after == delimiter) | (after == _LINE) | (after == _RETURN))
    count = np.bincount(line, minlength=len(starts))
    wrong = np.bincount(line[~right | (opens & (after == _MARK))], minlength=len(starts))
    return inside, (wrong > 0) | (count % 2 == 1)


def _find_opening(
    signs: np.ndarray, starts: np.ndarray, marks: np.ndarray, delimiter: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which lines have a mark at the start of a cell, and which one with a blank behind it: it may hold nothing else."""
    line = np.searchsorted(starts, marks, side="right") - 1
    after = np.append(signs, np.uint8(_LINE))[marks + 1]
    first = np.where(marks == starts[line], delimiter, signs[marks - 1]) == delimiter
    blank = (after <= ord(" ")) | (after >= 0x80)
    return tuple(np.bincount(line[chosen], minlength=len(starts)) > 0 for chosen in (first, first & blank))  # type: ignore[return-value]


def _find_difficult(data: bytes, signs: np.ndarray) -> np.ndarray:
    """Where there are signs that pandas would change: carriage returns in cells, NUL, halves of characters, a mark."""
    returns = np.flatnonzero(signs == _RETURN)
    alone = returns[np.append(signs, np.uint8(0))[returns + 1] != _LINE] if len(returns) else returns
    found = [alone, np.flatnonzero(signs == 0)]
    if b"\xed" in data:
        leads = np.flatnonzero(signs == 0xED)
        found.append(leads[np.append(signs, np.uint8(0))[leads + 1] >= 0xA0])  # a lone surrogate
    if b"\xef\xbb\xbf" in data:
        leads = np.flatnonzero(signs == 0xEF)
        following = np.append(signs, np.zeros(2, dtype=np.uint8))
        found.append(leads[(following[leads + 1] == 0xBB) & (following[leads + 2] == 0xBF)])
    return np.concatenate(found)
