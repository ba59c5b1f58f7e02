"""Triples as ids, and the distinct queries that they answer: each (known entity, relation) once, with all its answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from kgwb.axes import Bool, Int, Tensor
from kgwb.graph.joins import expand_ranges
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split
from kgwb.words import describe_kind

Triples = Int[np.ndarray, "triple 3"] | Int[Tensor, "triple 3"] | Sequence[Sequence[int]]
Known = Int[np.ndarray, "known 3"] | Int[Tensor, "known 3"] | Sequence[Sequence[int]]
Side = Literal["head", "tail"]
SIDES: tuple[Side, Side] = ("head", "tail")
CARDINALITIES = ["1-1", "1-N", "N-1", "N-N"]
MANY = 1.5  # answers per query on average, from which a side counts as N (Bordes et al., 2013)


def read_ids(triples: Triples) -> Int[np.ndarray, "triple 3"]:
    """An int64 copy of triples that came as an array, a tensor or a list.

    Raises:
        ValueError: they are not rows of three whole numbers.

    Example:
        >>> read_ids([(0, 0, 1)])
        array([[0, 0, 1]])
    """
    if isinstance(triples, (Split, KnowledgeGraph)):
        kind, mend = ("split", "split.test") if isinstance(triples, Split) else ("graph", "graph.triples")
        raise ValueError(f"A {kind} came. Expected rows of three ids; type {mend}.")
    try:
        array = np.array(triples.detach().cpu().numpy() if isinstance(triples, Tensor) else triples)
    except ValueError:  # rows of different lengths
        array = np.array(None)
    if not array.size and isinstance(triples, (np.ndarray, Tensor, list, tuple)):
        return np.empty((0, 3), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] != 3 or array.dtype.kind not in "iu":
        came = f"Triples of shape {array.shape} and type {array.dtype}" if array.ndim else describe_kind(triples)
        raise ValueError(
            f"{came[0].upper()}{came[1:]} came. Expected rows of three ids; type "
            "[[head, relation, tail], ...], or graph.triples[:5]."
        )
    return array.astype(np.int64)


def name_query(graph: KnowledgeGraph) -> str:
    """A head and a relation of this graph as arguments, for messages that say what to type.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Ada", "speaks", "Ket"]], columns=["head", "relation", "tail"])
        >>> name_query(KnowledgeGraph.from_pandas(facts))
        "head='Ada', relation='speaks'"
    """
    if not len(graph.triples):
        return "head='Germany', relation='capital'"
    head, relation, _ = graph.triples[0].tolist()
    return f"head={graph.labels[head]!r}, relation={graph.relation_labels[relation]!r}"


def expect_ids(graph: KnowledgeGraph, name: str, triples: Int[np.ndarray, "triple 3"]) -> None:
    """Ids that the graph has.

    Raises:
        ValueError: an entity or relation has no such id.
    """
    limits = np.array([len(graph.entities), len(graph.relations), len(graph.entities)])
    if ((triples < 0) | (triples >= limits)).any():
        raise ValueError(
            f"{name} holds ids that {graph.name!r} does not have: it has {limits[0]:,} entities and {limits[1]:,} "
            "relations. Type read_split(folder) or split_triples(graph), whose ids fit split.graph."
        )


@dataclass(frozen=True, eq=False)
class Queries:
    """Distinct queries of one side, their answers one after another (CSR).

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

    def take(self, rows: Int[np.ndarray, " row"]) -> Queries:
        """Some of the queries, in this order, with all their answers."""
        counts = self.counts[rows]
        places = expand_ranges(self.offsets[rows], counts)
        offsets = np.append(0, np.cumsum(counts))
        return Queries(
            self.side, self.known[rows], self.relation[rows], offsets, self.answers[places], self.triple[places]
        )


def group_queries(triples: Int[np.ndarray, "triple 3"], side: Side) -> Queries:
    """Each distinct query that the triples answer, ordered by relation and known entity.

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
        queries: what is asked, [query].
        facts: known queries of the same side.
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


def find_distinct(triples: Int[np.ndarray, "triple 3"], entities: int) -> Int[np.ndarray, "fact 3"]:
    """Each triple once, by relation, head and tail.

    Example:
        >>> find_distinct(np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0]]), 2).tolist()
        [[0, 0, 1], [1, 0, 0]]
    """
    keys = np.unique(_number(triples, entities))  # one number per triple sorts ten times faster
    return np.stack([keys // entities % entities, keys // entities**2, keys % entities], axis=1)


def mark_entities(facts: Int[np.ndarray, "fact 3"], entities: int) -> Bool[Tensor, " entity"]:
    """Which entities some facts hold.

    Example:
        >>> mark_entities(np.array([[0, 0, 2]]), 4)
        tensor([ True, False,  True, False])
    """
    held = torch.zeros(entities, dtype=torch.bool)
    held[torch.from_numpy(facts[:, (0, 2)].ravel())] = True
    return held


def count_facts_among(triples: Int[np.ndarray, "triple 3"], facts: Int[np.ndarray, "fact 3"], entities: int) -> int:
    """How many of the triples are among the facts; one that stands twice among the triples counts twice.

    Example:
        >>> count_facts_among(np.array([[0, 0, 1], [2, 0, 1]]), np.array([[0, 0, 1], [0, 0, 1]]), 3)
        1
    """
    keys, counts = np.unique(_number(triples, entities), return_counts=True)
    wanted = _number(facts, entities)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)  # the few are sorted, not the many
    return int(counts[np.unique(place[keys[place] == wanted])].sum()) if len(keys) else 0


def _number(triples: Int[np.ndarray, "triple 3"], entities: int) -> Int[np.ndarray, " triple"]:
    head, relation, tail = triples.T
    return (relation * entities + head) * entities + tail


def name_cardinalities(facts: Int[np.ndarray, "fact 3"], relations: int) -> np.ndarray:
    """What each relation is: 1-1, 1-N (a head has many tails), N-1 or N-N, [relation].

    Args:
        facts: distinct triples.
        relations: how many relations there are; one without facts is 1-1.

    Example:
        >>> name_cardinalities(np.array([[0, 0, 1], [0, 0, 2], [0, 1, 1], [2, 1, 1]]), 2).tolist()
        ['1-N', 'N-1']
    """
    many_heads, many_tails = (_have_many(facts, side, relations) for side in SIDES)
    return np.array(CARDINALITIES)[2 * many_heads + many_tails]


def _have_many(facts: Int[np.ndarray, "fact 3"], side: Side, relations: int) -> Bool[np.ndarray, " relation"]:
    queries = np.bincount(group_queries(facts, side).relation, minlength=relations)
    return np.bincount(facts[:, 1], minlength=relations) >= MANY * np.maximum(queries, 1)
