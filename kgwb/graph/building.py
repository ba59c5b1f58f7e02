"""From names to ids: what a file or a frame says by name becomes the arrays and tables of a graph."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from kgwb.graph.descriptions import describe_names, expect_whole, read_descriptions, spell_names
from kgwb.graph.errors import ContentError, blame, missing_columns
from kgwb.graph.statements import Statements
from kgwb.words import quote

COLUMNS = ("head", "relation", "tail")
Notes = tuple[tuple[str, int], ...]
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")


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
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS), dtype=object)


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
    with blame("The frame"):
        heads, links, tails = (_read_names(frame, column, columns) for column in columns)
    if {frame[columns[0]].dtype.kind, frame[columns[2]].dtype.kind} in ({"i", "f"}, {"u", "f"}):
        heads, tails = (names.str.removesuffix(".0") for names in (heads, tails))  # 1 and 1.0 are one number
    entity_rows, merged_entities = read_descriptions(entities, "entity")
    relation_rows, merged_relations = read_descriptions(relations, "relation")
    entity_names = _sort_names(heads.unique(), tails.unique(), entity_rows["entity"])
    relation_names = _sort_names(links.unique(), relation_rows["relation"])
    triples = sort_triples(number_triples((heads, links, tails), entity_names, relation_names), distinct=True)
    counted = (
        ("duplicate triples", len(heads) - len(triples)),
        ("duplicate entity rows", merged_entities),
        ("duplicate relation rows", merged_relations),
    )
    return GraphTables(
        triples,
        describe_names(entity_rows, entity_names, "entity"),
        describe_names(relation_rows, relation_names, "relation"),
        sum_notes(notes, counted, _note_alike(entity_names), _note_alike(relation_names)),
    )


def _note_alike(names: list[str]) -> Notes:
    """How many names, apart, differ only by blanks or by the Unicode form of their letters."""
    # In plain words without blanks at the ends or twice in a row there is nothing to fold.
    changed = {name: folded for name in names if (folded := _fold(name)) != name}
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
    return ((f"names differ only by blanks or Unicode form: {shown}", sum(map(len, alike))),)


def _fold(name: str) -> str:
    if name.isascii():
        return name if name.isalnum() else " ".join(name.split())
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", name)).split())


def number_triples(
    names: Sequence[Sequence[str] | pd.Series], entities: Sequence[str], relations: Sequence[str]
) -> np.ndarray:  # [triple, 3]
    """Three columns of names as ids, int64 [triple, 3]: a name's id is its position in a graph's table.

    Example:
        >>> number_triples((["b"], ["r"], ["a"]), entities=["a", "b"], relations=["r"])
        array([[1, 0, 0]])
    """
    entity_ids = {name: number for number, name in enumerate(entities)}
    relation_ids = {name: number for number, name in enumerate(relations)}
    numbers = [
        _number_names(pd.Series(column, dtype=object) if isinstance(column, list | tuple) else column, ids)  # [triple]
        for ids, column in zip((entity_ids, relation_ids, entity_ids), names, strict=True)
    ]
    return np.stack(numbers, axis=1)


def _number_names(names: pd.Series, ids: dict[str, int]) -> np.ndarray:  # [triple]
    codes, distinct = pd.factorize(names)  # each different name is looked up once
    return np.array([ids[name] for name in distinct.tolist()], dtype=np.int64)[codes]


def sort_triples(triples: np.ndarray, *, distinct: bool = False) -> np.ndarray:
    """The rows in the order of head, relation, tail, read-only.

    Args:
        triples: ids, [triple, 3].
        distinct: whether to leave repeated rows out.

    Example:
        >>> sort_triples(np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0]]), distinct=True).tolist()
        [[0, 0, 1], [1, 0, 0]]
    """
    sizes = triples.max(axis=0, initial=0).tolist()
    if len(triples) and triples.min() >= 0 and (sizes[0] + 1) * (sizes[1] + 1) * (sizes[2] + 1) < 2**63:
        keys = np.sort((triples[:, 0] * (sizes[1] + 1) + triples[:, 1]) * (sizes[2] + 1) + triples[:, 2])
        rest, tails = np.divmod(keys, sizes[2] + 1)  # one number a triple sorts much faster than three
        triples = np.stack([*np.divmod(rest, sizes[1] + 1), tails], axis=1)
    else:
        triples = triples[np.lexsort(triples.T[::-1])]  # lexsort's last key counts most
    if distinct:
        new = np.ones(len(triples), dtype=bool)
        new[1:] = (triples[1:] != triples[:-1]).any(axis=1)
        triples = triples[new]
    return freeze(triples)


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


def _read_names(frame: pd.DataFrame, column: object, columns: Sequence[object]) -> pd.Series:
    if column not in frame.columns:
        missing = [wanted for wanted in columns if wanted not in frame.columns]
        hint = 'Say which columns hold head, relation and tail: columns=("...", "...", "...").'
        raise missing_columns(missing, list(frame.columns), hint)
    if list(frame.columns).count(column) > 1:
        raise ContentError(f"has two columns called {quote(column)}. Rename one of them.")
    if isinstance(frame[column].dtype, pd.StringDtype) and not frame[column].isna().any():
        return frame[column]
    return pd.Series(spell_names(frame[column].tolist(), f"The frame's column {quote(column)}"), dtype=object)


def _sort_names(*several: Iterable[str]) -> list[str]:
    names = sorted(set().union(*(one.tolist() if hasattr(one, "tolist") else one for one in several)))
    for name in names:
        expect_whole(name)
    return names
