"""What a door gained over its best control, and which runs are controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from kgwb.checks import expect_groups
from kgwb.graph.errors import UnknownNameError

NO_DOORS = ("plain", "markers", "text")
# Runs without knowledge. "text", noise and other vectors hold some, so no gain is measured against them.
CONTROLS = ("plain", "markers", "{}/shuffled", "{}/random", "{}/matched", "{}/off")


def list_controls(run: str, runs: Sequence[str]) -> list[str]:
    """The runs that take the knowledge of a run away.

    Raises:
        ValueError: there are none.

    Example:
        >>> list_controls("entity", ["plain", "entity", "entity/shuffled", "memory/shuffled"])
        ['plain', 'entity/shuffled']
    """
    found = [name for name in (form.format(run) for form in CONTROLS) if name in runs and name != run]
    if not found:
        rest = next((name for name in runs if name != run), "plain")
        raise ValueError(f"The report has no control of {run!r}. Type report.compare({run!r}, {rest!r}).")
    return found


def list_groups(
    groups: Mapping[str, Sequence[str]] | None, relations: pd.DataFrame, *, call: str
) -> Mapping[str, Sequence[str]]:
    """Groups of a report's relations, by name; without any, one of all.

    Raises:
        UnknownNameError: no question is about one of them.
        ValueError: a group holds none.
    """
    known = list(relations["relation"])
    named = {} if groups is None else expect_groups(groups, call=call)
    for group, labels in named.items():
        if not labels:
            raise ValueError(f"The group {group!r} holds no relation. Type {call}.")
        for label in labels:
            if label not in known:
                raise UnknownNameError("relation", label, known)
    return named or {"all": known}


def measure_gains(counts: pd.DataFrame, relations: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """A row per run for some of the relations, as `ProbeReport.gains` gives it."""
    runs, counts = list(dict.fromkeys(counts["run"])), counts[counts["relation"].isin(labels)]
    totals = counts.groupby(["run", "seed"])[["correct", "questions"]].sum()
    values = (totals["correct"] / totals["questions"]).unstack().loc[runs]  # [run, seed]
    asked = relations[relations["relation"].isin(labels)]
    count = int(asked["questions"].sum())
    rows = {
        "accuracy": values.mean(axis=1),
        "spread": values.std(axis=1),
        "chance": float((asked["chance"] * asked["questions"]).sum() / count),
    }
    gains = [_find_gain(run, values) for run in runs]
    table = pd.DataFrame(gains, index=runs, columns=["gain", "gain spread", "control"])
    return pd.DataFrame(rows).join(table).assign(seeds=values.count(axis=1), questions=count)


def _find_gain(run: str, values: pd.DataFrame) -> tuple[float, float, str]:
    """Mean and spread of what a door has more than its best control, and which that is."""
    controls = [name for name in (form.format(run) for form in CONTROLS) if name in values.index]
    if run in NO_DOORS or "/" in run or not controls:
        return float("nan"), float("nan"), ""
    best = str(values.loc[controls].mean(axis=1).idxmax())
    # A ready model was probed once; it is compared with every seed.
    gained = (values.loc[run] - values.loc[best].fillna(values.loc[best].mean())).dropna()
    return float(gained.mean()), float(gained.std()), best
