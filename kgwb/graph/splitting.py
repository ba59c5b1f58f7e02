"""Facts to learn from and facts to be asked about: splitting a graph, or taking a published split as it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from kgwb.graph.building import COLUMNS, Notes, sum_notes
from kgwb.graph.errors import missing_file
from kgwb.graph.files.folders import read_parts
from kgwb.graph.files.headers import Columns, check_columns
from kgwb.graph.files.reading import make_graph
from kgwb.graph.files.text_files import OnError
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import count_things, describe_kind

_AT_ONCE = 1 << 16  # triples that stand in Python lists at a time, so that ten million of them need no gigabytes


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A graph whose triples are divided into train, valid and test.

    Attributes:
        graph: all entities, relations and triples.
        train, valid, test: int64 [triple, 3], ids of that graph, sorted.
        notes: what could not be done as asked, counted.
    """

    graph: KnowledgeGraph
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    notes: Notes = ()

    @cached_property
    def known(self) -> np.ndarray:
        """All three parts one after the other, int64 [triple, 3]: what filtered ranking leaves out."""
        return np.concatenate([self.train, self.valid, self.test])

    @cached_property
    def unseen_entities(self) -> np.ndarray:
        """The ids of entities that stand in valid or test and in no train triple, int64 [entity], sorted."""
        held_out = np.concatenate([self.valid, self.test])
        return np.setdiff1d(held_out[:, (0, 2)], self.train[:, (0, 2)])

    @cached_property
    def unseen_relations(self) -> np.ndarray:
        """The ids of relations that stand in valid or test and in no train triple, int64 [relation], sorted."""
        held_out = np.concatenate([self.valid, self.test])
        return np.setdiff1d(held_out[:, 1], self.train[:, 1])

    def __repr__(self) -> str:
        counts = f"{len(self.train):,} train, {len(self.valid):,} valid, {len(self.test):,} test"
        kinds = ((len(self.unseen_entities), "entity"), (len(self.unseen_relations), "relation"))
        unseen = [f"  unseen in train: {count_things(count, kind)}" for count, kind in kinds if count]
        if len(self.unseen_entities):
            touched = int(np.isin(self.test[:, (0, 2)], self.unseen_entities).any(axis=1).sum())
            unseen[0] += f", in {count_things(touched, 'test triple')}, all kept"
        notes = [f"  {count:,} {what}" for what, count in self.notes]
        return "\n".join([f"Split of {self.graph.name!r}: {counts} triples", *unseen, *notes])


def split_triples(graph: KnowledgeGraph, valid: float | int = 0.1, test: float | int = 0.1, *, seed: int = 0) -> Split:
    """Divide a graph's triples at random so that no entity or relation is unseen in train.

    Args:
        graph: the graph.
        valid: the share of triples to put into valid, from 0 to 1.
        test: the share to put into test; both together less than 1.
        seed: the same seed gives the same split.

    Returns:
        The split. Where too many triples are the only one of an entity or relation, valid and test stay smaller than
        asked, in proportion, and the split's notes say by how much.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame({"head": ["a", "b", "a"], "relation": ["r", "r", "r"], "tail": ["b", "a", "a"]})
        >>> split_triples(KnowledgeGraph.from_pandas(facts), valid=0, test=0.34)
        Split of 'graph': 2 train, 0 valid, 1 test triples
    """
    if not (valid >= 0 and test >= 0 and valid + test < 1):
        raise ValueError(
            f"valid came as {valid!r} and test as {test!r}. Expected shares from 0 to 1, together less than 1, "
            "for example split_triples(graph, valid=0.1, test=0.1)."
        )
    count = len(graph.triples)
    asked_valid, asked_test = round(valid * count), round(test * count)
    order = np.random.default_rng(seed).permutation(count)
    spare = _find_spare(graph.triples, order, asked_valid + asked_test)
    got_valid = round(asked_valid * len(spare) / max(1, asked_valid + asked_test))
    parts = np.zeros(count, dtype=np.int8)
    parts[spare[:got_valid]], parts[spare[got_valid:]] = 1, 2
    missing = (
        (f"of the {asked_valid:,} valid triples asked for could not be taken", asked_valid - got_valid),
        (f"of the {asked_test:,} test triples asked for could not be taken", asked_test - (len(spare) - got_valid)),
    )
    reason = ": every triple left in train is the only one of an entity or a relation"
    notes = sum_notes(tuple((what + reason, lacking) for what, lacking in missing))
    train_part, valid_part, test_part = (_freeze(graph.triples[parts == part]) for part in range(3))
    return Split(graph, train_part, valid_part, test_part, notes)


def read_split(folder: str | Path, columns: Columns = COLUMNS, *, on_error: OnError = "raise") -> Split:
    """Take a published split as it is: every triple stays in its part, entities unseen in train are kept and counted.

    Args:
        folder: holds train, valid and test files, or train2id.txt, valid2id.txt and test2id.txt as OpenKE has them.
        columns: the columns that hold head, relation and tail, where the files have a header line.
        on_error: "raise" stops at a broken line; "skip" leaves it out and counts it in the graph's notes.

    Raises:
        FileNotFoundError: there is no such folder.
        GraphFileError: there is no train file, or a file cannot be read.
    """
    check_columns(columns)
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise missing_file(folder, "a folder with train, valid and test files")
    facts = read_parts(folder, columns, on_error=on_error)
    graph = make_graph(facts, folder)
    train, valid, test = (_number_part(facts.parts.get(part), graph) for part in ("train", "valid", "test"))
    return Split(graph, train, valid, test)


def _find_spare(triples: np.ndarray, order: np.ndarray, wanted: int) -> np.ndarray:
    """The first `wanted` triples, in this order, that can leave without their entities or relation going too."""
    loops = triples[:, 0] == triples[:, 2]
    entities = np.bincount(np.concatenate([triples[:, 0], triples[~loops, 2]])).tolist()
    relations = np.bincount(triples[:, 1]).tolist()
    spare: list[int] = []
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        for row, (head, relation, tail) in zip(some.tolist(), triples[some].tolist(), strict=True):
            if len(spare) == wanted:
                return np.array(spare, dtype=np.int64)
            if entities[head] > 1 and entities[tail] > 1 and relations[relation] > 1:
                spare.append(row)
                for entity in {head, tail}:
                    entities[entity] -= 1
                relations[relation] -= 1
    return np.array(spare, dtype=np.int64)


def _number_part(frame: pd.DataFrame | None, graph: KnowledgeGraph) -> np.ndarray:
    if frame is None:
        return _freeze(np.empty((0, 3), dtype=np.int64))
    entities = {name: number for number, name in enumerate(graph.entities["entity"])}
    relations = {name: number for number, name in enumerate(graph.relations["relation"])}
    columns = zip((entities, relations, entities), COLUMNS, strict=True)
    numbers = [np.array([ids[name] for name in frame[column].tolist()], dtype=np.int64) for ids, column in columns]
    triples = np.stack(numbers, axis=1)
    return _freeze(triples[np.lexsort(triples.T[::-1])])


def _freeze(triples: np.ndarray) -> np.ndarray:
    frozen = np.ascontiguousarray(triples)
    frozen.flags.writeable = False
    return frozen


def expect_split(split: object, call: str) -> None:
    """A split, for functions that are easily given a graph.

    Args:
        split: what came.
        call: what to type, with {} in the split's place.

    Raises:
        TypeError: it is none; says what to type.
    """
    if not isinstance(split, Split):
        raise TypeError(
            f"A split was expected, but {describe_kind(split)} came. Type {call.format('split_triples(graph)')}."
        )


def expect_source(source: object) -> None:
    """A split or a graph.

    Raises:
        TypeError: it is neither.
    """
    if not isinstance(source, (Split, KnowledgeGraph)):
        raise TypeError(
            f"A split or a graph was expected, but {describe_kind(source)} came. Type split_triples(graph)."
        )
