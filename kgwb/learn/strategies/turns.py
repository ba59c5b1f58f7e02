"""Strategies by which each step learns from a batch of one task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import torch

from kgwb.checks import expect_number
from kgwb.learn.strategies.strategy import PlannedStep, Strategy, draw_batches, draw_endlessly


@dataclass(frozen=True)
class Together(Strategy):
    """A batch of each task in turn, each task once through in an epoch."""

    def plan_epoch(self, sizes: Sequence[int], *, batch: int, generator: torch.Generator) -> list[PlannedStep]:
        drawn = [list(draw_batches(size, batch, generator)) for size in sizes]
        return [PlannedStep(((task, rows),)) for turn in zip_longest(*drawn) for task, rows in enumerate(turn) if rows]


@dataclass(frozen=True)
class TwoStage(Together):
    """The last task after all the others, in a stage of its own."""

    def split_stages(self, tasks: int) -> list[list[int]]:
        if tasks < 2:
            raise ValueError(
                "strategy='two-stage' came with one task. Expected two or more, of which the last is trained after the others; "
                "type kgwb.tune(model, [kgwb.learn.MaskedWords(sentences), kgwb.MaskedAnswers(questions)], "
                "strategy='two-stage')."
            )
        return [list(range(tasks - 1)), [tasks - 1]]


@dataclass(frozen=True)
class Sampled(Strategy):
    """Each step draws its task: p ∝ n^(1 / temperature), for a task of n examples.

    With temperature 1 a task comes in proportion to its size; the larger the temperature, the more evenly all come
    (Arivazhagan et al., 2019, "Massively multilingual neural machine translation in the wild"). An epoch has as many steps as
    one pass over every task.

    Args:
        temperature: at least 1.

    Raises:
        ValueError: for another.
    """

    temperature: int | float = 1.0

    def __post_init__(self) -> None:
        expect_number("temperature", self.temperature, usual=2, least=1)

    def plan_epoch(self, sizes: Sequence[int], *, batch: int, generator: torch.Generator) -> list[PlannedStep]:
        shares = torch.tensor(sizes, dtype=torch.float64) ** (1 / self.temperature)
        drawn = torch.multinomial(shares, self.count_steps(sizes, batch), replacement=True, generator=generator)
        batches = [draw_endlessly(size, batch, generator) for size in sizes]
        return [PlannedStep(((task, next(batches[task])),)) for task in drawn.tolist()]
