"""Held-out loss while tuning: when to stop, and the weights to go back to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from kgwb.axes import Tensor
from kgwb.bert import Bert
from kgwb.learn.policies.policy import TaskBatch
from kgwb.learn.tasks import PreparedTask


@dataclass(eq=False)
class EarlyStopping:
    """The best held-out loss so far, and the weights that had it.

    Attributes:
        tasks: what is held out.
        patience: measurements without a better loss after which the stage ends.
        every: so many steps between measurements.
        batch: examples at a time.
        best: the lowest loss; infinite before the first measurement.
        waited: measurements since then.
        weights: the trained weights that had it.
    """

    tasks: Sequence[PreparedTask]
    patience: int
    every: int
    batch: int
    best: float = float("inf")
    waited: int = 0
    weights: list[Tensor] = field(default_factory=list)

    def is_due(self, number: int, last: int) -> bool:
        """Whether step `number` of a stage of `last` ends with a measurement."""
        return number % self.every == 0 or number == last

    @torch.no_grad()
    def measure(self, bert: Bert, trained: Sequence[nn.Parameter]) -> float:
        """The mean loss per example; the weights are kept if it is the best."""
        bert = bert.in_mode(training=False)
        total = sum(self._sum_losses(bert, task) for task in self.tasks)
        loss = total / sum(map(len, self.tasks))
        if loss < self.best:
            self.best, self.waited = loss, 0
            self.weights = [parameter.detach().clone() for parameter in trained]
        else:
            self.waited += 1
        return loss

    @property
    def is_over(self) -> bool:
        """Whether patience is at its end."""
        return self.waited >= self.patience

    @torch.no_grad()
    def restore(self, trained: Sequence[nn.Parameter]) -> None:
        """Put the best weights back; nothing happens before the first measurement."""
        for parameter, weight in zip(trained, self.weights, strict=False):
            parameter.copy_(weight)

    def _sum_losses(self, bert: Bert, task: PreparedTask) -> float:
        generator = getattr(task, "generator", None)
        drawn = None if generator is None else generator.get_state()
        total = 0.0
        for start in range(0, len(task), self.batch):
            rows = range(start, min(start + self.batch, len(task)))
            total += float(TaskBatch(task, rows, seed=start).loss(bert)) * len(rows)
        if generator is not None and drawn is not None:
            generator.set_state(drawn)  # every measurement draws the same
        return total
