"""What each door gained over the best that could be had without its knowledge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from kgwb.graph.errors import UnknownNameError

PLAIN = ("plain", "markers", "text")
# Without knowledge. "text", noise and other vectors have some, so nothing is measured against them.
WITHOUT = ("plain", "markers", "{}/shuffled", "{}/random", "{}/matched", "{}/off")


def compare_doors(table: pd.DataFrame, *, groups: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
    """Accuracy and gain of every run, for all questions together or for groups of relations.

    gain = accuracy of the door − accuracy of its best control, seed by seed. The best control is, of plain BERT,
    markers, and the door's own shuffled, random, matched and off, the one with the highest mean in that group.

    Args:
        table: as `probe` gives it.
        groups: name -> labels of relations, for instance {"in the graph": ["speaks"], "derivable": ["islander of"]}; by
            default one group of all.

    Returns:
        One row per group and run, in the table's order: `accuracy` (mean over seeds), `spread` (standard deviation over
        seeds), `chance`, `gain` and `gain spread` (NaN for what is no door, or has no control), `control` (which one was
        best), `seeds`, `questions`.

    Raises:
        ValueError: if the table has lost what `probe` noted in it.
        UnknownNameError: for a relation that was not asked for.

    Example:
        >>> counts = [("plain", 0, 2), ("plain", 1, 4), ("entity", 0, 8), ("entity", 1, 8), ("entity/off", 0, 1)]
        >>> table = pd.DataFrame({"accuracy": 0}, index=["plain", "entity", "entity/off"])
        >>> table.attrs["counts"] = [
        ...     {"run": run, "seed": seed, "relation": "speaks", "right": right, "asked": 10} for run, seed, right in counts
        ... ]
        >>> table.attrs["chances"] = {"speaks": 0.125}
        >>> found = compare_doors(table).loc[("all", "entity")]
        >>> f"{found['gain']:.2f} over {found['control']}"
        '0.50 over plain'
    """
    if not {"counts", "chances"} <= set(table.attrs):
        raise ValueError(
            "This table does not say who was right how often. Type compare_doors(kgwb.probe(runs, questions))."
        )
    counts = pd.DataFrame(table.attrs["counts"])
    known = list(table.attrs["chances"])
    for label in (label for labels in (groups or {}).values() for label in labels):
        if label not in known:
            raise UnknownNameError("relation", label, known)
    parts = {
        name: _compare(counts[counts["relation"].isin(labels)], list(table.index), table.attrs["chances"])
        for name, labels in (groups or {"all": known}).items()
    }
    return pd.concat(parts, names=["group", "model"])


def _compare(counts: pd.DataFrame, runs: list[str], chances: Mapping[str, float]) -> pd.DataFrame:
    totals = counts.groupby(["run", "seed"])[["right", "asked"]].sum()
    values = (totals["right"] / totals["asked"]).unstack().loc[runs]  # [run, seed]
    first = counts[(counts["run"] == runs[0]) & (counts["seed"] == counts["seed"].min())]
    asked = int(first["asked"].sum())
    rows = {
        "accuracy": values.mean(axis=1),
        "spread": values.std(axis=1),
        "chance": float((first["relation"].map(chances) * first["asked"]).sum() / asked),
    }
    gains = pd.DataFrame([_gain(run, values) for run in runs], index=runs, columns=["gain", "gain spread", "control"])
    return pd.DataFrame(rows).join(gains).assign(seeds=values.count(axis=1), questions=asked)


def _gain(run: str, values: pd.DataFrame) -> tuple[float, float, str]:
    """Mean and spread of what a door has more than its best control, and which that is."""
    controls = [name for name in (form.format(run) for form in WITHOUT) if name in values.index]
    if run in PLAIN or "/" in run or not controls:
        return float("nan"), float("nan"), ""
    best = str(values.loc[controls].mean(axis=1).idxmax())
    # A model that was asked once stands beside every seed.
    gained = (values.loc[run] - values.loc[best].fillna(values.loc[best].mean())).dropna()
    return float(gained.mean()), float(gained.std()), best
