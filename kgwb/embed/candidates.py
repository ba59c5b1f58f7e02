"""Which entities may answer a query: those of a type, those of a list, or what the relation has ever taken there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Int
from kgwb.checks import expect_each
from kgwb.embed.queries import Side
from kgwb.graph.errors import UnknownNameError
from kgwb.graph.joins import distinct, expand_ranges
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import count_things, quote

Among: TypeAlias = str | Sequence[str | int | np.integer] | np.ndarray | pd.Index | pd.Series | None
TAKEN = "what the relation has taken there in train"
ALIKE = "the types of what the relation has taken there in train"


@dataclass(frozen=True, eq=False)
class CandidateSets:
    """The entities that may answer: one set for every query, or one for each relation and side.

    Attributes:
        name: what they are, as a protocol says it.
        entities: how many entities the graph has.
        members: the entities of each set, ascending, one set after another, [member].
        offsets: set s is members[offsets[s]:offsets[s + 1]]; of relation r the set r answers queries about its tail and
            the set r + relations those about its head, [set + 1].
    """

    name: str
    entities: int
    members: Int[np.ndarray, " member"]
    offsets: Int[np.ndarray, " ends"]

    def find(self, relation: int, side: Side) -> Int[np.ndarray, " candidate"]:
        """The entities that may answer a query about this side of a relation, ascending."""
        place = int(self._place(np.array([relation]), side)[0])
        return self.members[self.offsets[place] : self.offsets[place + 1]]

    def count(self, relation: Int[np.ndarray, " query"], side: Side) -> Int[np.ndarray, " query"]:
        """How many candidates each query has."""
        return np.diff(self.offsets)[self._place(relation, side)]

    def mask(self, relation: Int[np.ndarray, " query"], side: Side) -> Bool[np.ndarray, "query entity"]:
        """Which entities may answer each query."""
        place = self._place(relation, side)
        counts = np.diff(self.offsets)[place]
        may = np.zeros((len(relation), self.entities), dtype=bool)
        may[np.repeat(np.arange(len(relation)), counts), self.members[expand_ranges(self.offsets[place], counts)]] = (
            True
        )
        return may

    def _place(self, relation: Int[np.ndarray, " query"], side: Side) -> Int[np.ndarray, " query"]:
        sets = len(self.offsets) - 1
        return np.zeros_like(relation) if sets == 1 else relation + (sets // 2 if side == "head" else 0)


def choose_candidates(
    graph: KnowledgeGraph, among: Among, *, facts: Int[np.ndarray, "fact 3"] | None
) -> CandidateSets | None:
    """The entities that `among` names; None for all of them.

    Args:
        graph: whose entities they are.
        among: "relation" for what each relation has taken at the side asked for, "type" for every entity of a type that
            it has taken there, a type, or a list of entities by name, label or id.
        facts: from which "relation" and "type" learn what a relation takes; None where they are not known.

    Raises:
        UnknownNameError: there is no such type or entity; names the nearest.
        ValueError: the list is empty, or the facts are not known.
        TypeError: neither a text nor a list came.

    Example:
        >>> facts = pd.DataFrame([["Ada", "speaks", "Ket"], ["Bo", "speaks", "Ket"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> candidates = choose_candidates(graph, "relation", facts=graph.triples)
        >>> candidates.find(0, "tail"), candidates.find(0, "head")
        (array([2]), array([0, 1]))
    """
    if among is None:
        return None
    if isinstance(among, str):
        return _choose_by_word(graph, among, facts)
    call = 'among="relation", among="city", a type, or among=["Berlin", "Paris"]'
    names = expect_each(among, (str, int, np.integer), "A type, or a list of entities,", call=call)
    if not names:
        raise ValueError(f"among came as an empty list, which leaves no candidate. Type {call}.")
    ids = np.unique(np.array([graph.entity_id(name) for name in names], dtype=np.int64))
    return _share(graph, f"a list of {count_things(len(ids), 'entity')}", ids)


def _choose_by_word(graph: KnowledgeGraph, among: str, facts: np.ndarray | None) -> CandidateSets:
    types = (
        graph.entities["type"].to_numpy().astype(str) if "type" in graph.entities else np.full(len(graph.labels), "")
    )
    known_types = sorted(set(types) - {""})
    if among not in ("relation", "type"):
        if among not in known_types:
            raise UnknownNameError("type", among, known_types)
        return _share(graph, f"the entities of type {quote(among)}", np.flatnonzero(types == among))
    if facts is None:
        raise ValueError(
            f"among={among!r} came, and what this was trained on is not known, so neither is what a relation takes. Type a "
            'type, among="city", or a list, among=["Berlin", "Paris"].'
        )
    if among == "type" and not known_types:
        raise ValueError(f"among='type' came, but no entity of {graph.name!r} has a type. Type among=\"relation\".")
    taken = _collect_taken(facts, len(graph.entities), len(graph.relations))
    return taken if among == "relation" else _widen_to_types(taken, types)


def _share(graph: KnowledgeGraph, name: str, ids: Int[np.ndarray, " candidate"]) -> CandidateSets:
    return CandidateSets(name, len(graph.entities), ids, np.array([0, len(ids)]))


def _collect_taken(facts: Int[np.ndarray, "fact 3"], entities: int, relations: int) -> CandidateSets:
    head, relation, tail = facts.T
    keys = distinct(np.concatenate([relation * entities + tail, (relation + relations) * entities + head]))  # [member]
    offsets = np.searchsorted(keys, np.arange(2 * relations + 1) * entities)
    return CandidateSets(TAKEN, entities, keys % max(1, entities), offsets)


def _widen_to_types(taken: CandidateSets, types: np.ndarray) -> CandidateSets:
    """Each set with all entities whose type one of its members has; those without a type are of one kind, too."""
    names, code = np.unique(types, return_inverse=True)  # [type], [entity]
    by_type, sizes = np.argsort(code, kind="stable"), np.bincount(code, minlength=len(names))
    begins = np.append(0, np.cumsum(sizes))[:-1]
    place = np.repeat(np.arange(len(taken.offsets) - 1), np.diff(taken.offsets))  # [member]
    keys = distinct(place * len(names) + code[taken.members])  # each set and type once
    place, kind = keys // len(names), keys % len(names)
    members = by_type[expand_ranges(begins[kind], sizes[kind])]
    place = np.repeat(place, sizes[kind])
    order = np.lexsort([members, place])
    offsets = np.searchsorted(place[order], np.arange(len(taken.offsets)))
    return CandidateSets(ALIKE, taken.entities, members[order], offsets)
