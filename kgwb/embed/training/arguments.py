"""What `train_embedding` is given, checked before the first epoch."""

from __future__ import annotations

import numpy as np

from kgwb.axes import Int
from kgwb.embed.errors import expect_at_least
from kgwb.embed.graph_embedding import GraphEmbedding
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
    if not len(triples):
        raise ValueError(f"{graph.name!r} has no training triples. Check len(split.train), or give the graph itself.")
    return triples


def read_negatives(negatives: str | int | np.integer, entities: int) -> int | None:
    """How many entities to sample, or None for all.

    Raises:
        ValueError: neither "all" nor a number that can be sampled.
    """
    if negatives == "all":
        return None
    if isinstance(negatives, (str, bool)) or not 1 <= negatives < entities:
        message = f'negatives={negatives!r} came. It must be "all" or a number from 1 to {entities - 1:,}'
        raise ValueError(f'{message}, fewer than there are entities; type negatives="all".')
    return int(negatives)


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
