"""What a search may spend: seconds on a clock, or passes over the triples, which are the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(eq=False)
class Budget:
    """How much there is, and how much is gone.

    Attributes:
        total: seconds, or passes.
        clock: seconds of now; None where passes are counted.
        spent: before what is running now, earlier runs of a kept search included.
    """

    total: int | float
    clock: Callable[[], float] | None
    spent: int | float = 0.0
    _since: int | float | None = field(default=None, repr=False)

    @property
    def unit(self) -> str:
        """What is counted."""
        return "pass" if self.clock is None else "second"

    @property
    def gone(self) -> float:
        """What is spent by now."""
        if self.clock is None or self._since is None:
            return self.spent
        return self.spent + max(0.0, self.clock() - self._since)

    @property
    def left(self) -> float:
        """What remains."""
        return self.total - self.gone

    @contextmanager
    def counting(self) -> Iterator[None]:
        """The time inside the block is spent; what others do between two blocks is theirs."""
        self._since = None if self.clock is None else self.clock()
        try:
            yield
        finally:
            self.spent, self._since = self.gone, None

    def note_pass(self) -> None:
        """A pass over the triples is done."""
        if self.clock is None:
            self.spent += 1
