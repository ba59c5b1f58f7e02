"""From names to ids: a frame of named triples becomes a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph.errors import GraphFileError, missing_columns
from kgwb.graph.files.entity_tables import describe_names, is_missing, name_columns
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import quote

COLUMNS = ("head", "relation", "tail")
Notes = tuple[tuple[str, int], ...]


def build_graph(
    frame: pd.DataFrame,
    entities: pd.DataFrame | None = None,
    *,
    relations: pd.DataFrame | None = None,
    columns: Sequence[object] = COLUMNS,
    name: str = "graph",
    notes: Notes = (),
) -> KnowledgeGraph:
    """Number the names, in sorted order, and put the tables beside them.

    Args:
        frame: one row per triple; names may be text or numbers, which become text.
        entities: what is known about entities; its column `entity` (or `id`, `name`) holds the names. Entities that
            stand in no triple are kept.
        relations: the same for relations.
        columns: the frame's columns that hold head, relation and tail.
        name: what to call the graph.
        notes: what was counted while reading.

    Returns:
        The graph; duplicates are merged and counted in its `notes`.

    Raises:
        GraphFileError: a column or a name is missing, or an entity is described twice in two ways.

    Example:
        >>> facts = pd.DataFrame({"head": ["b", "b"], "relation": ["r", "r"], "tail": ["a", "a"]})
        >>> build_graph(facts).notes
        (('duplicate triples', 1),)
    """
    heads, links, tails = (_read_names(frame, column, columns) for column in columns)
    entity_rows, merged_entities = _read_rows(entities, "entity")
    relation_rows, merged_relations = _read_rows(relations, "relation")
    entity_names = _sort_names(heads, tails, entity_rows["entity"].tolist())
    relation_names = _sort_names(links, relation_rows["relation"].tolist())
    triples = _number_triples((heads, links, tails), entity_names, relation_names)
    counted = (
        ("duplicate triples", len(heads) - len(triples)),
        ("duplicate entity rows", merged_entities),
        ("duplicate relation rows", merged_relations),
    )
    return KnowledgeGraph(
        triples=triples,
        entities=describe_names(entity_rows, entity_names, "entity"),
        relations=describe_names(relation_rows, relation_names, "relation"),
        name=name,
        notes=sum_notes(notes, counted),
    )


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


def _read_names(frame: pd.DataFrame, column: object, columns: Sequence[object]) -> list[str]:
    if column not in frame.columns:
        missing = [wanted for wanted in columns if wanted not in frame.columns]
        hint = 'Say which columns hold head, relation and tail: columns=("...", "...", "...").'
        raise missing_columns("The frame", missing, list(frame.columns), hint)
    if list(frame.columns).count(column) > 1:
        raise GraphFileError(f"The frame has two columns called {quote(column)}. Rename one of them.")
    return _as_names(frame[column].tolist(), f"The frame's column {quote(column)}")


def _read_rows(table: pd.DataFrame | None, kind: str) -> tuple[pd.DataFrame, int]:
    if table is None:
        return pd.DataFrame({kind: []}), 0
    source = f"The table of {'entities' if kind == 'entity' else 'relations'}"
    named = name_columns(table, kind, source)
    named = named.assign(**{kind: _as_names(named[kind].tolist(), f"{source}, column {kind!r},")})
    repeated = named.duplicated(subset=kind, keep=False)
    if not repeated.any():
        return named, 0
    merged = [_merge_rows(rows, name, kind, source) for name, rows in named[repeated].groupby(kind, sort=False)]
    kept = pd.concat([named[~repeated].astype(object), pd.DataFrame(merged, dtype=object)], ignore_index=True)
    return kept, len(named) - len(kept)


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


def _as_names(cells: list[Any], source: str) -> list[str]:
    if set(map(type, cells)) <= {str}:
        return cells
    for row, cell in enumerate(cells):
        if is_missing(cell):
            raise GraphFileError(f"{source} holds no name in row {row}. Drop the row, or fill the name in.")
    return [str(cell) for cell in cells]


def _sort_names(*lists: list[str]) -> list[str]:
    names = sorted(set().union(*lists))
    for name in names:
        if not name.isascii() and any("\ud800" <= character <= "\udfff" for character in name):
            raise GraphFileError(
                f"The name {quote(name)} holds half a character (a lone surrogate). Mend its encoding."
            )
    return names


def _number_triples(names: Sequence[list[str]], entities: list[str], relations: list[str]) -> np.ndarray:
    entity_ids = {name: number for number, name in enumerate(entities)}
    relation_ids = {name: number for number, name in enumerate(relations)}
    numbers = [
        np.array(list(map(ids.__getitem__, column)), dtype=np.int64)
        for ids, column in zip((entity_ids, relation_ids, entity_ids), names, strict=True)
    ]
    triples = np.stack(numbers, axis=1)
    triples = triples[np.lexsort(triples.T[::-1])]
    new = np.ones(len(triples), dtype=bool)
    new[1:] = (triples[1:] != triples[:-1]).any(axis=1)
    triples = np.ascontiguousarray(triples[new])
    triples.flags.writeable = False
    return triples
