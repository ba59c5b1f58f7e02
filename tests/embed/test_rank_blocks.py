"""What a ranking does once for all its blocks of questions, and how it counts within one, change no score and no rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import nn

import kgwb
from kgwb.embed import DistMult, GraphEmbedding, JoinedRanker, Scorer, TransE, rank_triples
from kgwb.embed.ranking.answers import prepare_answers
from kgwb.embed.ranking.counting import CORE_BYTES, FEW_THREADS, MANY, count_block
from kgwb.embed.scorers.measure import DISTANCE, Comparison
from kgwb.graph import KnowledgeGraph


@settings(max_examples=40, deadline=None)
@given(
    seed=some.integers(0, 999),
    counts=some.lists(some.integers(1, 3 * MANY), min_size=1, max_size=5),
    values=some.sampled_from([1, 3, 1000]),
    wide=some.booleans(),
    double=some.booleans(),
)
def test_counts_equal_brute_force_however_many_answers_a_query_has(
    seed: int, counts: list[int], values: int, wide: bool, double: bool
) -> None:
    """Few answers are compared one after the other, many are looked up in sorted scores; both on few and many threads."""
    random = np.random.default_rng(seed)
    counts = sorted(counts, reverse=True)
    entities = CORE_BYTES // 4 + 7 if wide else 40  # wide: one row is more than a core's cache holds
    scores = random.integers(0, values, (len(counts), entities)).astype(np.float64 if double else np.float32)
    sizes = [sum(count > turn for count in counts) for turn in range(counts[0])]
    row = np.concatenate([np.arange(size) for size in sizes])
    answer = random.integers(0, entities, len(row))
    barred = random.random(scores.shape) < 0.3 if seed % 2 else None
    struck = random.random(scores.shape) < 0.1  # known answers
    open_to = ~struck if barred is None else ~(struck | barred)
    gold = scores[row, answer]
    if barred is not None:
        gold = np.where(barred[row, answer], np.finfo(scores.dtype).min, gold)
    above = ((scores[row] > gold[:, None]) & open_to[row]).sum(1)
    same = ((scores[row] == gold[:, None]) & open_to[row]).sum(1) - (
        open_to[row, answer] & (gold == scores[row, answer])
    )
    before = torch.get_num_threads()
    try:
        for threads in (1, FEW_THREADS + 1):
            torch.set_num_threads(threads)
            cells = [torch.from_numpy(cell) for cell in (row, answer, *np.nonzero(struck))]
            shut = None if barred is None else torch.from_numpy(barred)
            found = count_block(torch.from_numpy(scores.copy()), *cells, sizes=sizes, barred=shut)
            assert found.better.tolist() == above.tolist()
            assert found.equal.tolist() == same.tolist()
    finally:
        torch.set_num_threads(before)


def test_scores_that_are_written_over_are_those_made_anew(graph: KnowledgeGraph, scorer: Scorer) -> None:
    embedding = GraphEmbedding(graph, scorer, dim=8)
    anew, _ = prepare_answers(embedding)
    over, _ = prepare_answers(embedding, block_by_block=True)
    known, relation = torch.from_numpy(graph.triples[:, :2].copy()).T
    for first, last, tails in ((0, 50, 50), (50, 90, 0), (90, 91, 1), (91, 180, 40)):  # fewer, one, then more of them
        asked = known[first:last], relation[first:last], tails
        torch.testing.assert_close(over(*asked), anew(*asked))
    one = over(*asked)
    if scorer.measure.prepare is not None:  # nothing as large as the scores is made in a block
        assert over(*asked).data_ptr() == one.data_ptr()


@pytest.mark.parametrize("far", [0.0, 30.0])
def test_distances_to_prepared_candidates_are_those_of_float64(far: float) -> None:
    query, candidates = torch.randn(2, 40, 16, generator=torch.Generator().manual_seed(0)) + far
    candidates[3] = query[2]  # as near as can be
    candidates[5], query[4] = 0, 0  # no length at all
    scores = DISTANCE.against(candidates)(query)
    torch.testing.assert_close(scores.double(), -torch.cdist(query.double(), candidates.double()), atol=1e-5, rtol=1e-5)
    assert scores[2, 3] == scores[4, 5] == DISTANCE.match(query[2], query[2])


@dataclass(frozen=True)
class Upside(DistMult):
    """A scorer that compares in its own way, though it measures like its parent."""

    calls: ClassVar[list[int]] = []

    def compare(self, query: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
        self.calls.append(len(query))
        return -super().compare(query, candidates)


def test_a_scorer_s_own_way_of_comparing_holds_in_ranking(graph: KnowledgeGraph) -> None:
    own, plain = (GraphEmbedding(graph, scorer, dim=8) for scorer in (Upside(), DistMult()))
    own.load_state_dict(plain.state_dict())
    plain.relation_table.data.neg_()
    if plain.inverse_table is not None:
        plain.inverse_table.data.neg_()
    ranks = [rank_triples(each, graph.triples, known=graph.triples).ranks for each in (own, plain)]
    assert ranks[0].tolist() == ranks[1].tolist() and own.scorer.calls


class Counting(nn.Module):
    """An encoder that counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def forward(self, entities: torch.Tensor, relations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.asked += 1
        return entities, relations


def test_rankers_of_two_are_made_ready_once_however_they_are_nested(graph: KnowledgeGraph) -> None:
    encoder = Counting()
    joined = JoinedRanker(
        graph,
        GraphEmbedding(graph, DistMult(), dim=8, encoder=encoder),
        GraphEmbedding(graph, TransE(), dim=8),
        ("range", "softmax"),
        0.5,
    )
    rank_triples(joined, graph.triples, known=graph.triples, memory=1e-9)  # a block holds one query
    assert encoder.asked == 1
    nested = JoinedRanker(graph, GraphEmbedding(graph, TransE(), dim=8), joined, ("range", "range"), 0.5)
    rank_triples(nested, graph.triples, known=graph.triples, memory=1e-9)
    assert encoder.asked == 2
    kgwb.find_missing_facts(joined, 3, memory=1e-9)
    assert encoder.asked == 4  # once for what a score is worth, once for all triples


class Prepared(TransE):
    """Counts how often candidates are prepared for comparisons."""

    times: ClassVar[list[int]] = []

    def against(self, candidates: torch.Tensor) -> Comparison:
        self.times.append(len(candidates))
        return super().against(candidates)


def test_candidates_are_prepared_once_not_in_every_block(graph: KnowledgeGraph) -> None:
    vectors = GraphEmbedding(graph, Prepared(), dim=8)
    entities, relations = len(graph.entities), len(graph.relations)
    joined = JoinedRanker(graph, vectors, GraphEmbedding(graph, DistMult(), dim=8), ("range", "range"), 0.5)
    of_relation = {
        "rank_triples": lambda: rank_triples(vectors, graph.triples, known=graph.triples, memory=1e-9),
        "joined": lambda: rank_triples(joined, graph.triples, known=graph.triples, memory=1e-9),
        "find_missing_facts": lambda: kgwb.find_missing_facts(vectors, 3, memory=1e-9),
    }
    for asked in of_relation.values():
        Prepared.times.clear()
        asked()
        assert Prepared.times == [entities]
    Prepared.times.clear()
    kgwb.find_missing_facts(vectors, 3, among="relation", memory=1e-9)
    # Once for all entities, whom the threshold's own triples are compared with, and once for each relation's tails.
    assert len(Prepared.times) <= 2 * relations + 1


def test_one_query_is_compared_as_two_are(graph: KnowledgeGraph, scorer: Scorer) -> None:
    """Also where nothing was prepared: equal candidates stay equal to the bit."""
    row = torch.randn(1, 8, generator=torch.Generator().manual_seed(3))
    query, candidates = torch.randn(1, 8, generator=torch.Generator().manual_seed(4)), row.expand(37, -1).contiguous()
    for compare in (scorer.measure.compare, scorer.compare):
        assert len(set(compare(query, candidates)[0].tolist())) == 1
