"""The best vectors so far: what early stopping gives back."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import nn

from kgwb.axes import Tensor


@dataclass(eq=False)
class Best:
    """The best evaluation of a run and the tables it was made with.

    Attributes:
        figure: the highest figure so far; higher is better.
        epoch: when that was; 0 before the first evaluation.
        stale: evaluations since then.
        halvings: how often the learning rate was halved for a plateau.
        tables: the embedding's state at that time.
    """

    figure: float = float("-inf")
    epoch: int = 0
    stale: int = 0
    halvings: int = 0
    tables: dict[str, Tensor] = field(default_factory=dict)

    def see(self, figure: float, epoch: int, embedding: nn.Module | None, *, plateau: int) -> None:
        """Take note of an evaluation; after `plateau` of them without a better one the rate is halved.

        Without an embedding no tables are kept: nobody will ask for them.
        """
        if figure > self.figure:
            self.figure, self.epoch, self.stale = figure, epoch, 0
            tables = {} if embedding is None else embedding.state_dict()
            self.tables = {name: table.detach().clone() for name, table in tables.items()}
        else:
            self.stale += 1
            self.halvings += bool(plateau) and self.stale % plateau == 0

    def give_back(self, embedding: nn.Module) -> None:
        """Put the best tables into the embedding; nothing happens before the first evaluation."""
        if self.tables:
            embedding.load_state_dict(self.tables)
