"""What training refuses before it begins, and what it says then."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch

from kgwb.checks import expect_choice
from kgwb.embed import (
    ComplEx,
    DistMult,
    GraphEmbedding,
    RotatE,
    Scorer,
    rank_triples,
    train_embedding,
)
from kgwb.embed.precision import PRECISIONS
from kgwb.embed.training.arguments import RANGES, expect_ranges, find_training_triples, make_negatives
from kgwb.embed.training.batches import UniformNegatives
from kgwb.embed.training.losses import LOSSES
from kgwb.graph import KnowledgeGraph, Split


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
    "value",
    ["3", None, [1], {}, True, np.nan, np.inf, -np.inf, torch.tensor(3), object()],
    ids=lambda value: repr(value).split(" at ")[0],
)
@pytest.mark.parametrize("name", RANGES)
def test_what_is_no_number_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{name}=.* came\. It must be .*; type {name}="):
        expect_ranges({name: value})


@pytest.mark.parametrize("name", [name for name, range in RANGES.items() if range.get("whole")])
def test_half_a_thing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}=2\.5 came\. It must be a whole number"):
        expect_ranges({name: 2.5})


@pytest.mark.parametrize("name", RANGES)
def test_what_is_usual_is_within_the_range_and_may_be_numpys(name: str) -> None:
    usual = RANGES[name]["usual"]
    expect_ranges({name: usual})
    expect_ranges({name: np.asarray(usual)[()]})


def test_what_is_no_range_is_left_to_others() -> None:
    expect_ranges({"memory": "auto", "optimizer": None, "reciprocal": "?"})
    message = r"memory='much' came\. It must be \"auto\" or a number above 0; type memory=1\."
    with pytest.raises(ValueError, match=message):
        expect_ranges({"memory": "much"})


def test_every_number_that_training_takes_has_its_range() -> None:
    words = {"negatives", "optimizer", "loss", "reciprocal", "precision", "checkpoint", "shard", "weights"}
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
        ("umls", r"A GraphEmbedding was expected, but the text 'umls' came\. Type train_embedding\(GraphEmbedding\("),
        (DistMult, r"but the class DistMult came\. Type train_embedding\(GraphEmbedding\(split\.graph, ComplEx\(\)\)"),
        (None, r"but None came\."),
    ],
)
def test_what_is_no_embedding(split: Split, embedding: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        find_training_triples(embedding, split)


@pytest.mark.parametrize("data", ["umls", None, np.zeros((1, 3), int)], ids=repr)
def test_what_is_no_split(graph: KnowledgeGraph, data: object) -> None:
    message = r"A split or a graph was expected, but .* came\. Type train_embedding\(embedding, split_triples\(graph\)"
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


def test_inverses_cannot_be_taken_back(train: Callable[..., GraphEmbedding], graph: KnowledgeGraph) -> None:
    embedding = train(graph, graph, DistMult(), epochs=1, reciprocal=True)
    with pytest.raises(ValueError, match=r"has inverse relations from an earlier training\. Type reciprocal=True"):
        train_embedding(embedding, graph, reciprocal=False)


@pytest.mark.parametrize("reciprocal", [True, False])
def test_a_graph_of_one_relation_trains_and_ranks(
    train: Callable[..., GraphEmbedding], scorer: Scorer, reciprocal: bool
) -> None:
    rows = [[f"e{i}", "next", f"e{(i + 1) % 20}"] for i in range(20)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), name="ring")
    embedding = train(graph, graph, scorer, reciprocal=reciprocal)
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
