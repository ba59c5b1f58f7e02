"""From the answers of a probe's runs to its report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from kgwb.fingerprints import fingerprint
from kgwb.learn.probing.report import ProbeReport
from kgwb.learn.probing.report_files import ANSWERS, COUNT_KINDS, RELATION_KINDS
from kgwb.learn.questions import Question, Questions


def summarise_answers(answers: pd.DataFrame, runs: Sequence[str], sets: Sequence[Questions]) -> ProbeReport:
    """The report on answers of all runs and seeds.

    Args:
        answers: as `answer_questions` gives them, with `run` and `seed`, where there are several sets `set`, a place in
            `sets`, and `kept` and `facts` of controls, else −1.
        runs: the order of the runs.
        sets: the questions as they were before any run rewrote them: one set for all seeds, or one for each.
    """
    answers = answers if "set" in answers else answers.assign(set=0)
    places = answers.groupby(["run", "seed"]).cumcount()
    heads = [f"{sets[which][place].head:d}" for which, place in zip(answers["set"], places, strict=True)]
    marked = answers.assign(**{ANSWERS: heads + answers["correct"].map({True: "+", False: "-"})})
    counts = marked.groupby(["run", "seed", "relation"]).agg(
        questions=("correct", "size"), correct=("correct", "sum"), **{ANSWERS: (ANSWERS, " ".join)}
    )
    counts = counts.reset_index().astype(COUNT_KINDS)[[*COUNT_KINDS, ANSWERS]]
    counts = counts.sort_values("run", key=lambda names: names.map(list(runs).index), kind="stable", ignore_index=True)
    guesses: dict[str, list[float]] = defaultdict(list)
    most: Counter[str] = Counter()  # how often the commonest answer of each set is right
    alike: Counter[str] = Counter()
    for place, rows in answers.groupby("set"):
        given: dict[str, Counter[str]] = defaultdict(Counter)
        for question, label, chance, is_alike in _judge_questions(rows, sets[place]):
            guesses[label].append(chance)
            alike[label] += is_alike
            given[label][question.names[question.candidates.index(question.answer)]] += 1
        most.update({label: max(found.values()) for label, found in given.items()})
    rows = [
        (label, len(found), sum(found) / len(found), most[label] / len(found), alike[label])
        for label, found in sorted(guesses.items())
    ]
    relations = pd.DataFrame(rows, columns=list(RELATION_KINDS)).astype(RELATION_KINDS)
    relations = relations if any(alike.values()) else relations.drop(columns="indistinct")
    chance = float(np.mean([each for found in guesses.values() for each in found]))
    prints = [questions.fingerprint for questions in sets]
    return ProbeReport(
        *(counts, relations, chance, prints[0] if len(sets) == 1 else fingerprint(prints)),
        kept=_count_kept(answers, runs),
        sets=len(sets),
    )


def _judge_questions(answers: pd.DataFrame, questions: Questions) -> Iterator[tuple[Question, str, float, bool]]:
    """Each question with its relation, an even guess among the names that can be told apart, and whether its own cannot."""
    # Runs may have tokenizers of their own: the one that tells least apart decides.
    by_run = [rows for _, rows in answers.groupby(["run", "seed"])]
    distinct = np.min([rows["distinct"].to_numpy() for rows in by_run], axis=0)  # [question]
    indistinct = np.any([rows["indistinct"].to_numpy() for rows in by_run], axis=0)
    for question, count, is_alike in zip(questions, distinct.tolist(), indistinct.tolist(), strict=True):
        yield question, questions.graph.relation_labels[question.relation], 1 / count, is_alike


def _count_kept(answers: pd.DataFrame, runs: Sequence[str]) -> dict[str, tuple[int, int]]:
    if "kept" not in answers:
        return {}
    most = answers[answers["kept"] >= 0].groupby("run")[["kept", "facts"]].max()
    return {run: (int(most["kept"][run]), int(most["facts"][run])) for run in runs if run in most.index}
