"""For notebook 15: risk over coverage as a picture, cases from the shop's messages, and checks by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph import KnowledgeGraph
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.message_answers import count_outcomes, judge_answers
from kgwb.lessons.message_facts import find_message_facts
from kgwb.lessons.messages import Messages
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_polyline, draw_shape
from kgwb.see.palette import TYPE_COLOURS, TypeMark
from kgwb.see.panels import Panel, draw_axes

Curves = Mapping[str, pd.DataFrame]
Fact = tuple[str, str, str]
_COLOURS = (TYPE_COLOURS[7], TYPE_COLOURS[1], TYPE_COLOURS[0])


def draw_risk(panels: Mapping[str, Curves], *, chosen: Mapping[str, Mapping[str, tuple[float, float]]]) -> Picture:
    """The share of wrong answers over the share of messages answered, a panel each, and where thresholds cut.

    Args:
        panels: by title, for each way the frame of `trace_answers`; the last way with the graph.
        chosen: by title and way (coverage, risk) at the thresholds.
    """
    gap, left, parts, said = 34.0, 44.0, [], []
    width = (WIDTH - left - 16 - gap * (len(panels) - 1)) / len(panels)
    highest = max(float(curve["risk"].max()) for curves in panels.values() for curve in curves.values())
    colours: dict[str, str] = {}
    for place, (title, curves) in enumerate(panels.items()):
        panel = Panel(left + place * (width + gap), 50, width, 210, (0.0, 0.8), (0.0, min(1.0, highest * 1.05)))
        parts.append(
            draw_axes(panel, title=title, x_name="coverage: share answered", y_name="risk: share of them wrong")
        )
        for name, curve in curves.items():
            colours.setdefault(name, _COLOURS[len(colours) % len(_COLOURS)])
            points = panel.place(curve["coverage"].to_numpy(), curve["risk"].to_numpy())
            parts.append(draw_polyline(points, colour=colours[name], width=2))
            coverage, risk = chosen[title][name]
            for x, y in panel.place(np.array([coverage]), np.array([risk])):
                parts.append(draw_shape(TypeMark(colours[name], "open circle"), x, y, 7))
            said.append(f"{title}, {name} {coverage:.2f} / {risk:.2f}")
    marks = [
        *(Mark(name, colour, "line") for name, colour in colours.items()),
        Mark("thresholds", "ink", "open circle"),
    ]
    legend, taken = draw_legend(marks, 12, 50 + 210 + 46, WIDTH - 24)
    caption = "Risk: the share of answers that is wrong. Every message once, by what was learnt from other wordings."
    svg = draw_picture([*parts, legend], WIDTH, 50 + 210 + 46 + taken, title="Risk over coverage", caption=caption)
    return Picture(svg, f"coverage / risk at the thresholds: {'; '.join(said)}.")


def measure_point(messages: Messages, answered: pd.DataFrame) -> tuple[float, float]:
    """Coverage and risk of answers as they are."""
    outcome = judge_answers(messages, answered)
    given = answered["refusal"] == ""
    return float(given.mean()), float((outcome[given] == "wrong").mean()) if given.any() else 0.0


def summarise_cuts(messages: Messages, cut: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """For each way coverage and risk at its thresholds, with the range over exams, and what refusals are worth."""
    rows = {}
    for name, answered in cut.items():
        coverage, risk = measure_point(messages, answered)
        each = [measure_point(messages, its)[1] for _, its in answered.groupby("exam")]
        kept = {"coverage": coverage, "risk": risk, "lowest risk": min(each), "highest risk": max(each)}
        refusals = count_outcomes(messages, answered)[["precision", "recall"]].add_prefix("refusals: ")
        rows[name] = kept | refusals.to_dict()
    return pd.DataFrame(rows).T


def list_message_paths(graph: KnowledgeGraph, asked: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """For some entities and paths all facts, the entity and the path as arguments, and where `find_message_facts` ends."""
    facts = list(graph.to_pandas().itertuples(index=False, name=None))
    pairs = list(asked)
    cases = {f"{start} {path}": (facts, start, path) for start, path in pairs}
    beside = {f"{start} {path}": list(find_message_facts(graph, start, path).ends) for start, path in pairs}
    return {"cases": cases, "beside": beside}


def list_shared(messages: Messages, answered: pd.DataFrame) -> dict[str, Any]:
    """For messages with a name that two bear what each would be answered, and whether it was asked which is meant."""
    rows = [row for row in answered.index if messages.frame.loc[row, "reason"] == "shared_name"]
    names, paths = messages.graph.entities["entity"], messages.paths
    cases: dict[str, tuple[Any, ...]] = {}
    beside = {}
    for row in rows:
        meant = next(each.candidates for each in messages.mentions[row] if len(each.candidates) > 1)
        path = paths[answered.loc[row, "intent"]]
        if path.startswith("^"):
            continue
        text = messages.frame.loc[row, "question"]
        ends = {names[entity]: list(find_message_facts(messages.graph, entity, path).ends) for entity in meant}
        cases[text], beside[text] = (ends,), answered.loc[row, "refusal"] != ""
    return {"cases": cases, "beside": beside}


def list_points(
    curve: pd.DataFrame, messages: Messages, answered: pd.DataFrame, places: Iterable[int]
) -> dict[str, Any]:
    """Confidences, whether right, and a threshold as arguments, for some rows of a risk-coverage curve."""
    right = (judge_answers(messages, answered) == "right").tolist()
    sure = answered["confidence"].where(answered["refusal"] == "", -np.inf).tolist()
    rows = [curve.iloc[place] for place in places]
    cases = {f"from {row['from']:.3f}": (sure, right, float(row["from"])) for row in rows}
    return {"cases": cases, "beside": {f"from {row['from']:.3f}": (row["coverage"], row["risk"]) for row in rows}}


def check_walk(walk: Callable[[list[Fact], str, str], list[str]]) -> Verdict:
    """Does it follow every step, in both directions?"""
    facts = [
        ("kettle", "made_of", "steel"),
        ("kettle", "made_of", "glass"),
        ("mug", "made_of", "glass"),
        ("glass", "cared_for_by", "machine"),
        ("steel", "cared_for_by", "hand"),
        ("filter", "fits", "kettle"),
    ]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((facts, "mug", "made_of"), ["glass"]),
        ((facts, "kettle", "^fits"), ["filter"]),
        ((facts, "kettle", "made_of/cared_for_by"), ["hand", "machine"]),
        ((facts, "glass", "^made_of"), ["kettle", "mug"]),
        ((facts, "mug", "made_of/^made_of"), ["kettle", "mug"]),
        ((facts, "filter", "fits/made_of"), ["glass", "steel"]),
        ((facts, "mug", "^fits"), []),
    ]
    hint = "A step with ^ before it asks for the facts of that relation whose tail is here, and leads to their heads."
    return check(walk, examples, hint=hint)


def check_must_ask(must_ask: Callable[[dict[str, list[str]]], bool]) -> Verdict:
    """Does it ask back only where the answers differ, whatever their order?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (({"A1": ["12"]},), False),
        (({"A1": ["12"], "A2": ["12"]},), False),
        (({"A1": ["12"], "A2": ["24"]},), True),
        (({"A1": ["oak", "steel"], "A2": ["steel", "oak"]},), False),
        (({"A1": ["oak"], "A2": []},), True),
        (({"A1": ["1"], "A2": ["1"], "A3": ["2"]},), True),
    ]
    hint = "Two that give the same answer need not be told apart. How many different answers are there, as sets?"
    return check(must_ask, examples, hint=hint)


def check_measure_risk(measure_risk: Callable[[list[float], list[bool], float], tuple[float, float]]) -> Verdict:
    """Is it the share answered, and of these the share that is wrong?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([0.9, 0.4], [True, False], 0.0), (1.0, 0.5)),
        (([0.9, 0.4], [True, False], 0.5), (0.5, 0.0)),
        (([0.9, 0.8, 0.7, 0.1], [True, False, True, False], 0.7), (0.75, 1 / 3)),
        (([0.2, 0.6, 0.6, 0.3, 0.1], [True, False, False, True, True], 0.6), (0.4, 1.0)),
    ]
    hint = "Answered is what is at least as sure as the threshold. Coverage divides by all, risk by those answered."
    return check(measure_risk, examples, hint=hint, ordered=True)
