"""Whether a table's first line names its columns, and which columns hold head, relation and tail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kgwb.graph.building import COLUMNS
from kgwb.graph.errors import GraphFileError, broken_line, missing_columns
from kgwb.graph.files.entity_tables import find_key
from kgwb.graph.files.text_files import Row, Rows
from kgwb.words import quote

Columns = Sequence[str] | Sequence[int]
# A first line with two of these is a header, even where files usually have none.
_HEADER_WORDS = frozenset(
    (
        *(
            "head",
            "relation",
            "tail",
            "subject",
            "predicate",
            "object",
            "source",
            "target",
            "from",
            "to",
            "edge",
            "rel",
        ),
        *"hrtspo",
    )
)
_POSITIONS_HINT = "If the file has no header line, say which columns to take by position: columns=(0, 1, 2)."


@dataclass(frozen=True)
class Header:
    """What a table's columns are called, and the row (counted from 0) on which its data begin."""

    names: tuple[str, ...]
    start: int


def check_columns(columns: Columns) -> None:
    """Refuse anything but three different column names or three different positions.

    Raises:
        ValueError: says what came and what to type.
    """
    kinds = set(map(type, columns))
    if isinstance(columns, str) or len(columns) != 3 or len(set(columns)) != 3 or kinds not in ({str}, {int}):
        raise ValueError(
            f"columns came as {columns!r}. Expected the three columns that hold head, relation and tail, "
            'for example columns=("head", "relation", "tail"), or by position columns=(0, 1, 2).'
        )


def find_triple_header(path: Path, rows: Rows, columns: Columns, *, headless: bool) -> Header:
    """The header of a table of triples, or the names that its columns get where it has none.

    Args:
        path: the file.
        rows: all rows, at least one.
        columns: the columns that hold head, relation and tail.
        headless: whether a file without a header line is what one expects here.

    Raises:
        GraphFileError: the columns are not there.
    """
    first = _find_first(rows)
    if isinstance(columns[0], int):
        return _number_columns(path, columns, rows, first)
    for row in range(first + 1):
        names = _match_names(rows.cells[row], columns)
        if set(columns) <= set(names):
            _refuse_twice(path, columns, names)
            return Header(names, row + 1)
    first = next((row for row in range(first + 1) if _looks_like_header(rows.cells[row])), first)
    cells = rows.cells[first]
    if _is_data(rows, first, columns, headless):
        if len(cells) == 3:
            return Header(tuple(map(str, columns)), 0)
        line = rows.lines[first]
        raise broken_line(
            path, line, rows.line(line), f"{count_cells(len(cells))} where 3 were expected.", hint=_POSITIONS_HINT
        )
    names = _match_names(cells, columns)
    missing = [column for column in columns if column not in names]
    hint = f'Say which columns hold head, relation and tail: columns=("...", "...", "..."). {_POSITIONS_HINT}'
    raise missing_columns(path, missing, names, hint)


def find_name_header(path: Path, rows: Rows, kind: str) -> Header:
    """The header of a table of entities or relations.

    Raises:
        GraphFileError: no column holds the names.
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
    raise missing_columns(path, [kind], names, hint)


def count_cells(count: int) -> str:
    """How many columns, in words.

    Example:
        >>> count_cells(1)
        '1 column'
    """
    return f"{count:,} column" + "s" * (count != 1)


def _find_first(rows: Rows) -> int:
    """The first row that begins without a #; those above it are comments, a header, or names that begin so."""
    begins = (row for row, cells in enumerate(rows.cells) if not (cells[0] or "").startswith("#"))
    return next(begins, len(rows.cells) - 1)


def _match_names(cells: Row, columns: Columns) -> tuple[str, ...]:
    """The cells of a row as column names, spelt as they were asked for."""
    spelling = {str(column).casefold(): str(column) for column in columns}
    names = [cell or "" for cell in cells]
    names[0] = names[0].removeprefix("#").lstrip() if set(columns) - set(names) else names[0]
    return tuple(name if name in columns else spelling.get(name.strip().casefold(), name) for name in names)


def _refuse_twice(path: Path, columns: Columns, names: Sequence[str]) -> None:
    twice = [name for name in columns if names.count(str(name)) > 1]
    if twice:
        raise GraphFileError(f"{path} has two columns called {quote(twice[0])}. Rename one of them in the header line.")


def _number_columns(path: Path, columns: Columns, rows: Rows, first: int) -> Header:
    width = len(rows.cells[first])
    missing = [column for column in columns if not 0 <= int(column) < width]
    if missing:
        hint = f"The first line has {count_cells(width)}, counted from 0; is another sign between them?"
        raise missing_columns(path, missing, range(width), hint)
    return Header(tuple(map(str, range(width))), 0)


def _is_data(rows: Rows, first: int, columns: Columns, headless: bool) -> bool:
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
