"""Header lines: whether a table's first line names its columns or is a fact already."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kgwb.graph.building import COLUMNS, Notes
from kgwb.graph.descriptions import find_key
from kgwb.graph.errors import ContentError, broken_row, missing_columns
from kgwb.graph.files.file_table import Columns
from kgwb.graph.files.rows import Row, TextRows
from kgwb.words import count_things, quote

# What people call the three columns; a first line with words for two of them is a header.
_ROLES = {
    "head": "h s subj subject head source src from lhs start node1 entity1 e1 头 头实体 主语 主体 主词 头节点 实体1 起点",
    "relation": "r p rel pred predicate relation relationship property edge verb link 关系 谓语 谓词 属性 关系类型 边",
    "tail": "t o obj object tail target to rhs end dst node2 entity2 e2 尾 尾实体 宾语 客体 宾词 尾节点 实体2 终点",
}
_ROLE_OF = {word: role for role, words in _ROLES.items() for word in words.split()}
_ENDINGS = re.compile(r"[\s_.:-]*(id|ids|name|label|uri|iri|entity|type|node|名称|名|编号)\Z")
_POSITIONS_HINT = "If the file has no header line, say which columns to take by position: columns=(0, 1, 2)."
_COLUMNS_HINT = f'Say which columns hold head, relation and tail: columns=("...", "...", "..."). {_POSITIONS_HINT}'
_FEWEST = 10  # in fewer lines, names that come once are nothing special
KEPT = "first line kept as a fact, though none of its names comes again; if it names columns, type header=True"
TAKEN = "header line, above the columns taken by position"


@dataclass(frozen=True)
class Header:
    """What a table's columns are called, and the row (counted from 0) on which its data begin."""

    names: tuple[str, ...]
    start: int
    notes: Notes = ()


def find_triple_header(
    rows: TextRows, columns: Columns, *, headless: bool, header: bool | None = None, skip: bool = False
) -> Header:
    """The header of a table of triples, or the names that its columns get where it has none.

    Args:
        rows: all rows, at least one.
        columns: the columns that hold head, relation and tail.
        headless: whether a file without a header line is what one expects here.
        header: whether the first line is a header, where that is known.
        skip: whether broken lines, also the first, are left out.

    Raises:
        ContentError: the columns are not there.
    """
    first = _find_first(rows)
    if skip and header is not True and (headless or header is False or isinstance(columns[0], int)):
        least = max(map(int, columns)) + 1 if isinstance(columns[0], int) else len(columns)
        fitting = (row for row in range(first, len(rows.cells)) if len(rows.cells[row]) >= least)
        first = next(fitting, first) if not looks_like_header(rows.cells[first]) else first
    if isinstance(columns[0], int):
        return _number_columns(columns, rows, first, header)
    if header is False:
        return _name_headless(rows, first, columns)
    for row in range(first + 1):
        names = _match_names(rows.cells[row], columns)
        if set(columns) <= set(names):
            _refuse_twice(columns, names)
            return Header(names, row + 1)
    first = next((row for row in range(first + 1) if looks_like_header(rows.cells[row])), first)
    if header is None and _is_data(rows, first, columns, headless):
        return _name_headless(rows, first, columns)
    names = _match_names(rows.cells[first], columns)
    missing = [column for column in columns if column not in names]
    found = [cell or "" for cell in rows.cells[first]]  # as the file has them
    raise missing_columns(missing, found, _say_how(rows.cells[first], columns) or _COLUMNS_HINT)


def find_name_header(rows: TextRows, kind: str) -> Header:
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


def looks_like_header(cells: Sequence[str | None]) -> bool:
    """Whether cells hold words for two of head, relation and tail.

    Example:
        >>> looks_like_header(["h_id", "r_id", "t_id"]), looks_like_header(["a", "r", "b"])
        (True, False)
    """
    return len({find_role(cell) for cell in cells} - {None}) >= 2


def find_role(cell: str | None) -> str | None:
    """Which of head, relation and tail a word stands for, or None."""
    word = (cell or "").strip("# \t\r\n\ufeff").casefold()
    bare = _ENDINGS.sub("", word)
    return _ROLE_OF.get(word) or _ROLE_OF.get(bare) or _ROLE_OF.get(re.sub(r"[\s_-]", "", word))


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


def _number_columns(columns: Columns, rows: TextRows, first: int, header: bool | None) -> Header:
    width = len(rows.cells[first])
    missing = [column for column in columns if not 0 <= int(column) < width]
    if missing:
        hint = _say_how(rows.cells[first], columns)
        counted = f"The first line has {count_things(width, 'column')}, counted from 0"
        hint = f"{counted}. {hint}" if hint else f"{counted}; is another sign between them?"
        raise missing_columns(missing, range(width), hint)
    names = tuple(map(str, range(width)))
    above = [row for row in range(first + 1) if len(rows.cells[row]) == width]
    picked = {row: [rows.cells[row][int(column)] for column in columns] for row in above}
    found = [row for row in above if looks_like_header(picked[row]) or _stands_above_numbers(rows, row, columns)]
    if header is None and found:
        return Header(names, found[0] + 1, ((TAKEN, 1),))
    if header:
        return Header(names, first + 1)
    return Header(names, 0, _note_alone(rows, picked[first], [*map(int, columns)]) if header is None else ())


def _name_headless(rows: TextRows, first: int, columns: Columns) -> Header:
    cells = rows.cells[first]
    if len(cells) == len(columns):
        return Header(tuple(map(str, columns)), 0, _note_alone(rows, cells, range(len(columns))))
    line = rows.lines[first]
    rule = f"{count_things(len(cells), 'column')} where {len(columns)} were expected."
    raise broken_row(line, rows.line(line), rule, hint=_say_how(cells, columns) or _POSITIONS_HINT)


def _say_how(cells: Row, columns: Columns) -> str:
    """What to type for a table that has not even three columns, or "" where it has."""
    if len(cells) == 1:
        return 'If its columns are cut by another sign, type that: delimiter="|".'
    if len(cells) > 2:
        return ""
    relation = "" if len(columns) == 2 else 'relation="linked to", '
    alone = "" if len(columns) == 2 else "Heads and tails alone need a relation. "
    first, last = (cell or "" for cell in cells)
    named = f" if its first line names the columns, type {relation}columns={(first, 'relation', last)};"
    named = named if first and last and len({first, last, "relation"}) == 3 else ""
    return f"{alone}If its first line is a fact, type {relation}header=False;{named}".removesuffix(";") + "."


def _is_data(rows: TextRows, first: int, columns: Columns, headless: bool) -> bool:
    """Whether the first line is a triple rather than a header with other names."""
    cells = rows.cells[first]
    if looks_like_header(cells):
        return False
    if headless:
        return not _stands_above_numbers(rows, first, range(len(cells)))
    if len(cells) == len(columns) == 2:  # heads and tails alone: an entity comes back, at either end
        return any(rows.count(0, cell) + rows.count(1, cell) > 1 for cell in cells)
    if (
        len(cells) != 3
        or tuple(columns) != COLUMNS
        or {(cell or "").strip().casefold() for cell in cells} & set(COLUMNS)
    ):
        return False
    # A column's name does not stand in the column, but a relation comes back.
    return rows.count(1, cells[1]) > 1


def _stands_above_numbers(rows: TextRows, row: int, columns: Sequence[int] | Columns) -> bool:
    """Whether words stand above two or more columns of nothing but numbers."""
    if len(rows) < _FEWEST:
        return False
    below = [rows.sample(int(column), row + 1) for column in columns]
    words = [not (rows.cells[row][int(column)] or "0").strip().lstrip("-").isdigit() for column in columns]
    numeric = [bool(cells) and all((cell or "").strip().lstrip("-").isdigit() for cell in cells) for cells in below]
    return all(words) and sum(numeric) >= 2


def _note_alone(rows: TextRows, cells: Sequence[str | None], columns: Sequence[int]) -> Notes:
    """What to say of a first fact whose names come nowhere else, where those of other facts do."""
    if len(rows) < _FEWEST:
        return ()
    alone = all(rows.count(column, cell) == 1 for column, cell in zip(columns, cells, strict=True))
    if not alone:
        return ()
    relations = rows.sample(columns[len(columns) // 2], 1)
    return ((KEPT, 1),) if len(set(relations)) * 2 <= len(relations) else ()
