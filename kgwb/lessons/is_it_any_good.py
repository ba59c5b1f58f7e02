"""For notebook 03: checks on rankings small enough to be done by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from kgwb.embed import RankReport
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.checks import Verdict, check


def check_filtered_rank(filtered_rank: Callable[[dict[str, float], str, set[str]], float]) -> Verdict:
    """Does it leave out other known answers, keep the one in question, and take the mean of tied ranks?"""
    scores = {"Paris": 3.0, "Rome": 5.0, "Oslo": 4.0, "Bern": 1.0}
    flat = dict.fromkeys(scores, 0.5)
    examples = [
        ((scores, "Paris", set()), 3.0),
        ((scores, "Paris", {"Paris", "Rome"}), 2.0),
        ((flat, "Paris", {"Paris"}), 2.5),
    ]
    hint = "Count who is better and who is equal, without the other known answers; the rank is 1 + better + equal / 2."
    return check(filtered_rank, examples, hint=hint)


def check_clean_mrr(clean_mrr: Callable[[RankReport, np.ndarray], float]) -> Verdict:
    """Does it take the mean reciprocal rank over the triples that train does not give away, both sides?"""
    facts = pd.DataFrame([["a", "r", "b"], ["b", "r", "c"], ["c", "r", "a"]], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(facts)
    better = np.array([0, 1, 3, 0, 0, 1])
    sides = np.repeat(["head", "tail"], 3)
    triples = np.concatenate([graph.triples] * 2)
    ranks = RankReport(graph, triples, sides, better, np.zeros_like(better), "mean", None, 0)
    leaky = np.array([True, False, False])
    hint = "ranks.ranks holds the ranks of all heads, then of all tails: the marks are needed once for each side."
    return check(clean_mrr, [((ranks, leaky), 0.5625), ((ranks, ~leaky), 1.0)], hint=hint)


def check_best_accuracy(best_accuracy: Callable[[list[float], list[float]], float]) -> Verdict:
    """Does it find the threshold that tells most triples right, and say how many that are?"""
    examples = [(([2.0, 3.0], [1.0, 0.5]), 1.0), (([1.0, 3.0], [2.0, 0.0]), 0.75), (([0.0], [1.0]), 0.5)]
    hint = "It is enough to try each score as a threshold, and one above all of them: true are those that reach it."
    return check(best_accuracy, examples, hint=hint)
