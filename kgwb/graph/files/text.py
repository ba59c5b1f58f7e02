"""Text in files: its encoding, the rows and cells of its tables, and which XML is safe to read."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, TypeVar

from kgwb.graph.errors import ContentError, GraphFileError, blame, empty_file, missing_file
from kgwb.packages import load_package

OnError = Literal["raise", "skip"]
Row = list["str | None"]
Parsed = TypeVar("Parsed")
# Guessed from the first bytes, longest first, because UTF-32 begins like UTF-16.
_BYTE_ORDER_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
NEEDS_QUOTES = re.compile(r"[\t\r\n]|\A\s*\Z")
# Of all encodings at once, a few words of text may be anything; these are what tables come in, the likelier first.
_ENCODINGS = (["gb18030", "cp1252"], ["big5", "shift_jis", "euc_kr", "cp1251"])
_NESTED = re.compile(r"&[A-Za-z_]")


def parse_file(
    path: Path, parse: Callable[[Any], Parsed], *, expected: str, on_error: OnError = "raise", binary: bool = False
) -> Parsed:
    """What a parser makes of a file; where it finds something wrong, the error names the file.

    Args:
        path: the file.
        parse: takes the file's text, or its bytes, and raises a `ContentError` where they break a rule.
        expected: what the file should hold, in words.
        on_error: "skip" lets bytes that are not UTF-8 through, as `read_text` does.
        binary: whether it is a file of bytes.

    Raises:
        FileNotFoundError: there is no such file; names those near by.
        GraphFileError: the file is empty, not in UTF-8, or not what the parser expects.
    """
    content = _read_bytes(path, expected) if binary else read_text(path, expected=expected, on_error=on_error)
    with blame(path):
        return parse(content)


def read_text(path: Path, *, expected: str, on_error: OnError = "raise") -> str:
    """A file's text, which must be UTF-8; a byte order mark is taken off.

    With `on_error="skip"` bytes that are not UTF-8 come out as lone surrogates, for the caller to skip their line.

    Raises:
        FileNotFoundError: names the files near by.
        GraphFileError: the file is empty, or in another encoding; names it and the line that converts it.
    """
    data = _read_bytes(path, expected)
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    if marked is None and data.count(0, 0, 4000) > 20:
        marked = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    if marked:
        raise _wrong_encoding(path, marked, 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if on_error == "skip":
            return data.decode("utf-8-sig", errors="surrogateescape")
        line = data.count(b"\n", 0, error.start) + 1
        raise _wrong_encoding(path, _guess_encoding(path, data, error.start), line) from None


def _read_bytes(path: Path, expected: str) -> bytes:
    if not path.is_file():
        raise missing_file(path, expected)
    data = path.read_bytes()
    if not data:
        raise GraphFileError(f"{path}{empty_file(expected)}")
    return data


@dataclass(frozen=True)
class TextRows:
    """The rows of a text table, before it is known what its columns mean.

    Attributes:
        cells: one list per row; None is an empty cell, "" a cell written as two quotation marks.
        lines: the number of the line on which each row begins, counted from 1.
        broken: what is wrong with a line that could not be taken apart, by its number.
        joined: how many lines quotation marks joined to the one above although they look like rows of their own.
        text: the file, for showing a line again.
    """

    cells: Sequence[Row]
    lines: Sequence[int]
    broken: dict[int, str]
    joined: int
    text: str

    def line(self, number: int) -> str:
        """One line of the file, by its number."""
        return self.text.split("\n")[number - 1].rstrip("\r")


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
    even = _split_evenly(text, delimiter)
    if even is not None:
        return TextRows(even, range(1, len(even) + 1), {}, 0, text)
    text = text.replace("\r", "\n") if "\r" in text and "\n" not in text else text
    lines = [line.removesuffix("\r") for line in text.split("\n")] if "\r" in text else text.split("\n")
    broken: dict[int, str] = {}
    joined = 0
    if delimiter == " ":
        found = [(number, _split_words(line)) for number, line in enumerate(lines, 1)]
    elif '"' not in text:
        found = [(number, _split_line(line, delimiter)) for number, line in enumerate(lines, 1)]
    else:
        found, joined = _split_quoted(text, lines, delimiter, strict, broken)
    kept = [(number, cells) for number, cells in found if cells]
    return TextRows([cells for _, cells in kept], [number for number, _ in kept], broken, joined, text)


@dataclass(frozen=True)
class EvenCells(Sequence[Row]):
    """The cells of a table without a gap, kept column by column: ten times faster than a list for every row."""

    columns: list[list[str]]

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return EvenCells([column[row] for column in self.columns])
        return [column[row] for column in self.columns]


def _split_evenly(text: str, delimiter: str) -> EvenCells | None:
    """The cells where no line is blank or quoted, no cell is empty, and all lines have as many; otherwise None."""
    if delimiter == " " or '"' in text:
        return None
    text = text.replace("\r\n", "\n").removesuffix("\n")
    widths = {line.count(delimiter) + 1 for line in text.split("\n")}
    cells = text.replace("\n", delimiter).split(delimiter)
    if len(widths) > 1 or "\r" in text or not all(map(str.strip, cells)):
        return None
    (width,) = widths
    return EvenCells([cells[column::width] for column in range(width)])


def _split_line(line: str, delimiter: str) -> Row:
    """The cells of a line without quoted cells; a line that holds nothing has none."""
    if not line.strip() or not line.strip(delimiter):
        return []
    cells: Row = line.split(delimiter)  # type: ignore[assignment]
    return [cell or None for cell in cells] if "" in cells else cells


def _split_words(line: str) -> Row:
    return line.split()  # type: ignore[return-value]


def _split_quoted(
    text: str, lines: list[str], delimiter: str, strict: bool, broken: dict[int, str]
) -> tuple[list[tuple[int, Row]], int]:
    """The rows of a text with quoted cells, and how many lines were joined that look like rows of their own."""
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    pattern = _quoted_cell(delimiter)
    always = strict or _is_quoted(lines[0], delimiter, pattern)
    rows: list[tuple[int, Row]] = []
    number, joined, width, opening = 0, 0, 0, delimiter + '"'
    while number < len(lines):
        line, end = lines[number], starts[number]
        cells = _split_line(line, delimiter)
        if line.startswith('"') or opening in line:
            quoted, end, stray = _split_at(text, starts[number], delimiter, pattern, always)
            # A mark that only opens would swallow the lines behind it, so a line that is a row as it stands is one.
            if always or len(quoted) == width or len(cells) != width:
                cells = quoted
            else:
                end = starts[number]
            if strict and stray:
                broken[number + 1] = "a quotation mark opens a cell and none closes it."
        rows.append((number + 1, cells))
        width = width or (0 if line.startswith("#") else len(cells))
        following = bisect(starts, end, number + 1)
        joined += 0 if always else _count_joined(lines[number:following], delimiter, width)
        number = following
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


def _guess_encoding(path: Path, data: bytes, start: int) -> str:
    """The encoding that the line around a byte, and the lines below it, are most likely in."""
    needed_by = f"Guessing the encoding of {path}, which is not in UTF-8,"
    guess = load_package("charset_normalizer", needed_by, install="charset-normalizer").from_bytes
    piece = data[data.rfind(b"\n", 0, start) + 1 :][:4000]
    piece = piece[: piece.rfind(b"\n") + 1] or piece
    found = (guess(piece, cp_isolation=encodings).best() for encodings in _ENCODINGS)
    return next((str(match.encoding) for match in found if match), "cp1252")


def _wrong_encoding(path: Path, encoding: str, line: int) -> GraphFileError:
    source = f"pathlib.Path({str(path)!r})"
    return GraphFileError(
        f"{path} is not in UTF-8, the encoding expected: line {line} looks like {encoding}. Type "
        f'{source}.write_text({source}.read_text(encoding="{encoding}"), encoding="utf-8") and read it again.'
    )


def refuse_nested_entities(text: str) -> None:
    """Refuse XML whose entities hold each other, because a few lines of it can grow to gigabytes.

    defusedxml alone refuses every entity; those that stand for plain text are common in ontologies, and stay.

    Raises:
        ContentError: an entity is defined by another one, or outside the file.
        ImportError: the text defines entities and defusedxml is not installed; gives the line that installs it.
    """
    if "<!ENTITY" not in text:
        return
    defused = load_package("defusedxml.ElementTree", "Reading XML that defines entities")

    class Definitions(defused.DefusedXMLParser):  # type: ignore[name-defined]
        def defused_entity_decl(self, name: str, is_parameter: int, value: str | None, *place: str | None) -> None:
            # Behind a parameter entity the parser would no longer report what is defined.
            if is_parameter or value is None or _NESTED.search(value):
                raise defused.EntitiesForbidden(name, value, *place)

    with suppress(defused.ParseError):  # the format's own reader says where it is broken
        try:
            Definitions(target=object()).feed(text)  # a target without methods keeps nothing
        except (defused.EntitiesForbidden, defused.ExternalReferenceForbidden):
            rule = "defines XML entities by other entities, which can grow without bound. Spell them out."
            raise ContentError(rule) from None
