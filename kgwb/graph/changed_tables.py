"""Facts put into a graph and taken out of it, by name: the tables of the graph that comes of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from kgwb.checks import expect_each, expect_kind
from kgwb.graph.building import COLUMNS, GraphTables, Notes, build_tables, sum_notes
from kgwb.graph.descriptions import read_descriptions
from kgwb.words import quote_value


class NamedFacts(NamedTuple):
    """Facts that came, and which of their names mean nothing but themselves.

    Attributes:
        tables: the facts, and what is said of their names.
        entities: names that a table of entities holds: they are no labels of others.
        relations: the same for relations.
    """

    tables: GraphTables
    entities: frozenset[str]
    relations: frozenset[str]


def read_changed_facts(given: object, entities: pd.DataFrame | None, relations: pd.DataFrame | None) -> NamedFacts:
    """Facts that came as a graph's tables, as a frame, as rows of names, or not at all.

    Args:
        given: what came; the names of a graph's tables are only names.
        entities: about entities, where no graph came.
        relations: about relations.

    Raises:
        TypeError: it is nothing of that kind.
        ValueError: a row holds more or fewer than three names, or tables came beside a graph's.
    """
    call = 'graph.with_facts([("Berlin", "capital_of", "Germany")])'
    for table in (entities, relations):
        expect_kind(table, (pd.DataFrame, type(None)), "A frame of names", call=f"{call[:-1]}, entities=frame)")
    if isinstance(given, GraphTables):
        if entities is not None or relations is not None:
            raise ValueError("A graph came beside a table of names, and has its own. Type graph.with_facts(other).")
        return NamedFacts(given, frozenset(given.entities["entity"]), frozenset(given.relations["relation"]))
    frame = given if isinstance(given, pd.DataFrame) else _read_rows(given, call)
    described = [
        frozenset(read_descriptions(table, kind)[0][kind])
        for table, kind in ((entities, "entity"), (relations, "relation"))
    ]
    return NamedFacts(build_tables(frame, entities, relations=relations), *described)


def _read_rows(given: object, call: str) -> pd.DataFrame:
    facts = [] if given is None else expect_each(given, object, "A fact, three names,", call=call)
    rows = [expect_each(fact, object, "A name", call=call) for fact in facts]
    if wrong := [row for row in rows if len(row) != len(COLUMNS)]:
        raise ValueError(f"{quote_value(wrong[0])} came as a fact. Expected head, relation and tail; type {call}.")
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def change_tables(before: GraphTables, added: NamedFacts, removed: NamedFacts) -> GraphTables:
    """A graph's tables with facts added and removed; whatever had no effect is counted in the notes.

    A name that the graph does not have but that is the label of one of its entities means that entity; of several with
    one label the best connected. Ids are given anew, from sorted names.

    Args:
        before: the graph's.
        added: what to put in, with what is known of entities and relations that are new.
        removed: what to take out.
    """
    names = [before.entities["entity"].tolist(), before.relations["relation"].tolist()]
    places = [dict(zip(each, range(len(each)), strict=True)) for each in names]
    degrees = np.bincount(before.triples[:, (0, 2)].ravel(), minlength=len(names[0]))
    uses = np.bincount(before.triples[:, 1], minlength=len(names[1]))
    labels = [
        _rank_labels(before.entities["label"].tolist(), degrees),
        _rank_labels(before.relations["label"].tolist(), uses),
    ]
    incoming = _number_facts(added, places, labels, names)  # [added, 3]; numbers from len(names) on are new
    outgoing = _number_facts(removed, places, labels, None)  # [removed, 3]; −1 is unknown
    sizes = [len(each) for each in names]
    present, wanted, unwanted = (_key(rows, sizes) for rows in (before.triples, incoming, outgoing))
    stay = np.isin(unwanted, wanted)
    gone = np.isin(present, unwanted[~stay])
    new = ~np.isin(wanted, present)
    facts = np.concatenate([before.triples[~gone], incoming[new]])
    frame = pd.DataFrame(
        {
            column: pd.Categorical.from_codes(facts[:, place], categories=names[place % 2])
            for place, column in enumerate(COLUMNS)
        }
    )
    tables = [
        _join_tables(before.entities, added.tables.entities, added.entities, "entity"),
        _join_tables(before.relations, added.tables.relations, added.relations, "relation"),
    ]
    built = build_tables(frame, tables[0][0], relations=tables[1][0])
    counted = (
        ("added facts that were there already", int((~new).sum())),
        ("facts to remove that were not there", int((~np.isin(unwanted[~stay], present)).sum())),
        ("facts both added and removed, which are there now", int(stay.sum())),
        ("descriptions of entities that had one, left as it was", tables[0][1]),
        ("descriptions of relations that had one, left as it was", tables[1][1]),
    )
    return built._replace(notes=_join_notes(built.notes, before.notes, added.tables.notes, counted))


def _rank_labels(labels: list[str], uses: np.ndarray) -> dict[str, int]:
    """Label -> the best connected of those that have it."""
    return {labels[place]: int(place) for place in np.argsort(uses, kind="stable")}


def _number_facts(
    facts: NamedFacts,
    places: list[dict[str, int]],
    labels: list[dict[str, int]],
    names: list[list[str]] | None,
) -> np.ndarray:  # [fact, 3]
    """The facts in the graph's numbers; what is new gets the next ones and is put behind `names`, or −1 without them."""
    tables, numbers = facts.tables, []
    columns = (tables.entities["entity"], tables.relations["relation"])
    for kind, (column, own) in enumerate(zip(columns, (facts.entities, facts.relations), strict=True)):
        found = []
        for name in column.tolist():
            place = places[kind].get(name, -1)
            if place < 0 and name not in own:
                place = labels[kind].get(name, -1)
            if place < 0 and names is not None:
                place = len(names[kind])
                names[kind].append(name)
            found.append(place)
        numbers.append(np.array(found, dtype=np.int64))
    head, relation, tail = tables.triples.T
    rows = np.stack([numbers[0][head], numbers[1][relation], numbers[0][tail]], axis=1)
    return rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])]  # a name and its label may be the same fact


def _key(facts: np.ndarray, sizes: list[int]) -> np.ndarray:  # [fact]
    """One number for each fact; each that holds something unknown has one of its own below zero."""
    head, relation, tail = facts.T
    keys = (head * sizes[1] + relation) * sizes[0] + tail
    unknown = (facts < 0).any(axis=1)
    return np.where(unknown, -1 - np.arange(len(facts)), keys)


def _join_tables(before: pd.DataFrame, added: pd.DataFrame, own: frozenset[str], kind: str) -> tuple[pd.DataFrame, int]:
    """The graph's table with the rows of new names behind it, and how many rows were about names that it holds."""
    described = added[added[kind].isin(own)]
    known = described[kind].isin(before[kind])
    new = described[~known]
    if new.empty:
        return before, _count_differing(before, described[known], kind)
    joined = pd.concat([before.astype(object), new.astype(object)], ignore_index=True)
    return joined, _count_differing(before, described[known], kind)


def _count_differing(before: pd.DataFrame, described: pd.DataFrame, kind: str) -> int:
    """How many rows say of a name something else than the graph's table does; cells that are empty say nothing."""
    if described.empty:
        return 0
    then = before.set_index(kind).reindex(columns=described.columns.drop(kind)).loc[described[kind]]
    now = described.set_index(kind)
    silent = now.isna() | (now.map(lambda cell: cell in ("", ())))
    silent["label"] |= now["label"] == now.index
    return int((~silent & (then.astype(object) != now.astype(object))).any(axis=1).sum())


def _join_notes(built: Notes, *earlier: Notes) -> Notes:
    """What was counted before, then now; what a note says of the names is said of those that there are now."""
    said = {what.partition(":")[0] for what, _ in built}
    kept = [tuple(note for note in notes if note[0].partition(":")[0] not in said) for notes in earlier]
    return sum_notes(*kept, built)
