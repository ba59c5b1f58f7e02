"""What is known about entities and relations: their labels, aliases and attributes, one row per id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph.errors import ContentError, GraphFileError, blame, missing_columns
from kgwb.words import is_whole, quote

ENTITY_COLUMNS = ("entity", "label", "type", "description", "aliases")
RELATION_COLUMNS = ("relation", "label", "description")
# "007" is a name, not seven: a number has no leading zeros.
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_TEXT_COLUMN = re.compile(r"(label|description|aliases)_.*", re.DOTALL)
_LARGEST_EXACT = 2**53
_INFINITIES = {"1e999", "-1e999"}
_STANDARD = {"entity": ENTITY_COLUMNS, "relation": RELATION_COLUMNS}
# Other people's tables call the same columns by these names.
_KEYS = {"entity": ("entity", "id", "name"), "relation": ("relation", "id", "name")}
_SYNONYMS = {"label": ("label", "name"), "aliases": ("aliases", "alias")}


class SpeltFloat(str):
    """A number with a point or an exponent as a file spells it: as a name it may be whole all the same."""


def find_key(columns: Sequence[str], kind: str) -> str | None:
    """The column of a table that names the entity or relation, or None."""
    folded = {str(column).strip().casefold(): column for column in reversed(columns)}
    return next((folded[key] for key in _KEYS[kind] if key in folded), None)


def name_columns(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The table with its columns called as in a `KnowledgeGraph`; the first is the name.

    Raises:
        ContentError: no column holds the names, or two columns are called alike.
    """
    frame = frame.set_axis([str(c) or f"column_{i + 1}" for i, c in enumerate(frame.columns)], axis="columns")
    key = find_key(list(frame.columns), kind)
    if key is None:
        hint = f"The column that holds the names is called {kind!r} (or 'id'); the others are optional."
        raise missing_columns([kind], list(frame.columns), hint)
    folded = {column: column.strip().casefold() for column in frame.columns}
    renamed = {column: name for column, name in folded.items() if name in _STANDARD[kind][1:]} | {key: kind}
    for standard, synonyms in _SYNONYMS.items():
        if standard not in _STANDARD[kind]:
            continue
        found = [column for column, name in folded.items() if name in synonyms and column not in renamed]
        if found and standard not in renamed.values():
            renamed[found[0]] = standard
    frame = frame.rename(columns=renamed)
    twice = sorted(set(frame.columns[frame.columns.duplicated()]))
    if twice:
        raise ContentError(f"has two columns called {quote(twice[0])}. Rename one of them.")
    return frame[[kind, *[column for column in frame.columns if column != kind]]]


def read_descriptions(table: pd.DataFrame | None, kind: str) -> tuple[pd.DataFrame, int]:
    """What a user's table says, with one row for each name, and how many rows were merged into others.

    Raises:
        GraphFileError: no column holds the names, a name is missing, or one is described twice in two ways.
    """
    if table is None:
        return pd.DataFrame({kind: []}), 0
    source = f"The table of {'entities' if kind == 'entity' else 'relations'}"
    with blame(source):
        named = name_columns(table, kind)
    names = spell_names(named[kind].tolist(), f"{source}, column {kind!r},")
    named = named.assign(**{kind: [expect_whole(name) for name in names]})
    repeated = named.duplicated(subset=kind, keep=False)
    if not repeated.any():
        return named, 0
    merged = [_merge_rows(rows, name, kind, source) for name, rows in named[repeated].groupby(kind, sort=False)]
    kept = pd.concat([named[~repeated].astype(object), pd.DataFrame(merged, dtype=object)], ignore_index=True)
    return kept, len(named) - len(kept)


def spell_names(cells: list[Any], source: str) -> list[str]:
    """Names as text; numbers are spelt, and a missing one is an error about the source.

    Raises:
        GraphFileError: a name is missing.
    """
    if set(map(type, cells)) <= {str}:
        return cells
    for row, cell in enumerate(cells):
        if is_missing(cell):
            raise GraphFileError(f"{source} holds no name in row {row}. Drop the row, or fill the name in.")
    return [spell_name(cell) for cell in cells]


def spell_name(cell: object) -> str:
    """A cell as a name: a whole number without a point, so that 1 and 1.0 are one, all else as it stands.

    Example:
        >>> [spell_name(cell) for cell in (1, 1.0, 2.5, "1.0")]
        ['1', '1', '2.5', '1.0']
    """
    if isinstance(cell, (float, np.floating, Decimal, SpeltFloat)) and abs(number := float(cell)) < _LARGEST_EXACT:
        return str(int(number)) if number.is_integer() else str(cell)
    return str(cell)


def describe_names(table: pd.DataFrame, names: Sequence[str], kind: str) -> pd.DataFrame:
    """One row per name, in the order given, with every standard column filled in.

    Args:
        table: rows for some of the names, as `name_columns` gives it, without duplicates.
        names: all names, sorted.
        kind: "entity" or "relation".

    Returns:
        Text columns hold "" where nothing is known, `label` holds the name instead, `aliases` are sorted tuples,
        and further columns are int64 or float64 where every value is a number.
    """
    rows = {name: row for row, name in enumerate(table[kind].tolist())}
    order = [*map(rows.get, names)] if rows else [None] * len(names)
    values = {column: _take(table[column].tolist(), order) for column in table.columns if column != kind}
    columns: dict[str, Any] = {kind: pd.Series(names, dtype="str")}
    for column in _STANDARD[kind][1:]:
        known = values.pop(column, None)
        columns[column] = _fill_standard(column, known, names) if known else _fill_absent(column, columns[kind])
    for column, cells in values.items():
        columns[column] = _as_text(cells) if _TEXT_COLUMN.fullmatch(column) else infer_numbers(cells)
    return pd.DataFrame(columns, index=pd.RangeIndex(len(names)))


def infer_numbers(cells: Sequence[object]) -> pd.Series:
    """The cells as int64 or float64 where all that hold something hold a number, otherwise as text.

    Example:
        >>> infer_numbers(["1", None, "2.5"]).tolist()
        [1.0, nan, 2.5]
        >>> infer_numbers(["007", "008"]).tolist()
        ['007', '008']
    """
    texts = [_text(cell) for cell in cells]
    present = [text for text in texts if text]
    if not present or not all(map(_NUMBER.fullmatch, present)):
        return _as_text(cells)
    whole = [text for text in present if text.lstrip("-").isdigit()]
    longest = max(map(len, whole), default=0)
    largest = max((abs(int(text)) for text in whole), default=0) if longest < 20 else 2**63
    if len(whole) == len(texts) and largest < 2**63:
        return pd.Series([int(text) for text in texts], dtype="int64")
    numbers = pd.Series([float(text) if text else float("nan") for text in texts], dtype="float64")
    too_large = [text for text, number in zip(texts, numbers, strict=True) if abs(number) == float("inf")]
    return _as_text(cells) if largest > _LARGEST_EXACT or set(too_large) - _INFINITIES else numbers


def split_aliases(cell: object) -> tuple[str, ...]:
    r"""The aliases in one cell: a sequence, or text in which `|` separates them and `\|` stands for the sign itself.

    Example:
        >>> split_aliases("Deutschland|BRD")
        ('BRD', 'Deutschland')
    """
    if isinstance(cell, str):
        parts = re.findall(r"(?:\\[\\|]|[^|])+", cell) if "\\" in cell else cell.split("|")
        parts = [re.sub(r"\\([\\|])", r"\1", part) if "\\" in part else part for part in parts]
    elif cell is None or not hasattr(cell, "__iter__"):
        parts = [_text(cell)]
    else:
        parts = [_text(part) for part in cell]
    return tuple(sorted({expect_whole(part) for part in parts if part.strip()}))


def join_aliases(aliases: Sequence[str]) -> str:
    """The aliases as one cell that `split_aliases` takes apart again."""
    return "|".join(alias.replace("\\", "\\\\").replace("|", "\\|") for alias in aliases)


def expect_whole(text: str) -> str:
    """The text, where it can be written.

    Raises:
        GraphFileError: it holds half of a surrogate pair, as what was decoded in a wrong way does.
    """
    if not is_whole(text):
        raise GraphFileError(
            f"The text {quote(text)} holds half a character (a lone surrogate). Mend its encoding, or type "
            'frame.map(lambda text: text.encode("utf-8", "replace").decode()).'
        )
    return text


def is_missing(cell: object) -> bool:
    """Whether a cell of a table holds nothing: None, NaN, NA or NaT; the words "NA" and "nan" are text."""
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell)


def _merge_rows(rows: pd.DataFrame, name: object, kind: str, source: str) -> dict[str, object]:
    """What several rows say about one name, taken together."""
    merged = {}
    for column in rows.columns:
        said = {str(cell): cell for cell in rows[column] if not is_missing(cell) and str(cell)}
        if len(said) > 1:
            one, other = sorted(said)[:2]
            raise GraphFileError(
                f"{source} describes {quote(name)} twice: its {column} is {quote(one)} and {quote(other)}. "
                f'Keep one row per {kind}, or read with on_error="skip" to keep the first and count the others.'
            )
        merged[column] = next(iter(said.values()), name if column == kind else None)
    return merged


def _fill_standard(column: str, cells: Sequence[object], names: Sequence[str]) -> pd.Series:
    if column == "aliases":
        return pd.Series([split_aliases(cell) for cell in cells], dtype=object)
    if column == "label":
        texts = [_text(cell) for cell in cells]
        return _as_text([text if text.strip() else name for text, name in zip(texts, names, strict=True)])
    return _as_text(cells)


def _fill_absent(column: str, names: pd.Series) -> pd.Series:
    if column == "aliases":
        return pd.Series([()] * len(names), dtype=object)
    return names.copy() if column == "label" else pd.Series([""] * len(names), dtype="str")


def _take(cells: Sequence[Any], order: Sequence[int | None]) -> list[Any]:
    return [None if row is None else cells[row] for row in order]


def _as_text(cells: Sequence[object]) -> pd.Series:
    return pd.Series([_text(cell) for cell in cells], dtype="str")


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return expect_whole(str(cell))
    if isinstance(cell, float) and cell in (float("inf"), float("-inf")):
        return "1e999" if cell > 0 else "-1e999"  # reads back as infinity, and looks like a number to every reader
    if isinstance(cell, (list, tuple)):
        return join_aliases([_text(part) for part in cell])
    return "" if is_missing(cell) else str(cell)
