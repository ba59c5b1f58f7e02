"""Training: it learns, repeats itself, stays within the training triples, and says what is wrong."""

from __future__ import annotations

import inspect
import logging
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
    RotatE,
    Scorer,
    TrainingError,
    TransE,
    preset,
    rank_triples,
    train_embedding,
)
from kgwb.embed.errors import expect_choice
from kgwb.embed.precision import PRECISIONS, choose_precision
from kgwb.embed.scorers.measure import PRODUCT
from kgwb.embed.scorers.rescal import RESCAL
from kgwb.embed.training import compared_loss
from kgwb.embed.training.arguments import RANGES, expect_arguments, find_training_triples, make_negatives
from kgwb.embed.training.batches import Questions
from kgwb.embed.training.losses import LOSSES, LossName
from kgwb.embed.training.negatives import UniformNegatives
from kgwb.embed.training.relation_prediction import relation_loss
from kgwb.embed.training.run import is_out_of_memory
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
        ({"epochs": -1}, r"epochs=-1 came\. It must be a whole number, at least 0; type epochs=30\."),
        ({"batch": 0}, r"batch=0 came\. It must be a whole number, at least 1; type batch=1000\."),
        ({"evaluate_on": 0}, r"evaluate_on=0 came\. It must be a whole number, at least 1; type evaluate_on=500\."),
        ({"evaluate_every": -1}, r"evaluate_every=-1 came\. It must be a whole number, at least 0"),
        ({"regularisation": -0.1}, r"regularisation=-0\.1 came\. It must be a number, at least 0"),
        ({"learning_rate": 0.0}, r"learning_rate=0\.0 came\. It must be a number above 0; type learning_rate=0\.1\."),
        ({"dropout": 1.0}, r"dropout=1\.0 came\. It must be a number from 0 to below 1; type dropout=0\.3\."),
        ({"negatives": 68}, r'negatives=68 came\. It must be "all" or a number from 1 to 67'),
        ({"negatives": 0}, r'negatives=0 came\. .* type negatives="all"\.'),
    ],
)
def test_arguments_out_of_range(split: Split, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):  # before the first epoch is asked for
        train_embedding(GraphEmbedding(split.graph, DistMult(), dim=4), split, **options)


@pytest.mark.parametrize(
    "value", ["3", None, [1], {}, True, np.nan, np.inf, -np.inf, torch.tensor(3), object()], ids=repr
)
@pytest.mark.parametrize("name", RANGES)
def test_what_is_no_number_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{name}=.* came\. It must be .*; type {name}="):
        expect_arguments(**{name: value})


@pytest.mark.parametrize("name", [name for name, range in RANGES.items() if range.whole])
def test_half_a_thing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}=2\.5 came\. It must be a whole number"):
        expect_arguments(**{name: 2.5})


@pytest.mark.parametrize("name", RANGES)
def test_what_is_usual_is_within_the_range_and_may_be_numpys(name: str) -> None:
    usual = RANGES[name].usual
    expect_arguments(**{name: usual})
    expect_arguments(**{name: np.asarray(usual)[()]})


def test_what_is_no_range_is_left_to_others() -> None:
    expect_arguments(memory="auto", optimizer=None, reciprocal="?")
    message = r"memory='much' came\. It must be \"auto\" or a number above 0; type memory=1\."
    with pytest.raises(ValueError, match=message):
        expect_arguments(memory="much")


def test_every_number_that_training_takes_has_its_range() -> None:
    words = {"negatives", "optimizer", "loss", "reciprocal", "precision", "checkpoint", "shard"}
    assert inspect.signature(train_embedding).parameters.keys() - {"embedding", "split"} - words == RANGES.keys()


@pytest.mark.parametrize(
    "negatives", ["some", "3", None, [1], {}, 0, -1, 68, 2.5, True, np.nan, np.float32(3)], ids=repr
)
def test_negatives_that_are_none(negatives: object) -> None:
    message = r'negatives=.* came\. It must be "all" or a number from 1 to 67, .*; type negatives="all"\.'
    with pytest.raises(ValueError, match=message):
        make_negatives(negatives, 68, generator=torch.Generator())


def test_a_class_that_draws_negatives() -> None:
    message = r"A class came as negatives, UniformNegatives\. Type negatives=UniformNegatives\(split\.graph, 500\)\."
    with pytest.raises(TypeError, match=message):
        make_negatives(UniformNegatives, 68, generator=torch.Generator())


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        ("umls", r"An embedding is trained, but str 'umls' came\. Type train_embedding\(GraphEmbedding\("),
        (DistMult, r"but the class DistMult came\. Type train_embedding\(GraphEmbedding\(split\.graph, ComplEx\(\)\)"),
        (None, r"but a NoneType came\."),
    ],
)
def test_what_is_no_embedding(split: Split, embedding: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        find_training_triples(embedding, split)


@pytest.mark.parametrize("data", ["umls", None, np.zeros((1, 3), int)], ids=repr)
def test_what_is_no_split(graph: KnowledgeGraph, data: object) -> None:
    message = (
        r"A split or a graph is learnt from, but .* came\. Type train_embedding\(embedding, split_triples\(graph\)"
    )
    with pytest.raises(TypeError, match=message):
        find_training_triples(GraphEmbedding(graph, DistMult(), dim=4), data)


@pytest.mark.parametrize(
    ("name", "came", "choices", "message"),
    [
        ("optimizer", "sgd", ("adagrad", "adam"), r"optimizer='sgd' came\. Type one of 'adagrad', 'adam'\."),
        (
            "loss",
            "hinge",
            LOSSES,
            r"loss='hinge' came\. Type one of 'softmax', 'self-adversarial', 'margin', 'logistic'",
        ),
        ("precision", "half", PRECISIONS, r"precision='half' came\. Type one of 'auto', 'float32', 'bfloat16'\."),
    ],
)
def test_a_word_that_is_no_choice(name: str, came: str, choices: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expect_choice(name, came, choices)


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


def _run_out_of_memory(monkeypatch: pytest.MonkeyPatch, limit: int) -> list[int]:
    """Blocks of more scores than `limit` do not fit; the sizes asked for are written down."""
    asked: list[int] = []

    def check(query: torch.Tensor, others: torch.Tensor) -> None:
        asked.append(len(query) * len(others))
        if asked[-1] > limit:
            raise torch.OutOfMemoryError("out of memory. Tried to allocate 2.00 GiB")

    def multiply(left: torch.Tensor, right: torch.Tensor, **options: object) -> torch.Tensor:
        check(left, right.T)
        return torch.matmul(left, right, **options)

    def compare(query: torch.Tensor, others: torch.Tensor, *rest: object) -> torch.Tensor:
        check(query, others)
        return plain(query, others, *rest)

    plain = compared_loss._compare
    monkeypatch.setattr(torch, "mm", multiply)
    monkeypatch.setattr(compared_loss, "_compare", compare)
    return asked


@pytest.mark.parametrize(
    ("options", "limit"),
    [({}, 10 * 68), ({"loss": "logistic"}, 2 * 68), ({"negatives": 20, "dropout": 0.2}, 2 * 20)],
    ids=str,
)
def test_out_of_memory_halves_the_block_and_says_so(
    graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, options: dict, limit: int
) -> None:
    options = {"epochs": 2, "memory": 50 * 68 * 4 / 2**30, "relation_weight": 0.5, "precision": "float32"} | options
    right = _train(graph, graph, ComplEx(), **options)
    asked = _run_out_of_memory(monkeypatch, limit)
    with caplog.at_level(logging.WARNING, "kgwb.embed"):
        found = _train(graph, graph, ComplEx(), **options)
    torch.testing.assert_close(found.entity_vectors(), right.entity_vectors(), rtol=1e-3, atol=1e-4)
    said = [record.getMessage() for record in caplog.records]
    assert said and all(text.startswith("Out of memory: the block of scores is halved, from ") for text in said)
    assert len(said) == sum(size > limit for size in asked)  # once each time, and never again for what did not fit


def test_the_end_of_the_road_says_what_to_do(graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    _run_out_of_memory(monkeypatch, 0)
    message = (
        r"even with one question's scores at a time\. Free some, or type batch=25, or GraphEmbedding\(graph, scorer"
    )
    with pytest.raises(TrainingError, match=message):
        _train(graph, graph, ComplEx())


def test_other_failures_are_not_taken_for_want_of_memory(
    graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("device-side assert")

    monkeypatch.setattr(torch, "mm", fail)
    with pytest.raises(RuntimeError, match="device-side assert"):
        _train(graph, graph, ComplEx())


@pytest.mark.parametrize(
    ("problem", "memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_want_of_memory_is_known_by_its_words(problem: Exception, memory: bool) -> None:
    assert is_out_of_memory(problem) == memory


@pytest.mark.parametrize("reciprocal", [True, False])
def test_a_graph_of_one_relation_trains_and_ranks(scorer: Scorer, reciprocal: bool) -> None:
    rows = [[f"e{i}", "next", f"e{(i + 1) % 20}"] for i in range(20)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), name="ring")
    embedding = _train(graph, graph, scorer, reciprocal=reciprocal)
    assert rank_triples(embedding, graph.triples, known=graph.triples).mrr > 0.3
    message = r"relation_weight=1 came, but 'ring' has one relation, which needs no guessing\. Type relation_weight=0\."
    with pytest.raises(ValueError, match=message):
        train_embedding(embedding, graph, reciprocal=reciprocal, relation_weight=1)


def test_a_graph_of_one_entity() -> None:
    rows = pd.DataFrame([["Narcissus", "loves", "Narcissus"]], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(rows, name="mirror")
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    with pytest.raises(
        ValueError, match=r"'mirror' has one entity, .*: there is nothing to learn\. Type kgwb\.read_graph"
    ):
        train_embedding(embedding, graph)
    assert rank_triples(embedding, graph.triples, known=graph.triples).mrr == 1


@pytest.mark.parametrize("scorer", [ComplEx(), RotatE()], ids=repr)
def test_an_odd_dim_is_refused_before_anything_is_made(graph: KnowledgeGraph, scorer: Scorer) -> None:
    with pytest.raises(ValueError, match=r"needs an even dim, .*, but dim=33 came\. Type dim=34\."):
        GraphEmbedding(graph, scorer, dim=33)


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


@pytest.mark.parametrize("scorer", [DistMult(), ComplEx(), RotatE(), RESCAL()], ids=repr)
def test_guessing_relations_makes_them_easier_to_guess(graph: KnowledgeGraph, scorer: Scorer) -> None:
    without, with_it = (_train(graph, graph, scorer, epochs=6, relation_weight=weight) for weight in (0.0, 4.0))
    assert _guess_relations(with_it, graph) > max(0.9, _guess_relations(without, graph) - 0.01)


@pytest.mark.parametrize("scorer", [DistMult(), ComplEx(), RESCAL()], ids=repr)
def test_the_loss_of_a_guessed_relation_is_its_surprise_among_all(graph: KnowledgeGraph, scorer: Scorer) -> None:
    embedding = GraphEmbedding(graph, scorer, dim=8)
    with torch.no_grad():
        for table in embedding.parameters():
            table.normal_(generator=torch.Generator().manual_seed(0))
    vectors, order = embedding.encode(), torch.Generator().manual_seed(0)
    batches = Questions.from_triples(graph.triples).shuffle(30, generator=order, device=torch.device("cpu"))
    found = sum(relation_loss(vectors, vectors.entities, batch.known, batch.answers, batch).item() for batch in batches)
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
    graph: KnowledgeGraph, scorer: Scorer, loss: LossName, negatives: str | int
) -> None:
    margin = 3 if scorer.measure is not PRODUCT else 1
    before = rank_triples(GraphEmbedding(graph, scorer, dim=32), graph.triples, known=graph.triples).mrr
    embedding = _train(graph, graph, scorer, negatives=negatives, loss=loss, margin=margin)
    after = rank_triples(embedding, graph.triples, known=graph.triples).mrr
    assert after > max(2 * before, 0.2)


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_weight_decay_keeps_vectors_small(graph: KnowledgeGraph, scorer: Scorer, optimizer: str) -> None:
    rates = {"learning_rate": 0.1 if optimizer == "adagrad" else 0.01, "optimizer": optimizer}
    free, held = (_train(graph, graph, scorer, weight_decay=weight, **rates) for weight in (0.0, 0.3))
    assert held.entity_vectors().norm() < free.entity_vectors().norm()


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
