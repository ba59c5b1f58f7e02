"""Rules as people read them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgwb.embed.rules.answering import RuleSet
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.rules import word_step

KINDS_OF_RULES = ("path", "constant", "dangling", "frequent")
_LETTERS = "xzwvuy"
_NUMBERS = ("support", "cases", "implied", "constant", "given")


def describe_rules(graph: KnowledgeGraph, rules: RuleSet, numbers: np.ndarray) -> pd.DataFrame:
    """Some rules as a table, a row each.

    Args:
        graph: whose labels are used.
        rules: all of them.
        numbers: which ones, by falling trust, [row].
    """
    places = rules.order[numbers]
    rows = [_describe(graph, rules, place) for place in places.tolist()]
    columns = ["kind", "body", "head", "support", "cases", "path", "implied", "constant", "given"]
    # Without a row pandas calls every column object, and what is joined with it, too.
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(_NUMBERS, "int64"))
    frame.insert(1, "rule", [f"{body} ⇒ {head}" for body, head in zip(frame["body"], frame["head"], strict=True)])
    frame.insert(6, "confidence", frame["support"] / frame["cases"])
    frame.insert(7, "trust", rules.trusts[places])
    return frame


def name_kinds(rules: RuleSet) -> dict[str, int]:
    """How many rules there are of each kind."""
    fans = len(rules.walker.steps.fan_keys)
    dangling = int((rules.constants.given >= fans).sum())
    counts = (len(rules.paths), len(rules.constants) - dangling, dangling, fans if rules.frequent else 0)
    return dict(zip(KINDS_OF_RULES, counts, strict=True))


def _describe(graph: KnowledgeGraph, rules: RuleSet, place: int) -> tuple[object, ...]:
    if place < len(rules.paths):
        return _describe_path(graph, rules, place)
    place -= len(rules.paths)
    steps, fans = rules.walker.steps, len(rules.walker.steps.fan_keys)
    is_frequent = place >= len(rules.constants)
    fan = place - len(rules.constants) if is_frequent else int(rules.constants.implied[place])
    implied, constant = int(steps.turn(steps.fans[0][[fan]])[0]), int(steps.fans[1][fan])
    head = word_step(graph, implied, "x", graph.labels[constant])
    if is_frequent:
        takers = int(np.diff(steps.fan_bounds)[implied])
        body = word_step(graph, implied, "x", "anything")
        return "frequent", body, head, int(rules.constants.cases[fan]), takers, (), implied, constant, -1
    given = int(rules.constants.given[place])
    if given >= fans:
        kind, step, entity, other = "dangling", given - fans, -1, "anything"
    else:
        kind, step, entity = "constant", int(steps.turn(steps.fans[0][[given]])[0]), int(steps.fans[1][given])
        other = graph.labels[entity]
    support, cases = int(rules.constants.support[place]), int(rules.constants.cases[given])
    return kind, word_step(graph, step, "x", other), head, support, cases, (step,), implied, constant, entity


def _describe_path(graph: KnowledgeGraph, rules: RuleSet, place: int) -> tuple[object, ...]:
    path = tuple(step for step in rules.paths.paths[place].tolist() if step >= 0)
    implied = int(rules.paths.relation[place])
    letters = [*_LETTERS[: len(path)], "y"]
    body = ", ".join(word_step(graph, step, *letters[at : at + 2]) for at, step in enumerate(path))
    support, cases = int(rules.paths.support[place]), int(rules.paths.cases[place])
    return "path", body, word_step(graph, implied, "x", "y"), support, cases, path, implied, -1, -1
