"""A search as tables: every measurement, and what each value of a setting did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kgwb.embed.settings.space import LEVELS
from kgwb.embed.settings.trial import Trial

_FIGURES = {  # column -> what it holds of a measurement
    "epochs": "epochs",
    "cool_down": "cool_down",
    "seconds": "seconds",
    "valid MRR": "mrr",
    "low": "low",
    "high": "high",
    "train MRR": "train_mrr",
    "loss": "loss",
}
_NOTHING = dict.fromkeys(_FIGURES, float("nan")) | {"epochs": 0, "cool_down": 0}


def list_measured(trials: Sequence[Trial]) -> pd.DataFrame:
    """One row per measurement of each trial, in their order; a trial that never was measured has one without figures."""
    rows = []
    for trial in trials:
        facts: dict[str, Any] = {"trial": trial.number, "scorer": repr(trial.scorer), **trial.settings}
        figures = [{column: getattr(each, name) for column, name in _FIGURES.items()} for each in trial.measured]
        end = {"floor": trial.floor, "rung": trial.rung, "state": trial.state}
        rows += [facts | end | each for each in figures or [_NOTHING]]
    settings = dict.fromkeys(name for trial in trials for name in trial.settings)
    kinds = {"trial": int, "rung": int, **dict.fromkeys([*_FIGURES, "floor"], float), "epochs": int, "cool_down": int}
    columns = ["trial", "scorer", *settings, "rung", *_FIGURES, "floor", "state"]
    return pd.DataFrame(rows, columns=columns).astype(kinds)  # also where there is no row


def list_effects(trials: Sequence[Trial]) -> pd.DataFrame:
    """One row per setting and value: how trials that had it stood when all had been trained alike.

    Every trial is taken where it was first measured, at the end of the lowest rung, and ranked among all.
    """
    seen = [trial for trial in trials if trial.measured]
    first = pd.Series([trial.measured[0].mrr for trial in seen], dtype=float)
    place = first.rank(ascending=False)
    rows = []
    for name in ("scorer", *LEVELS):
        values = pd.Series([repr(trial.scorer) if name == "scorer" else trial.settings[name] for trial in seen])
        if values.nunique() < 2:
            continue
        for value in sorted(values.unique().tolist()):
            here = (values == value).to_numpy()
            best = max(trial.mrr for trial, has in zip(seen, here, strict=True) if has)
            rows.append((name, value, int(here.sum()), place[here].mean(), first[here].mean(), best))
    columns = ["setting", "value", "trials", "mean rank", "mean first MRR", "best MRR"]
    kinds = {"value": object, "trials": int, **dict.fromkeys(columns[3:], float)}  # names of scorers, and numbers
    return pd.DataFrame(rows, columns=columns).astype(kinds)
