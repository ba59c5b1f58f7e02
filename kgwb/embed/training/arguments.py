"""What `train_embedding` is given, checked before the first epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Int
from kgwb.checks import expect_each, expect_kind, expect_number
from kgwb.embed.graph_embedding import GraphEmbedding, expect_embedding
from kgwb.embed.training.batches import Negatives, UniformNegatives
from kgwb.embed.vectors import FORMATS
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split

Weighting: TypeAlias = Sequence[float | int] | np.ndarray | torch.Tensor | pd.Series | None

# The numbers that each argument takes, as `expect_number` has it.
RANGES: dict[str, dict[str, Any]] = {
    "epochs": {"usual": 30, "least": 0, "whole": True},
    "batch": {"usual": 1000, "least": 1, "whole": True},
    "learning_rate": {"usual": 0.1, "above": 0},
    "margin": {"usual": 1},
    "temperature": {"usual": 1, "least": 0},
    "regularisation": {"usual": 0.05, "least": 0},
    "weight_decay": {"usual": 0.001, "least": 0},
    "dropout": {"usual": 0.3, "least": 0, "below": 1},
    "relation_weight": {"usual": 1, "least": 0},
    "warm_up": {"usual": 1, "least": 0},
    "cool_down": {"usual": 1, "least": 0},
    "plateau": {"usual": 3, "least": 0, "whole": True},
    "patience": {"usual": 3, "least": 0, "whole": True},
    "seed": {"usual": 0, "least": 0, "below": 2**63, "whole": True},
    "evaluate_every": {"usual": 5, "least": 0, "whole": True},
    "evaluate_on": {"usual": 500, "least": 1, "whole": True},
    "memory": {"usual": 1, "above": 0, "word": "auto"},
    "checkpoint_every": {"usual": 1, "least": 1, "whole": True},
}


def expect_ranges(arguments: Mapping[str, object]) -> None:
    """Numbers within their ranges; arguments that take none are left to others.

    Raises:
        ValueError: one is not; the message says what to type.
    """
    for name, value in arguments.items():
        if name in RANGES:
            expect_number(name, value, **RANGES[name])


def find_training_triples(embedding: object, split: object) -> Int[np.ndarray, "triple 3"]:
    """The triples to learn from: those of train, or all of a graph.

    Raises:
        TypeError: these are no embedding and no split or graph.
        ValueError: there are no triples, their ids mean other things than the embedding's, or its numbers have so few
            bits that small steps are lost.
    """
    expect_embedding(embedding, "train_embedding(GraphEmbedding(split.graph, ComplEx()), split)")
    call = "train_embedding(embedding, split_triples(graph))"
    expect_kind(split, (Split, KnowledgeGraph), "A split or a graph", call=call)
    assert isinstance(embedding, GraphEmbedding) and isinstance(split, (Split, KnowledgeGraph))  # so mypy knows it too
    graph, triples = (split.graph, split.train) if isinstance(split, Split) else (split, split.triples)
    if graph.fingerprint != embedding.graph.fingerprint:
        message = f"The embedding is of the graph {embedding.graph.name!r}, but triples of {graph.name!r} came"
        raise ValueError(f"{message}, whose ids mean other things. Type GraphEmbedding(split.graph, ...).")
    if len(graph.entities) == 1:
        message = f"{graph.name!r} has one entity, which is the answer to every query: there is nothing to learn"
        raise ValueError(f"{message}. Type kgwb.read_graph(path) for a graph with more.")
    if not len(triples):
        raise ValueError(f"{graph.name!r} has no training triples. Check len(split.train), or give the graph itself.")
    formats = {parameter.dtype for parameter in embedding.parameters()}
    if len(formats) > 1 or not formats <= set(FORMATS):
        came = ", ".join(sorted(map(str, formats)))
        raise ValueError(f"The embedding's numbers are {came}, and training needs all float32. Type embedding.float().")
    return triples


def read_weights(
    weights: object, triples: Int[np.ndarray, "triple 3"], *, like: torch.dtype
) -> Float[np.ndarray, " triple"] | None:
    """Weights of training triples as shares of their mean; None where all count the same.

    Args:
        weights: one number per training triple, as an array, a tensor, a column or a list; or None.
        triples: what is trained on.
        like: the format of the embedding's numbers.

    Raises:
        TypeError: these are no numbers.
        ValueError: not one for each triple, or one is not above zero or not finite.

    Example:
        >>> read_weights([1, 3], np.zeros((2, 3), dtype=np.int64), like=torch.float32)
        array([0.5, 1.5], dtype=float32)
    """
    if weights is None:
        return None
    call = "weights=np.ones(len(split.train)), one number for each training triple"
    given = weights.detach().cpu().numpy() if isinstance(weights, torch.Tensor) else weights
    if not isinstance(given, np.ndarray):
        given = np.array(expect_each(given, (int, float, np.number), "A number", call=call))
    if given.dtype.kind not in "iuf":
        raise TypeError(f"weights came as {given.dtype}, which are no numbers. Type {call}.")
    if given.shape != (len(triples),):
        raise ValueError(f"weights of shape {given.shape} came for {len(triples):,} training triples. Type {call}.")
    given = given.astype(np.float64)
    if not (np.isfinite(given).all() and (given > 0).all()):
        raise ValueError(f"weights came with numbers that are not above zero, or not finite. Type {call}.")
    if (given == given[0]).all():
        return None
    mean = (given / given.max()).mean()  # in this order nothing runs over
    return (given / given.max() / mean).astype(np.float64 if like == torch.float64 else np.float32)


def make_negatives(negatives: object, entities: int, *, generator: torch.Generator) -> Negatives | None:
    """Where negatives come from; None for all entities.

    Raises:
        TypeError: a class that draws, instead of an instance.
        ValueError: neither "all" nor a number that can be sampled, nor anything that draws.
    """
    if isinstance(negatives, str) and negatives == "all":
        return None
    if isinstance(negatives, type):
        message = f"A class came as negatives, {negatives.__name__}"
        raise TypeError(f"{message}. Type negatives={negatives.__name__}(split.graph, 500).")
    if isinstance(negatives, Negatives):
        return negatives
    if not isinstance(negatives, (int, np.integer)) or isinstance(negatives, bool) or not 1 <= negatives < entities:
        message = f'negatives={negatives!r} came. It must be "all" or a number from 1 to {entities - 1:,}'
        raise ValueError(f'{message}, fewer than there are entities; type negatives="all".')
    return UniformNegatives(int(negatives), generator)


def expect_evaluations(evaluate_every: int, *, plateau: int, patience: int) -> None:
    """Plateau and patience go by evaluations, so there must be some.

    Raises:
        ValueError: there are none.
    """
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
