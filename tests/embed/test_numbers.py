"""Every number that the room takes: it works, or the error names it and says what to type."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import pytest
import torch

from kgwb.checks import expect_seed
from kgwb.embed import (
    AdversarialNegatives,
    CompositionConvolution,
    DistMult,
    GraphEmbedding,
    RelationalConvolution,
    VariationalEncoder,
    calibrate_scores,
    classify_triples,
    preset,
    rank_triples,
    train_embedding,
)
from kgwb.embed.encoders.encoder import Draws
from kgwb.graph import KnowledgeGraph, Split

USES: dict[str, Callable[[Split, object], object]] = {
    "GraphEmbedding dim": lambda split, value: GraphEmbedding(split.graph, DistMult(), dim=value),
    "GraphEmbedding seed": lambda split, value: GraphEmbedding(split.graph, DistMult(), dim=2, seed=value),
    "predict k": lambda split, value: _fresh(split.graph).predict(head=0, relation=0, k=value),
    "rank_triples memory": lambda split, value: rank_triples(_fresh(split.graph), split.test, known=None, memory=value),
    "rank_triples outranked_by": lambda split, value: rank_triples(
        _fresh(split.graph), split.test, known=None, outranked_by=value
    ),
    "intervals level": lambda split, value: _ranks(split).intervals(value),
    "intervals samples": lambda split, value: _ranks(split).intervals(samples=value),
    "intervals seed": lambda split, value: _ranks(split).intervals(seed=value),
    "classify seed": lambda split, value: classify_triples(_fresh(split.graph), split, seed=value),
    "calibrate seed": lambda split, value: calibrate_scores(_fresh(split.graph), split, seed=value),
    "reliability bins": lambda split, value: calibrate_scores(_fresh(split.graph), split).reliability(value),
    "train learning_rate": lambda split, value: train_embedding(_fresh(split.graph), split, learning_rate=value),
    "train seed": lambda split, value: train_embedding(_fresh(split.graph), split, seed=value),
    "adversary learning_rate": lambda split, value: AdversarialNegatives(split.graph, 3, learning_rate=value),
    "adversary seed": lambda split, value: AdversarialNegatives(split.graph, 3, seed=value),
    "adversary pool": lambda split, value: AdversarialNegatives(split.graph, 3, pool=value),
    "composition dropout": lambda split, value: CompositionConvolution(split, dim=2, dropout=value),
    "relational seed": lambda split, value: RelationalConvolution(split, dim=2, seed=value),
    "variational weight": lambda split, value: VariationalEncoder(split, dim=2, weight=value),
    "preset data_set": lambda split, value: preset("complex", value),
}


def _fresh(graph: KnowledgeGraph) -> GraphEmbedding:
    return GraphEmbedding(graph, DistMult(), dim=2)


def _ranks(split: Split):
    return rank_triples(_fresh(split.graph), split.test[:5], known=None)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1, 0, 2.5, True, 3, np.int64(3)], ids=repr)
@pytest.mark.parametrize("use", USES)
def test_a_number_works_or_is_refused_by_name(split: Split, use: str, value: object) -> None:
    name = use.split()[-1]
    try:
        USES[use](split, value)
    except ValueError as problem:
        assert f"{name}={value!r} came. " in str(problem)
        assert value != 3 or name in ("level", "dropout", "pool")
    except Exception as problem:  # the tests' own check of annotations speaks first where a class is wrong
        assert type(problem).__name__ == "TypeCheckError"


@pytest.mark.parametrize("value", [np.nan, np.inf, -1, 2.5, True, "3", None, 2**63, torch.tensor(3)], ids=repr)
def test_what_is_no_seed(value: object) -> None:
    with pytest.raises(ValueError, match=r"^seed=.* came\. It must be a whole number from 0 .*; type seed=0\."):
        inspect.unwrap(expect_seed)(value)


def test_numpys_seeds_are_pythons(graph: KnowledgeGraph) -> None:
    assert type(expect_seed(np.int64(3))) is int
    make = inspect.unwrap(GraphEmbedding.__init__)
    one, other = GraphEmbedding.__new__(GraphEmbedding), GraphEmbedding(graph, DistMult(), dim=4, seed=3)
    make(one, graph, DistMult(), dim=np.int64(4), seed=np.int64(3))
    assert one.entity_table.equal(other.entity_table) and type(one.seed) is type(one.dim) is int
    draws = Draws.__new__(Draws)
    inspect.unwrap(Draws.__init__)(draws, seed=np.int32(1))
    assert draws.keep(torch.zeros(9), share=0.5).equal(Draws(seed=1).keep(torch.zeros(9), share=0.5))
