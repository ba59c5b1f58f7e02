"""What `train_embedding` is given, checked before the first epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import torch

from kgwb.axes import Int
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.training.negatives import Negatives, UniformNegatives
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split


@dataclass(frozen=True)
class Range:
    """The numbers that an argument takes.

    Attributes:
        usual: one of them, to type.
        least: the smallest, or None.
        above: what they must be larger than, or None.
        below: what they must be smaller than, or None.
        whole: whether only whole ones will do.
        word: what may stand instead of a number, or None.
    """

    usual: int | float
    least: int | float | None = 0
    above: int | float | None = None
    below: int | float | None = None
    whole: bool = False
    word: str | None = None

    def expect(self, argument: str, value: object) -> None:
        """A value within the range; numpy's numbers count, True and False do not.

        Raises:
            ValueError: it is none; the message says what to type.

        Example:
            >>> Range(0.3, below=1).expect("dropout", 1.5)
            Traceback (most recent call last):
            ValueError: dropout=1.5 came. It must be a number from 0 to below 1; type dropout=0.3.
        """
        if not self.holds(value):
            raise ValueError(f"{argument}={value!r} came. It must be {self}; type {argument}={self.usual}.")

    def holds(self, value: object) -> bool:
        """Whether a value is within the range."""
        if isinstance(value, str):
            return value == self.word
        if isinstance(value, bool) or not isinstance(value, Integral if self.whole else Real):
            return False
        number = float(value)
        low = (self.least is None or number >= self.least) and (self.above is None or number > self.above)
        return low and math.isfinite(number) and (self.below is None or number < self.below)

    def __str__(self) -> str:
        word = "" if self.word is None else f'"{self.word}" or '
        number = "a whole number" if self.whole else "a number"
        if self.above is not None:
            return f"{word}{number} above {self.above}"
        if self.least is None:
            return f"{word}{number}"
        ends = f", at least {self.least}" if self.below is None else f" from {self.least} to below {self.below}"
        return f"{word}{number}{ends}"


RANGES = {
    "epochs": Range(30, whole=True),
    "batch": Range(1000, least=1, whole=True),
    "learning_rate": Range(0.1, least=None, above=0),
    "margin": Range(1, least=None),
    "temperature": Range(1),
    "regularisation": Range(0.05),
    "weight_decay": Range(0.001),
    "dropout": Range(0.3, below=1),
    "relation_weight": Range(1),
    "warm_up": Range(1),
    "cool_down": Range(1),
    "plateau": Range(3, whole=True),
    "patience": Range(3, whole=True),
    "seed": Range(0, least=None, whole=True),
    "evaluate_every": Range(5, whole=True),
    "evaluate_on": Range(500, least=1, whole=True),
    "memory": Range(1, least=None, above=0, word="auto"),
    "checkpoint_every": Range(1, least=1, whole=True),
}


def expect_arguments(**arguments: object) -> None:
    """Numbers within their ranges; arguments that take none are left to others.

    Raises:
        ValueError: one is not; the message says what to type.
    """
    for name, value in arguments.items():
        if name in RANGES:
            RANGES[name].expect(name, value)


def find_training_triples(embedding: object, split: object) -> Int[np.ndarray, "triple 3"]:
    """The triples to learn from: those of train, or all of a graph.

    Raises:
        TypeError: these are no embedding and no split or graph.
        ValueError: there are no triples, or their ids mean other things than the embedding's.
    """
    if not isinstance(embedding, GraphEmbedding):
        message = f"An embedding is trained, but {_describe(embedding)} came"
        raise TypeError(f"{message}. Type train_embedding(GraphEmbedding(split.graph, ComplEx()), split).")
    if not isinstance(split, (Split, KnowledgeGraph)):
        message = f"A split or a graph is learnt from, but {_describe(split)} came"
        raise TypeError(f"{message}. Type train_embedding(embedding, split_triples(graph)).")
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


def expect_schedule(evaluate_every: int, *, plateau: int, patience: int) -> None:
    """Plateau and patience go by evaluations, so there must be some.

    Raises:
        ValueError: there are none.
    """
    expect_arguments(evaluate_every=evaluate_every, plateau=plateau, patience=patience)
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


def _describe(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"{type(value).__name__} {value!r}" if isinstance(value, (str, int, float)) else f"a {type(value).__name__}"
