"""A training, or several, as far as they came: what was recorded, how far, how fast, and how sure its figures are."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kgwb.packages import load_package
from kgwb.see.drawing import Number
from kgwb.see.epochs import HIGH, LOW, read_metrics
from kgwb.see.training.lines import MOST_NAMED, Line, choose_colours, gather_lines, group_seeds
from kgwb.words import count_things, shorten

MEMORY, GPU_MEMORY = "memory in GiB", "GPU memory in GiB"
_GIB = 2**30
_FEW = 3  # runs that a caption describes one by one


@dataclass(frozen=True, eq=False)
class TrainingScene:
    """What is known of each run at one moment.

    Attributes:
        runs: the name of each run.
        total: how many epochs or steps a run has, where that is known.
        records: what the generators gave, by run.
        elapsed: seconds since the first epoch or step was asked for, by run.
        memory: what the process held in memory after each epoch or step, in GiB, by run.
        stopped: whether the button or the notebook's interrupt ended it.
        running: whether more is to come.
        floors: losses to compare with, by the reason for each.
    """

    runs: tuple[str, ...]
    total: int | None
    records: dict[str, list[Any]]
    elapsed: dict[str, list[float]]
    memory: dict[str, list[dict[str, float]]]
    stopped: bool
    running: bool
    floors: Mapping[str, float] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What is seen, in words."""
        lines = self.lines
        if not lines:
            return "Training"
        figures = list(dict.fromkeys(shorten(line.figure) for line in lines))
        named = figures[:3] if len(figures) < 4 else [*figures[:2], f"{len(figures) - 2} more figures"]
        what = " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)
        names = list(dict.fromkeys(line.name for line in lines))
        who = shorten(names[0]) if len(names) == 1 else f"{len(names)} runs"
        last = int(max(line.rows[:, 0].max() for line in lines))
        return f"{what[0].upper()}{what[1:]} of {who} over {count_things(last, self.unit)}"

    @property
    def lines(self) -> list[Line]:
        """What is drawn."""
        return gather_lines(self.runs, self.records)

    @property
    def unit(self) -> str:
        """What is counted: "epoch" or "step"."""
        first = next((record for records in self.records.values() for record in records), None)
        return "epoch" if hasattr(first, "metrics") else "step"

    @property
    def progress(self) -> str:
        """How far the latest run is, how fast, in how much memory, and how long it may still take."""
        run, records = next(reversed(self.records.items()), ("", []))
        if not records:
            return "starting"
        done, seconds = records[-1].number, self.elapsed[run][-1]
        each = seconds / len(records)
        parts = [f"{self.unit} {done:,}" + (f" of {self.total:,}" if self.total else ""), format_duration(seconds)]
        parts.append(format_rate(each, self.unit))
        parts += format_figures(self.gather_figures(run, len(records) - 1))
        if self.running and self.total and self.total > done:
            parts.append(f"about {format_duration((self.total - done) * each)} left")
        return " · ".join(parts)

    @property
    def caption(self) -> str:
        """What was run, how it ended, and what the numbers are."""
        parts = self._describe_runs()
        if self.stopped:
            run, records = next(reversed(self.records.items()))
            missing = [each for each in self.runs if each not in self.records]
            parts.append(f"Stopped by hand after {self.unit} {records[-1].number:,} of {run}; what it learnt is kept")
            parts += [f"Not run: {', '.join(missing)}"] if missing else []
        parts.append(
            "The loss is on the training data, in nats unless it is a margin's; only held-out figures show what was learnt"
        )
        if any(getattr(record, "agreement", ()) for records in self.records.values() for record in records):
            parts.append("Cosine: of the gradients of two tasks, 1 where they agree, below 0 where they conflict")
        parts += self._describe_seeds()
        parts += self._describe_names()
        names = list(group_seeds(self.runs).values())
        single = [self.records[run] for run in self.records if names.count(group_seeds(self.runs)[run]) == 1]
        if any(map(describe_intervals, single)):
            parts.append(
                "The band of a single run is the 95 % interval: where the figure may lie on other triples of the same kind"
            )
        return ". ".join(parts) + "."

    def _describe_runs(self) -> list[str]:
        """What each run reached; of many, which the picture names, how long they took and what is missing."""
        took = {run: self.elapsed[run][-1] for run in self.records}
        if len(took) <= _FEW:
            return [describe_run(run, records, took[run], self.unit) for run, records in self.records.items()]
        counts = sorted({len(records) for records in self.records.values()})
        many = f"{counts[0]:,} to {counts[-1]:,} {self.unit}s" if counts[1:] else count_things(counts[0], self.unit)
        gaps = {run: describe_losses(records, self.unit) for run, records in self.records.items()}
        wrong = [f"{run}: {gap}" for run, gap in gaps.items() if gap]
        held = {run: ", ".join(describe_gaps(records)) for run, records in self.records.items()}
        wrong += [f"{run}: {gap}" for run, gap in held.items() if gap]
        return [f"{len(took)} runs of {many} each, {format_duration(sum(took.values()))} in all", *wrong]

    def _describe_names(self) -> list[str]:
        """What many runs share, and which of them are not named beside the panels."""
        names = list(dict.fromkeys(group_seeds(self.runs)[run] for run in self.records))
        colours = choose_colours(names)
        originals = len({name.split("/")[0] for name in names})
        said = (
            [f"{originals} runs share {len(set(colours.values()))} colours"]
            if originals > len(set(colours.values()))
            else []
        )
        return said + (
            [f"Beside the panels only the first {MOST_NAMED} of {len(names)} are named"]
            if len(names) > MOST_NAMED
            else []
        )

    def _describe_seeds(self) -> list[str]:
        begun = [group for run, group in group_seeds(self.runs).items() if run in self.records]
        seeds = {begun.count(group) for group in begun} - {1}
        if not seeds:
            return []
        count = str(seeds.pop()) if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
        return [f"Thin lines are single seeds; the thick one is the mean of {count}, its band one standard deviation"]

    def gather_figures(self, run: str, position: int) -> dict[str, float]:
        """The memory and the metrics of one epoch or step."""
        held = self.memory.get(run, [])
        return {**(held[position] if position < len(held) else {}), **read_metrics(self.records[run][position])}


def measure_memory() -> dict[str, float]:
    """What this process holds in memory now, and on its GPUs where it uses any; nothing where that cannot be measured."""
    held: dict[str, float] = {}
    try:
        psutil = load_package("psutil", "The memory held")
    except ImportError:
        pass
    else:
        held[MEMORY] = psutil.Process().memory_info().rss / _GIB
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        held[GPU_MEMORY] = sum(torch.cuda.memory_reserved(i) for i in range(torch.cuda.device_count())) / _GIB
    return held


def format_figures(figures: Mapping[str, Number]) -> list[str]:
    """Speeds and memory among the figures of an epoch or step.

    >>> format_figures({"triples per second": 12345.6, "memory in GiB": 1.25})
    ['12,346 triples/s', '1.2 GiB']
    """
    speeds = [name for name in figures if name.endswith(" per second")]
    said = [f"{figures[name]:,.0f} {name.removesuffix(' per second')}/s" for name in speeds]
    said += [f"{figures[MEMORY]:.1f} GiB"] if MEMORY in figures else []
    return said + ([f"GPU {figures[GPU_MEMORY]:.1f} GiB"] if GPU_MEMORY in figures else [])


def describe_run(run: str, records: list[Any], seconds: float, unit: str) -> str:
    """How far a run came, in how long, what it reached, and what is missing."""
    losses = [record.loss for record in records]
    reached = f"loss {losses[0]:.3g} to {losses[-1]:.3g}" if len(losses) > 1 else f"loss {losses[0]:.3g}"
    said = [describe_losses(records, unit) or reached, *describe_gaps(records), *describe_intervals(records).values()]
    return f"{run}: {count_things(len(records), unit)} in {format_duration(seconds)}, {', '.join(said)}"


def describe_losses(records: list[Any], unit: str) -> str:
    """Where the loss is no number, in words; nothing where it always is one."""
    gaps = [record.number for record in records if not math.isfinite(record.loss)]
    if not gaps:
        return ""
    to_the_end = gaps == [record.number for record in records[-len(gaps) :]]
    where = f"from {unit} {gaps[0]:,} on" if to_the_end else f"at {count_things(len(gaps), unit)}, first {gaps[0]:,}"
    return f"the loss is NaN or infinite {where}"


def describe_gaps(records: list[Any]) -> list[str]:
    """How often each figure came without a number, in words."""
    found: dict[str, list[float]] = {}
    for record in records:
        for name, value in read_metrics(record).items():
            found.setdefault(name, []).append(value)
    gaps = {name: int((~np.isfinite(values)).sum()) for name, values in found.items()}
    return [f"{name} is missing {count} of {len(found[name])} times" for name, count in gaps.items() if count]


def describe_intervals(records: list[Any]) -> dict[str, str]:
    """The last value of each figure that came with its interval, in words."""
    found = {}
    for figures in map(read_metrics, records):
        for name in figures:
            if name + LOW in figures and name + HIGH in figures:
                low, high = figures[name + LOW], figures[name + HIGH]
                found[name] = f"{name} {figures[name]:.3f} ({low:.3f} to {high:.3f})"
    return found


def format_duration(seconds: Number) -> str:
    """A time in the units that people use.

    >>> format_duration(5), format_duration(75), format_duration(4020)
    ('5.0 s', '1 min 15 s', '1 h 07 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def format_rate(seconds_each: Number, unit: str) -> str:
    """How fast epochs or steps follow one another.

    >>> format_rate(2.5, "epoch"), format_rate(0.01, "step")
    ('2.5 s/epoch', '100.0 steps/s')
    """
    if seconds_each > 1:
        return f"{seconds_each:,.1f} s/{unit}"
    return f"{1 / seconds_each if seconds_each > 0 else math.inf:,.1f} {unit}s/s"
