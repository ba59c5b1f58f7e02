"""Filtered ranking: where the right answer stands among all entities, known other answers left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.checks import expect_at_least, expect_choice, expect_number
from kgwb.citation import NOT_RECORDED, Citable, nest_parts, note_machine
from kgwb.embed.candidates import Among, CandidateSets, choose_candidates
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.precision import limit_threads
from kgwb.embed.queries import SIDES, Known, Queries, Triples, expect_ids, find_answers, group_queries, read_ids
from kgwb.embed.ranking.answers import AnswerScores, ScoresAnswers, count_trained, prepare_answers
from kgwb.embed.ranking.counting import count_block, rows_at_once
from kgwb.embed.ranking.rank_report import TIES, RankReport, Ties
from kgwb.graph.joins import expand_ranges


@torch.no_grad()
def rank_triples(
    embedding: GraphEmbedding | ScoresAnswers,
    triples: Triples,
    *,
    known: Known | None,
    ties: Ties = "mean",
    outranked_by: int = 0,
    memory: int | float = 0.5,
    among: Among = None,
) -> RankReport:
    """The filtered rank of each triple's tail among all tails, and of its head among all heads.

    Every entity of the graph is a candidate, also those that training never saw. Answers that `known` holds,
    other than the one in question, do not count (Bordes et al., 2013). Scores are float32, whatever the training
    used, and the right answer's is read from the same row as the candidates', so that no rounding makes or
    breaks a tie. Scores are made, compared and forgotten block by block: memory does not grow with the triples.

    Args:
        embedding: whose scores are ranked: an embedding, or anything with `.graph` and
            `.score_answers(known, relation, *, tails)`.
        triples: what to rank, ids as an array, a tensor or a list; usually `split.test`.
        known: all triples known to be true; usually `split.known`, which holds train, valid and test. None ranks
            without a filter.
        ties: the rank among equal scores: their "mean", "best" or "worst"; `with_ties` of the report gives the others.
        outranked_by: how many of the candidates that score higher than the right answer to keep by name, for the
            report's `frame`.
        memory: how large a block of scores may get, in GiB.
        among: who may be an answer, instead of every entity: a type, a list of entities, "relation" for what the relation
            has taken at that side in training, or "type" for all entities of the types that it has taken there. A right
            answer that is none of them is kept: it ranks behind all of them, and the report counts it.

    Returns:
        The ranks, with the protocol in its repr.

    Raises:
        ValueError: no triples, ids that the graph does not have, or scores that are not numbers.
        TypeError: `embedding` has no scores to rank.
        UnknownNameError: `among` names a type or an entity that there is not.

    Example:
        >>> import pandas as pd
        >>> from kgwb.graph import KnowledgeGraph
        >>> from kgwb.embed.scorers.complex import ComplEx
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(
        ...     [["Berlin", "capital_of", "Germany"], ["Paris", "capital_of", "France"]],
        ...     columns=["head", "relation", "tail"]))
        >>> vectors = GraphEmbedding(graph, ComplEx(), dim=8)
        >>> torch.nn.init.zeros_(vectors.entity_table).sum().item()  # all scores are the same
        0.0
        >>> report = rank_triples(vectors, graph.triples, known=graph.triples)
        >>> report.ranks
        array([2.5, 2.5, 2.5, 2.5])
        >>> report.with_ties("worst").ranks
        array([4., 4., 4., 4.])
    """
    expect_choice("ties", ties, TIES)
    expect_at_least("outranked_by", outranked_by, 0, whole=True)
    expect_number("memory", memory, usual=0.5, above=0)
    score_answers, device = prepare_answers(embedding, block_by_block=True)
    graph, ranked, facts = embedding.graph, read_ids(triples), None if known is None else read_ids(known)
    expect_ids(graph, "triples", ranked)
    expect_ids(graph, "known", ranked[:0] if facts is None else facts)
    if not len(ranked):
        raise ValueError("There are no triples to rank. Type rank_triples(embedding, split.test, known=split.known).")
    candidates = choose_candidates(graph, among, facts=_find_trained(embedding))
    asked = [
        (group_queries(ranked, side), group_queries(ranked[:0] if facts is None else facts, side)) for side in SIDES
    ]
    with limit_threads(2 * len(ranked) * len(graph.entities) * getattr(embedding, "dim", 128)):
        found = [
            _rank_side(score_answers, queries, filters, candidates, len(graph.entities), device, memory, outranked_by)
            for queries, filters in asked
        ]
    better, equal, outside, above = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return RankReport(
        graph=graph,
        triples=np.concatenate([ranked, ranked]),
        sides=np.repeat(SIDES, len(ranked)),
        better=better,
        equal=equal,
        ties=ties,
        known=facts,
        unseen=_count_unseen(embedding, ranked),
        outranked_by=above if outranked_by else None,
        trained=count_trained(embedding, graph, ranked),
        made=note_machine(device) | _note_ranker(embedding),
        **({} if candidates is None else _note_candidates(candidates, ranked, outside)),
    )


def _find_trained(ranker: object) -> Int[np.ndarray, "fact 3"] | None:
    """What was trained on; None where that is not known."""
    facts = getattr(ranker, "trained_facts", None)
    return facts if facts is not None and len(facts) else None


def _note_candidates(
    candidates: CandidateSets, ranked: Int[np.ndarray, "triple 3"], outside: Bool[np.ndarray, " rank"]
) -> dict[str, Any]:
    counts = np.concatenate([candidates.count(ranked[:, 1], side) for side in SIDES])
    return {"among": candidates.name, "candidates": counts, "outside": outside}


def _note_ranker(ranker: object) -> dict[str, str]:
    """How what was ranked came about, where it says so; the graph is the ranking's own."""
    if not isinstance(ranker, Citable):
        return {"ranked by": f"a ranker of the class {type(ranker).__name__}; how it was made was {NOT_RECORDED}"}
    return nest_parts("ranked by", {part: value for part, value in ranker.describe_run().items() if part != "graph"})


def _rank_side(
    score_answers: AnswerScores,
    queries: Queries,
    facts: Queries,
    candidates: CandidateSets | None,
    entities: int,
    device: torch.device,
    memory: int | float,
    outranked_by: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Int[np.ndarray, "triple above"]]:
    """By triple: how many candidates score higher than its answer, how many others the same, whether the answer is no
    candidate, and the first of those that score higher.
    """
    filters, ends = find_answers(queries, facts, entities)
    triples, rows = len(queries.triple), rows_at_once(entities, memory, device)
    better, equal = np.empty(triples, dtype=np.int64), np.empty(triples, dtype=np.int64)
    above = np.empty((triples, min(outranked_by, entities)), dtype=np.int64)
    outside = np.zeros(triples, dtype=bool)
    order = np.argsort(-queries.counts, kind="stable")  # then the n-th answers of a block belong to its first rows
    for start in range(0, len(queries), rows):
        block = order[start : start + rows]
        sizes, row, where = _take_turns(queries.offsets[block], queries.counts[block])
        filter_counts = ends[block + 1] - ends[block]
        columns = (
            queries.known[block],
            queries.relation[block],
            row,
            queries.answers[where],
            np.repeat(np.arange(len(block)), filter_counts),
            filters[expand_ranges(ends[block], filter_counts)],
        )
        known, relation, *cells = (torch.from_numpy(column).to(device) for column in columns)
        scores = score_answers(known, relation, len(known) if queries.side == "tail" else 0)  # [query, entity]
        barred = None
        if candidates is not None:
            barred = torch.from_numpy(~candidates.mask(queries.relation[block], queries.side)).to(device)
        counts = count_block(scores, *cells, sizes=sizes, barred=barred)
        triple = queries.triple[where]
        better[triple], equal[triple] = counts.better.cpu().numpy(), counts.equal.cpu().numpy()
        if barred is not None:
            outside[triple] = barred[cells[0], cells[1]].cpu().numpy()
        if outranked_by:
            above[triple] = _find_above(scores, cells[0], counts.score, above.shape[1]).cpu().numpy()
    return better, equal, outside, above


def _take_turns(
    offsets: Int[np.ndarray, " query"], counts: Int[np.ndarray, " query"]
) -> tuple[list[int], Int[np.ndarray, " answer"], Int[np.ndarray, " answer"]]:
    """All first answers, then all second ones: how many there are of each, whose they are, and where they stand."""
    sizes = len(counts) - np.cumsum(np.bincount(counts))[:-1]  # queries with more than 0 answers, more than 1, ...
    row = expand_ranges(np.zeros_like(sizes), sizes)
    return sizes.tolist(), row, offsets[row] + np.repeat(np.arange(len(sizes)), sizes)


def _find_above(
    scores: Float[Tensor, "query entity"], row: Int[Tensor, " answer"], gold: Float[Tensor, " answer"], count: int
) -> Int[Tensor, "answer above"]:
    """The best candidates that score higher than each answer, best first, then -1; they are struck out on the way."""
    best = torch.empty(len(scores), count, dtype=torch.int64, device=scores.device)
    values = torch.empty(len(scores), count, dtype=scores.dtype, device=scores.device)
    for place in range(count):  # for the few that are asked for, much faster than a sort of all
        found = torch.from_numpy(scores.numpy().argmax(1)) if scores.device.type == "cpu" else scores.argmax(1)
        best[:, place], values[:, place] = found, scores.gather(1, found[:, None])[:, 0]
        scores.scatter_(1, found[:, None], -torch.inf)
    return torch.where(values[row] > gold[:, None], best[row], -1)  # [answer, above]


def _count_unseen(embedding: GraphEmbedding | ScoresAnswers, triples: Int[np.ndarray, "triple 3"]) -> int | None:
    trained_on = getattr(embedding, "trained_on", None)
    if trained_on is None:
        return None
    seen = torch.as_tensor(trained_on).cpu().numpy()
    return int((~seen[triples[:, (0, 2)]]).any(1).sum())
