"""What a training costs: bytes by their formula, time that is plausible, and nothing changed by asking."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from kgwb.embed import ComplEx, DistMult, GraphEmbedding, RotatE, Scorer, TrainingError, train_embedding
from kgwb.embed.encoders.variational_encoder import VariationalEncoder
from kgwb.embed.training.adversary import AdversarialNegatives
from kgwb.embed.training.cost import Cost, estimate_cost
from kgwb.graph import KnowledgeGraph, Split

ENTITIES, RELATIONS = 68, 3  # of the graph of places


def _state(*modules: torch.nn.Module) -> list[dict[str, torch.Tensor]]:
    return [copy.deepcopy(module.state_dict()) for module in modules]


@pytest.mark.parametrize(
    "options",
    [
        {"reciprocal": True, "dropout": 0.3, "regularisation": 0.1},
        {"optimizer": "adam", "learning_rate": 0.5, "negatives": 20, "loss": "margin", "relation_weight": 0.0},
        {"evaluate_every": 1, "patience": 1, "plateau": 1, "warm_up": 1, "cool_down": 1},
    ],
    ids=str,
)
def test_asking_changes_nothing(split: Split, scorer: Scorer, options: dict, tmp_path: Path) -> None:
    encoder, negatives = VariationalEncoder(split, dim=16), AdversarialNegatives(split.graph, 9)
    embedding = GraphEmbedding(split.graph, scorer, dim=16, encoder=encoder)
    before, random = _state(embedding, negatives), torch.get_rng_state()
    options = {"negatives": negatives} | options
    estimate_cost(embedding, split, epochs=3, batch=50, checkpoint=tmp_path / "run", **options)
    assert torch.get_rng_state().equal(random)
    for then, now in zip(before, _state(embedding, negatives), strict=True):
        assert then.keys() == now.keys() and all(table.equal(now[name]) for name, table in then.items())
    assert all(table.grad is None for table in embedding.parameters())
    assert not embedding.trained_on.any() and not embedding.reciprocal and not (tmp_path / "run").exists()


def test_training_afterwards_is_as_if_it_had_not_been_asked(split: Split) -> None:
    asked, fresh = (GraphEmbedding(split.graph, ComplEx(), dim=16) for _ in range(2))
    estimate_cost(asked, split, epochs=2, batch=50, dropout=0.2)
    for embedding in (asked, fresh):
        list(train_embedding(embedding, split, epochs=2, batch=50, dropout=0.2))
    assert asked.entity_vectors().equal(fresh.entity_vectors())


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_bytes_are_counted(split: Split, optimizer: str) -> None:
    cost = estimate_cost(GraphEmbedding(split.graph, ComplEx(), dim=16), split, batch=50, optimizer=optimizer)
    numbers = (ENTITIES + RELATIONS) * 16
    assert cost.table_bytes == 4 * numbers + ENTITIES  # which entities were trained on: a byte each
    assert cost.gradient_bytes == 4 * numbers
    steps_counted = 2 * 4  # torch keeps one more number per table
    assert cost.optimizer_bytes == (2 if optimizer == "adam" else 1) * 4 * numbers + steps_counted
    assert cost.score_bytes == 4 * 50 * ENTITIES
    assert cost.bytes == cost.table_bytes + cost.gradient_bytes + cost.optimizer_bytes + cost.score_bytes


def test_bytes_follow_the_arguments(split: Split) -> None:
    def ask(**options: object) -> Cost:
        return estimate_cost(GraphEmbedding(split.graph, RotatE(), dim=16), split, **{"batch": 50} | options)

    plain = ask()
    assert ask(reciprocal=True).table_bytes == plain.table_bytes + 4 * RELATIONS * 8
    assert ask(negatives=20).score_bytes == 4 * 50 * 20
    table = 4 * ENTITIES * (16 + 1)  # of gradients, and what multiplies the entities where distances are squared
    assert ask(memory=4 * 10 * ENTITIES / 2**30).score_bytes == 4 * 10 * ENTITIES + table
    assert ask(batch=10**6).score_bytes < 4 * 10**6 * ENTITIES  # no more queries than there are
    assert ask(evaluate_every=1).table_bytes == 2 * plain.table_bytes  # the best ones are kept


def test_time_is_of_all_steps(split: Split) -> None:
    embedding = GraphEmbedding(split.graph, DistMult(), dim=16)
    many, few = (estimate_cost(embedding, split, batch=batch) for batch in (10, 1000))
    assert many.epoch_seconds > few.epoch_seconds > 0
    assert few.seconds == pytest.approx(30 * few.epoch_seconds)
    assert few.evaluations == few.evaluation_seconds == 0 and few.ranked == 20 and few.ranking_seconds > 0
    watched = estimate_cost(embedding, split, batch=1000, epochs=9, evaluate_every=2)
    assert watched.evaluations == 4 and watched.seconds > 9 * watched.epoch_seconds


def test_a_graph_has_nothing_to_rank(graph: KnowledgeGraph) -> None:
    cost = estimate_cost(GraphEmbedding(graph, DistMult(), dim=16), graph, epochs=1)
    assert cost.ranked == cost.ranking_seconds == 0 and "rank" not in repr(cost)


def test_it_is_said_in_plain_words() -> None:
    cost = Cost(30, 8.0, 3, 2.5, 20466, 7.2, 2**28, 2**27, 2**27, 0, 2, "cpu")
    assert repr(cost) == "about 4 min for 30 epochs on 2 threads; 0.5 GiB; 7.2 s to rank 20,466 test triples"
    cost = Cost(1, 7200.0, 0, 0.0, 0, 0.0, 2**22, 0, 0, 0, 1, "cuda:0")
    assert repr(cost) == "about 2 h for 1 epoch on cuda:0; 4 MiB"
    cost = Cost(1000, 0.02, 0, 0.0, 1, 0.001, 2**12, 0, 0, 0, 1, "cpu")
    assert repr(cost) == "about 20 s for 1,000 epochs on 1 thread; under 1 MiB; no time to rank 1 test triples"


def test_arguments_are_those_of_training(split: Split) -> None:
    embedding = GraphEmbedding(split.graph, DistMult(), dim=16)
    with pytest.raises(ValueError, match=r"batch=0 came\. It must be a whole number, at least 1; type batch=1000\."):
        estimate_cost(embedding, split, batch=0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'bach'"):
        estimate_cost(embedding, split, bach=10)


def test_a_training_that_would_fail_at_once_leaves_its_tables(split: Split) -> None:
    embedding = GraphEmbedding(split.graph, DistMult(), dim=16)
    with torch.no_grad():
        embedding.entity_table[3] = 1e38
    before = embedding.entity_vectors()
    with pytest.raises(TrainingError, match=r"would fail at its first step: .* Start from a fresh GraphEmbedding"):
        estimate_cost(embedding, split)
    assert embedding.entity_vectors().equal(before)
