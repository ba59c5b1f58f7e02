"""For notebook 03: a score by groups, many runs, false alarms, questions for learners' functions, and checks by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kgwb.checks import expect_at_least, expect_seed
from kgwb.embed import GraphEmbedding, RankReport, Scorer, rank_triples
from kgwb.embed.ranking.bootstrap import resample_means
from kgwb.embed.ranking.classification import ClassificationReport, choose_threshold
from kgwb.graph import Split
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.examples import make_graph
from kgwb.lessons.training import train_vectors

SURE = 0.95  # the share of resampled figures inside an interval


def tabulate_groups(
    ranks: RankReport,
    groups: Sequence[str] | np.ndarray | pd.Series | pd.Categorical,
    *,
    least: int = 30,
    samples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The MRR of each group of ranks, with how many ranks it is a mean of, and its 95 % interval.

    Percentile bootstrap over triples, of which each brings both of its ranks, into one group or into two (Efron, 1979).

    Args:
        ranks: of all triples.
        groups: a name for each rank; categories keep their order, other groups are sorted by size.
        least: groups with fewer ranks are put together in one row, from which nothing should be concluded.
        samples: how often the triples are drawn anew.
        seed: of the draws.

    Returns:
        A row for each group and one for all, with the columns ranks, MRR, low, high.

    Example:
        >>> from kgwb import DistMult
        >>> graph = make_graph([("Ada", "knows", "Bo"), ("Bo", "knows", "Cy")])
        >>> ranks = rank_triples(GraphEmbedding(graph, DistMult(), dim=2), graph.triples, known=None)
        >>> tabulate_groups(ranks, ranks.sides, least=1)["ranks"].to_dict()
        {'head': 2, 'tail': 2, 'all': 4}
    """
    members = _list_members(pd.Series(groups).reset_index(drop=True), least)
    member = np.stack(list(members.values()), axis=1)  # [rank, group]
    sums = np.concatenate([member / ranks.ranks[:, None], member], axis=1)
    sums = sums.reshape(2, -1, sums.shape[1]).sum(0)  # [triple, sum or count of group]
    total, count = np.split(sums.mean(0), 2)
    drawn, counts = np.split(resample_means(sums, samples=samples, seed=seed), 2, axis=1)  # [sample, group]
    with np.errstate(invalid="ignore"):  # a sample may lack a small group
        low, high = np.nanquantile(drawn / counts, [(1 - SURE) / 2, (1 + SURE) / 2], axis=0)
    table = {"ranks": member.sum(0), "MRR": total / count, "low": low, "high": high}
    return pd.DataFrame(table, index=list(members))


def _list_members(names: pd.Series, least: int) -> dict[str, np.ndarray]:
    """Which ranks belong to each group, [rank]; those of small groups together."""
    counts = names.value_counts(sort=not isinstance(names.dtype, pd.CategoricalDtype))
    counts = counts[counts > 0]
    members = {str(name): (names == name).to_numpy() for name in counts.index[counts >= least]}
    small = counts.index[counts < least].tolist()
    if small:
        members[f"{', '.join(map(str, small))} (too few)"] = names.isin(small).to_numpy()
    return members | {"all": np.ones(len(names), bool)}


def rank_runs(
    split: Split, scorers: Iterable[Scorer], seeds: Iterable[int], **options: Any
) -> dict[str, list[RankReport]]:
    """The test triples ranked by each scorer, trained from each seed; filtered by all facts of the graph.

    Args:
        split: train is trained on, test is ranked.
        scorers: the equations.
        seeds: for the initial vectors and the order of training.
        options: of `train_vectors`.

    Returns:
        A list of rankings, one for each seed, by the scorer's name.
    """
    known = split.graph.triples
    return {
        type(scorer).__name__: [
            rank_triples(train_vectors(split, scorer, seed=seed, **options), split.test, known=known) for seed in seeds
        ]
        for scorer in scorers
    }


def count_false_alarms(
    ranks: RankReport, rival: RankReport, *, at_once: int = 10, draws: int = 2000, seed: int = 0
) -> pd.Series:
    """How often a difference looks significant where there is none: alone, and among several looked at together.

    For each triple a coin decides which of its two rankings is called the first, so that neither can be better. The
    difference in MRR is significant where its paired bootstrap interval leaves out zero.

    Args:
        ranks: of some triples.
        rival: of the same triples by another model.
        at_once: how many comparisons are looked at together.
        draws: how often all coins are thrown; a multiple of `at_once`.
        seed: of coins and bootstrap.

    Returns:
        The share of single comparisons, and of sets with at least one, at 95 % and at 1 − 5 % / `at_once` (Bonferroni).

    Raises:
        ValueError: draws is no multiple of at_once.
    """
    expect_at_least("at_once", at_once, 1, whole=True)
    expect_at_least("draws", draws, at_once, whole=True)
    if draws % at_once:
        raise ValueError(f"draws={draws} came. Expected a multiple of at_once; type draws={at_once * 100}.")
    each = (1 / ranks.ranks - 1 / rival.ranks).reshape(2, -1).mean(0)  # [triple]
    coins = np.random.default_rng(expect_seed(seed)).choice([-1.0, 1.0], (len(each), draws))
    means = resample_means(each[:, None] * coins, samples=1000, seed=seed)  # [sample, draw]
    strict = 1 - (1 - SURE) / at_once
    alone, careful = (_leave_out_zero(means, level) for level in (SURE, strict))
    together = [alarms.reshape(-1, at_once).any(1).mean() for alarms in (alone, careful)]
    names = ["one comparison", f"at least one of {at_once}", f"of {at_once}, each at {100 * strict:g} %"]
    return pd.Series([alone.mean(), *together], index=names)


def _leave_out_zero(means: np.ndarray, level: float) -> np.ndarray:
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray((low > 0) | (high < 0))


def pose_questions(
    model: GraphEmbedding, ranks: RankReport, count: int, *, seed: int = 0
) -> tuple[dict[str, tuple[dict[str, float], str, set[str]]], dict[str, float]]:
    """Some of the questions that were ranked, as exercise 1 takes them, and the rank that each answer had.

    Args:
        model: the one that was ranked.
        ranks: its ranking, by mean rank and filtered by all facts of the graph.
        count: how many questions after a tail.
        seed: for drawing them.

    Returns:
        By question (scores, answer, known), in names of entities; and by question the rank.
    """
    names = model.graph.entities["entity"].tolist()
    asked = ranks.frame[ranks.frame["side"] == "tail"].sample(count, random_state=seed)
    cases = {}
    for fact in asked.itertuples():
        answers = model.predict(head=fact.head, relation=fact.relation, k=len(names))
        known = set(answers.loc[answers["known"], "entity"])
        scores = dict(zip(answers["entity"], answers["score"].tolist(), strict=True))
        cases[f"{fact.head_label} {fact.relation_label} {fact.tail_label}"] = (scores, names[fact.tail], known)
    return cases, dict(zip(cases, asked["rank"].tolist(), strict=True))


def sort_scores(
    report: ClassificationReport, least: int = 30
) -> tuple[dict[str, tuple[list[float], list[float]]], dict[str, float]]:
    """The scores of true and of false triples, as exercise 3 takes them, and what the best threshold reaches on them.

    Args:
        report: true and false triples with their scores.
        least: relations with fewer triples are left out.

    Returns:
        By relation (true scores, false scores); and by relation the accuracy of the best threshold, chosen on these very
        triples.
    """
    cases, best = {}, {}
    for name, table in report.frame.groupby("relation_label"):
        scores, truth = table["score"].to_numpy(), table["true"].to_numpy(bool)
        if len(table) >= least:
            cases[str(name)] = (scores[truth].tolist(), scores[~truth].tolist())
            best[str(name)] = float(((scores >= choose_threshold(scores, truth)) == truth).mean())
    return cases, best


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
