"""How much a notebook trains, and training to the end where a lesson is about what comes after."""

from __future__ import annotations

import os
from typing import Any, TypeVar

from torch import nn

from kgwb.checks import expect_kind
from kgwb.embed import GraphEmbedding, Scorer, train_embedding
from kgwb.graph import KnowledgeGraph, Split

Amount = TypeVar("Amount")


def budget(full: Amount, *, quick: Amount) -> Amount:
    """`full` for a reader; `quick` where KGWB_QUICK=1 tests only whether the notebook runs.

    Example:
        >>> budget(80, quick=5) in (80, 5)
        True
    """
    return quick if os.environ.get("KGWB_QUICK") == "1" else full


def train_vectors(
    facts: KnowledgeGraph | Split,
    scorer: Scorer,
    *,
    dim: int,
    encoder: nn.Module | None = None,
    seed: int = 0,
    **options: Any,
) -> GraphEmbedding:
    """A new embedding, trained to the end.

    Args:
        facts: a graph, or a split, of which only the train part is used.
        scorer: the equation.
        dim: real numbers per entity.
        encoder: between the tables and the scorer, if any.
        seed: for the initial vectors and the order of training.
        options: of `train_embedding`.
    """
    expect_kind(facts, (KnowledgeGraph, Split), "A graph or a split", call="train_vectors(graph, ComplEx(), dim=32)")
    graph = facts.graph if isinstance(facts, Split) else facts
    embedding = GraphEmbedding(graph, scorer, dim=dim, seed=seed, encoder=encoder)
    for _ in train_embedding(embedding, facts, seed=seed, **options):
        pass
    return embedding
