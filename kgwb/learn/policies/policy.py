"""What every policy of tuning is: which parts of a model are free to learn, and how the gradient of a step is taken."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert
from kgwb.learn.tasks import PreparedTask

Gradients: TypeAlias = list[Tensor | None]


@dataclass(eq=False)
class TaskBatch:
    """Some examples of a task, whose loss can be asked for more than once: each time the same is drawn.

    Attributes:
        task: whose examples they are.
        rows: their numbers.
        seed: of dropout, and of all that a task draws from torch's own random numbers.
        precision: of the matmuls.
    """

    task: PreparedTask
    rows: Sequence[int]
    seed: int
    precision: torch.dtype = torch.float32
    _drawn: Tensor | None = field(default=None, init=False)

    def loss(self, bert: Bert) -> Float[Tensor, ""]:
        """The mean loss of the examples."""
        with self.drawing(bert):
            return self.task.loss(bert, self.rows)

    @contextmanager
    def drawing(self, bert: Bert) -> Iterator[None]:
        """Within it, the batch's own random numbers and its precision; outside, random numbers stay as they were."""
        generator = getattr(self.task, "generator", None)
        if generator is not None:
            self._drawn = generator.get_state() if self._drawn is None else self._drawn
            generator.set_state(self._drawn)
        low = self.precision != torch.float32
        with torch.random.fork_rng(), torch.autocast(bert.device.type, self.precision, enabled=low):
            torch.manual_seed(self.seed)
            yield

    def __len__(self) -> int:
        return len(self.rows)

    def split(self, count: int) -> list[TaskBatch]:
        """The same examples in up to so many batches of nearly one size."""
        size = -(-len(self.rows) // count)
        starts = range(0, len(self.rows), size)
        return [
            TaskBatch(self.task, self.rows[start : start + size], self.seed + i, self.precision)
            for i, start in enumerate(starts)
        ]


class Policy(ABC):
    """What is free to learn in a tuning, and how the gradient of a step is taken.

    A policy of one's own is a frozen dataclass with `list_parts`; the other methods have defaults. Parts are named as
    `kgwb.learn.policies.parts.find_part` knows them. The heads that tasks bring along always learn.
    """

    def attach(self, bert: Bert, *, seed: int) -> None:
        """Add to the model what this policy trains beside BERT's own weights; called once, before the first step."""
        return

    def expect_tasks(self, tasks: Sequence[PreparedTask]) -> None:
        """Refuse tasks that the policy cannot train on.

        Raises:
            TypeError: one is of a kind that it cannot.
        """
        return

    @abstractmethod
    def list_parts(self) -> Sequence[str]:
        """Every part that is free in some step."""

    def list_free(self, number: int, total: int) -> Sequence[str]:
        """The parts that are free in step `number` of `total`, counted from 1."""
        return self.list_parts()

    def expect_steps(self, total: int) -> None:
        """Refuse a training of so many steps, where the policy does not fit into it.

        Raises:
            ValueError: it does not.
        """
        return

    def differentiate(
        self, batch: TaskBatch, bert: Bert, trained: Sequence[nn.Parameter]
    ) -> tuple[Float[Tensor, ""], Gradients]:
        """The loss of a batch and its gradient for each trained parameter; None where it has none."""
        loss = batch.loss(bert)
        return loss.detach(), list(torch.autograd.grad(loss, list(trained), allow_unused=True))
