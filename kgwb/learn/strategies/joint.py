"""One step from a batch of every task: L = Σ λ_i L_i."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

import torch

from kgwb.checks import expect_flags, expect_kind, expect_number
from kgwb.learn.strategies.balances import Balance, FixedWeights
from kgwb.learn.strategies.strategy import PlannedStep, Strategy, draw_endlessly


@dataclass(frozen=True)
class Joint(Strategy):
    """Each step learns from a batch of every task: L = Σ λ_i L_i.

    An epoch goes once through the largest task; smaller ones begin anew as often as that takes. How far the tasks'
    gradients agree is noted in each step. All tasks train one model (hard sharing), or each a model of its own
    that is pulled towards the others' (soft sharing; Duong et al., 2015, "Low resource dependency parsing"): give `tune` a
    model for each task, and

    L = Σ λ_i L_i(θ_i) + pull · Σ_{i<j} ‖θ_i − θ_j‖².

    Args:
        balance: the weights λ: `FixedWeights`, `ScheduledWeights`, `UncertaintyWeights`.
        surgery: take from each task's gradient what goes against another's (PCGrad; Yu et al., 2020, "Gradient surgery for
            multi-task learning").
        pull: of soft sharing.

    Raises:
        ValueError: for a pull below 0.
    """

    balance: Balance = field(default_factory=FixedWeights)
    surgery: bool = False
    pull: int | float = 0.01

    def __post_init__(self) -> None:
        expect_kind(self.balance, Balance, "A balance", call="kgwb.learn.Joint(kgwb.learn.FixedWeights([1.0, 0.3]))")
        expect_flags(surgery=self.surgery)
        expect_number("pull", self.pull, usual=0.01, least=0)

    def count_steps(self, sizes: Sequence[int], batch: int) -> int:
        return max(-(-size // batch) for size in sizes)

    def plan_epoch(self, sizes: Sequence[int], *, batch: int, generator: torch.Generator) -> list[PlannedStep]:
        count = self.count_steps(sizes, batch)
        drawn = [list(islice(draw_endlessly(size, batch, generator), count)) for size in sizes]
        return [PlannedStep(tuple(enumerate(rows))) for rows in zip(*drawn, strict=True)]
