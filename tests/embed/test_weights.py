"""Weights per triple: twice the weight is the triple twice, equal weights are none; and negatives of the right kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.embed import ComplEx, DistMult, GraphEmbedding, RelationNegatives, Scorer, TransE, train_embedding
from kgwb.embed.training.arguments import read_weights
from kgwb.embed.training.batches import Batch, TrainingQueries
from kgwb.embed.training.losses import LOSSES, LossName, make_loss
from kgwb.embed.training.objective import Objective
from kgwb.embed.training.workspace import Workspace
from kgwb.embed.vectors import Vectors
from kgwb.graph import KnowledgeGraph, Split


class Fixed(torch.nn.Module):
    """The same entities for every batch."""

    def draw(self, vectors: Vectors, batch: Batch) -> torch.Tensor:
        return torch.arange(0, 60, 4)


def _train(split: Split, scorer: Scorer, **options: object) -> tuple[torch.Tensor, float]:
    vectors = GraphEmbedding(split.graph, scorer, dim=8)
    given = {"epochs": 2, "batch": 400, "precision": "float32", "optimizer": "adam", "learning_rate": 0.01}
    *_, last = train_embedding(vectors, split, **(given | options))
    return vectors.entity_vectors(), last.loss


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("negatives", ["all", 20])
def test_equal_weights_are_none_to_the_bit(split: Split, loss: LossName, negatives: str | int) -> None:
    plain = _train(split, TransE(), loss=loss, negatives=negatives)
    equal = _train(split, TransE(), loss=loss, negatives=negatives, weights=np.full(len(split.train), 0.1))
    assert plain[0].equal(equal[0]) and plain[1] == equal[1]
    other = _train(split, TransE(), loss=loss, negatives=negatives, weights=np.arange(1, len(split.train) + 1))
    assert not plain[0].equal(other[0])


def _differentiate(
    graph: KnowledgeGraph, scorer: Scorer, triples: np.ndarray, weights: np.ndarray | None, loss: LossName
) -> tuple[torch.Tensor, ...]:
    """Loss and gradients of all queries in one batch, with everything that weights must reach."""
    queries, generator = TrainingQueries.from_triples(triples, weights), torch.Generator().manual_seed(0)
    batch = next(queries.shuffle(len(queries), generator=generator, device=torch.device("cpu")))
    embedding = GraphEmbedding(graph, scorer, dim=8)
    torch.nn.init.normal_(embedding.entity_table, generator=torch.Generator().manual_seed(1))
    seen = embedding.encode()
    given = Vectors(scorer, seen.entities.detach(), seen.relations.detach().requires_grad_(), None)
    parts = {"regularisation": 0.1, "weight_decay": 0.1, "relation_weight": 0.5 * isinstance(scorer, ComplEx)}
    chosen = make_loss(loss, margin=1, temperature=1)
    objective = Objective(negatives=Fixed(), loss=chosen, dropout=0, generator=generator, **parts)
    gradient = torch.zeros_like(given.entities)
    value = objective.differentiate(given, batch, gradient=gradient, workspace=Workspace(1, torch.float32))
    assert given.relations.grad is not None
    return value, gradient, given.relations.grad


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("scorer", [ComplEx(), TransE(), TransE(norm=1)], ids=repr)
def test_twice_the_weight_is_the_triple_twice(graph: KnowledgeGraph, loss: LossName, scorer: Scorer) -> None:
    doubled = np.concatenate([graph.triples, graph.triples[:50]])
    weights = np.where(np.arange(len(graph)) < 50, 2, 1).astype(np.float32)
    twice = _differentiate(graph, scorer, doubled, None, loss)
    weighed = _differentiate(graph, scorer, graph.triples, weights, loss)
    for one, other in zip(weighed, twice, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)
    assert not _differentiate(graph, scorer, graph.triples, None, loss)[0].isclose(twice[0])


def test_only_the_ratios_of_weights_count(split: Split) -> None:
    weights = np.arange(1, len(split.train) + 1)
    one, other = (_train(split, ComplEx(), weights=weights * factor) for factor in (1, 8))
    assert one[0].equal(other[0]) and one[1] == other[1]
    found = read_weights(weights, split.train, like=torch.float32)
    assert found is not None and found.mean() == pytest.approx(1)


@pytest.mark.parametrize("scorer", [DistMult(), TransE()], ids=repr)
def test_against_all_entities_each_answer_counts_by_its_weight(graph: KnowledgeGraph, scorer: Scorer) -> None:
    weights = np.random.default_rng(0).uniform(0.5, 3, len(graph)).astype(np.float32)
    queries = TrainingQueries.from_triples(graph.triples, weights)
    batch = next(queries.shuffle(40, generator=torch.Generator().manual_seed(0), device=torch.device("cpu")))
    assert batch.weights is not None
    embedding = GraphEmbedding(graph, scorer, dim=8)
    torch.nn.init.normal_(embedding.entity_table, generator=torch.Generator().manual_seed(1))
    seen = embedding.encode()
    objective = Objective(None, make_loss("softmax", margin=1, temperature=1), 0, 0, 0, 0, torch.Generator())
    gradient = torch.zeros_like(seen.entities)
    given = Vectors(scorer, seen.entities.detach(), seen.relations.detach().requires_grad_(), None)
    loss = objective.differentiate(given, batch, gradient=gradient, workspace=Workspace(1, torch.float32))
    query = seen.query(batch.known, batch.relation, tails=batch.tails)
    scores = query @ seen.entities.T if isinstance(scorer, DistMult) else -torch.cdist(query, seen.entities).square()
    each = scores.logsumexp(1)[batch.rows] - scores[batch.rows, batch.answers]  # [answer]
    expected = (each * batch.weights).sum()
    expected.backward()
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(gradient, embedding.entity_table.grad, rtol=1e-3, atol=1e-3)


def test_weights_stay_with_their_triples(graph: KnowledgeGraph) -> None:
    weights = np.arange(len(graph), dtype=np.float32)
    by_triple = dict(zip(map(tuple, graph.triples.tolist()), weights.tolist(), strict=True))
    order = torch.Generator().manual_seed(0)
    for batch in TrainingQueries.from_triples(graph.triples, weights).shuffle(
        30, generator=order, device=torch.device("cpu")
    ):
        assert batch.weights is not None
        for row, answer, weight in zip(
            batch.rows.tolist(), batch.answers.tolist(), batch.weights.tolist(), strict=True
        ):
            known, relation = int(batch.known[row]), int(batch.relation[row])
            triple = (known, relation, answer) if row < batch.tails else (answer, relation, known)
            assert by_triple[triple] == weight


@pytest.mark.parametrize(
    ("weights", "kind", "message"),
    [
        ([1.0, 2.0], ValueError, r"weights of shape \(2,\) came for 200 training triples\. Type weights=np\.ones"),
        ([1.0] * 199 + [0], ValueError, r"weights came with numbers that are not above zero, or not finite\. Type"),
        ([1.0] * 199 + [np.inf], ValueError, r"weights came with numbers that are not above zero"),
        (["a"] * 200, TypeError, r"A number was expected, but the text 'a' came\. Type weights=np\.ones"),
        (np.array(["a"] * 200), TypeError, r"weights came as <U1, which are no numbers\. Type weights=np\.ones"),
    ],
)
def test_weights_that_are_none(split: Split, weights: object, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        read_weights(weights, split.train, like=torch.float32)


def test_a_weighted_run_goes_on_where_it_stopped(split: Split, tmp_path: Path) -> None:
    weights = np.arange(1, len(split.train) + 1)
    for negatives in ("all", RelationNegatives(split, 9)):
        options = {"batch": 30, "precision": "float32", "weights": weights}
        whole, parts = (GraphEmbedding(split.graph, DistMult(), dim=8) for _ in range(2))
        source = negatives if isinstance(negatives, str) else RelationNegatives(split, 9)
        list(train_embedding(whole, split, epochs=4, negatives=source, **options))
        kept = options | {"checkpoint": tmp_path / str(negatives)}
        for epochs in (2, 4):
            source = negatives if isinstance(negatives, str) else RelationNegatives(split, 9)
            list(train_embedding(parts, split, epochs=epochs, negatives=source, **kept))
            parts = parts if epochs == 4 else GraphEmbedding(split.graph, DistMult(), dim=8)
        assert parts.entity_vectors().equal(whole.entity_vectors())


facts_of = some.lists(
    some.tuples(some.integers(0, 5), some.integers(0, 2), some.integers(0, 5)), min_size=2, max_size=20, unique=True
)


@settings(max_examples=25)
@given(facts=facts_of, count=some.integers(1, 3))
def test_negatives_are_drawn_from_what_the_relations_take(facts: list[tuple[int, int, int]], count: int) -> None:
    rows = [(f"e{head}", f"r{between}", f"e{tail}") for head, between, tail in facts]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]))
    count = min(count, max(1, len(graph.entities) - 1))
    if len(graph.entities) < 2:
        return
    negatives, vectors = RelationNegatives(graph, count), GraphEmbedding(graph, DistMult(), dim=4).encode()
    queries = TrainingQueries.from_triples(graph.triples)
    for batch in queries.shuffle(4, generator=torch.Generator().manual_seed(0), device=torch.device("cpu")):
        chance = np.zeros(len(graph.entities))
        for place, relation in enumerate(batch.relation.tolist()):
            column = 2 if place < batch.tails else 0
            taken = sorted({triple[column] for triple in graph.triples.tolist() if triple[1] == relation})
            chance[taken] += 1 / len(taken) / len(batch.known)
        np.testing.assert_allclose(negatives.find_chances(batch), chance)
        drawn = negatives.draw(vectors, batch).tolist()
        assert len(set(drawn)) == len(drawn) == min(count, np.count_nonzero(chance)) and (chance[drawn] > 0).all()


def test_negatives_come_as_often_as_their_chance_says(graph: KnowledgeGraph) -> None:
    negatives, vectors = RelationNegatives(graph, 1), GraphEmbedding(graph, DistMult(), dim=4).encode()
    order = torch.Generator().manual_seed(0)
    batch = next(TrainingQueries.from_triples(graph.triples).shuffle(9, generator=order, device=torch.device("cpu")))
    drawn = torch.cat([negatives.draw(vectors, batch) for _ in range(3000)])
    share = torch.bincount(drawn, minlength=len(graph.entities)) / len(drawn)
    torch.testing.assert_close(share, negatives.find_chances(batch).float(), atol=0.03, rtol=0)


def test_negatives_of_another_graph_are_refused(graph: KnowledgeGraph, split: Split) -> None:
    other = KnowledgeGraph.from_pandas(pd.DataFrame([["a", "r", "b"]], columns=["head", "relation", "tail"]))
    with pytest.raises(
        ValueError, match=r"These negatives are of 2 entities and 1 relation, but 68 and 3 came\. Type Relat"
    ):
        list(
            train_embedding(
                GraphEmbedding(graph, DistMult(), dim=8), split, epochs=1, negatives=RelationNegatives(other, 1)
            )
        )
    with pytest.raises(ValueError, match=r"count=68 came\. It must be a whole number from 1 to below 68"):
        RelationNegatives(graph, 68)
