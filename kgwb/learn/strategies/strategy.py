"""What every strategy is: the steps in which the batches of several tasks come."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class PlannedStep:
    """One step to come.

    Attributes:
        batches: (task, rows of it) for each batch that the step learns from.
    """

    batches: tuple[tuple[int, list[int]], ...]


class Strategy(ABC):
    """In which steps the batches of several tasks come."""

    def split_stages(self, tasks: int) -> list[list[int]]:
        """The tasks of each stage; a stage has an optimizer and a warm-up of its own.

        Raises:
            ValueError: for too few tasks.
        """
        return [list(range(tasks))]

    def count_steps(self, sizes: Sequence[int], batch: int) -> int:
        """How many steps an epoch takes, for tasks of so many examples."""
        return sum(-(-size // batch) for size in sizes)

    @abstractmethod
    def plan_epoch(self, sizes: Sequence[int], *, batch: int, generator: torch.Generator) -> list[PlannedStep]:
        """The steps of one epoch.

        Args:
            sizes: how many examples each task has.
            batch: examples per task and step.
            generator: for their order.
        """


def draw_batches(examples: int, batch: int, generator: torch.Generator) -> Iterator[list[int]]:
    """All examples of a task in a drawn order, cut into batches."""
    order = torch.randperm(examples, generator=generator).tolist()
    return (order[start : start + batch] for start in range(0, examples, batch))


def draw_endlessly(examples: int, batch: int, generator: torch.Generator) -> Iterator[list[int]]:
    """Batches of a task, epoch after epoch."""
    while True:
        yield from draw_batches(examples, batch, generator)
