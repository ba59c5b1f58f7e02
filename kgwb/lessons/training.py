"""Training to the end where a lesson is about what comes after."""

from __future__ import annotations

from typing import Any

from torch import nn

from kgwb.embed import GraphEmbedding, Scorer, train_embedding
from kgwb.graph import KnowledgeGraph, Split


def learn(
    facts: KnowledgeGraph | Split,
    scorer: Scorer,
    *,
    dim: int,
    encoder: nn.Module | None = None,
    seed: int = 0,
    **options: Any,
) -> GraphEmbedding:
    """A fresh embedding, trained to the end without a word.

    Args:
        facts: a graph, or a split of which only train is learnt.
        scorer: the equation.
        dim: real numbers per entity.
        encoder: between the tables and the scorer, if any.
        seed: of the start and of the order of training.
        options: of `train_embedding`.
    """
    graph = facts.graph if isinstance(facts, Split) else facts
    embedding = GraphEmbedding(graph, scorer, dim=dim, seed=seed, encoder=encoder)
    for _ in train_embedding(embedding, facts, seed=seed, **options):
        pass
    return embedding
