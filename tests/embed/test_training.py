"""Training: it learns, repeats itself, stays within the training triples, and says what is wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from kgwb.embed import (
    ComplEx,
    DistMult,
    Epoch,
    GraphEmbedding,
    Scorer,
    TransE,
    precision,
    preset,
    rank_triples,
    train_embedding,
)
from kgwb.embed.precision import choose_precision
from kgwb.embed.scorers import SCORERS
from kgwb.embed.scorers.measure import PRODUCT
from kgwb.embed.training.batches import TrainingQueries
from kgwb.embed.training.losses import LOSSES, LossName
from kgwb.embed.training.objective import relation_loss
from kgwb.embed.training.workspace import Workspace
from kgwb.graph import KnowledgeGraph, Split

# The scorers that compare all relations at once.
GUESSING = [scorer() for scorer in SCORERS.values() if scorer.query_relation is not Scorer.query_relation]


@pytest.mark.parametrize("reciprocal", [True, False])
@pytest.mark.parametrize("negatives", ["all", 20])
def test_every_scorer_learns_its_facts(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph, scorer: Scorer, negatives: str | int, reciprocal: bool
) -> None:
    before = rank_triples(GraphEmbedding(graph, scorer, dim=32), graph.triples, known=graph.triples).mrr
    embedding = train(graph, graph, scorer, negatives=negatives, reciprocal=reciprocal)
    after = rank_triples(embedding, graph.triples, known=graph.triples).mrr
    assert after > max(2 * before, 0.35)


@pytest.mark.parametrize("options", [{"optimizer": "adam", "learning_rate": 0.01}, {"dropout": 0.2}], ids=str)
def test_other_ways_to_train_also_learn(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph, options: dict
) -> None:
    assert rank_triples(train(graph, graph, ComplEx(), **options), graph.triples, known=graph.triples).mrr > 0.5


def test_the_small_preset_fits_a_sample_graph() -> None:
    random = np.random.default_rng(0)
    rows = np.stack([random.integers(0, 600, 3000), random.integers(0, 12, 3000), random.integers(0, 600, 3000)], 1)
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]).astype(str))
    options = preset("complex", "small")
    embedding = GraphEmbedding(graph, ComplEx(), dim=options.pop("dim"))
    assert embedding.dim == 64
    for _ in train_embedding(embedding, graph, **options):
        pass
    assert rank_triples(embedding, graph.triples, known=graph.triples).mrr > 0.9


def test_epochs_say_how_it_goes(graph: KnowledgeGraph, split: Split) -> None:
    embedding = GraphEmbedding(graph, ComplEx(), dim=16)
    epochs = list(train_embedding(embedding, split, epochs=4, batch=50, evaluate_every=2, evaluate_on=10))
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4]
    assert all(isinstance(epoch, Epoch) and epoch.seconds > 0 for epoch in epochs)
    assert epochs[0].loss == pytest.approx(np.log(68), abs=0.7) and epochs[3].loss < epochs[0].loss
    named = ["MRR on 10 validation triples" in epoch.metrics for epoch in epochs]
    assert named == [False, True, False, True]
    assert all(epoch.metrics["triples per second"] > 0 for epoch in epochs)


def test_stopping_is_break(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, DistMult(), dim=8)
    for epoch in train_embedding(embedding, graph, epochs=1000):
        if epoch.number == 2:
            break
    assert embedding.trained_on.all()


@pytest.mark.parametrize("negatives", ["all", 20])
def test_one_seed_gives_one_result_to_the_bit(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph, scorer: Scorer, negatives: str | int
) -> None:
    options = {"epochs": 3, "negatives": negatives, "dropout": 0.1, "regularisation": 0.01}
    runs = [train(graph, graph, scorer, seed=seed, **options) for seed in (4, 4, 5)]
    assert runs[0].entity_vectors().equal(runs[1].entity_vectors())
    assert not runs[0].entity_vectors().equal(runs[2].entity_vectors())


def test_training_leaves_the_global_random_state_alone(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph
) -> None:
    before = torch.get_rng_state()
    train(graph, graph, ComplEx(), epochs=1, dropout=0.5, negatives=10)
    assert torch.get_rng_state().equal(before)


def test_only_the_training_triples_are_learnt_from(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph, split: Split
) -> None:
    other = Split(graph, split.train, split.test, split.valid)
    first, second = (train(graph, data, ComplEx(), epochs=2).entity_vectors() for data in (split, other))
    assert first.equal(second)


def test_a_number_of_negatives_may_be_numpys(train: Callable[..., GraphEmbedding], graph: KnowledgeGraph) -> None:
    one, other = (train(graph, graph, DistMult(), epochs=1, negatives=count) for count in (3, np.int64(3)))
    assert one.entity_vectors().equal(other.entity_vectors())


def test_entities_outside_the_training_triples_are_counted(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph
) -> None:
    within = graph.triples[(graph.triples[:, (0, 2)] != 0).all(1)]
    nothing = np.empty((0, 3), dtype=np.int64)
    embedding = train(graph, Split(graph, within, nothing, nothing), DistMult(), epochs=1)
    assert embedding.trained_on.sum() == len(graph.entities) - 1 and not embedding.trained_on[0]


def test_a_little_memory_changes_nothing_but_rounding(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph
) -> None:
    one, many = (train(graph, graph, ComplEx(), epochs=1, memory=memory) for memory in (1, 1e-6))
    torch.testing.assert_close(one.entity_vectors(), many.entity_vectors(), rtol=1e-3, atol=1e-3)


def test_regularisation_keeps_vectors_small(train: Callable[..., GraphEmbedding], graph: KnowledgeGraph) -> None:
    free, small = (train(graph, graph, ComplEx(), regularisation=weight) for weight in (0.0, 0.5))
    assert small.entity_vectors().norm() < free.entity_vectors().norm()


def test_small_work_is_exact_and_a_named_precision_is_taken() -> None:
    cpu = torch.device("cpu")
    assert choose_precision("auto", cpu, work=1000) == torch.float32
    assert choose_precision("bfloat16", cpu, work=1000) == torch.bfloat16
    assert choose_precision("float32", cpu, work=1 << 40) == torch.float32
    assert choose_precision("auto", cpu, work=1 << 40) in (torch.float32, torch.bfloat16)


def test_a_processor_that_others_use_does_not_decide_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.accumulate(itertools.cycle([0.0, 1e-9] * 4 + [0.0, 1e3] * 4))  # as if bfloat16 always had to wait
    monkeypatch.setattr(precision.time, "perf_counter", lambda: next(clock))
    assert precision._measure_speedup.__wrapped__(torch.device("cpu")) > 1e-3


def _guess_relations(embedding: GraphEmbedding, graph: KnowledgeGraph) -> float:
    """The share of triples whose own relation scores highest of all relations that are no other fact of the two."""
    triples = torch.tensor(graph.triples)
    every = torch.arange(len(graph.relations))
    scores = torch.stack([embedding.score(_with_relation(triples, r)) for r in every], -1).detach()
    return (scores.argmax(-1) == triples[:, 1]).float().mean().item()


def _with_relation(triples: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
    changed = triples.clone()
    changed[:, 1] = relation
    return changed


@pytest.mark.parametrize("scorer", GUESSING, ids=repr)
def test_guessing_relations_makes_them_easier_to_guess(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph, scorer: Scorer
) -> None:
    without, with_it = (train(graph, graph, scorer, epochs=6, relation_weight=weight) for weight in (0.0, 4.0))
    assert _guess_relations(with_it, graph) > max(0.9, _guess_relations(without, graph) - 0.01)


# The others' products order relations as the score does, but are not the score.
@pytest.mark.parametrize("scorer", [scorer for scorer in GUESSING if scorer.measure is PRODUCT], ids=repr)
def test_the_loss_of_a_guessed_relation_is_its_cross_entropy_among_all(graph: KnowledgeGraph, scorer: Scorer) -> None:
    embedding = GraphEmbedding(graph, scorer, dim=8)
    with torch.no_grad():
        for table in embedding.parameters():
            table.normal_(generator=torch.Generator().manual_seed(0))
    vectors, order = embedding.encode(), torch.Generator().manual_seed(0)
    batches = TrainingQueries.from_triples(graph.triples).shuffle(30, generator=order, device=torch.device("cpu"))
    workspace = Workspace(1, torch.float32)
    losses = [
        relation_loss(vectors, vectors.entities, batch.known, batch.answers, batch, workspace) for batch in batches
    ]
    found = sum(loss.item() for loss in losses)
    triples = torch.tensor(graph.triples)
    scores = torch.stack([embedding.score(_with_relation(triples, r)) for r in torch.arange(len(graph.relations))], -1)
    assert found == pytest.approx(cross_entropy(scores, triples[:, 1], reduction="sum").item(), rel=1e-4)


@pytest.mark.parametrize("norm", [1, 2])
def test_a_scorer_that_cannot_guess_relations(graph: KnowledgeGraph, norm: Literal[1, 2]) -> None:
    with pytest.raises(ValueError, match=r"TransE cannot ask for relations all at once\. Type relation_weight=0\."):
        train_embedding(GraphEmbedding(graph, TransE(norm=norm), dim=8), graph, relation_weight=1)


@pytest.mark.parametrize("negatives", ["all", 20])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_every_scorer(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph, scorer: Scorer, loss: LossName, negatives: str | int
) -> None:
    margin = 3 if scorer.measure is not PRODUCT else 1
    before = rank_triples(GraphEmbedding(graph, scorer, dim=32), graph.triples, known=graph.triples).mrr
    epochs = 40 if loss == "logistic" else 10  # TransE learns it slowly
    embedding = train(graph, graph, scorer, negatives=negatives, loss=loss, margin=margin, epochs=epochs)
    after = rank_triples(embedding, graph.triples, known=graph.triples).mrr
    assert after > max(2 * before, 0.2)


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_weight_decay_keeps_vectors_small(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph, scorer: Scorer, optimizer: str
) -> None:
    rates = {"learning_rate": 0.1 if optimizer == "adagrad" else 0.01, "optimizer": optimizer}
    free, small = (train(graph, graph, scorer, weight_decay=weight, **rates) for weight in (0.0, 0.3))
    assert small.entity_vectors().norm() < free.entity_vectors().norm()


@pytest.mark.gpu
def test_a_gpu_learns_the_same(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, ComplEx(), dim=32).cuda()
    for _ in train_embedding(embedding, graph, epochs=40, batch=50):
        pass
    assert rank_triples(embedding, graph.triples, known=graph.triples).mrr > 0.5


def test_a_published_benchmark_is_learnt(benchmark_data: Path) -> None:
    from kgwb.graph import read_split

    split = read_split(benchmark_data / "umls")
    options = preset("complex", "default") | {"epochs": 15}
    embedding = GraphEmbedding(split.graph, ComplEx(), dim=options.pop("dim"))
    for _ in train_embedding(embedding, split, **options):
        pass
    assert rank_triples(embedding, split.test, known=split.known).mrr > 0.75
