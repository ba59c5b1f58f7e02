"""One choice of settings under trial: what it was measured at, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kgwb.embed.scorers.scorer import Scorer
from kgwb.embed.settings.space import Candidate
from kgwb.words import count_things

# "waiting" can go on; "converged" has stopped getting better; "cooled" has had its last epochs, over which the learning rate
# fell to zero; "diverged" has numbers that are not finite, or no room; "dropped" would go on, but its vectors had to make
# room for others.
TrialState = Literal["waiting", "converged", "cooled", "diverged", "dropped"]
STATES = ("waiting", "converged", "cooled", "diverged", "dropped")
CLOSER = 5e-4  # of MRR; less is no progress


@dataclass(frozen=True)
class Measured:
    """A trial after so many epochs.

    Attributes:
        epochs: how many.
        mrr: filtered MRR of validation triples, with train and valid as the filter.
        low, high: the ends of its 95 % interval.
        train_mrr: the same of training triples.
        loss: of the last epoch, per answer, in nats; NaN where it was not kept.
        seconds: spent on this trial until then, evaluations included.
        cool_down: how many of the epochs, the last ones, the learning rate took to fall to zero.
    """

    epochs: int
    mrr: int | float
    low: int | float
    high: int | float
    train_mrr: int | float
    loss: int | float
    seconds: int | float
    cool_down: int = 0


@dataclass(frozen=True, repr=False)
class Trial:
    """What came of some settings so far.

    Attributes:
        number: 1 for the first.
        scorer: the equation.
        settings: `dim`, and arguments of `train_embedding` but for the epochs; a dict of your own.
        rung: how often it was found good enough to go on.
        measured: what it was measured at, in the order of epochs; empty where it diverged at once.
        floor: the lowest loss there can be on these triples, see `find_loss_floor`.
        state: "waiting" to go on, "converged", "cooled", "diverged", or "dropped" to make room.
    """

    number: int
    scorer: Scorer
    settings: Mapping[str, Any]
    rung: int
    measured: tuple[Measured, ...]
    floor: int | float
    state: TrialState

    @property
    def best(self) -> Measured | None:
        """Where its validation MRR was highest, the earliest of equals; None where it was never measured."""
        return max(self.measured, key=lambda each: each.mrr, default=None)

    @property
    def mrr(self) -> float:
        """Its highest validation MRR; −1 where there is none."""
        return -1.0 if self.best is None else self.best.mrr

    @property
    def is_rising(self) -> bool:
        """Whether every part of its course ended at its best: more epochs may be better still."""
        steady = [each.mrr for each in self.measured if not each.cool_down]
        rose = bool(self.measured) and self.best is self.measured[-1] and steady[-1] == max(steady)
        return rose and self.state in ("waiting", "cooled")

    @property
    def epochs(self) -> int:
        """How many it has had."""
        return self.measured[-1].epochs if self.measured else 0

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        lines = [f"Trial {self.number}, rung {self.rung}: {self.scorer}, {shown}"]
        if self.best is not None:
            last = self.measured[-1]
            fell = f", the last {last.cool_down:,} with a falling learning rate" if last.cool_down else ""
            lines.append(
                f"  valid MRR {self.best.mrr:.3f} ({self.best.low:.3f} to {self.best.high:.3f}) after "
                f"{count_things(self.best.epochs, 'epoch')}; after {last.epochs:,} train MRR {last.train_mrr:.3f}, "
                f"loss {last.loss:.3f} (at least {self.floor:.3f}), {last.seconds:.1f} s; {self.state}{fell}"
            )
        else:
            lines.append(f"  {self.state} before it was measured")
        return "\n".join(lines)


@dataclass(eq=False)
class TrialRecord:
    """A trial as the search keeps it, and writes it down.

    Attributes:
        number: 1 for the first.
        candidate: its settings.
        rung: how often it was promoted.
        measured: what it was measured at.
        at_rungs: its highest MRR when it had reached the end of each rung.
        seconds: spent on it, evaluations included.
        state: as in `Trial`.
    """

    number: int
    candidate: Candidate
    rung: int = 0
    measured: list[Measured] = field(default_factory=list)
    at_rungs: list[float] = field(default_factory=list)
    seconds: int | float = 0.0
    state: TrialState = "waiting"

    @property
    def mrr(self) -> float:
        """The highest so far; −1 before the first measurement."""
        return max((each.mrr for each in self.measured), default=-1.0)

    @property
    def epochs(self) -> int:
        """The last at which it was measured."""
        return self.measured[-1].epochs if self.measured else 0

    def is_stale(self, since: int, *, patience: int) -> bool:
        """Whether the last measurements, `patience` of them since so many epochs, brought nothing better."""
        later = [each.mrr for each in self.measured if each.epochs > since][-patience:]
        earlier = [each.mrr for each in self.measured[: -patience or None]]
        return len(later) == patience and max(later) < max(earlier, default=-math.inf) + CLOSER

    def freeze(self, floor: int | float) -> Trial:
        """As others see it."""
        candidate = self.candidate
        measured = tuple(self.measured)
        return Trial(self.number, candidate.scorer, dict(candidate.settings), self.rung, measured, floor, self.state)


def describe_record(record: TrialRecord, scorers: Sequence[Scorer]) -> dict[str, Any]:
    """A record as JSON holds it."""
    return {
        "number": record.number,
        "scorer": list(scorers).index(record.candidate.scorer),
        "settings": dict(record.candidate.settings),
        "rung": record.rung,
        "measured": [[*vars(each).values()] for each in record.measured],
        "at_rungs": record.at_rungs,
        "seconds": record.seconds,
        "state": record.state,
    }


def read_trial(described: Mapping[str, Any], scorers: Sequence[Scorer]) -> TrialRecord:
    """What `describe_record` described.

    Raises:
        KeyError, IndexError, TypeError, ValueError: it is something else.
    """
    if described["state"] not in STATES:
        raise ValueError(f"a state is {described['state']!r}")
    measured = [_read_measured(*figures) for figures in described["measured"]]
    candidate = Candidate(scorers[described["scorer"]], dict(described["settings"]))
    at_rungs = [float(figure) for figure in described["at_rungs"]]
    number, rung, seconds = int(described["number"]), int(described["rung"]), float(described["seconds"])
    return TrialRecord(number, candidate, rung, measured, at_rungs, seconds, described["state"])


def _read_measured(epochs: int, *figures: int | float) -> Measured:
    mrr, low, high, train, loss, seconds, cool_down = map(float, (*figures, 0)[:7])  # earlier files know no cool-down
    return Measured(int(epochs), mrr, low, high, train, loss, seconds, int(cool_down))
