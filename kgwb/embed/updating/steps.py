"""The training loop of kgwb.embed.training, over some of the queries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_choice, expect_number, expect_seed
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.precision import PRECISIONS, Precision, choose_precision
from kgwb.embed.training.arguments import expect_ranges, make_negatives
from kgwb.embed.training.batches import TrainingQueries
from kgwb.embed.training.earlier import EarlierFacts
from kgwb.embed.training.losses import make_loss
from kgwb.embed.training.objective import Objective
from kgwb.embed.training.schedule import Schedule
from kgwb.embed.training.state import Epoch, TrainingState
from kgwb.embed.training.workspace import Memory, Workspace, choose_memory
from kgwb.embed.updating.nearby_queries import add_sample
from kgwb.embed.updating.optimizers import GradientMeter, RowOptimizer
from kgwb.embed.updating.recalled_settings import recall_settings

_FEW = 8  # batches that the mean of squared gradients is taken over at least
_SHARE = 0.1  # of all batches
_STEPS = 10  # of an epoch at least


@dataclass(frozen=True, eq=False)
class UpdateSettings:
    """What all steps of an update share.

    Attributes:
        settings: as `recall_settings` gives them.
        others: how many untouched queries are asked for each one that is touched.
        seed: of order, dropout and samples.
        precision: of the matmuls.
        memory: for a block of scores, in GiB.
    """

    settings: Mapping[str, Any]
    others: int | float
    seed: int
    precision: Precision
    memory: Memory

    def begin(
        self,
        embedding: GraphEmbedding,
        queries: TrainingQueries,
        optimizer: torch.optim.Optimizer | RowOptimizer | GradientMeter,
        *,
        epochs: int,
    ) -> TrainingState:
        """A training of some queries that has not begun."""
        settings, device = self.settings, embedding.device
        generator = torch.Generator(device).manual_seed(self.seed)
        source = make_negatives(settings["negatives"], len(embedding.entity_table), generator=generator)
        objective = Objective(
            negatives=source,
            loss=make_loss(settings["loss"], margin=settings["margin"], temperature=settings["temperature"]),
            regularisation=settings["regularisation"],
            weight_decay=settings["weight_decay"],
            dropout=settings["dropout"],
            relation_weight=settings["relation_weight"],
            generator=generator,
        )
        return TrainingState(
            embedding,
            queries,
            objective,
            optimizer,
            Schedule(epochs),
            rate=float(settings["learning_rate"]),
            batch=settings["batch"],
            order=torch.Generator().manual_seed(self.seed),
            workspace=Workspace(choose_memory(self.memory, device), self.choose_numbers(embedding, queries)),
            work=self._count_work(embedding, queries),
            earlier=EarlierFacts.of(embedding),
        )

    def count_steps(self, queries: TrainingQueries) -> int:
        """The steps of an epoch over all queries."""
        return math.ceil(len(queries) / self.settings["batch"])

    def choose_numbers(self, embedding: GraphEmbedding, queries: TrainingQueries) -> torch.dtype:
        """The format of the matmuls."""
        return choose_precision(self.precision, embedding.device, work=self._count_work(embedding, queries))

    def describe(self, **more: object) -> dict[str, object]:
        """All settings, for a citation."""
        shown = {name: value for name, value in self.settings.items() if name != "epochs"}
        return {**shown, "others": self.others, "seed": self.seed, "precision": self.precision, **more}

    def _count_work(self, embedding: GraphEmbedding, queries: TrainingQueries) -> int:
        """Multiplications per step."""
        drawn = self.settings["negatives"]
        candidates = drawn if isinstance(drawn, int) else len(embedding.entity_table)
        return min(self.settings["batch"], len(queries)) * candidates * embedding.dim


def prepare_course(
    vectors: GraphEmbedding,
    entities: int,
    *,
    others: int | float,
    seed: int | np.integer,
    precision: Precision,
    memory: Memory,
    learning_rate: int | float | None = None,
) -> UpdateSettings:
    """What all steps of an update share, checked; settings are those of the last training.

    Args:
        vectors: were trained so.
        entities: how many the changed graph has.
        others: see `UpdateSettings`, and so on.
        seed: likewise.
        precision: likewise.
        memory: likewise.
        learning_rate: in the place of the last training's.

    Raises:
        ValueError: one is out of its range; the message says what to type.
    """
    expect_number("others", others, usual=1, least=0)
    expect_choice("precision", precision, PRECISIONS)
    expect_ranges({"memory": memory})
    settings = recall_settings(vectors, entities)
    if learning_rate is not None:
        expect_ranges({"learning_rate": learning_rate})
        settings["learning_rate"] = float(learning_rate)
    return UpdateSettings(settings, others, expect_seed(seed), precision, memory)


@dataclass(eq=False)
class NearbyTraining:
    """Rounds over the queries that a change touches, each time with another sample of the others.

    A step asks as many queries as one of the training did, so that a gradient is as large as it was there; a change of a
    few facts is gone through several times an epoch for it.

    Attributes:
        state: the training.
        touched: the queries that are asked in every round.
        rest: all others.
        sample: how many of them are asked in a round.
        rounds: how many make an epoch.
        rng: where the sample comes from.
        number: of the last epoch.
    """

    state: TrainingState
    touched: TrainingQueries
    rest: TrainingQueries
    sample: int
    rounds: int
    rng: np.random.Generator
    number: int = 0

    @classmethod
    def begin(
        cls,
        course: UpdateSettings,
        embedding: GraphEmbedding,
        queries: TrainingQueries,
        chosen: Sequence[np.ndarray],
        optimizer: torch.optim.Optimizer | RowOptimizer,
        *,
        epochs: int,
    ) -> NearbyTraining:
        """Before the first epoch.

        Args:
            course: what all steps share.
            embedding: is trained.
            queries: all that there are.
            chosen: which of them are touched: those about tails, then those about heads.
            optimizer: of the tables.
            epochs: how many there may be.
        """
        parts = list(zip((queries.tail, queries.head), chosen, strict=True))
        tail, head = (side.take(np.flatnonzero(part)) for side, part in parts)
        touched = TrainingQueries(tail, head)
        tail, head = (side.take(np.flatnonzero(~part)) for side, part in parts)
        rest = TrainingQueries(tail, head)
        batch = course.settings["batch"]
        sample = min(len(rest), max(math.ceil(course.others * len(touched)), batch - len(touched)))
        steps = math.ceil((len(touched) + sample) / batch)
        state = course.begin(embedding, queries, optimizer, epochs=epochs)
        return cls(state, touched, rest, sample, math.ceil(_STEPS / steps), np.random.default_rng(course.seed))

    def train(self) -> Epoch:
        """One epoch."""
        done = []
        for _ in range(self.rounds):
            self.state.queries = add_sample(self.touched, self.rest, self.sample, self.rng)
            done.append(self.state.train(lambda number: {}))
        self.number += 1
        seconds = sum(each.seconds for each in done)
        answers = self.state.queries.answer_count * self.rounds
        loss = sum(each.loss for each in done) / self.rounds
        return Epoch(
            self.number, loss, seconds, {"triples per second": answers / 2 / seconds}, self.state.schedule.epochs
        )


def measure_squares(course: UpdateSettings, embedding: GraphEmbedding, queries: TrainingQueries) -> list[torch.Tensor]:
    """The mean of the squared gradients of a step, for each table, over a tenth of the batches; nothing is moved."""
    batch, every = course.settings["batch"], len(queries)
    count = min(every, batch * max(_FEW, math.ceil(_SHARE * course.count_steps(queries))))
    tail, head = (side.take(np.empty(0, dtype=np.int64)) for side in (queries.tail, queries.head))
    none = TrainingQueries(tail, head)
    sample = add_sample(none, queries, count, np.random.default_rng(course.seed))
    meter = GradientMeter(list_tables(embedding))
    course.begin(embedding, sample, meter, epochs=1).train(lambda number: {})
    meter.zero_grad()
    return [_fill_gaps(square / max(1, meter.steps)) for square in meter.squares]


def _fill_gaps(squares: Float[Tensor, "row width"]) -> Float[Tensor, "row width"]:
    """Rows that no batch of the sample had a gradient for are as the middle one of the others."""
    means = squares.mean(1)  # [row]
    seen = means > 0
    return torch.where(seen[:, None], squares, means[seen].median() if seen.any() else 1.0)


def list_tables(embedding: GraphEmbedding) -> Sequence[nn.Parameter]:
    """The tables, in the order in which an optimizer has them."""
    return list(embedding.parameters())
