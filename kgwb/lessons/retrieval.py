"""For notebook 12: exercises, what every way finds as a table and a picture, and reasons taken away."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from kgwb.axes import Float
from kgwb.graph import KnowledgeGraph
from kgwb.learn import PassageIndex, add_standardised
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.passages import KINDS, SUMS, PassageExam, score_ways
from kgwb.lessons.pictures import Picture
from kgwb.lessons.range_pictures import draw_ranges

_ROW = 24.0
_FIRST = 10  # places in which a passage counts as found


def list_first_passages(
    exam: PassageExam, scores: dict[str, Float[np.ndarray, "question passage"]], row: int, *, first: int = 3
) -> pd.DataFrame:
    """The first passages of each way for one question.

    Returns:
        A row for each way and place: answers (whether the passage does), passage (its number) and begins (its first sentence).
        Passages with a score of 0 have no place.
    """
    rows = {}
    for way, table in scores.items():
        ranked = [passage for passage in np.argsort(-table[row], kind="stable").tolist() if table[row, passage] != 0]
        for place, passage in enumerate(ranked[:first], 1):
            begins = exam.passages[passage].split(".")[0]
            rows[way, place] = {"answers": bool(exam.relevant[row, passage]), "passage": passage, "begins": begins}
    return pd.DataFrame(rows).T.rename_axis(["way", "place"])


def tabulate_ways(results: pd.DataFrame, figure: str = "nDCG") -> pd.DataFrame:
    """The mean of a figure over the questions of each kind, and its range over seeds: a row for each way.

    Args:
        results: as `compare_searches` gives them.
        figure: a column of theirs.
    """
    means = results.groupby(["way", "kind", "seed"], sort=False)[figure].mean()
    spread = means.groupby(level=["way", "kind"], sort=False).agg(["mean", "min", "max"])
    spelt = [f"{its.mean:.2f} ({its.min:.2f} to {its.max:.2f})" for its in spread.itertuples()]
    return pd.Series(spelt, spread.index).unstack()[list(KINDS)].loc[list(dict.fromkeys(results["way"]))]


def draw_searches(results: pd.DataFrame, ways: Iterable[str], *, known: str = "... + one step") -> Picture:
    """What each way finds of each kind of question, over seeds.

    Args:
        results: as `compare_searches` gives them.
        ways: which of them, from top to bottom.
        known: drawn in colour.
    """
    ordered = results.sort_values("kind", key=lambda kinds: kinds.map(list(KINDS).index), kind="stable")
    measured = ordered.set_index(["kind", "way", "seed"])["nDCG"]
    return draw_ranges(
        measured, ways, title="What is found", caption="nDCG of the first ten passages.", said="nDCG@10", marked=known
    )


def remove_facts_of(graph: KnowledgeGraph, pairs: Iterable[tuple[int, int]]) -> KnowledgeGraph:
    """The graph without any fact between the two of each pair, in either direction."""
    gone = {frozenset(pair) for pair in pairs}
    keep = [frozenset((head, tail)) not in gone for head, _, tail in graph.triples.tolist()]
    return KnowledgeGraph.from_pandas(
        graph.to_pandas()[keep], graph.entities, relations=graph.relations, name=graph.name
    )


def remove_reasons(index: PassageIndex, exam: PassageExam, *, seed: int = 0) -> pd.DataFrame:
    """The place of a passage before and after a fact is taken from the graph, by the sum of all scores with equal weights.

    Of each question "one fact away", the passage that answers it and stands first, if among the first ten. *The reason* is the
    fact that adds most to its score by one step; *another fact* of the question's entity leads to an entity that the passage
    does not name.

    Args:
        index: of the exam's passages.
        exam: the questions, and the facts that are walked.
        seed: of the draw of the other fact.

    Returns:
        Columns question, passage, rank, "the reason" and "another fact"; only questions with both kinds of fact.
    """
    random, ids, rows = np.random.default_rng(seed), {name: i for i, name in enumerate(exam.known.labels)}, []
    scores = {way: each for way, each in score_ways(index, exam).items() if way in SUMS["... + one step"]}
    summed = add_standardised(scores)
    for row in np.flatnonzero(exam.questions["kind"] == "one fact away").tolist():
        text, answering = exam.questions["question"][row], np.flatnonzero(exam.relevant[row])
        best = int(answering[summed[row, answering].argmax()])
        parts = index.explain(text, best, facts=exam.known).dropna(subset="fact")
        if rank_passage(summed[row], best) > _FIRST or not len(parts):
            continue
        named, found = ids[parts["named"].iloc[0]], ids[parts["found"].iloc[0]]
        near = {int(tail if head == named else head) for head, _, tail in exam.known.triples if named in (head, tail)}
        others = sorted(other for other in near if not index.entities[best, other])
        if others:
            after = {"question": text, "passage": best, "rank": rank_passage(summed[row], best)}
            for name, other in {"the reason": found, "another fact": others[random.integers(len(others))]}.items():
                step = index.score_entities([text], facts=remove_facts_of(exam.known, [(named, other)]))
                again = {way: each[[row]] for way, each in scores.items()} | {"one step": step}
                after[name] = rank_passage(add_standardised(again)[0], best)
            rows.append(after)
    return pd.DataFrame(rows, columns=["question", "passage", "rank", "the reason", "another fact"])


def rank_passage(scores: Float[np.ndarray, " passage"], passage: int) -> float:
    """Its place, 1 for the best; ties share the mean."""
    above, alike = (scores > scores[passage]).sum(), (scores == scores[passage]).sum()
    return float(above + (alike + 1) / 2)


def check_weigh_word(weigh_word: Callable[[int, int, float, int, int], float]) -> Verdict:
    """Is it what one word adds to BM25?"""
    cases = [(1, 40, 40.0, 5, 100), (2, 40, 40.0, 5, 100), (1, 80, 40.0, 5, 100), (3, 20, 40.0, 90, 100)]
    cases += [(5, 33, 41.5, 1, 250), (0, 40, 40.0, 5, 100)]
    hint = (
        "Divide times · (k1 + 1) by times + k1 · (1 − b + b · length / average), and multiply with the idf: the first two "
        "examples differ in times alone, the next in length."
    )
    return check(weigh_word, [(each, _weigh_by_hand(*each)) for each in cases], hint=hint)


def _weigh_by_hand(times: int, length: int, average: float, holding: int, count: int) -> float:
    idf = math.log(1 + (count - holding + 0.5) / (holding + 0.5))
    return idf * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / average))


def check_find_around(find_around: Callable[[list[tuple[str, str, str]], set[str]], Iterable[str]]) -> Verdict:
    """Are they all entities one fact away, in either direction?"""
    facts = [
        ("gout", "treated_by", "colchicine"),
        ("ibuprofen", "side_effect", "nausea"),
        ("gout", "affects", "joints"),
    ]
    facts += [("aspirin", "interacts_with", "ibuprofen"), ("ibuprofen", "interacts_with", "aspirin")]
    examples: list[tuple[tuple[list[tuple[str, str, str]], set[str]], list[str]]] = [
        ((facts, {"gout"}), ["colchicine", "joints"]),
        ((facts, {"nausea"}), ["ibuprofen"]),
        ((facts, {"ibuprofen"}), ["aspirin", "nausea"]),
        ((facts, {"aspirin", "ibuprofen"}), ["nausea"]),
        ((facts, {"asthma"}), []),
    ]
    hint = "A fact leads from its head to its tail and back; each entity counts once, and those named already do not."
    return check(find_around, examples, hint=hint)


def check_find_best(find_best: Callable[[list[float], list[float]], int]) -> Verdict:
    """Is it the place of the highest sum of standardised scores?"""
    cases = [
        ([0.0, 8.0, 4.0], [0.1, 0.2, 0.3]),
        ([9.0, 3.7, 9.7, 20.2, 1.2], [0.47, 0.42, 0.24, 0.24, 0.52]),
        ([2.7, 7.2, 2.6, 15.7, 3.9], [0.3, 0.32, 0.29, 0.15, 0.34]),
        ([5.9, 2.0, 3.3, 7.0, 0.8], [0.39, 0.56, 0.52, 0.36, 0.31]),
        ([0.8, 3.2, 0.6, 0.8, 4.7], [0.23, 0.38, 0.3, 0.52, 0.28]),
    ]
    expected = [_find_by_sum(*case) for case in cases]
    hint = (
        "From each list take its mean and divide by its standard deviation; then add the two and look for the largest."
    )
    return check(find_best, list(zip(cases, expected, strict=True)), hint=hint)


def _find_by_sum(words: Sequence[float], meaning: Sequence[float]) -> int:
    both = {name: np.array([each]) for name, each in {"words": words, "meaning": meaning}.items()}
    return int(add_standardised(both).argmax())
