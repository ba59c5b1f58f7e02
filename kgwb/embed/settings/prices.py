"""What trials take of a search's budget: estimates, put right by what was taken so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from kgwb.embed.settings.budget import Budget
from kgwb.embed.training.cost import Cost

_RECENT = 9  # trials by which estimates are put right
_MUCH = 16  # at more than this part of the budget a lowest rung is dear, if others take a third of it or less
_MOST = 4  # part of the budget that one rung of a trial which is not the best may take


@dataclass(eq=False)
class Prices:
    """Prices in the budget's unit.

    Attributes:
        budget: what there is.
        costs: the estimate for each trial, by its number.
        taken: by the last epoch of each trial.
    """

    budget: Budget
    costs: dict[int, Cost] = field(default_factory=dict)
    taken: dict[int, float] = field(default_factory=dict)

    def ask(self, cost: Cost, number: int = 0) -> tuple[float, float]:
        """What an epoch and a measurement take, judged by how right earlier estimates were."""
        if self.budget.clock is None:
            return 1.0, 0.0
        wrong = [taken / max(self.costs[each].epoch_seconds, 1e-9) for each, taken in self.taken.items()]
        factor = float(np.median(wrong[-_RECENT:])) if wrong else 1.0
        epoch = self.taken.get(number, factor * cost.epoch_seconds)
        return epoch, 1.25 * factor * cost.evaluation_seconds

    def count_bytes(self, numbers: Iterable[int]) -> int:
        """What the tables and optimizers of some trials take."""
        return sum(self.costs[each].table_bytes + self.costs[each].optimizer_bytes for each in numbers)

    @property
    def cheapest(self) -> float:
        """What the cheapest trial's epoch takes; nothing before there is one."""
        return 1.0 if self.budget.clock is None else min(self.taken.values(), default=0.0)

    def is_dear(self, epoch: int | float, *, epochs: int) -> bool:
        """Whether a lowest rung takes much of the budget, and several times as much as another's.

        Args:
            epoch: what one takes.
            epochs: of the rung.
        """
        return bool(self.taken) and epoch > 3 * self.cheapest and epochs * epoch > self.budget.total / _MUCH

    def takes_most(self, number: int, *, epochs: int) -> bool:
        """Whether so many epochs of a trial take more of the budget than one that is not the best should have."""
        cost = self.costs.get(number)
        return cost is not None and epochs * self.ask(cost, number)[0] > self.budget.total / _MOST
