"""What `train_embedding` is given, checked before the first epoch."""

from __future__ import annotations

import numpy as np
import torch

from kgwb.axes import Int
from kgwb.embed.errors import expect_at_least
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.training.negatives import Negatives, UniformNegatives
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split


def find_training_triples(embedding: GraphEmbedding, split: Split | KnowledgeGraph) -> Int[np.ndarray, "triple 3"]:
    """The triples to learn from: those of train, or all of a graph.

    Raises:
        ValueError: there are none, or their ids mean other things than the embedding's.
    """
    graph, triples = (split.graph, split.train) if isinstance(split, Split) else (split, split.triples)
    if graph.fingerprint != embedding.graph.fingerprint:
        message = f"The embedding is of the graph {embedding.graph.name!r}, but triples of {graph.name!r} came"
        raise ValueError(f"{message}, whose ids mean other things. Type GraphEmbedding(split.graph, ...).")
    if len(graph.entities) == 1:
        message = f"{graph.name!r} has one entity, which is the answer to every question: there is nothing to learn"
        raise ValueError(f"{message}. Type kgwb.read_graph(path) for a graph with more.")
    if not len(triples):
        raise ValueError(f"{graph.name!r} has no training triples. Check len(split.train), or give the graph itself.")
    return triples


def make_negatives(
    negatives: str | int | np.integer | Negatives, entities: int, *, generator: torch.Generator
) -> Negatives | None:
    """Where negatives come from; None for all entities.

    Raises:
        ValueError: neither "all" nor a number that can be sampled, nor anything that draws.
    """
    if isinstance(negatives, str) and negatives == "all":
        return None
    if hasattr(negatives, "draw"):
        return negatives
    if isinstance(negatives, (str, bool)) or not 1 <= negatives < entities:
        message = f'negatives={negatives!r} came. It must be "all" or a number from 1 to {entities - 1:,}'
        raise ValueError(f'{message}, fewer than there are entities; type negatives="all".')
    return UniformNegatives(int(negatives), generator)


def expect_schedule(evaluate_every: int, *, plateau: int, patience: int) -> None:
    """Plateau and patience go by evaluations, so there must be some.

    Raises:
        ValueError: there are none, or a number is negative.
    """
    expect_at_least("plateau", plateau, 0)
    expect_at_least("patience", patience, 0)
    if (plateau or patience) and not evaluate_every:
        asked = f"patience={patience}" if patience else f"plateau={plateau}"
        raise ValueError(f"{asked} came without evaluations to go by. Type evaluate_every=5, {asked}.")


def expect_relation_weight(embedding: GraphEmbedding, relation_weight: int | float) -> None:
    """Relations can be guessed where there are several, and where the scorer compares them all at once.

    Raises:
        ValueError: there is only one relation, or the scorer does not compare them.
    """
    if not relation_weight:
        return
    if len(embedding.graph.relations) < 2:
        message = f"relation_weight={relation_weight:g} came, but {embedding.graph.name!r} has one relation"
        raise ValueError(f"{message}, which needs no guessing. Type relation_weight=0.")
    try:
        vectors = embedding.entity_table[:1]
        embedding.scorer.query_relation(vectors, vectors)
    except NotImplementedError as problem:
        raise ValueError(str(problem)) from problem


def expect_arguments(
    *, epochs: int, batch: int, evaluate_on: int, learning_rate: int | float, dropout: int | float
) -> None:
    """Numbers within their ranges.

    Raises:
        ValueError: one is not; the message says what to type.
    """
    expect_at_least("epochs", epochs, 0)
    expect_at_least("batch", batch, 1)
    expect_at_least("evaluate_on", evaluate_on, 1)
    if not learning_rate > 0:
        raise ValueError(f"learning_rate={learning_rate!r} came. It must be above 0; type learning_rate=0.1.")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout={dropout!r} came. It is a share from 0 to below 1; type dropout=0.3.")
