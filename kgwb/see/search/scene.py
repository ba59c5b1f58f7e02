"""A search as far as it came: its trials, the best of them, and what each value of a setting went with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from kgwb.citation import spell_settings
from kgwb.see.palette import TYPE_COLOURS
from kgwb.see.search.influence import Influence, measure_influence, spell_share
from kgwb.words import count_things, shorten

Over = Literal["seconds", "epochs"]
_INSTANT = 1e-6  # seconds that a clock may not notice have a place on a logarithmic axis
_SURE = 0.05  # of chance, below which a setting is said to have mattered


@dataclass(frozen=True)
class TrialLine:
    """One trial, as it was measured.

    Attributes:
        number: of the trial.
        scorer: its equation, as it is called.
        colour: of the scorer, as hex; empty for ink.
        rows: seconds or epochs, validation MRR, the ends of its interval, training MRR; [measurement, 5].
    """

    number: int
    scorer: str
    colour: str
    rows: np.ndarray

    @property
    def top(self) -> int:
        """Which measurement has the highest validation MRR, the earliest of equals."""
        return int(np.argmax(self.rows[:, 1]))

    @property
    def mrr(self) -> float:
        """Its highest validation MRR."""
        return float(self.rows[self.top, 1])


@dataclass(frozen=True, eq=False)
class SearchScene:
    """What is known of a search at one moment.

    Attributes:
        trials: one row per measurement, as `SettingsSearch.trials` gives it.
        effects: one row per setting and value, as `SettingsSearch.effects` gives it.
        progress: how many trials there were, and what is spent.
        settings: the best so far; empty before there are any.
        left_out: how many settings were not tried, by reason.
        over: what the MRR is drawn over.
    """

    trials: pd.DataFrame
    effects: pd.DataFrame
    progress: str
    settings: Mapping[str, Any]
    left_out: Mapping[str, int]
    over: Over = "seconds"

    @cached_property
    def lines(self) -> list[TrialLine]:
        """Every trial that was measured, in the order of their numbers."""
        measured = self.trials.dropna(subset=["valid MRR"])
        scorers = {each: name_scorer(each) for each in self.trials["scorer"].unique()}
        colours = dict(zip(scorers, [*["", *TYPE_COLOURS] * (len(scorers) // 9 + 1)][: len(scorers)], strict=True))
        columns = [self.over, "valid MRR", "low", "high", "train MRR"]
        return [
            TrialLine(
                int(number), scorers[scorer], colours[scorer], np.maximum(rows[columns].to_numpy(float), _INSTANT)
            )
            for (number, scorer), rows in measured.groupby(["trial", "scorer"], sort=True)
        ]

    @property
    def best(self) -> TrialLine | None:
        """The trial with the highest validation MRR, the earliest of equals."""
        return max(self.lines, key=lambda line: line.mrr, default=None)

    @cached_property
    def influence(self) -> Influence:
        """How much each setting had to do with the ranks after the first rung."""
        first = self.trials.dropna(subset=["valid MRR"]).groupby("trial", sort=True).head(1)
        ranked = first.assign(rank=first["valid MRR"].rank(ascending=False))
        return measure_influence(ranked, list(dict.fromkeys(self.effects["setting"])))

    @property
    def ranked(self) -> int:
        """How many trials were measured, and so have a rank."""
        return len(self.lines)

    @property
    def lost(self) -> int:
        """How many trials ended before they were measured."""
        return int(self.trials["trial"].nunique()) - self.ranked

    @property
    def title(self) -> str:
        """What was found, in words."""
        best = self.best
        if best is None:
            return "A search for settings, before anything was measured"
        found = f"{shorten(best.scorer)} ranked best, validation MRR {best.mrr:.3f}"
        return f"{found}; {self._say_what_mattered()}" if self.influence.shares else found

    def _say_what_mattered(self) -> str:
        name = next(iter(self.influence.shares))
        if self.influence.chance > _SURE:
            return "no setting stands out"
        return f"the {name} mattered most" if name == "scorer" else f"{name} mattered most"

    @property
    def spelled(self) -> str:
        """The best settings so far, as they are typed; empty before there are any."""
        return f"{self.best.scorer}, {spell_settings(self.settings)}" if self.best else ""

    @property
    def caption(self) -> str:
        """What is seen, and how far to trust it."""
        if self.best is None:
            return ". ".join([f"Nothing was measured yet: {self.progress}", *self._say_left_out()]) + "."
        said = [
            f"{count_things(self.ranked, 'trial')}, a line each: filtered MRR, the band of the best its 95 % interval. "
            "Validation triples chose the best, so expect a little less on test triples"
        ]
        said += [f"{count_things(self.lost, 'trial')} diverged before the first measurement"] if self.lost else []
        said += self._say_left_out()
        said += self._explain_effects() if len(self.effects) else ["No setting has had two values yet"]
        return ". ".join(said) + "."

    def _say_left_out(self) -> list[str]:
        return [f"Not tried: {count_things(count, 'setting')} that {why}" for why, count in self.left_out.items()]

    def _explain_effects(self) -> list[str]:
        share = next(iter(self.influence.shares.values()))
        low = self.influence.chance
        chance = "p < 0.002" if low < 0.002 else f"p = {low:.2g}"
        return [
            "Settings: mean rank of the trials with each value, among all, after the first few epochs, when all had learnt "
            "alike; what a setting explains of the differences in rank is adjusted R²",
            f"That one of them explains {spell_share(share)} or more by chance: {chance}",
            "New trials are drawn near the best, so values that were tried together share what each is credited with",
        ]


def name_scorer(spelled: str) -> str:
    """A scorer as it is called, with the arguments that it was given.

    >>> name_scorer("ComplEx()"), name_scorer("TransE(norm=1)")
    ('ComplEx', 'TransE(norm=1)')
    """
    return spelled.removesuffix("()")
