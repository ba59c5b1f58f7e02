"""What steers a run: the learning rate over its epochs, evaluations between them, and the best vectors so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from torch import nn

from kgwb.axes import Tensor
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.ranking.answers import ScoresAnswers
from kgwb.embed.ranking.ranks import rank_triples
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split


@dataclass(frozen=True)
class Schedule:
    """How the learning rate moves, as a share of its full height.

    Attributes:
        epochs: how many the run may have.
        warm_up: epochs over which the rate rises to its full height.
        cool_down: epochs at the end over which it falls to zero.
        plateau: evaluations without a better one after which it is halved; 0 for never.
        patience: evaluations without a better one after which the run stops; 0 for never.

    Raises:
        ValueError: the rate would fall for longer than the run, so that it never had its full height.
    """

    epochs: int
    warm_up: int | float = 0
    cool_down: int | float = 0
    plateau: int = 0
    patience: int = 0

    def __post_init__(self) -> None:
        if 0 < self.epochs < self.cool_down:
            raise ValueError(
                f"cool_down={self.cool_down!r} came with epochs={self.epochs}, so the learning rate would never have its full "
                f"height. Type cool_down={self.epochs // 2}, or epochs={2 * math.ceil(self.cool_down)}."
            )

    def share(self, done: int | float, *, halvings: int = 0) -> float:
        """The rate's share after `done` epochs (a fraction within one), having been halved so often.

        Example:
            >>> [Schedule(epochs=10, warm_up=2, cool_down=4).share(done) for done in (1, 5, 8)]
            [0.5, 1.0, 0.5]
        """
        rise = min(1.0, done / self.warm_up) if self.warm_up else 1.0
        fall = min(1.0, (self.epochs - done) / self.cool_down) if self.cool_down else 1.0
        return rise * max(fall, 0.0) * 0.5**halvings


@dataclass(eq=False)
class Best:
    """The best evaluation of a run and the tables it was made with.

    Attributes:
        figure: the highest figure so far; higher is better.
        epoch: when that was; 0 before the first evaluation.
        stale: evaluations since then.
        halvings: how often the learning rate was halved for a plateau.
        tables: the embedding's state at that time.
    """

    figure: float = float("-inf")
    epoch: int = 0
    stale: int = 0
    halvings: int = 0
    tables: dict[str, Tensor] = field(default_factory=dict)

    def note(self, figure: float, epoch: int, embedding: nn.Module | None, *, plateau: int) -> None:
        """Take an evaluation into account; after `plateau` of them without a better one the rate is halved.

        Without an embedding no tables are kept: they will not be needed.
        """
        if figure > self.figure:
            self.figure, self.epoch, self.stale = figure, epoch, 0
            tables = {} if embedding is None else embedding.state_dict()
            self.tables = {name: table.detach().clone() for name, table in tables.items()}
        else:
            self.stale += 1
            self.halvings += bool(plateau) and self.stale % plateau == 0

    def restore(self, embedding: nn.Module) -> None:
        """Put the best tables into the embedding; nothing happens before the first evaluation."""
        if self.tables:
            embedding.load_state_dict(self.tables)


def plan_evaluation(
    embedding: GraphEmbedding | ScoresAnswers, split: Split | KnowledgeGraph, *, every: int, sample: int, seed: int
) -> Callable[[int], dict[str, float]]:
    """What to measure after an epoch: a function from its number to figures by name; none where no evaluation is due.

    The first figure is the one that early stopping and the plateau go by; the ends of its 95 % bootstrap interval follow.

    Raises:
        ValueError: evaluations are asked for, but there are no validation triples.
    """
    if every == 0:
        return lambda number: {}
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
