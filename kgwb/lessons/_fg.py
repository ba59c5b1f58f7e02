"""For notebook 02: a few facts as a graph of their own, and checks on vectors short enough to reckon by hand."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import torch

from kgwb.embed import Scorer
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.learning import learn as learn
from kgwb.lessons.moves import draw_moves as draw_moves


def take_facts(graph: KnowledgeGraph, facts: pd.DataFrame, *, name: str) -> KnowledgeGraph:
    """A graph of some of a graph's facts, without the entities and relations that no longer occur.

    Args:
        graph: where labels and types come from.
        facts: rows of `graph.to_pandas()`.
        name: of the new graph.
    """
    entities = graph.entities[graph.entities["entity"].isin({*facts["head"], *facts["tail"]})]
    relations = graph.relations[graph.relations["relation"].isin(set(facts["relation"]))]
    return KnowledgeGraph.from_pandas(facts, entities, relations=relations, name=name)


def check_translation(score_translation: Callable[[list[float], list[float], list[float]], float]) -> Verdict:
    """Is it minus the distance between head + relation and tail?"""
    examples = [
        (([0.0, 0.0], [3.0, 4.0], [0.0, 0.0]), -5.0),
        (([1.0, 2.0], [1.0, -1.0], [2.0, 1.0]), 0.0),
        (([0.5], [0.25], [1.0]), -0.25),
    ]
    hint = "Square the differences head + relation - tail, number by number, add them up, take the root, and mind the sign."
    return check(score_translation, examples, hint=hint)


def check_rotation(score_rotation: Callable[[complex, float, complex], float]) -> Verdict:
    """Is it minus the distance between the turned head and the tail?"""
    examples = [((1 + 0j, torch.pi / 2, 1j), 0.0), ((1 + 0j, torch.pi, 1 + 0j), -2.0), ((3j, 0.0, 1j), -2.0)]
    hint = "cmath.exp(1j * angle) is the number that turns by an angle; abs() of a complex number is its length."
    return check(score_rotation, examples, hint=hint)


def check_one_way(scorer: Scorer) -> Verdict:
    """Does it change its sign when head and tail are swapped, and agree whichever of the two is asked for?"""

    def ask_for_the_tail(head: list[float], relation: list[float], tail: list[float]) -> float:
        return float(scorer.query_tail(torch.tensor(head), torch.tensor(relation)) @ torch.tensor(tail))

    def ask_for_the_head(head: list[float], relation: list[float], tail: list[float]) -> float:
        return float(torch.tensor(head) @ scorer.query_head(torch.tensor(relation), torch.tensor(tail)))

    east, north = [1.0, 0.0], [0.0, 1.0]
    examples = [((east, [2.0], north), 2.0), ((north, [2.0], east), -2.0), (([3.0, 1.0], [1.0], [3.0, 1.0]), 0.0)]
    hint = "Write the score out for two numbers, then collect what each number of the tail (or of the head) is multiplied by."
    verdict = check(ask_for_the_tail, examples, hint=hint)
    return check(ask_for_the_head, examples, hint=hint) if verdict.passed else verdict
