"""For notebook 02: scorers compared relation by relation over several splits, beside a guess; a learner's scorer joins them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from kgwb.embed import GraphEmbedding, Scorer, fit_baseline, rank_triples
from kgwb.graph import Split
from kgwb.lessons.checks import ExerciseError
from kgwb.lessons.facts_as_geometry import check_one_way
from kgwb.lessons.guarded import run_guarded
from kgwb.lessons.training import train_vectors
from kgwb.words import shorten

Runs = Sequence[Mapping[str, GraphEmbedding]]
HELD_BACK, TRAINED = "all held-back facts", "all facts of train"


def compare_scorers(runs: Runs, splits: Sequence[Split], relations: Mapping[str, str]) -> pd.DataFrame:
    """MRR by relation, from the lowest to the highest of several splits, beside a guess.

    Args:
        runs: for each split what was trained on its train part, by name.
        splits: one for each run.
        relations: which relations to show, and what kind each is.

    Returns:
        A row for each relation, one for all held-back facts and one for all of train; the columns are "facts", how many
        were ranked in each split, "guess", the most frequent answer of that relation first, and one for each name.
    """
    columns = {
        "facts": _spell_column([_count_facts(split, relations) for split in splits], "{:,.0f}"),
        "guess": _spell_column([_measure(fit_baseline(split, kinds=()), split, relations) for split in splits]),
    }
    for name in runs[0]:
        found = zip(runs, splits, strict=True)
        columns[name] = _spell_column([_measure(run[name], split, relations) for run, split in found])
    return pd.DataFrame(columns)


def add_own_scorer(
    table: pd.DataFrame,
    own: type[Scorer],
    splits: Sequence[Split],
    relations: Mapping[str, str],
    *,
    limit: float = 180.0,
    **options: Any,
) -> pd.DataFrame:
    """The table with one more column: a learner's scorer, trained and ranked as the others were.

    Like a check it never stops the notebook: an error or an endless loop stands in the column as text.

    Args:
        table: of `compare_scorers`, for the same splits and relations.
        own: the learner's class, finished or not.
        splits: to train on, and to rank.
        relations: those of the table.
        limit: seconds for all splits together.
        options: of `train_vectors`.

    Raises:
        ExerciseError: it cannot be trained, only where KGWB_STRICT=1.
    """

    def work(say: Any) -> None:
        found = []
        for seed, split in enumerate(splits):
            found.append(_measure(train_vectors(split, own(), seed=seed, **options), split, relations))
        say(found)

    name = getattr(own, "__name__", "yours")
    run = run_guarded(work, getattr(own, "query_tail", None), limit=limit)
    if run.value:
        right = check_one_way(own()).passed
        return table.assign(**{name if right else f"{name}, not yet right": _spell_column(run.value)})
    reason = run.error if run.ended else f"nothing within {limit:g} seconds, so it was stopped"
    if os.environ.get("KGWB_STRICT") == "1":
        raise ExerciseError(f"{name} could not be trained: {reason}")
    return table.assign(**{f"{name}, left out": [shorten(reason, 80), *[""] * (len(table) - 1)]})


def _measure(scored: Any, split: Split, relations: Mapping[str, str]) -> dict[str, float | None]:
    ranks = rank_triples(scored, split.test, known=split.known)
    found = ranks.by_relation()["MRR"].to_dict()
    rows: dict[str, float | None] = {
        _name(name, kind): found.get(split.graph.relation_id(name)) for name, kind in relations.items()
    }
    return rows | {HELD_BACK: ranks.mrr, TRAINED: rank_triples(scored, split.train, known=split.known).mrr}


def _count_facts(split: Split, relations: Mapping[str, str]) -> dict[str, float | None]:
    rows: dict[str, float | None] = {
        _name(name, kind): int((split.test[:, 1] == split.graph.relation_id(name)).sum())
        for name, kind in relations.items()
    }
    return rows | {HELD_BACK: len(split.test), TRAINED: len(split.train)}


def _name(relation: str, kind: str) -> str:
    return f"{relation} ({kind})"


def _spell_column(figures: Sequence[Mapping[str, float | None]], form: str = "{:.2f}") -> pd.Series:
    """By row the lowest and the highest figure; relations that a split does not ask for have none there."""
    return pd.Series({row: _spell_range([each[row] for each in figures], form) for row in figures[0]})


def _spell_range(figures: Sequence[float | None], form: str) -> str:
    known = [each for each in figures if each is not None]
    if not known:
        return "none"
    lowest, highest = (form.format(each) for each in (min(known), max(known)))
    return lowest if lowest == highest else f"{lowest} to {highest}"
