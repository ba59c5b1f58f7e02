"""Measuring while training: the filtered MRR of the same few validation triples each time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kgwb.checks import expect_at_least
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.ranking.ranks import rank_triples
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split


def plan_evaluation(
    embedding: GraphEmbedding, split: Split | KnowledgeGraph, *, every: int, sample: int, seed: int
) -> Callable[[int], dict[str, float]]:
    """What to measure after an epoch: a function from its number to figures by name, none where it is not its turn.

    The first figure is the one that early stopping and the plateau go by; the ends of its 95 % bootstrap interval follow.

    Raises:
        ValueError: it should measure, but there are no validation triples.
    """
    if every == 0:
        return lambda number: {}
    expect_at_least("evaluate_every", every, 0)
    if not isinstance(split, Split) or not len(split.valid):
        raise ValueError(
            "There are no validation triples to evaluate on. Type evaluate_every=0, or split_triples(graph)."
        )
    chosen = np.random.default_rng(seed).permutation(len(split.valid))[:sample]
    valid, known = split.valid[np.sort(chosen)], split.known
    name = f"MRR on {len(valid):,} validation triples"

    def evaluate(number: int) -> dict[str, float]:
        if number % every:
            return {}
        value, low, high = rank_triples(embedding, valid, known=known).intervals().loc["MRR", ["value", "low", "high"]]
        return {name: float(value), f"{name}, low": float(low), f"{name}, high": float(high)}

    return evaluate
