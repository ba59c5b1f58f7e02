"""Which trial goes on, and how far: successive halving that needs no rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kgwb.embed.settings.trial import TrialRecord

HALVING = 3  # of so many trials at a rung one goes on, for so many times the epochs
_LEAST, _MOST = 0.2, 0.6  # shares of the budget in which trials are started; what is left belongs to the best
_LONG = 30  # epochs that the best trial should have, where the budget allows no more than that
_LEADERS = 3  # so many of the best may go on then
_PARTS = 6  # a rung is measured so often


def choose_promoted(
    trials: Sequence[TrialRecord], may_climb: Callable[[TrialRecord], bool] = lambda trial: True
) -> TrialRecord | None:
    """The trial that goes on; None where another should be started first.

    From the highest rung down, the best waiting trial among the best third of all that reached the end of that rung
    (asynchronous successive halving: Li et al., 2020, "A system for massively parallel hyperparameter tuning", after
    Jamieson & Talwalkar, 2016).

    Args:
        trials: all of them.
        may_climb: whether there is enough left for a trial's next rung.
    """
    for rung in reversed(range(max((len(each.at_rungs) for each in trials), default=0))):
        arrived = sorted(
            (each for each in trials if len(each.at_rungs) > rung), key=lambda each: each.at_rungs[rung], reverse=True
        )
        for trial in arrived[: len(arrived) // HALVING]:
            if trial.state == "waiting" and len(trial.at_rungs) == rung + 1 and may_climb(trial):
                return trial
    return None


def choose_leader(trials: Sequence[TrialRecord]) -> TrialRecord | None:
    """The best trial that can go on, if it is one of the few best of all."""
    return next((each for each in list_leaders(trials) if each.state == "waiting"), None)


def list_leaders(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The few best of all, best first."""
    return sorted(trials, key=lambda each: each.mrr, reverse=True)[:_LEADERS]


def plan_cooling(epochs: int, *, left: int) -> int:
    """Over how many epochs the learning rate of a trial falls to zero: half as many as it has had, if there is room.

    Args:
        epochs: that it has had.
        left: how many there is room for. What would be left over for nothing else is taken, too.

    Example:
        >>> plan_cooling(20, left=50), plan_cooling(20, left=15), plan_cooling(20, left=4)
        (10, 15, 4)
    """
    wanted = max(1, epochs // 2)
    return left if left < 2 * wanted else wanted


def list_stops(first: int, rung: int) -> list[int]:
    """The epochs after which a trial is measured on its way to the end of a rung, which is the last of them.

    Args:
        first: the epochs of the lowest rung.
        rung: 0 for the lowest.

    Example:
        >>> list_stops(4, 0), list_stops(4, 1), list_stops(1, 1)
        ([4], [5, 6, 8, 9, 10, 12], [2, 3])
    """
    end = first * HALVING**rung
    if rung == 0:
        return [end]
    begin = end // HALVING
    return sorted({begin + max(1, (end - begin) * part // _PARTS) for part in range(1, _PARTS + 1)})


def plan_exploration(budget: int | float, *, epoch: int | float) -> float:
    """The share of the budget in which new settings come first: less, where a single trial needs most of it.

    Args:
        budget: in any unit.
        epoch: what one takes of it.

    Example:
        >>> plan_exploration(600, epoch=1), plan_exploration(600, epoch=10), plan_exploration(600, epoch=30)
        (0.6, 0.5, 0.2)
    """
    return min(_MOST, max(_LEAST, 1 - _LONG * epoch / budget))


def plan_first_rung(budget: int | float, *, epoch: int | float, evaluation: int | float, steps: int) -> int:
    """The epochs of the lowest rung: as many as leave room for a dozen trials in a quarter of the budget.

    Args:
        budget: in any unit.
        epoch: what one takes of it.
        evaluation: what one takes.
        steps: of an epoch. A trial has at least a hundred before it is judged, if the budget allows.
    """
    wanted = min(20, max(4, -(-100 // steps)))
    affordable = (budget / 4 / 12 - evaluation) / max(epoch, 1e-9)
    return int(max(1, min(wanted, affordable)))
