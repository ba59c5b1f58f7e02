"""Distances hold wherever the vectors lie: a score is its entry in the row, and moving all entities changes no rank."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.embed import GraphEmbedding, RotatE, Scorer, TransE, rank_triples
from kgwb.embed.scorers.measure import DISTANCE, NEAR
from kgwb.graph import KnowledgeGraph, Split


def _line(*places: float, scorer: Scorer, dim: int = 2) -> GraphEmbedding:
    """Entities in these places of the first axis, and a relation that goes nowhere."""
    rows = [[f"e{i:02}", "r", f"e{i:02}"] for i in range(len(places))]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]))
    embedding = GraphEmbedding(graph, scorer, dim=dim)
    embedding.entity_table.data.zero_()[:, 0] = torch.tensor(places)
    embedding.relation_table.data.zero_()
    return embedding


@pytest.mark.parametrize("scorer", [TransE(), TransE(norm=1), RotatE()], ids=repr)
@pytest.mark.parametrize("places", [(5000, 5001, 5002, 5003), (0, 5001, 5002, 5003), (-9e5, 9e5, 9e5 + 1, 9e5 + 2)])
def test_a_row_holds_the_scores(scorer: Scorer, places: tuple[float, ...]) -> None:
    embedding = _line(*places, scorer=scorer)
    triples = [[3, 0, tail] for tail in range(4)]
    each = embedding.score(triples)
    assert each[:3].tolist() == pytest.approx([place - places[3] for place in places[:3]])
    for row in (embedding.score_tails(triples[:1])[0], embedding.score_heads([[0, 0, 3]])[0]):
        torch.testing.assert_close(row, each)
    best = embedding.predict(head="e03", relation="r", k=4).entity.tolist()
    assert best == ["e03", "e02", "e01", "e00"]


@settings(max_examples=60, deadline=None)
@given(
    scorer=some.sampled_from([TransE(), RotatE()]),
    offset=some.floats(-1e4, 1e4),
    scale=some.floats(-4, 4).map(lambda power: 10**power),
    groups=some.integers(1, 3),
    seed=some.integers(0, 99),
    inverses=some.booleans(),
)
def test_rows_are_the_scores_at_every_offset_and_scale(
    scorer: Scorer, offset: float, scale: float, groups: int, seed: int, inverses: bool
) -> None:
    embedding = _line(*range(12), scorer=scorer, dim=8)
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(12, 8, generator=generator) + 1e3 * (torch.arange(12) % groups)[:, None]
    embedding.entity_table.data = scale * table + offset
    embedding.relation_table.data = scale * torch.randn(embedding.relation_table.shape, generator=generator)
    if inverses:
        embedding.add_inverses()
    triples = np.array([[head, 0, tail] for head in range(12) for tail in range(12)])
    each = embedding.score(triples).detach().reshape(12, 12)
    torch.testing.assert_close(embedding.score_tails(triples[::12]).detach(), each, rtol=1e-5, atol=0)
    if not inverses:  # t − r is rounded elsewhere than h + r is
        rounding = 4 * torch.finfo().eps * embedding.entity_table.abs().max().item()
        torch.testing.assert_close(embedding.score_heads(triples[:12]).detach(), each.T, rtol=1e-5, atol=rounding)


@settings(max_examples=40, deadline=None)
@given(seed=some.integers(0, 99), moved=some.integers(-4000, 4000))
def test_moving_all_entities_changes_no_rank(seed: int, moved: int) -> None:
    embedding = _line(*range(20), scorer=TransE(), dim=4)
    generator = torch.Generator().manual_seed(seed)
    embedding.entity_table.data = torch.randint(-8, 9, (20, 4), generator=generator) / 16  # exact wherever they go
    embedding.relation_table.data = torch.randint(-8, 9, (1, 4), generator=generator) / 16
    triples = torch.randint(0, 20, (30, 3), generator=generator) * torch.tensor([1, 0, 1])
    before = rank_triples(embedding, triples, known=triples)
    embedding.entity_table.data += moved
    after = rank_triples(embedding, triples, known=triples)
    assert (after.better == before.better).all() and (after.equal == before.equal).all()


def test_trained_vectors_rank_alike_where_they_are_moved(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph, split: Split
) -> None:
    embedding = train(graph, split, TransE())
    table = embedding.entity_table.data.clone()
    embedding.entity_table.data = ((table + 16).mul(2**16).round() / 2**16) - 16  # so that moving rounds nothing off
    before = rank_triples(embedding, split.test, known=split.known).ranks
    embedding.entity_table.data += 10
    assert (rank_triples(embedding, split.test, known=split.known).ranks == before).all()


def test_ordinary_vectors_are_compared_as_in_training() -> None:
    query, candidates = torch.randn(2, 40, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(DISTANCE.against(candidates)(query), DISTANCE.compare(query, candidates))


def test_gradients_flow_through_near_and_far_pairs_alike() -> None:
    candidates = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 3
    query = (candidates[:3] + 0.01).requires_grad_()
    squares = (query[:, None] - candidates).square().sum(-1)
    assert (squares < NEAR).any() and (squares > 1).any()
    torch.autograd.gradcheck(lambda q, c: DISTANCE.against(c)(q), (query, candidates.requires_grad_()))
