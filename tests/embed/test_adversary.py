"""Adversarial negatives: what is drawn, how often, what the generator learns, and that a run can be repeated."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from kgwb.embed import ComplEx, GraphEmbedding, Scorer, TransE, rank_triples, train_embedding
from kgwb.embed.training.adversary import AdversarialNegatives, _draw_without_repetition
from kgwb.embed.training.batches import Batch, TrainingQueries
from kgwb.embed.vectors import Vectors
from kgwb.graph import KnowledgeGraph


def _batches(graph: KnowledgeGraph, size: int) -> list[Batch]:
    order = torch.Generator().manual_seed(0)
    return list(TrainingQueries.from_triples(graph.triples).shuffle(size, generator=order, device=torch.device("cpu")))


@pytest.fixture(scope="module")
def judge(graph: KnowledgeGraph) -> Vectors:
    """A discriminator on a plane: places at 0, regions where `in_region` leads, climates where `has_climate` does."""
    corners = {"place": (0.0, 0.0), "region": (5.0, 0.0), "climate": (0.0, 5.0)}
    entities = torch.tensor([corners[label.split()[0]] for label in graph.labels])
    arrows = {"in_region": (5.0, 0.0), "has_climate": (0.0, 5.0), "beside": (0.0, 0.0)}
    return Vectors(TransE(), entities, torch.tensor([arrows[label] for label in graph.relations["label"]]), None)


def _ask(graph: KnowledgeGraph, relation: str) -> Batch:
    """All queries about the tail of a relation."""
    chosen = graph.triples[graph.triples[:, 1] == graph.relation_id(relation)]
    tail = TrainingQueries.from_triples(chosen).tail
    known, relations, answers = (torch.from_numpy(part) for part in (tail.known, tail.relation, tail.answers))
    rows = torch.from_numpy(np.repeat(np.arange(len(tail)), tail.counts))
    return Batch(known, relations, len(tail), rows, answers)


def _reward(judge: Vectors, batch: Batch, drawn: torch.Tensor) -> float:
    scores = judge.score_answers(batch.known, batch.relation, tails=batch.tails)
    scores[batch.rows, batch.answers] = torch.nan
    return scores[:, drawn].nanmean().item()


def test_so_many_entities_each_once(graph: KnowledgeGraph, judge: Vectors) -> None:
    negatives = AdversarialNegatives(graph, 20)
    for batch in _batches(graph, 50):
        drawn = negatives.draw(judge, batch)
        assert drawn.dtype == torch.int64 and drawn.unique().shape == (20,) and 0 <= drawn.min() <= drawn.max() < 68


def test_a_fresh_generator_draws_uniformly(graph: KnowledgeGraph, judge: Vectors) -> None:
    negatives, batch = AdversarialNegatives(graph, 17, learning_rate=0.0), _batches(graph, 50)[0]
    times = torch.stack([negatives.draw(judge, batch) for _ in range(1000)]).flatten().bincount(minlength=68)
    assert times.sum() == 1000 * 17 and times.min() > 200 and times.max() < 300  # 250 each, ± 14


@pytest.mark.parametrize(("relation", "kind"), [("in_region", "region"), ("has_climate", "climate")])
def test_hard_negatives_are_found(graph: KnowledgeGraph, judge: Vectors, relation: str, kind: str) -> None:
    """Nothing is more like a region than another region; a guess draws each with a chance of 8 in 68."""
    right_kind = {entity for entity, label in enumerate(graph.labels) if label.startswith(kind)}
    negatives, batch = AdversarialNegatives(graph, 8, pool=60, learning_rate=0.03), _ask(graph, relation)
    first = negatives.draw(judge, batch)
    for _ in range(150):
        negatives.draw(judge, batch)
    drawn = [set(negatives.draw(judge, batch).tolist()) for _ in range(20)]
    found = np.mean([len(some & right_kind) / len(right_kind) for some in drawn])
    assert found > 0.6
    last = torch.tensor(sorted(drawn[-1]))
    assert _reward(judge, batch, last) > _reward(judge, batch, first)


def test_every_scorer_has_an_opponent_who_gets_better(graph: KnowledgeGraph, scorer: Scorer) -> None:
    embedding, batch = GraphEmbedding(graph, scorer, dim=32), _ask(graph, "in_region")
    for _ in train_embedding(embedding, graph, epochs=10, batch=50):
        pass
    with torch.no_grad():
        judge, negatives = embedding.encode(), AdversarialNegatives(graph, 8, pool=60)
        rewards = [_reward(judge, batch, negatives.draw(judge, batch)) for _ in range(200)]
    assert np.mean(rewards[-20:]) > np.mean(rewards[:20])


def test_answers_are_never_rewarded(graph: KnowledgeGraph, judge: Vectors) -> None:
    negatives, batch = AdversarialNegatives(graph, 8, pool=67), _ask(graph, "beside")
    pool = torch.arange(68)
    chances = negatives._chances(
        negatives.entities, negatives.relations, torch.cat([pool, batch.known]), pool, batch
    ).detach()
    assert (chances[batch.rows, batch.answers] == 0).all()
    torch.testing.assert_close(chances.sum(-1), torch.ones(len(chances)))


def test_a_question_that_everything_answers_draws_without_harm(graph: KnowledgeGraph, judge: Vectors) -> None:
    everything = torch.arange(68)
    batch = Batch(torch.tensor([0]), torch.tensor([0]), 1, torch.zeros(68, dtype=torch.int64), everything)
    negatives = AdversarialNegatives(graph, 8)
    assert negatives.draw(judge, batch).unique().shape == (8,)
    assert all(table.isfinite().all() for table in negatives.parameters()) and negatives.baseline == 0


def test_a_draw_without_repetition_can_be_weighed(judge: Vectors) -> None:
    """Σ over the drawn of p f / w is Σ over all of p f, on average."""
    random = torch.Generator().manual_seed(0)
    chance, worth = torch.tensor([0.5, 0.2, 0.2, 0.05, 0.05]), torch.tensor([1.0, -2.0, 5.0, 8.0, 0.0])
    found = [_draw_without_repetition(chance, 2, random) for _ in range(5000)]
    sums = torch.stack([(chance[places] * worth[places] / weight).sum() for places, weight in found])
    assert sums.mean().item() == pytest.approx((chance * worth).sum().item(), abs=4 * sums.std().item() / 5000**0.5)


def test_one_seed_gives_one_run_and_a_saved_state_goes_on(graph: KnowledgeGraph, judge: Vectors) -> None:
    batches = _batches(graph, 50)
    one, same, other = (AdversarialNegatives(graph, 20, seed=seed) for seed in (3, 3, 4))
    before = torch.get_rng_state()
    runs = [[negatives.draw(judge, batch) for batch in batches[:4]] for negatives in (one, same, other)]
    assert torch.get_rng_state().equal(before)
    assert all(a.equal(b) for a, b in zip(runs[0], runs[1], strict=True))
    assert not all(a.equal(b) for a, b in zip(runs[0], runs[2], strict=True))
    saved = copy.deepcopy(one.state_dict())
    assert all(isinstance(value, torch.Tensor) for value in saved.values())  # safetensors can hold it
    loaded = AdversarialNegatives(graph, 20, seed=3)
    loaded.load_state_dict(saved)
    for batch in batches[4:]:
        assert loaded.draw(judge, batch).equal(one.draw(judge, batch))
    assert all(value.equal(loaded.state_dict()[name]) for name, value in one.state_dict().items())


def test_a_run_that_stopped_goes_on_with_what_the_generator_knew(graph: KnowledgeGraph, tmp_path: Path) -> None:
    def train(epochs: int, folder: Path) -> tuple[GraphEmbedding, AdversarialNegatives]:
        embedding, negatives = GraphEmbedding(graph, ComplEx(), dim=16), AdversarialNegatives(graph, 20)
        list(train_embedding(embedding, graph, epochs=epochs, batch=50, negatives=negatives, checkpoint=folder))
        return embedding, negatives

    whole = train(4, tmp_path / "whole")
    train(2, tmp_path / "halves")
    halves = train(4, tmp_path / "halves")
    for one, other in zip(whole, halves, strict=True):
        assert all(table.equal(other.state_dict()[name]) for name, table in one.state_dict().items())


@pytest.mark.parametrize("loss", ["softmax", "self-adversarial", "margin", "logistic"])
def test_an_embedding_learns_from_them(graph: KnowledgeGraph, loss: str) -> None:
    embedding, negatives = GraphEmbedding(graph, ComplEx(), dim=32), AdversarialNegatives(graph, 20)
    for _ in train_embedding(embedding, graph, epochs=20, batch=50, negatives=negatives, loss=loss):
        pass
    assert rank_triples(embedding, graph.triples, known=graph.triples).mrr > 0.4
    assert negatives.draws == 20 * len(_batches(graph, 50))


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (0, {}, r"count=0 came\. It must be from 1 to 67, fewer than there are entities; type negatives=\"all\""),
        (68, {}, r"count=68 came\. It must be from 1 to 67"),
        (20, {"pool": 20}, r"pool=20 came\. The 20 negatives are chosen from it: .* all 68 entities; type pool=68\."),
        (10, {"pool": 69}, r"pool=69 came\. .* type pool=40\."),
        (10, {"dim": 0}, r"dim=0 came\. It must be at least 1; type dim=1\."),
        (10, {"learning_rate": -0.1}, r"learning_rate=-0\.1 came\. It must be at least 0; type learning_rate=0\."),
    ],
)
def test_sizes_out_of_range(graph: KnowledgeGraph, count: int, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdversarialNegatives(graph, count, **options)


def test_another_graphs_generator(graph: KnowledgeGraph, judge: Vectors) -> None:
    other = KnowledgeGraph.from_pandas(graph.to_pandas().iloc[:99], name="fewer")
    message = r"chooses among \d+ entities and 3 relations, but 68 and 3 came\. Type AdversarialNegatives\(split\.graph"
    with pytest.raises(ValueError, match=message):
        AdversarialNegatives(other, 8).draw(judge, _ask(graph, "beside"))


@pytest.mark.gpu
def test_it_follows_the_embedding_to_its_device(graph: KnowledgeGraph) -> None:
    embedding, negatives = GraphEmbedding(graph, ComplEx(), dim=32).cuda(), AdversarialNegatives(graph, 20)
    for _ in train_embedding(embedding, graph, epochs=40, batch=50, negatives=negatives):
        pass
    assert negatives.entities.device == embedding.device
    assert rank_triples(embedding, graph.triples, known=graph.triples).mrr > 0.4
