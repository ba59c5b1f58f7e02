"""Filtered ranking: where the right answer stands among all entities, known other answers left out."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.errors import expect_choice
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.queries import SIDES, Queries, find_answers, group_queries
from kgwb.embed.ranking.rank_report import RankReport
from kgwb.embed.threads import limit_threads
from kgwb.embed.triple_ids import Known, Triples, read_ids

CACHE_BYTES = 8 << 20  # on a CPU, scores are compared while they are still in the cache
Ties = Literal["mean", "best", "worst"]


@torch.no_grad()
def rank_triples(
    embedding: GraphEmbedding,
    triples: Triples,
    *,
    known: Known | None,
    ties: Ties = "mean",
    memory: int | float = 0.5,
) -> RankReport:
    """The filtered rank of each triple's tail among all tails, and of its head among all heads.

    Every entity of the graph is a candidate, also those that training never saw. Answers that `known` holds,
    other than the one in question, do not count (Bordes et al., 2013). Scores are float32, whatever the training
    used, and the right answer's is read from the same row as the candidates', so that no rounding makes or
    breaks a tie.

    Args:
        embedding: whose scores are ranked.
        triples: what to rank, ids as an array, a tensor or a list; usually `split.test`.
        known: all triples known to be true; usually `split.known`, which holds train, valid and test. None ranks
            without a filter.
        ties: the rank among equal scores: their "mean", "best" or "worst".
        memory: how large a block of scores may get, in GiB.

    Returns:
        The ranks, with the protocol in its repr.

    Raises:
        ValueError: no triples, ids that the graph does not have, or scores that are not numbers.

    Example:
        >>> import pandas as pd
        >>> from kgwb.graph.knowledge_graph import KnowledgeGraph
        >>> from kgwb.embed.scorers.complex_bilinear import ComplEx
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(
        ...     [["Berlin", "capital_of", "Germany"], ["Paris", "capital_of", "France"]],
        ...     columns=["head", "relation", "tail"]))
        >>> vectors = GraphEmbedding(graph, ComplEx(), dim=8)
        >>> torch.nn.init.zeros_(vectors.entity_table).sum().item()  # all scores are the same
        0.0
        >>> rank_triples(vectors, graph.triples, known=graph.triples).ranks
        array([2.5, 2.5, 2.5, 2.5])
        >>> rank_triples(vectors, graph.triples, known=graph.triples, ties="worst").ranks
        array([4., 4., 4., 4.])
    """
    expect_choice("ties", ties, ("mean", "best", "worst"))
    ranked, filters = read_ids(triples), read_ids([] if known is None else known)
    for name, given in (("triples", ranked), ("known", filters)):
        _expect_ids(embedding, name, given)
    if not len(ranked):
        raise ValueError("There are no triples to rank. Type rank_triples(embedding, split.test, known=split.known).")
    if not all(table.isfinite().all() for table in embedding.parameters()):
        raise ValueError(
            "The embedding holds numbers that are not finite. Train a fresh one with a lower learning_rate."
        )
    with limit_threads(2 * len(ranked) * len(embedding.graph.entities) * embedding.dim):
        counts = [
            _count_side(embedding, group_queries(ranked, side), group_queries(filters, side), memory) for side in SIDES
        ]
    better, equal = (np.concatenate(parts) for parts in zip(*counts, strict=True))
    unseen = ~embedding.trained_on.cpu().numpy()
    return RankReport(
        graph=embedding.graph,
        triples=np.concatenate([ranked, ranked]),
        sides=np.repeat(SIDES, len(ranked)),
        better=better,
        equal=equal,
        ties=ties,
        known=None if known is None else len(filters),
        unseen=int(unseen[ranked[:, (0, 2)]].any(1).sum()),
    )


def _count_side(
    embedding: GraphEmbedding, queries: Queries, facts: Queries, memory: int | float
) -> tuple[Int[np.ndarray, " triple"], Int[np.ndarray, " triple"]]:
    """How many candidates score higher than each triple's answer, and how many others the same, by triple."""
    entities = len(embedding.graph.entities)
    filters, ends = find_answers(queries, facts, entities)
    better, equal = np.empty(len(queries.triple), dtype=np.int64), np.empty(len(queries.triple), dtype=np.int64)
    rows = _rows_at_once(embedding, memory)
    vectors = embedding.encode()
    for start in range(0, len(queries), rows):
        stop = min(start + rows, len(queries))
        here = slice(queries.offsets[start], queries.offsets[stop])
        columns = (
            queries.known[start:stop],
            queries.relation[start:stop],
            np.repeat(np.arange(stop - start), queries.counts[start:stop]),
            queries.answers[here],
            np.repeat(np.arange(stop - start), np.diff(ends[start : stop + 1])),
            filters[ends[start] : ends[stop]],
        )
        known, relation, row, answer, filter_row, filtered = (
            torch.from_numpy(column).to(embedding.device) for column in columns
        )
        scores = vectors.score_answers(known, relation, tails=len(known) if queries.side == "tail" else 0)
        counted = _count_block(scores, row, answer, filter_row, filtered)
        better[queries.triple[here]], equal[queries.triple[here]] = (part.cpu().numpy() for part in counted)
    return better, equal


def _count_block(
    scores: Float[Tensor, "query entity"],
    row: Int[Tensor, " answer"],
    answer: Int[Tensor, " answer"],
    filter_row: Int[Tensor, " known"],
    filtered: Int[Tensor, " known"],
) -> tuple[Int[Tensor, " answer"], Int[Tensor, " answer"]]:
    gold = scores[row, answer][:, None]
    if not gold.isfinite().all():
        raise ValueError(
            "A score is not finite: the vectors are too large. Train a fresh one with a lower learning_rate."
        )
    scores[filter_row, filtered] = -torch.inf
    own = scores[row, answer] == gold[:, 0]  # an answer that the filter does not hold still meets itself
    better, equal = torch.empty_like(row), torch.empty_like(row)
    for start in range(0, len(row), len(scores)):  # as many answers at once as there are queries, to bound the memory
        part = slice(start, start + len(scores))
        rows = scores if len(row) == len(scores) else scores.index_select(0, row[part])
        better[part], equal[part] = _count(rows > gold[part]), _count(rows == gold[part])
    return better, equal - own.long()


def _count(holds: Tensor) -> Int[Tensor, " answer"]:
    return holds.view(torch.uint8).sum(-1, dtype=torch.int32).long()  # several times faster than summing booleans


def _rows_at_once(embedding: GraphEmbedding, memory: int | float) -> int:
    allowed = int(memory * 2**30)
    if embedding.device.type == "cpu":
        allowed = min(allowed, CACHE_BYTES)
    return max(1, allowed // (4 * len(embedding.graph.entities)))


def _expect_ids(embedding: GraphEmbedding, name: str, triples: Int[np.ndarray, "triple 3"]) -> None:
    entities, relations = len(embedding.graph.entities), len(embedding.graph.relations)
    limits = np.array([entities, relations, entities])
    if ((triples < 0) | (triples >= limits)).any():
        counts = f"{entities:,} entities and {relations:,} relations"
        raise ValueError(
            f"{name} holds ids that {embedding.graph.name!r} does not have: it has {counts}. "
            "Type read_split(folder) or split_triples(graph), whose ids fit split.graph."
        )
