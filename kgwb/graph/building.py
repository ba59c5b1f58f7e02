"""From names to ids: what a file or a frame says by name becomes the arrays and tables of a graph."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from kgwb.checks import expect_each
from kgwb.graph.descriptions import describe_names, expect_whole, read_descriptions, spell_names
from kgwb.graph.errors import ContentError, blame, missing_columns
from kgwb.graph.named_columns import NamedColumn
from kgwb.graph.statements import Statements
from kgwb.words import is_whole, quote, quote_value

COLUMNS = ("head", "relation", "tail")
Notes = tuple[tuple[str, int], ...]
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_TO_FOLD = re.compile(rf"{_INVISIBLE.pattern}|[^\S \n]")
_BLOCK = 500


@dataclass(frozen=True)
class NamedTriples:
    """What a file or folder says, by name: the step between any format and a graph.

    Attributes:
        parts: frames with the columns head, relation, tail: one called "all", or "train", "valid" and "test".
        entities: a table about entities, or None.
        relations: a table about relations, or None.
        notes: what was skipped, counted.
        statements: the RDF that it was made of, or None.
    """

    parts: dict[str, pd.DataFrame]
    entities: pd.DataFrame | None = None
    relations: pd.DataFrame | None = None
    notes: Notes = field(default=())
    statements: Statements | None = None

    @property
    def triples(self) -> pd.DataFrame:
        """All parts, one after the other."""
        frames = [frame for frame in self.parts.values() if len(frame)]
        if not frames:
            return pd.DataFrame(columns=list(COLUMNS), dtype=object)
        return frames[0] if len(frames) == 1 else join_frames(frames)


def join_frames(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Frames of named triples one after the other; columns of categories stay such."""
    return pd.DataFrame({column: _join_columns([frame[column] for frame in frames]) for column in COLUMNS})


def _join_columns(columns: list[pd.Series]) -> pd.Series:
    if all(isinstance(column.dtype, pd.CategoricalDtype) for column in columns):
        return pd.Series(pd.api.types.union_categoricals(columns))
    return pd.concat(columns, ignore_index=True)


class GraphTables(NamedTuple):
    """What makes up a `KnowledgeGraph`, but for its name."""

    triples: np.ndarray
    entities: pd.DataFrame
    relations: pd.DataFrame
    notes: Notes


def build_tables(
    frame: pd.DataFrame,
    entities: pd.DataFrame | None = None,
    *,
    relations: pd.DataFrame | None = None,
    columns: Sequence[object] = COLUMNS,
    notes: Notes = (),
) -> GraphTables:
    """Number the names, in sorted order, and put what is known about them beside the triples.

    Args:
        frame: one row per triple; names may be text or numbers, which become text.
        entities: what is known about entities; its column `entity` (or `id`, `name`) holds the names. Entities that
            stand in no triple are kept.
        relations: the same for relations.
        columns: the frame's columns that hold head, relation and tail.
        notes: what was counted while reading.

    Returns:
        Triples, tables and notes; duplicates are merged and counted.

    Raises:
        GraphFileError: a column or a name is missing, or an entity is described twice in two ways.

    Example:
        >>> facts = pd.DataFrame({"head": ["b", "b"], "relation": ["r", "r"], "tail": ["a", "a"]})
        >>> build_tables(facts).notes
        (('duplicate triples', 1),)
    """
    named = expect_each(columns, Hashable, "A column's name", call='columns=("head", "relation", "tail")')
    if len(named) != 3:
        raise ValueError(
            f'columns={quote_value(columns)} came. Expected three; type columns=("head", "relation", "tail").'
        )
    with blame("The frame"):
        heads, links, tails = (_read_names(frame, column, columns) for column in columns)
    entity_rows, merged_entities = read_descriptions(entities, "entity")
    relation_rows, merged_relations = read_descriptions(relations, "relation")
    ends, links = _join(heads, tails).drop_unused(), links.drop_unused()
    entity_names = _sort_names(ends.names, entity_rows["entity"])
    relation_names = _sort_names(links.names, relation_rows["relation"])
    entity_ids, relation_ids = (
        ends.look_up(_number(entity_names)).reshape(2, -1),
        links.look_up(_number(relation_names)),
    )
    triples = sort_triples(np.stack((entity_ids[0], relation_ids, entity_ids[1])).T, distinct=True)
    counted = (
        ("duplicate triples", len(frame) - len(triples)),
        ("duplicate entity rows", merged_entities),
        ("duplicate relation rows", merged_relations),
    )
    return GraphTables(
        triples,
        describe_names(entity_rows, entity_names, "entity"),
        describe_names(relation_rows, relation_names, "relation"),
        sum_notes(notes, counted, *(note(names) for note in _NOTING for names in (entity_names, relation_names))),
    )


def _note_alike(names: list[str]) -> Notes:
    """How many names, apart, differ only by blanks or by the Unicode form of their letters."""
    changed = {name: folded for name in _list_foldable(names) if (folded := fold_name(name)) != name}
    if not changed:
        return ()
    groups: dict[str, list[str]] = {folded: [] for folded in changed.values()}
    for name in names:
        folded = changed.get(name, name)
        if folded in groups:
            groups[folded].append(name)
    alike = [group for group in groups.values() if len(group) > 1]
    if not alike:
        return ()
    shown = ", ".join(map(ascii if alike[0][0].isascii() else repr, alike[0][:3]))
    remedy = "kgwb.graph.merge_alike_names(graph) makes them one"
    return ((f"names differ only by blanks or Unicode form: {shown} ({remedy})", sum(map(len, alike))),)


def _note_numbers(names: list[str]) -> Notes:
    """How many whole numbers are two names apart, for files of text know no numbers: 1 and 1.0."""
    pointed = [name for name in names if name.endswith(".0") and name.removeprefix("-")[:-2].isdecimal()]
    known = set(names) if pointed else set()
    twice = [name for name in pointed if name[:-2] in known]
    if not twice:
        return ()
    return ((f"whole numbers are names apart by how they are spelt: '{twice[0][:-2]}', '{twice[0]}'", 2 * len(twice)),)


def _list_foldable(names: list[str]) -> Iterator[str]:
    """The names among which are all that `fold_name` changes; hundreds at once are seen to need nothing."""
    for start in range(0, len(names), _BLOCK):
        block = names[start : start + _BLOCK]
        text = "\n".join(["", *block, ""])
        plain = not _TO_FOLD.search(text) and not any(map(text.__contains__, ("  ", "\n ", " \n")))
        if not plain or text.count("\n") > len(block) + 1 or not unicodedata.is_normalized("NFC", text):
            yield from block


def fold_name(name: str) -> str:
    """A name as it is compared with others: single blanks, none at its ends, nothing invisible, NFC."""
    if name.isascii():
        return name if name.isalnum() else " ".join(name.split())
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", name)).split())


_NOTING = (_note_alike, _note_numbers)


def number_triples(
    names: Sequence[Sequence[str] | pd.Series], entities: Sequence[str], relations: Sequence[str]
) -> np.ndarray:  # [triple, 3]
    """Three columns of names as ids, int64 [triple, 3]: a name's id is its position in a graph's table.

    Example:
        >>> number_triples((["b"], ["r"], ["a"]), entities=["a", "b"], relations=["r"])
        array([[1, 0, 0]])
    """
    entity_ids, relation_ids = _number(entities), _number(relations)
    numbers = [
        _factorize(pd.Series(column, dtype=object) if isinstance(column, list | tuple) else column).look_up(ids)
        for ids, column in zip((entity_ids, relation_ids, entity_ids), names, strict=True)
    ]
    return np.stack(numbers, axis=1)


def _number(names: Sequence[str]) -> dict[str, int]:
    return dict(zip(names, range(len(names)), strict=True))


def _factorize(names: pd.Series) -> NamedColumn:
    if isinstance(names.dtype, pd.CategoricalDtype):
        return NamedColumn(names.cat.codes.to_numpy(), names.cat.categories.tolist()).drop_unused()
    codes, distinct = pd.factorize(names)
    return NamedColumn(codes, distinct.tolist())


def _join(first: NamedColumn, second: NamedColumn) -> NamedColumn:
    """Two columns, one behind the other."""
    if first.names == second.names:
        return NamedColumn(np.concatenate([first.codes, second.codes]), first.names)
    shifted = second.codes.astype(np.int64) + len(first.names)
    return NamedColumn(np.concatenate([first.codes, shifted]), first.names + second.names)


def sort_triples(triples: np.ndarray, *, distinct: bool = False) -> np.ndarray:
    """The rows in the order of head, relation, tail, read-only.

    Args:
        triples: ids, [triple, 3].
        distinct: whether to leave repeated rows out.

    Example:
        >>> sort_triples(np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0]]), distinct=True).tolist()
        [[0, 0, 1], [1, 0, 0]]
    """
    sizes = [column.max(initial=0).item() for column in triples.T]
    if len(triples) and triples.min() >= 0 and (sizes[0] + 1) * (sizes[1] + 1) * (sizes[2] + 1) < 2**63:
        keys = np.sort((triples[:, 0] * (sizes[1] + 1) + triples[:, 1]) * (sizes[2] + 1) + triples[:, 2])
        keys = keys[np.append(True, keys[1:] != keys[:-1])] if distinct else keys
        rest, tails = np.divmod(keys, sizes[2] + 1)  # one number a triple sorts much faster than three
        return freeze(np.stack([*np.divmod(rest, sizes[1] + 1), tails], axis=1))
    triples = triples[np.lexsort(triples.T[::-1])]  # lexsort's last key counts most
    if distinct:
        new = np.ones(len(triples), dtype=bool)
        new[1:] = (triples[1:] != triples[:-1]).any(axis=1)
        triples = triples[new]
    return freeze(triples)


def cut_blocks(rows: np.ndarray, size: int = 1 << 16) -> Iterator[np.ndarray]:
    """The rows in blocks, so that ten million of them never stand in Python lists at once."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def freeze(triples: np.ndarray) -> np.ndarray:
    """The rows without gaps in memory, read-only."""
    frozen = np.ascontiguousarray(triples)
    frozen.flags.writeable = False
    return frozen


def sum_notes(*several: Notes) -> Notes:
    """The counts of several notes added up, without those that are zero.

    Example:
        >>> sum_notes((("broken lines", 1),), (("broken lines", 2), ("comment lines", 0)))
        (('broken lines', 3),)
    """
    total: dict[str, int] = {}
    for notes in several:
        for what, count in notes:
            total[what] = total.get(what, 0) + count
    return tuple((what, count) for what, count in total.items() if count)


def _read_names(frame: pd.DataFrame, column: object, columns: Sequence[object]) -> NamedColumn:
    if column not in frame.columns:
        missing = [wanted for wanted in columns if wanted not in frame.columns]
        hint = 'Say which columns hold head, relation and tail: columns=("...", "...", "...").'
        raise missing_columns(missing, list(frame.columns), hint)
    if list(frame.columns).count(column) > 1:
        raise ContentError(f"has two columns called {quote(column)}. Rename one of them.")
    cells, source = frame[column], f"The frame's column {quote(column)}"
    if not isinstance(cells.dtype, pd.StringDtype | pd.CategoricalDtype) or cells.isna().any():
        return _factorize(pd.Series(spell_names(cells.tolist(), source), dtype=object))
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return NamedColumn(cells.cat.codes.to_numpy(), spell_names(cells.cat.categories.tolist(), source))
    return _factorize(cells)


def _sort_names(*several: Iterable[str]) -> list[str]:
    names = sorted(set().union(*several))
    if not is_whole("".join(names)):  # a million at once, in a hundredth of the time
        for name in names:
            expect_whole(name)
    return names
