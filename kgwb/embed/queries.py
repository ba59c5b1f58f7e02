"""Questions about a graph: each distinct (known entity, relation) once, with all its answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from kgwb.axes import Int
from kgwb.graph.joins import expand_ranges

Side = Literal["head", "tail"]
SIDES: tuple[Side, Side] = ("head", "tail")


@dataclass(frozen=True, eq=False)
class Queries:
    """Distinct questions of one side, their answers one after another (CSR).

    Attributes:
        side: what is asked for; for "tail", `known` holds heads.
        known: the entity given, [query].
        relation: the relation given, [query].
        offsets: answers of query q are answers[offsets[q]:offsets[q + 1]], [query + 1].
        answers: entities, ascending within a query, [answer].
        triple: which of the given triples asked for each answer, [answer].
    """

    side: Side
    known: Int[np.ndarray, " query"]
    relation: Int[np.ndarray, " query"]
    offsets: Int[np.ndarray, " ends"]
    answers: Int[np.ndarray, " answer"]
    triple: Int[np.ndarray, " answer"]

    def __len__(self) -> int:
        return len(self.known)

    @property
    def counts(self) -> Int[np.ndarray, " query"]:
        """How many answers each query has."""
        return np.diff(self.offsets)


def group_queries(triples: Int[np.ndarray, "triple 3"], side: Side) -> Queries:
    """Each distinct question that the triples answer, ordered by relation and known entity.

    Example:
        >>> triples = np.array([[0, 0, 1], [0, 0, 2], [3, 0, 1]])
        >>> queries = group_queries(triples, "tail")
        >>> queries.known, queries.counts
        (array([0, 3]), array([2, 1]))
    """
    known, answers = (triples[:, 2], triples[:, 0]) if side == "head" else (triples[:, 0], triples[:, 2])
    order = _order(triples[:, 1], known, answers)
    known, relation = known[order], triples[order, 1]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (known[1:] != known[:-1]) | (relation[1:] != relation[:-1])
    starts = np.flatnonzero(first)
    return Queries(side, known[starts], relation[starts], np.append(starts, len(order)), answers[order], order)


def _order(*columns: Int[np.ndarray, " triple"]) -> Int[np.ndarray, " triple"]:
    """The order by several columns of ids, the first counting most; rows that are equal stay as they came."""
    spans = [int(column.max(initial=0)) + 1 for column in columns]
    if math.prod(spans) >= 2**63:
        return np.lexsort(columns[::-1])
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column, span in zip(columns, spans, strict=True):
        key = key * span + column
    return torch.from_numpy(key).sort(stable=True).indices.numpy()  # several times as fast as column by column


def find_answers(
    queries: Queries, facts: Queries, entities: int
) -> tuple[Int[np.ndarray, " answer"], Int[np.ndarray, " ends"]]:
    """What `facts` already answer to each of `queries`, as (answers, offsets).

    Args:
        queries: the questions, [query].
        facts: known questions of the same side.
        entities: how many entities the graph has.
    """
    wanted = queries.relation * entities + queries.known
    keys = facts.relation * entities + facts.known  # ascending, since facts are ordered by relation, then entity
    place = np.searchsorted(keys, wanted)
    found = np.zeros(len(wanted), dtype=bool)
    inside = place < len(keys)
    found[inside] = keys[place[inside]] == wanted[inside]
    counts = np.zeros(len(wanted), dtype=np.int64)
    counts[found] = facts.counts[place[found]]
    offsets = np.append(0, np.cumsum(counts))
    starts = np.zeros(len(wanted), dtype=np.int64)
    starts[found] = facts.offsets[place[found]]
    return facts.answers[expand_ranges(starts, counts)], offsets
