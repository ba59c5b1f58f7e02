"""What is drawn of a training: one line for each figure of each run, and where runs differ by their seed their mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kgwb.axes import Float
from kgwb.see.epochs import HIGH, LOW, is_learnt, read_metrics
from kgwb.see.palette import TYPE_COLOURS

Rows = Float[np.ndarray, "record 4"]  # number, value, low, high; the last two NaN where no interval came

MOST_POINTS = 400  # of a line; where there are more, each is a mean of neighbours
MOST_NAMED = 60  # labels beside a panel, which is as high as they need
_SEED = re.compile(r"(.+)/seed (\d+)", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a panel.

    Attributes:
        figure: what is drawn: "loss", or the name of a metric.
        name: of the run, or of the runs that differ by their seed.
        rows: number of the epoch or step, value, and the ends of its interval; no number where the value is missing.
        colour: as hex; empty for ink.
        kind: "run"; or "seed" for one of several that differ by their seed, and "mean" for the mean of those.
    """

    figure: str
    name: str
    rows: Rows
    colour: str
    kind: Literal["run", "seed", "mean"] = "run"

    @property
    def dashed(self) -> bool:
        """Whether it is a control: "entity/shuffled" is one of "entity"."""
        return "/" in self.name


def group_seeds(runs: Iterable[str]) -> dict[str, str]:
    """The name under which each run is drawn: the same for those that differ by their seed.

    >>> group_seeds(["TransE/seed 0", "TransE/seed 1", "ComplEx/seed 0", "ComplEx"])
    {'TransE/seed 0': 'TransE', 'TransE/seed 1': 'TransE', 'ComplEx/seed 0': 'ComplEx', 'ComplEx': 'ComplEx'}
    """
    return {run: found[1] if (found := _SEED.fullmatch(run)) else run for run in runs}


def gather_lines(runs: Iterable[str], records: Mapping[str, list[Any]]) -> list[Line]:
    """The lines of every figure, the loss first; thin ones of seeds before their mean.

    Args:
        runs: the name of every run, also of those that have not begun: a run keeps its colour.
        records: what the runs gave so far.
    """
    groups = group_seeds(runs)
    colours = choose_colours(groups.values())
    found: dict[tuple[str, str], list[np.ndarray]] = {}  # by figure and name
    for run, held in records.items():
        for figure, rows in _read_rows(held).items():
            found.setdefault((figure, groups[run]), []).append(rows)
    figures = dict.fromkeys(["loss", *(figure for figure, _ in found)])
    return [
        line
        for figure in figures
        for name in dict.fromkeys(groups.values())
        for line in _draw_lines(figure, name, found.get((figure, name), []), colours[name])
    ]


def choose_colours(names: Iterable[str]) -> dict[str, str]:
    """Ink, which is empty, for the first; then the colours of the palette; a control has its original's."""
    originals = list(dict.fromkeys(name.split("/")[0] for name in names))
    colours = ["", *TYPE_COLOURS]
    return {name: colours[originals.index(name.split("/")[0]) % len(colours)] for name in names}


def average_rows(rows: Float[np.ndarray, "record column"], most: int) -> Float[np.ndarray, "mean column"]:
    """At most about `most` rows: the means of neighbours, so that many noisy steps stay one line.

    >>> average_rows(np.array([[1.0, 4], [2, 6], [3, 0], [4, 2]]), 2).tolist()
    [[1.5, 5.0], [3.5, 1.0]]
    """
    size = -(-len(rows) // most)
    return rows if size <= 1 else np.array([rows[i : i + size].mean(axis=0) for i in range(0, len(rows), size)])


def average_seeds(seeds: list[np.ndarray]) -> Float[np.ndarray, "shared 4"]:
    """The mean over seeds where every one of them came, and one standard deviation to both sides."""
    values = [{row[0]: row[1] for row in rows} for rows in seeds]
    shared = sorted(set.intersection(*(set(each) for each in values)))
    table = np.array([[each[number] for number in shared] for each in values])  # [seed, number]
    mean, spread = table.mean(axis=0), table.std(axis=0, ddof=1)
    return np.stack([np.array(shared, float), mean, mean - spread, mean + spread], axis=1)


def _draw_lines(figure: str, name: str, runs: list[np.ndarray], colour: str) -> list[Line]:
    if len(runs) < 2:
        return [Line(figure, name, average_rows(rows, MOST_POINTS), colour) for rows in runs]
    seeds = [Line(figure, name, average_rows(rows, MOST_POINTS), colour, "seed") for rows in runs]
    mean = average_seeds(runs)
    return [*seeds, Line(figure, name, average_rows(mean, MOST_POINTS), colour, "mean")] if len(mean) else seeds


def _read_rows(records: list[Any]) -> dict[str, np.ndarray]:
    """What a run gave, by name of the figure; what is infinite has no place in a picture and is missing like NaN."""
    rows: dict[str, list[tuple[float, ...]]] = {}
    for record in records:
        figures = read_metrics(record)
        for name, value in (("loss", record.loss), *figures.items()):
            if is_learnt(name):
                ends = (figures.get(name + LOW, np.nan), figures.get(name + HIGH, np.nan))
                rows.setdefault(name, []).append((record.number, value, *ends))
    found = {name: np.array(each, float) for name, each in rows.items()}
    for each in found.values():
        each[:, 1:][~np.isfinite(each[:, 1:])] = np.nan
    return found
