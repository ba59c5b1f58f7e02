"""The learning rate over a run, and when to stop: warm-up, cool-down, plateau, patience."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """How the learning rate moves, as a share of its full height.

    Attributes:
        epochs: how many the run may have.
        warm_up: epochs over which the rate rises to its full height.
        cool_down: epochs at the end over which it falls to nought.
        plateau: evaluations without a better one after which it is halved; 0 for never.
        patience: evaluations without a better one after which the run stops; 0 for never.
    """

    epochs: int
    warm_up: int | float = 0
    cool_down: int | float = 0
    plateau: int = 0
    patience: int = 0

    def share(self, done: int | float, *, halvings: int = 0) -> float:
        """The rate's share after `done` epochs (a fraction within one), having been halved so often.

        Example:
            >>> [Schedule(epochs=10, warm_up=2, cool_down=4).share(done) for done in (1, 5, 8)]
            [0.5, 1.0, 0.5]
        """
        rise = min(1.0, done / self.warm_up) if self.warm_up else 1.0
        fall = min(1.0, (self.epochs - done) / self.cool_down) if self.cool_down else 1.0
        return rise * max(fall, 0.0) * 0.5**halvings
