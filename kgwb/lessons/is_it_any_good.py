"""For notebook 03: checks on rankings small enough to be done by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kgwb.embed import RankReport
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.examples import make_graph


def check_filtered_rank(filtered_rank: Callable[[dict[str, float], str, set[str]], float]) -> Verdict:
    """Does it leave out other known answers, keep the one in question, and take the mean of tied ranks?"""
    scores = {"Paris": 3.0, "Rome": 5.0, "Oslo": 4.0, "Bern": 1.0}
    flat = dict.fromkeys(scores, 0.5)
    examples = [
        ((scores, "Paris", set()), 3.0),
        ((scores, "Paris", {"Paris", "Rome"}), 2.0),
        ((flat, "Paris", {"Paris"}), 2.5),
        ((flat, "Paris", {"Paris", "Rome"}), 2.0),  # who shares the place and is known is left out too
        ((flat, "Bern", set()), 2.5),
    ]
    random = np.random.default_rng(0)
    for _ in range(12):
        drawn = dict(zip(scores, random.integers(0, 3, 4).astype(float).tolist(), strict=True))
        answer = str(random.choice(list(scores)))
        known = {name for name in scores if random.random() < 0.4} | ({answer} if random.random() < 0.5 else set())
        examples.append(((drawn, answer, known), _rank_by_sorting(drawn, answer, known)))
    hint = "Count who is better and who is equal, without the other known answers; the rank is 1 + better + equal / 2."
    return check(filtered_rank, examples, hint=hint)


def _rank_by_sorting(scores: dict[str, float], answer: str, known: set[str]) -> float:
    left = sorted((score for name, score in scores.items() if name == answer or name not in known), reverse=True)
    places = [place for place, score in enumerate(left, 1) if score == scores[answer]]
    return sum(places) / len(places)


def check_clean_mrr(clean_mrr: Callable[[RankReport, np.ndarray], float]) -> Verdict:
    """Does it take the mean reciprocal rank over the triples that train does not give away, both sides?"""
    leaky = np.array([True, False, False])
    examples = [
        ((_make_report([0, 1, 3, 0, 0, 1]), leaky), 0.5625),
        ((_make_report([0, 1, 3, 0, 0, 1]), ~leaky), 1.0),
    ]
    random = np.random.default_rng(0)
    for _ in range(6):
        better, marks = (
            random.integers(0, 5, 6).tolist(),
            random.permutation([True, bool(random.random() < 0.5), False]),
        )
        clean = [1 / (1 + better[side * 3 + row]) for side in (0, 1) for row in range(3) if not marks[row]]
        examples.append(((_make_report(better), marks), sum(clean) / len(clean)))
    hint = "ranks.ranks holds the ranks of all heads, then of all tails: the marks are needed once for each side."
    return check(clean_mrr, examples, hint=hint)


def _make_report(better: list[int]) -> RankReport:
    """The ranks of three triples: how many are better than each head, then than each tail."""
    graph = make_graph([("a", "r", "b"), ("b", "r", "c"), ("c", "r", "a")])
    sides = np.repeat(["head", "tail"], 3)
    return RankReport(
        graph, np.concatenate([graph.triples] * 2), sides, np.array(better), np.zeros(6, int), "mean", None, 0
    )


def check_best_accuracy(best_accuracy: Callable[[list[float], list[float]], float]) -> Verdict:
    """Does it find the threshold that tells most triples right, and say how many that are?"""
    examples = [
        (([2.0, 3.0], [1.0, 0.5]), 1.0),
        (([1.0, 3.0], [2.0, 0.0]), 0.75),
        (([0.0], [1.0]), 0.5),
        (([-3.0, -2.0], [-5.0, -4.0]), 1.0),
        (([1.0], [2.0, 3.0, 4.0]), 0.75),  # best to call none true
        (([2.0, 2.0, 1.0], [2.0]), 0.75),
    ]
    random = np.random.default_rng(0)
    for _ in range(12):
        true, false = (random.integers(-3, 4, int(random.integers(1, 5))).astype(float).tolist() for _ in range(2))
        cuts = [-9.0, *(number + 0.5 for number in range(-4, 5))]  # below and between all scores
        right = [sum(score > cut for score in true) + sum(score < cut for score in false) for cut in cuts]
        examples.append(((true, false), max(right) / len(true + false)))
    hint = "It is enough to try each score as a threshold, and one above all of them: true are those that reach it."
    return check(best_accuracy, examples, hint=hint)
