"""From the answers of a probe's runs to its report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kgwb.learn.probing.report import ProbeReport
from kgwb.learn.probing.report_files import COUNT_KINDS, RELATION_KINDS
from kgwb.learn.questions import Questions


def summarise_answers(answers: pd.DataFrame, runs: Sequence[str], questions: Questions) -> ProbeReport:
    """The report on answers of all runs and seeds.

    Args:
        answers: as `answer_questions` gives them, with `run` and `seed`, and `kept` and `facts` of controls, else −1.
        runs: the order of the runs.
        questions: as they were before any run rewrote them.
    """
    counts = answers.groupby(["run", "seed", "relation"])["correct"].agg(questions="size", correct="sum").reset_index()
    counts = counts.sort_values("run", key=lambda names: names.map(list(runs).index), kind="stable", ignore_index=True)
    guesses: dict[str, list[float]] = defaultdict(list)
    given: dict[str, Counter[str]] = defaultdict(Counter)
    # Runs may have tokenizers of their own: the one that tells least apart decides.
    by_run = [rows for _, rows in answers.groupby(["run", "seed"])]
    distinct = np.min([rows["distinct"].to_numpy() for rows in by_run], axis=0)  # [question]
    indistinct = np.any([rows["indistinct"].to_numpy() for rows in by_run], axis=0)
    alike: Counter[str] = Counter()
    for question, count, is_alike in zip(questions, distinct.tolist(), indistinct.tolist(), strict=True):
        label = questions.graph.relation_labels[question.relation]
        guesses[label].append(1 / count)
        alike[label] += is_alike
        given[label][question.names[question.candidates.index(question.answer)]] += 1
    rows = [
        (label, len(found), sum(found) / len(found), max(given[label].values()) / len(found), alike[label])
        for label, found in sorted(guesses.items())
    ]
    relations = pd.DataFrame(rows, columns=list(RELATION_KINDS)).astype(RELATION_KINDS)
    relations = relations if any(alike.values()) else relations.drop(columns="indistinct")
    chance = float(np.mean([1 / count for count in distinct.tolist()]))
    most = (
        answers[answers["kept"] >= 0].groupby("run")[["kept", "facts"]].max() if "kept" in answers else pd.DataFrame()
    )
    kept = {run: (int(most["kept"][run]), int(most["facts"][run])) for run in runs if run in most.index}
    return ProbeReport(counts[list(COUNT_KINDS)].astype(COUNT_KINDS), relations, chance, questions.fingerprint, kept)
