"""Why rules give an answer: those that fire, most trusted first, and the very facts that fire them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgwb.embed.rules.answering import RuleSet
from kgwb.embed.rules.wording import describe_rules
from kgwb.graph.joins import Steps
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.rules import word_step
from kgwb.words import count_things

MOST_WALKS = 1_000  # whose facts are listed
Fact = tuple[int, int, int]


def explain_triple(graph: KnowledgeGraph, rules: RuleSet, triple: Fact, *, most: int | None = None) -> pd.DataFrame:
    """One row for each rule that gives a triple.

    Args:
        graph: whose labels are used.
        rules: all of them.
        triple: head, relation and tail.
        most: how many of the most trusted rules to name; None for all.
    """
    head, relation, tail = triple
    numbers = np.sort(_find_rules(rules, triple))[:most]
    frame = describe_rules(graph, rules, numbers)
    found = [
        _ground(rules.walker.steps, row, head, tail, relation) for row in frame.itertuples(index=False, name="Row")
    ]
    frame["facts"] = [tuple(sorted({fact for walk in walks for fact in walk})) for walks in found]
    frame["because"] = [_word(graph, walks, row) for walks, row in zip(found, frame["kind"], strict=True)]
    frame["ways"] = np.array([len(walks) for walks in found], dtype=np.int64)
    return frame


def _find_rules(rules: RuleSet, triple: Fact) -> np.ndarray:
    head, relation, tail = triple
    hits = rules.find_hits(np.array([head]), np.array([relation]))
    numbers = [number[entity == tail] for _, entity, number in hits]
    return np.concatenate(numbers) if numbers else np.empty(0, dtype=np.int64)


def _ground(steps: Steps, row: object, head: int, tail: int, relation: int) -> list[list[Fact]]:
    """The ways in which a rule's body is fulfilled, each a list of facts; whatever is frequent needs none."""
    kind, path, given = row.kind, row.path, row.given  # type: ignore[attr-defined]
    if kind == "path":
        return [_list_facts(steps, path, walk) for walk in find_walks(steps, path, head, tail)]
    if kind == "frequent":
        return []
    start = head if row.implied == relation and row.constant == tail else tail  # type: ignore[attr-defined]
    ends = [given] if kind == "constant" else steps.follow(path[0], np.array([start]))[1].tolist()
    return [_list_facts(steps, path, [start, end]) for end in ends]


def find_walks(steps: Steps, path: tuple[int, ...], start: int, end: int) -> list[list[int]]:
    """The entities of each walk along a path from start to end, at most 1,000 of them.

    Example:
        >>> steps = Steps.of(np.array([[0, 0, 1], [1, 0, 2]]), entities=3, relations=1)
        >>> find_walks(steps, (0, 0), 0, 2)
        [[0, 1, 2]]
    """
    before = [np.array([end])]  # the entities from which the rest of the path leads to the end
    for step in path[:0:-1]:
        before.append(np.unique(steps.follow(int(steps.turn(np.array([step]))[0]), before[-1])[1]))
    walks = [[start]]
    for step, allowed in zip(path, before[::-1], strict=True):
        longer = []
        for walk in walks:
            for entity in steps.follow(step, np.array(walk[-1:]))[1].tolist():
                met = walk if len(walk) <= 3 else walk[:1]
                if entity in allowed and entity not in met:
                    longer.append([*walk, entity])
        walks = longer[:MOST_WALKS]
    return walks


def _list_facts(steps: Steps, path: tuple[int, ...], walk: list[int]) -> list[Fact]:
    """The facts of a walk as they stand in the graph."""
    facts = []
    for step, start, end in zip(path, walk[:-1], walk[1:], strict=True):
        forward = step < steps.relations
        facts.append((start, step, end) if forward else (end, step - steps.relations, start))
    return facts


def _word(graph: KnowledgeGraph, walks: list[list[Fact]], kind: str) -> str:
    if not walks:
        return "it is often the answer"
    names = graph.labels
    said = ", ".join(word_step(graph, relation, names[head], names[tail]) for head, relation, tail in walks[0])
    more = len(walks) - 1
    return said + (f", and {count_things(more, 'more way')}" if more else "")
