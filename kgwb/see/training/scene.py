"""A training in words: how far, how fast, in how much memory, and how sure its figures are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kgwb.see.training.scene import GPU_MEMORY, HIGH, LOW, MEMORY, read_metrics
from kgwb.words import count_things


def say_figures(figures: Mapping[str, float]) -> list[str]:
    """Speeds and memory among the figures of an epoch or step.

    >>> say_figures({"triples per second": 12345.6, "memory in GiB": 1.25})
    ['12,346 triples/s', '1.2 GiB']
    """
    speeds = [name for name in figures if name.endswith(" per second")]
    said = [f"{figures[name]:,.0f} {name.removesuffix(' per second')}/s" for name in speeds]
    said += [f"{figures[MEMORY]:.1f} GiB"] if MEMORY in figures else []
    return said + ([f"GPU {figures[GPU_MEMORY]:.1f} GiB"] if GPU_MEMORY in figures else [])


def describe_run(run: str, records: list[Any], seconds: float, unit: str) -> str:
    """How far a run came, in how long, and what it reached."""
    wrong = next((record.number for record in records if not math.isfinite(record.loss)), None)
    if wrong is not None:
        return f"{run}: the loss is no number from {unit} {wrong:,} on"
    last = f"loss {records[0].loss:.3g} to {records[-1].loss:.3g}" if len(records) > 1 else "loss"
    sure = "".join(f", {text}" for text in find_intervals(records).values())
    return f"{run}: {count_things(len(records), unit)} in {say_time(seconds)}, {last}{sure}"


def find_intervals(records: list[Any]) -> dict[str, str]:
    """The last value of each figure that came with its interval, in words."""
    found = {}
    for figures in map(read_metrics, records):
        for name in figures:
            if name + LOW in figures and name + HIGH in figures:
                low, high = figures[name + LOW], figures[name + HIGH]
                found[name] = f"{name} {figures[name]:.3f} ({low:.3f} to {high:.3f})"
    return found


def say_time(seconds: float) -> str:
    """A time in the units that people use.

    >>> say_time(5), say_time(75), say_time(4020)
    ('5.0 s', '1 min 15 s', '1 h 07 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def say_pace(seconds_each: float, unit: str) -> str:
    """How fast epochs or steps follow one another.

    >>> say_pace(2.5, "epoch"), say_pace(0.01, "step")
    ('2.5 s/epoch', '100.0 steps/s')
    """
    if seconds_each > 1:
        return f"{seconds_each:,.1f} s/{unit}"
    return f"{1 / seconds_each if seconds_each > 0 else math.inf:,.1f} {unit}s/s"
