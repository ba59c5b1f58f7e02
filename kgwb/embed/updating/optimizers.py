"""Optimizers that go on where a training stopped: their sums of squared gradients as they were kept, or measured again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from kgwb.axes import Tensor


@dataclass(eq=False)
class RowOptimizer:
    """Steps of another optimizer, for which the gradient of every fixed row is zero.

    Adagrad and Adam leave a row where it is that never had a gradient; so no fixed row may have a state.

    Attributes:
        optimizer: of the tables.
        fixed: for each table, which rows stay, bool [row].
    """

    optimizer: torch.optim.Optimizer
    fixed: Mapping[nn.Parameter, Tensor]

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The optimizer's, with the learning rate."""
        return self.optimizer.param_groups

    def zero_grad(self) -> None:
        """No gradient is left from the step before."""
        self.optimizer.zero_grad()

    def step(self) -> None:
        """Move the rows that are free."""
        for table, rows in self.fixed.items():
            if table.grad is not None:
                table.grad.masked_fill_(rows[:, None], 0)
        self.optimizer.step()


@dataclass(eq=False)
class GradientMeter:
    """Moves nothing, and adds up the squares of the gradients.

    Attributes:
        tables: whose gradients they are.
        squares: of each table, [row, width].
        steps: how many there were.
    """

    tables: Sequence[nn.Parameter]
    squares: list[Tensor] = field(init=False)
    steps: int = 0
    param_groups: list[dict[str, Any]] = field(default_factory=lambda: [{"lr": 0.0}])

    def __post_init__(self) -> None:
        self.squares = [torch.zeros_like(table) for table in self.tables]

    def zero_grad(self) -> None:
        """No gradient is left from the step before."""
        for table in self.tables:
            table.grad = None

    def step(self) -> None:
        """Take the gradients into account."""
        self.steps += 1
        for square, table in zip(self.squares, self.tables, strict=True):
            if table.grad is not None:
                square.addcmul_(table.grad, table.grad)


def start_optimizer(name: str, tables: Sequence[nn.Parameter], rate: int | float) -> torch.optim.Optimizer:
    """An optimizer of the tables, as one step of training takes it, that has seen nothing yet."""
    on_cpu = tables[0].device.type == "cpu"
    if name == "adam":
        return torch.optim.Adam(tables, lr=rate, fused=True)
    return torch.optim.Adagrad(tables, lr=rate, fused=True if on_cpu else None)


def seed_optimizer(optimizer: torch.optim.Optimizer, squares: Sequence[Tensor], steps: int) -> None:
    """Put an optimizer where so many steps with gradients of these mean squares would have brought it.

    Adagrad's sum is their number times the mean square; of Adam's two averages that of squares is the mean itself, and
    that of gradients, which change their sign all the time, is zero.

    Args:
        optimizer: has seen nothing yet.
        squares: mean squared gradients, in the order of its tables.
        steps: how many.
    """
    step = torch.tensor(float(steps))
    for table, square in zip(optimizer.param_groups[0]["params"], squares, strict=True):
        if isinstance(optimizer, torch.optim.Adam):
            where = step.to(table.device)  # the fused kind keeps it beside the table
            optimizer.state[table] = {"step": where, "exp_avg": torch.zeros_like(table), "exp_avg_sq": square.clone()}
        else:
            optimizer.state[table] = {"step": step.clone(), "sum": square * steps}
