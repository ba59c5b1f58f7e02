"""For notebook 16: sums of evidence and what an alarm found as pictures, and checks by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph import KnowledgeGraph, roll_up
from kgwb.learn import run_cusum
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.opinion_alarms import (
    FALSE,
    GROUPINGS,
    SHOP,
    TOPICS,
    Watch,
    draw_quiet,
    group_reviews,
    run_series,
    weigh,
)
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.lessons.range_pictures import draw_ranges
from kgwb.see.drawing import draw_picture, draw_polyline, draw_text
from kgwb.see.palette import TYPE_COLOURS
from kgwb.see.panels import Panel

Fact = tuple[str, str]
Cases = dict[str, tuple[Any, ...]]
_TALL = 74.0  # of a panel
_NEVER = 1e9  # no sum comes to it


def count_by_week(groups: pd.DataFrame, reviews: pd.DataFrame, entity: str) -> pd.DataFrame:
    """By week the reviews that count for an entity: "reviews", "complaints", and "mean" sentiment from −1 to 1."""
    its = reviews.iloc[groups.loc[groups["counts_for"] == entity, "review"]]
    good = its["sentiment"].eq("good")
    table = pd.DataFrame({"time": its["time"], "bad": ~good, "mean": good * 2 - 1})
    weekly = table.set_index("time").resample("W-MON", label="left", closed="left")
    return weekly.agg({"bad": ["size", "sum"], "mean": "mean"}).set_axis(["reviews", "complaints", "mean"], axis=1)


def trace_sums(
    groupings: Iterable[str],
    named: pd.Series,
    graph: KnowledgeGraph,
    codes: np.ndarray,
    times: pd.Series,
    watches: Mapping[str, Watch],
    *,
    entity: str,
    topic: str,
) -> dict[str, pd.Series]:
    """How the sum of an entity and topic went, as a share of the height of the alarm: by grouping, a Series over time.

    Without the roll-up there is no such series: "as named" has the highest sum of all that count for the entity, "whole
    shop" that of the shop.
    """
    pairs = roll_up(graph, ["made_by", "supplied_by"])
    below, column, traced = set(pairs.loc[pairs["counts_for"] == entity, "entity"]), TOPICS.index(topic), {}
    days = pd.date_range(times.min(), times.max())
    for grouping in groupings:
        wanted = {"whole shop": {SHOP}, "as named": below}.get(grouping, {entity})
        series = run_series(group_reviews(grouping, named, graph), codes, watches[grouping])
        daily = [
            pd.Series(sums[:, column], times.iloc[own]).groupby(level=0).max().reindex(days).ffill().fillna(0)
            for name, (own, sums) in series.items()
            if name in wanted
        ]
        traced[grouping] = pd.concat(daily, axis=1).max(axis=1) / watches[grouping].alarm_at
    return traced


def draw_sums(traced: Mapping[str, pd.Series], first: pd.Timestamp, last: pd.Timestamp, *, title: str) -> Picture:
    """The sums over time below the line of the alarm, one panel for each grouping.

    Args:
        traced: as `trace_sums` gives them.
        first: day of what was planted.
        last: day of it.
        title: what is watched.
    """
    parts, said, top, left = [draw_text(title, 12, 24, size=14, weight=600)], [], 58.0, 118.0
    highest = max(1.2, *(float(series.max()) for series in traced.values())) * 1.05
    for name, series in traced.items():
        day = np.arange(len(series))
        panel = Panel(left, top, WIDTH - left - 24, _TALL, (0, len(series) - 1), (0.0, highest))
        ends = np.array([(each - series.index[0]).days for each in (first, last)])
        bars = panel.place(ends, np.array([0.0, 0.0]))[:, 0]
        parts.append(
            f'<path d="M{bars[0]:.1f} {top:.1f}H{bars[1]:.1f}V{panel.bottom:.1f}H{bars[0]:.1f}Z" class="rule"/>'
        )
        parts.append(draw_polyline(panel.place(day[[0, -1]], np.zeros(2)), role="line-muted", width=1))
        parts.append(draw_polyline(panel.place(day[[0, -1]], np.ones(2)), role="line-injected", dashed=True))
        over = series[series >= 1]
        colour = TYPE_COLOURS[0] if name == "rolled up" else TYPE_COLOURS[7]
        parts.append(draw_polyline(panel.place(day, series.to_numpy()), colour=colour, width=1.8))
        parts.append(draw_text(name, left - 12, panel.bottom - 4, anchor="end"))
        parts.append(
            draw_text(
                "alarm",
                panel.right,
                panel.place(np.zeros(1), np.ones(1))[0, 1] - 4,
                role="injected",
                size=11,
                anchor="end",
            )
        )
        when = f"{over.index[0]:%Y-%m-%d}" if len(over) else "no alarm"
        said.append(f"{name}: {when if not len(over) else 'first alarm ' + when}")
        top += _TALL + 18
    for day in series.index[series.index.day == 1]:
        x = panel.place(np.array([(day - series.index[0]).days]), np.zeros(1))[0, 0]
        parts.append(draw_text(f"{day:%b}", x, panel.bottom + 16, role="muted", size=11))
    caption = "Sums of evidence, as a share of the height of the alarm. Grey: the days of what was planted."
    return Picture(draw_picture(parts, WIDTH, top + 8, title=title, caption=caption), f"{title}. {'; '.join(said)}.")


def draw_detections(results: pd.DataFrame) -> Picture:
    """What each grouping finds of each event, over seeds.

    Args:
        results: as `compare_groupings` gives them.
    """
    found = results[results["event"] != FALSE].set_index(["event", "grouping", "seed"])["found"]
    return draw_ranges(
        found,
        GROUPINGS,
        title="What alarms find",
        caption="Share of redrawn streams in which the event is found.",
        said="share found",
        marked="rolled up",
    )


def list_told_facts(graph: KnowledgeGraph, relations: Iterable[str]) -> list[Fact]:
    """The facts of some relations as (head, tail)."""
    table = graph.to_pandas()
    its = table[table["relation"].isin(list(relations))]
    return list(its[["head", "tail"]].itertuples(index=False, name=None))


def list_rolled(named: Iterable[str], graph: KnowledgeGraph, relations: Iterable[str]) -> dict[str, Any]:
    """For some entities what `use_answer` takes: the arguments of `list_counted`, and what `roll_up` says."""
    pairs, facts = roll_up(graph, list(relations)), list_told_facts(graph, relations)
    cases: Cases = {name: (name, facts) for name in named}
    return {
        "cases": cases,
        "beside": {name: sorted(pairs.loc[pairs["entity"] == name, "counts_for"]) for name in cases},
    }


def list_week_evidence(
    groups: pd.DataFrame, codes: np.ndarray, watch: Watch, *, entity: str, topic: str, first: int, count: int = 8
) -> dict[str, Any]:
    """Some reviews of a series: the arguments of `sum_evidence`, and what `run_cusum` says (two decimals)."""
    places, column = groups.loc[groups["counts_for"] == entity, "review"].to_numpy(), TOPICS.index(topic)
    weights = watch.weights[column][np.where(codes[places] == column, 0, 1)].round(2)[first : first + count]
    height = round(watch.alarm_at, 2)
    cases: Cases = {topic: (weights.tolist(), height)}
    return {"cases": cases, "beside": {topic: run_cusum(weights, alarm_at=height).round(2).tolist()}}


def list_heights(
    groups: pd.DataFrame, quiet: np.ndarray, size: int, *, expected: float = 1.0, draws: int = 20, seed: int = 0
) -> dict[str, Any]:
    """The highest sum of each series in drawn quiet streams: the arguments of `choose_height`, and what comes of them."""
    streams = draw_quiet(quiet, size, draws=draws, seed=seed)
    found = run_series(groups, streams, Watch(weigh(quiet), _NEVER)).values()
    heights = np.concatenate([sums.max(axis=0) for _, sums in found], axis=1).round(2)  # [draw, series]
    values = np.unique(heights)
    reached = np.array([(heights >= value).sum() / draws for value in values])
    name = f"{heights.shape[1]} series, {draws} streams"
    return {"cases": {name: (heights.tolist(), expected)}, "beside": {name: float(values[reached <= expected][0])}}


def check_list_counted(list_counted: Callable[[str, list[Fact]], list[str]]) -> Verdict:
    """Is it the entity, and all that facts lead to from it, each once, sorted?"""
    facts = [
        ("kettle", "Acme"),
        ("kettle", "steel"),
        ("Acme", "Depot"),
        ("lamp", "Acme"),
        ("tent", "Bora"),
        ("Bora", "Depot"),
    ]
    round_trip = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (("Depot", facts), ["Depot"]),
        (("Acme", facts), ["Acme", "Depot"]),
        (("kettle", facts), ["Acme", "Depot", "kettle", "steel"]),
        (("kettle", facts[::-1]), ["Acme", "Depot", "kettle", "steel"]),
        (("a", [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e")]), ["a", "b", "c", "d", "e"]),
        (("b", round_trip), ["a", "b", "c", "d"]),
        (("hat", facts), ["hat"]),
    ]
    hint = (
        "Keep a list of what was reached, and go through it while it grows: add each tail that is not in it yet; sort at the "
        "end."
    )
    return check(list_counted, examples, hint=hint, ordered=True)


def check_sum_evidence(sum_evidence: Callable[[list[float], float], list[float]]) -> Verdict:
    """Is it the sum that never falls below zero, and starts again after an alarm?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([1.0, 0.5], 9.0), [1.0, 1.5]),
        (([-1.0, 2.0, -0.5], 9.0), [0.0, 2.0, 1.5]),
        (([2.0, -3.0, 2.0], 9.0), [2.0, 0.0, 2.0]),
        (([2.0, 2.0, 2.0], 4.0), [2.0, 4.0, 2.0]),
        (([2.0, 3.0, -1.0, 2.0], 4.0), [2.0, 5.0, 0.0, 2.0]),
        (([], 4.0), []),
    ]
    draw = np.random.default_rng(0)
    for _ in range(3):
        weights = draw.choice([2.25, -0.5], 12, p=[0.4, 0.6])
        examples.append(((weights.tolist(), 5.0), run_cusum(weights, alarm_at=5.0).tolist()))
    hint = "max(0, sum so far + weight); after a sum of at least the height, the next one starts from 0."
    return check(sum_evidence, examples, hint=hint, ordered=True)


def check_choose_height(choose_height: Callable[[list[list[float]], float], float]) -> Verdict:
    """Is it the lowest of the values that so many series of a stream reach at most, on average?"""
    streams = [[1.0, 2.0, 5.0], [1.0, 3.0, 4.0]]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([[1.0, 2.0, 3.0]], 1.0), 3.0),
        (([[1.0, 2.0, 3.0]], 2.0), 2.0),
        ((streams, 1.0), 4.0),
        ((streams, 0.5), 5.0),
        ((streams, 1.5), 3.0),
        (([[3.0, 3.0], [1.0, 2.0], [0.0, 4.0]], 1.0), 3.0),
        (([[2.0, 2.0, 5.0], [2.0, 1.0, 0.0]], 1.0), 5.0),
    ]
    hint = "Go up through the values; at each, count how many of all series reach it (>=), and divide by the streams."
    return check(choose_height, examples, hint=hint)
