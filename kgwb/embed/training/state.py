"""A training as it stands: what one epoch changes, and what must be kept to go on from it."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from kgwb.axes import Float, Tensor
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.precision import limit_threads
from kgwb.embed.training.batches import Batch, TrainingQueries
from kgwb.embed.training.earlier import EarlierFacts
from kgwb.embed.training.objective import Objective
from kgwb.embed.training.schedule import Best, Schedule
from kgwb.embed.training.sharding import ShardedObjective
from kgwb.embed.training.workspace import Workspace
from kgwb.embed.vectors import Vectors
from kgwb.memory import is_out_of_memory

_log = logging.getLogger("kgwb.embed")


class TrainingError(ArithmeticError):
    """Training cannot go on: the loss or a gradient is no longer finite, or memory ran out."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the training triples.

    Attributes:
        number: 1 for the first.
        loss: per answer, in nats for the softmax, without regularisation; guessing at random costs ln(candidates) then.
        seconds: how long the pass took, evaluation not included.
        metrics: figures by name: "triples per second", and the validation MRR where it was asked for, with the ends of
            its 95 % interval.
        total: how many epochs the run may have.
    """

    number: int
    loss: float
    seconds: float
    metrics: dict[str, float] = field(default_factory=dict)
    total: int | None = None


@dataclass(eq=False)
class TrainingState:
    """Everything that training changes, the embedding among it.

    Attributes:
        embedding: what is trained.
        queries: what it learns to answer.
        objective: the loss.
        optimizer: of the tables: torch's, or what has `zero_grad`, `step` and `param_groups` like it.
        schedule: of the learning rate.
        rate: the learning rate at its full height.
        batch: distinct queries per step.
        order: where the order of the queries comes from.
        workspace: room for scores.
        work: multiplications per step.
        earlier: what the embedding had learnt from before the run.
        best: the best evaluation so far.
        number: the epochs done.
        start: SHA-256 of the tables that the run began with, where it is kept.
    """

    embedding: GraphEmbedding
    queries: TrainingQueries
    objective: Objective | ShardedObjective
    optimizer: Any
    schedule: Schedule
    rate: float
    batch: int
    order: torch.Generator
    workspace: Workspace
    work: int
    earlier: EarlierFacts
    best: Best = field(default_factory=Best)
    number: int = 0
    start: str = ""

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do."""
        stopped = self.schedule.patience and self.best.stale >= self.schedule.patience
        return bool(stopped) or self.number >= self.schedule.epochs

    def train(self, evaluate: Callable[[int], dict[str, float]]) -> Epoch:
        """One epoch, and its evaluation where it is due."""
        start, steps = time.perf_counter(), math.ceil(len(self.queries) / self.batch)
        # An average batch's weight for all of them, so that every answer weighs the same.
        self.workspace.weight = steps / self.queries.answer_count
        gradient = torch.empty_like(self.embedding.entity_table)  # [entity, dim], the same room for every step
        loss = torch.zeros((), device=self.embedding.device)
        self.embedding.train()
        try:
            with limit_threads(self.work):
                for step, part in enumerate(
                    self.queries.shuffle(self.batch, generator=self.order, device=self.embedding.device), start=1
                ):
                    self._set_rate(self.number + step / steps)
                    loss += self._step_within_memory(part, gradient)
        finally:
            self.embedding.eval()  # also where the user or an error stops it: dropout would go on in every score
        self.number += 1
        mean, seconds = loss.item() / self.queries.answer_count, time.perf_counter() - start
        self._expect_finite(mean)
        figures = evaluate(self.number)
        if figures:
            figure = next(iter(figures.values()))
            kept = self.embedding if self.schedule.patience else None
            self.best.note(figure, self.number, kept, plateau=self.schedule.plateau)
        speed = {"triples per second": self.queries.answer_count / 2 / seconds}
        return Epoch(self.number, mean, seconds, speed | figures, self.schedule.epochs)

    def _set_rate(self, done: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * self.schedule.share(done, halvings=self.best.halvings)

    def _step_within_memory(self, batch: Batch, gradient: Float[Tensor, "entity dim"]) -> Tensor:
        """A step; where memory runs out, the same step again with half the block of scores."""
        before = self.objective.generator.get_state()
        while True:
            try:
                return self._step(batch, gradient)
            except (RuntimeError, MemoryError) as problem:
                if not is_out_of_memory(problem):
                    raise
                smaller = self.workspace.halved()
                if isinstance(self.objective, ShardedObjective):  # the other processes wait in the middle of the step
                    raise TrainingError(_too_large_a_shard(smaller.memory)) from problem
                width = getattr(self.objective.negatives, "count", len(gradient))
                if smaller.height(width, 2) == self.workspace.height(width, 2) == 1:
                    raise TrainingError(_too_large(self.batch, self.embedding.dim)) from problem
                _log.warning(
                    "Out of memory: the block of scores is halved, from %.3g to %.3g GiB",
                    self.workspace.memory,
                    smaller.memory,
                )
                self.workspace = smaller
                self.objective.generator.set_state(before)

    def _step(self, batch: Batch, gradient: Float[Tensor, "entity dim"]) -> Tensor:
        self.optimizer.zero_grad()
        encoded = self.embedding.encode()
        relations = encoded.relations.detach().requires_grad_()
        inverses = None if encoded.inverses is None else encoded.inverses.detach().requires_grad_()
        seen = Vectors(encoded.scorer, encoded.entities.detach(), relations, inverses)
        loss = self.objective.differentiate(seen, batch, gradient=gradient, workspace=self.workspace)
        self._pass_back(encoded, seen, gradient)
        self.optimizer.step()
        return loss

    def _pass_back(self, encoded: Vectors, seen: Vectors, gradient: Float[Tensor, "entity dim"]) -> None:
        """Gradients from the vectors that were scored to the tables: as they are, or through the encoder."""
        ends = [(encoded.relations, seen.relations.grad)]
        if encoded.inverses is not None and seen.inverses is not None:
            ends.append((encoded.inverses, seen.inverses.grad))
        if encoded.entities is self.embedding.entity_table:
            self.embedding.entity_table.grad = gradient
        else:
            ends.append((encoded.entities, gradient))
        outputs = [output for output, part in ends if part is not None]
        gradients = [part for _, part in ends if part is not None]
        penalty = getattr(self.embedding.encoder, "penalty", None)
        if penalty is not None:
            cost = penalty()
            outputs, gradients = [*outputs, cost], [*gradients, torch.ones_like(cost)]
        torch.autograd.backward(outputs, gradients)

    def _expect_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            message = (
                f"Training diverged: the loss became {loss} in epoch {self.number}, at learning_rate={self.rate:g}"
            )
            raise TrainingError(
                f"{message}. Start from a fresh GraphEmbedding and type learning_rate={self.rate / 10:g}."
            )


def _too_large(batch: int, dim: int) -> str:
    smaller = f"type batch={max(1, batch // 2)}, or GraphEmbedding(graph, scorer, dim={max(2, dim // 2)})"
    return f"Memory ran out even with one query's scores at a time. Free some, or {smaller}."


def _too_large_a_shard(memory: int | float) -> str:
    return f"Memory ran out in one of the processes. Type memory={memory:.2g}, or start more of them."
