"""Training: it learns, repeats itself, stays within the training triples, and says what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from kgwb.embed import (
    ComplEx,
    DistMult,
    Epoch,
    GraphEmbedding,
    Scorer,
    TrainingError,
    preset,
    rank_triples,
    train_embedding,
)
from kgwb.embed.errors import expect_choice
from kgwb.embed.precision import choose_precision
from kgwb.graph import KnowledgeGraph, Split


def _train(graph: KnowledgeGraph, data: Split | KnowledgeGraph, scorer: Scorer, **options: object) -> GraphEmbedding:
    embedding = GraphEmbedding(graph, scorer, dim=32)
    for _ in train_embedding(embedding, data, **{"epochs": 40, "batch": 50} | options):
        pass
    return embedding


@pytest.mark.parametrize("reciprocal", [True, False])
@pytest.mark.parametrize("negatives", ["all", 20])
def test_every_scorer_learns_what_it_is_told(
    graph: KnowledgeGraph, scorer: Scorer, negatives: str | int, reciprocal: bool
) -> None:
    before = rank_triples(GraphEmbedding(graph, scorer, dim=32), graph.triples, known=graph.triples).mrr
    embedding = _train(graph, graph, scorer, negatives=negatives, reciprocal=reciprocal)
    after = rank_triples(embedding, graph.triples, known=graph.triples).mrr
    assert after > max(2 * before, 0.35)


@pytest.mark.parametrize("options", [{"optimizer": "adam", "learning_rate": 0.01}, {"dropout": 0.2}], ids=str)
def test_other_ways_to_train_also_learn(graph: KnowledgeGraph, options: dict) -> None:
    assert rank_triples(_train(graph, graph, ComplEx(), **options), graph.triples, known=graph.triples).mrr > 0.5


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
def test_one_seed_gives_one_result_to_the_bit(graph: KnowledgeGraph, scorer: Scorer, negatives: str | int) -> None:
    options = {"epochs": 3, "negatives": negatives, "dropout": 0.1, "regularisation": 0.01}
    runs = [_train(graph, graph, scorer, seed=seed, **options) for seed in (4, 4, 5)]
    assert runs[0].entity_vectors().equal(runs[1].entity_vectors())
    assert not runs[0].entity_vectors().equal(runs[2].entity_vectors())


def test_training_leaves_the_global_random_state_alone(graph: KnowledgeGraph) -> None:
    before = torch.get_rng_state()
    _train(graph, graph, ComplEx(), epochs=1, dropout=0.5, negatives=10)
    assert torch.get_rng_state().equal(before)


def test_only_the_training_triples_are_learnt_from(graph: KnowledgeGraph, split: Split) -> None:
    other = Split(graph, split.train, split.test, split.valid)
    first, second = (_train(graph, data, ComplEx(), epochs=2).entity_vectors() for data in (split, other))
    assert first.equal(second)


def test_a_number_of_negatives_may_be_numpys(graph: KnowledgeGraph) -> None:
    one, other = (_train(graph, graph, DistMult(), epochs=1, negatives=count) for count in (3, np.int64(3)))
    assert one.entity_vectors().equal(other.entity_vectors())


def test_entities_outside_the_training_triples_are_counted(graph: KnowledgeGraph) -> None:
    train = graph.triples[(graph.triples[:, (0, 2)] != 0).all(1)]
    nothing = np.empty((0, 3), dtype=np.int64)
    embedding = _train(graph, Split(graph, train, nothing, nothing), DistMult(), epochs=1)
    assert embedding.trained_on.sum() == len(graph.entities) - 1 and not embedding.trained_on[0]


def test_a_little_memory_changes_nothing_but_rounding(graph: KnowledgeGraph) -> None:
    one, many = (_train(graph, graph, ComplEx(), epochs=1, memory=memory) for memory in (1, 1e-6))
    torch.testing.assert_close(one.entity_vectors(), many.entity_vectors(), rtol=1e-3, atol=1e-3)


def test_regularisation_keeps_vectors_small(graph: KnowledgeGraph) -> None:
    free, held = (_train(graph, graph, ComplEx(), regularisation=weight) for weight in (0.0, 0.5))
    assert held.entity_vectors().norm() < free.entity_vectors().norm()


def test_small_work_is_exact_and_a_named_precision_is_taken() -> None:
    cpu = torch.device("cpu")
    assert choose_precision("auto", cpu, work=1000) == torch.float32
    assert choose_precision("bfloat16", cpu, work=1000) == torch.bfloat16
    assert choose_precision("float32", cpu, work=1 << 40) == torch.float32
    assert choose_precision("auto", cpu, work=1 << 40) in (torch.float32, torch.bfloat16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, r"epochs=-1 came\. It must be at least 0; type epochs=0\."),
        ({"batch": 0}, r"batch=0 came\. It must be at least 1; type batch=1\."),
        ({"evaluate_on": 0}, r"evaluate_on=0 came\. It must be at least 1"),
        ({"evaluate_every": -1}, r"evaluate_every=-1 came\. It must be at least 0"),
        ({"regularisation": -0.1}, r"regularisation=-0\.1 came\. It must be at least 0"),
        ({"learning_rate": 0.0}, r"learning_rate=0\.0 came\. It must be above 0; type learning_rate=0\.1\."),
        ({"dropout": 1.0}, r"dropout=1\.0 came\. It is a share from 0 to below 1; type dropout=0\.3\."),
        ({"negatives": 68}, r'negatives=68 came\. It must be "all" or a number from 1 to 67'),
        ({"negatives": 0}, r'negatives=0 came\. .* type negatives="all"\.'),
    ],
)
def test_arguments_out_of_range(split: Split, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):  # before the first epoch is asked for
        train_embedding(GraphEmbedding(split.graph, DistMult(), dim=4), split, **options)


def test_a_word_that_is_no_choice() -> None:
    with pytest.raises(ValueError, match=r"optimizer='sgd' came\. Type one of 'adagrad', 'adam'\."):
        expect_choice("optimizer", "sgd", ("adagrad", "adam"))


def test_nothing_to_learn_from(graph: KnowledgeGraph, split: Split) -> None:
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    nothing = np.empty((0, 3), dtype=np.int64)
    with pytest.raises(ValueError, match=r"'places' has no training triples\. Check len\(split\.train\)"):
        train_embedding(embedding, Split(graph, nothing, split.valid, split.test))
    for data in (graph, Split(graph, split.train, nothing, nothing)):
        with pytest.raises(ValueError, match=r"no validation triples to evaluate on\. Type evaluate_every=0"):
            train_embedding(embedding, data, evaluate_every=1)


def test_a_split_of_another_graph(graph: KnowledgeGraph, split: Split) -> None:
    other = KnowledgeGraph.from_pandas(graph.to_pandas().iloc[:9], name="fewer")
    message = r"of the graph 'fewer', but triples of 'places' came, .* Type GraphEmbedding\(split\.graph, \.\.\.\)\."
    with pytest.raises(ValueError, match=message):
        train_embedding(GraphEmbedding(other, DistMult(), dim=4), split)


def test_inverses_cannot_be_taken_back(graph: KnowledgeGraph) -> None:
    embedding = _train(graph, graph, DistMult(), epochs=1, reciprocal=True)
    with pytest.raises(ValueError, match=r"has inverse relations from an earlier training\. Type reciprocal=True"):
        train_embedding(embedding, graph, reciprocal=False)


@pytest.mark.parametrize("negatives", ["all", 20])
def test_a_loss_that_is_no_number(graph: KnowledgeGraph, negatives: str | int) -> None:
    message = r"The loss became nan in epoch 1, at learning_rate=0\.1\. .* type learning_rate=0\.01\."
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    with torch.no_grad():
        embedding.entity_table[3] = torch.nan
    with pytest.raises(TrainingError, match=message):
        next(train_embedding(embedding, graph, negatives=negatives))


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
