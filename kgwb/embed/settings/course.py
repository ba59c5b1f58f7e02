"""The course of a search: what is tried next, for how long, and what is put away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from kgwb.embed.settings.budget import Budget
from kgwb.embed.settings.halving import (
    HALVING,
    choose_leader,
    choose_promoted,
    list_leaders,
    list_stops,
    plan_cooling,
    plan_exploration,
    plan_first_rung,
)
from kgwb.embed.settings.keeping import KeptSearch
from kgwb.embed.settings.prices import Prices
from kgwb.embed.settings.running import Exam, RunningTrial
from kgwb.embed.settings.space import Candidate, SettingsSpace
from kgwb.embed.settings.trial import TrialRecord, describe_record, read_trial
from kgwb.embed.training.cost import Cost
from kgwb.embed.training.state import Epoch, TrainingError

PATIENCE = 3  # measurements without a better one, after which a trial has converged
_CENTRES = 3  # so many of the best trials are drawn around
_IN_VAIN = 8  # candidates in a row that were left out, after which no other is drawn
_ALIKE = 200  # draws in a row that were tried before
_COOLING = 0.25  # of the budget, at most, is kept for the last epochs of the best trial
TOO_LARGE, TOO_SLOW = "needed more memory than allowed", "could not end a first rung in the time left"
TOO_DEAR = "would have taken much of the time, several times as long as others"


@dataclass(eq=False)
class SearchCourse:
    """Everything that a search changes.

    Attributes:
        space: what can be tried.
        exam: what trials learn from and are measured on.
        budget: what may be spent.
        kept: where all this is written down.
        device: where trials are trained.
        memory: bytes that all vectors, those that wait included, may take.
        trials: in the order of their numbers.
        drawn: how many candidates were looked at.
        first: the epochs of the lowest rung; 0 before it is known.
        explored: the share of the budget in which new trials come first.
        left_out: candidates that were not tried, by reason.
    """

    space: SettingsSpace
    exam: Exam
    budget: Budget
    kept: KeptSearch
    device: torch.device
    memory: int | float
    trials: list[TrialRecord] = field(default_factory=list)
    drawn: int = 0
    first: int = 0
    explored: int | float = 1.0
    left_out: Counter[str] = field(default_factory=Counter)
    _running: dict[int, RunningTrial] = field(default_factory=dict, repr=False)
    _prices: Prices = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._prices = Prices(self.budget)

    def resume(self) -> None:
        """Take up what the folder holds."""
        found = self.kept.read()
        if found is None:
            return
        self.trials = [read_trial(each, self.space.scorers) for each in found["trials"]]
        self.first, self.explored, self.drawn = found["first"], float(found["explored"]), found["drawn"]
        self.budget.spent = float(found["spent"])
        self.left_out = Counter(found["left_out"])

    def run(self) -> Iterator[TrialRecord]:
        """Trials as they reach the end of a rung, or of the budget, until there is nothing left to do."""
        while (trial := self._choose()) is not None:
            self._advance(trial)
            self.keep()
            yield trial
        yield from self._cool_leaders()

    def keep(self) -> None:
        """Write it all down."""
        state: Mapping[str, Any] = {
            "first": self.first,
            "explored": self.explored,
            "drawn": self.drawn,
            "spent": self.budget.gone,
            "left_out": dict(self.left_out),
            "trials": [describe_record(each, self.space.scorers) for each in self.trials],
        }
        self.kept.write(state)

    def _choose(self) -> TrialRecord | None:
        under_way = [each for each in self.trials if each.state == "waiting" and len(each.at_rungs) <= each.rung]
        if under_way:
            return under_way[0] if self._affords(under_way[0]) else None
        promoted, chosen = choose_promoted(self.trials, self._may_climb), None
        if self.budget.gone >= self.explored * self.budget.total:
            chosen = choose_leader(self.trials)
        chosen = chosen or promoted
        if chosen is None or not self._affords(chosen):
            chosen = self._start() or choose_leader(self.trials)
        if chosen is None or not self._affords(chosen):
            return None
        if len(chosen.at_rungs) > chosen.rung:
            chosen.rung += 1
        return chosen

    def _may_climb(self, trial: TrialRecord) -> bool:
        """Whether the next rung leaves enough for others; the best of all may take what it needs."""
        epochs = self.first * HALVING ** (trial.rung + 1) - trial.epochs
        return trial is list_leaders(self.trials)[0] or not self._prices.takes_most(trial.number, epochs=epochs)

    def _start(self) -> TrialRecord | None:
        """A trial of settings that were not tried yet; None where none is left that fits."""
        if self.first * self._prices.cheapest > self._left:
            return None  # the budget is over, and no setting is to blame
        tried, in_vain = {each.candidate.key for each in self.trials}, 0
        for _ in range(_ALIKE):
            candidate = self._draw()
            if candidate.key in tried:
                continue
            tried.add(candidate.key)
            number = len(self.trials) + 1
            reason = self._make_ready(number, candidate)
            if reason is None:
                self.trials.append(TrialRecord(number, candidate))
                return self.trials[-1]
            self.left_out[reason] += 1
            in_vain += 1
            if in_vain == _IN_VAIN:
                break
        return None

    def _draw(self) -> Candidate:
        starts, place = self.space.starts(), self.drawn
        self.drawn += 1
        if place < len(starts):
            return starts[place]
        best = sorted((each for each in self.trials if each.measured), key=lambda each: each.mrr, reverse=True)
        near = [each.candidate for each in best[:_CENTRES]]
        return self.space.draw(place - len(starts), near if near and place % 3 else starts)

    def _make_ready(self, number: int, candidate: Candidate) -> str | None:
        """Vectors for a trial, or why there are none."""
        try:
            running = RunningTrial(candidate, self.exam.split, self.device, self.kept.find_trial(number))
            cost = running.estimate(len(self.exam.valid))
        except MemoryError:
            return TOO_LARGE
        except TrainingError as problem:
            return TOO_LARGE if "Memory ran out" in str(problem) else "failed at the first step"
        if cost.bytes > self.memory:
            return TOO_LARGE
        epoch, evaluation = self._prices.ask(cost)
        if not self.first:
            steps = -(-self.space.queries // int(candidate.settings["batch"]))
            self.first = plan_first_rung(self.budget.total, epoch=epoch, evaluation=evaluation, steps=steps)
            self.explored = plan_exploration(self.budget.total, epoch=epoch)
        if self.first * epoch + evaluation > self._left:
            return TOO_SLOW
        if self._prices.is_dear(epoch, epochs=self.first):
            return TOO_DEAR
        self._hold(number, running, cost)
        return None

    def _hold(self, number: int, running: RunningTrial, cost: Cost) -> None:
        """Keep vectors in memory, and let go of the worst that wait where there is no room."""
        waiting = sorted((each for each in self.trials if each.number in self._running), key=lambda each: each.mrr)
        for trial in waiting:
            if self._prices.count_bytes(self._running) + cost.bytes <= self.memory:
                break
            del self._running[trial.number]
            if self.kept.folder is None and trial.state == "waiting":
                trial.state = "dropped"
        self._running[number], self._prices.costs[number] = running, cost

    def _affords(self, trial: TrialRecord) -> bool:
        """Whether one more epoch and its measurement fit into what is left."""
        cost = self._prices.costs.get(trial.number)
        if cost is None:  # kept by an earlier run
            return self._left > 0
        return sum(self._prices.ask(cost, trial.number)) <= self._left

    @property
    def _left(self) -> float:
        """What is left but for the last epochs of the best trial."""
        best = max((each for each in self.trials if each.measured), key=lambda each: each.mrr, default=None)
        if best is None or best.state == "cooled" or best.number not in self._prices.costs:
            return self.budget.left
        epoch, evaluation = self._prices.ask(self._prices.costs[best.number], best.number)
        kept = max(1, best.epochs // 2) * epoch + evaluation
        return self.budget.left - min(kept, _COOLING * self.budget.total)

    def _cool_leaders(self) -> Iterator[TrialRecord]:
        """The best few, best first, have their last epochs, over which the learning rate falls to zero.

        That is worth more than as many epochs at the full rate: vectors stop jumping about what they have found.
        """
        for trial in list_leaders([each for each in self.trials if each.measured]):
            if trial.state not in ("waiting", "converged"):
                continue
            try:
                self._cool(trial)
            except (TrainingError, MemoryError):
                trial.state = "diverged"
            if trial.state in ("cooled", "diverged"):
                self._running.pop(trial.number, None)
                self.keep()
                yield trial

    def _cool(self, trial: TrialRecord) -> None:
        """A trial's last epochs, as many as there is room for; nothing where its vectors were dropped from memory."""
        running = self._wake(trial)
        epoch_price, evaluation = self._prices.ask(self._prices.costs[trial.number], trial.number)
        left = int((self.budget.left - evaluation) / max(epoch_price, 1e-9))
        epochs = plan_cooling(trial.epochs, left=left)
        if running.number != trial.epochs or epochs < 1:
            return
        running.cool(epochs)
        for _ in range(epochs):
            epoch = self._train(trial, running)
        trial.state = "cooled"
        self._measure(trial, running, epoch, cool_down=epochs)

    def _wake(self, trial: TrialRecord) -> RunningTrial:
        if trial.number not in self._running:
            folder = self.kept.find_trial(trial.number)
            running = RunningTrial(trial.candidate, self.exam.split, self.device, folder)
            self._hold(trial.number, running, running.estimate(len(self.exam.valid)))
        return self._running[trial.number]

    def _advance(self, trial: TrialRecord) -> None:
        """Train and measure a trial to the end of its rung, or as far as the budget goes."""
        try:
            running = self._wake(trial)
            if self.budget.clock is None:
                self.budget.spent += running.number - trial.epochs  # by a run that was killed in the midst of it
            self._climb(trial, running)
        except (TrainingError, MemoryError):
            trial.state = "diverged"
        if trial.state == "diverged":
            self._running.pop(trial.number, None)
        elif trial.number in self._running:
            self._running[trial.number].rest()

    def _climb(self, trial: TrialRecord, running: RunningTrial) -> None:
        since = self.first * HALVING ** (trial.rung - 1) if trial.rung else 0
        for stop in list_stops(self.first, trial.rung):
            epoch = None
            while running.number < stop and self._affords(trial):
                epoch = self._train(trial, running)
            if running.number > trial.epochs:
                self._measure(trial, running, epoch)
                self.keep()
            if trial.state != "waiting":
                return
            if running.number < stop:
                return  # the budget is over
            if trial.is_stale(since, patience=PATIENCE):
                trial.state = "converged"
                break
        trial.at_rungs.append(trial.mrr)

    def _train(self, trial: TrialRecord, running: RunningTrial) -> Epoch:
        begun = self.budget.gone
        epoch = running.train()
        self.budget.note_pass()
        taken = epoch.seconds if self.budget.clock is None else self.budget.gone - begun
        trial.seconds, self._prices.taken[trial.number] = trial.seconds + taken, taken
        return epoch

    def _measure(self, trial: TrialRecord, running: RunningTrial, epoch: Epoch | None, *, cool_down: int = 0) -> None:
        begun = self.budget.gone
        if not running.is_finite:
            trial.state = "diverged"
            return
        measured = self.exam.measure(
            running.vectors, epoch, epochs=running.number, seconds=trial.seconds, cool_down=cool_down
        )
        trial.measured.append(measured)
        trial.seconds += self.budget.gone - begun
