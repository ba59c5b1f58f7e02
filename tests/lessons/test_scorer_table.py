"""The table of scorers of notebook 02: ranges are those of the rankings, and a learner's scorer joins whatever it does."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.graph import KnowledgeGraph, Split
from kgwb.lessons import scorer_table, train_vectors
from kgwb.lessons.checks import ExerciseError

KINDS = {"knows": "symmetric", "likes": "one-way"}
OPTIONS = {"dim": 4, "epochs": 2}


class Right(kgwb.embed.Scorer):
    """What the exercise asks for."""

    def query_tail(self, head: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
        a, b = head.chunk(2, -1)
        return torch.cat([-b * relation, a * relation], -1)

    def query_head(self, relation: torch.Tensor, tail: torch.Tensor) -> torch.Tensor:
        c, d = tail.chunk(2, -1)
        return torch.cat([d * relation, -c * relation], -1)

    def relation_width(self, dim: int) -> int:
        return dim // 2


class Stub(Right):
    """What the learner finds."""

    def query_tail(self, head: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
        a, b = head.chunk(2, -1)
        return torch.cat([a * relation, b * relation], -1)


class Broken(Right):
    """A typing mistake."""

    def query_tail(self, head: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
        return hed * relation  # type: ignore[name-defined]


class Endless(Right):
    """A loop that never ends."""

    def query_tail(self, head: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
        while True:
            pass


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


@pytest.fixture(scope="module")
def splits() -> list[Split]:
    names = "abcdefgh"
    facts = [(one, "knows", other) for one in names for other in names if one != other]
    facts += [(one, "likes", other) for one, other in zip(names, "bcdefgha", strict=True)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    return [kgwb.split_triples(graph, valid=0, test=0.3, seed=seed) for seed in range(2)]


@pytest.fixture(scope="module")
def runs(splits: list[Split]) -> scorer_table.Runs:
    return [{"DistMult": train_vectors(split, kgwb.DistMult(), dim=4, epochs=2)} for split in splits]


@pytest.fixture(scope="module")
def table(runs: scorer_table.Runs, splits: list[Split]) -> pd.DataFrame:
    return scorer_table.compare_scorers(runs, splits, KINDS)


def spell(figures: list[float]) -> str:
    return f"{min(figures):.2f} to {max(figures):.2f}"


def test_each_range_is_that_of_the_rankings(table: pd.DataFrame, runs: scorer_table.Runs, splits: list[Split]) -> None:
    assert list(table.columns) == ["facts", "guess", "DistMult"]
    assert list(table.index) == ["knows (symmetric)", "likes (one-way)", "all held-back facts", "all facts of train"]
    frames = [
        kgwb.rank_triples(run["DistMult"], split.test, known=split.known).frame
        for run, split in zip(runs, splits, strict=True)
    ]
    known = [float((1 / each["rank"])[each["relation_label"] == "knows"].mean()) for each in frames]
    assert table.loc["knows (symmetric)", "DistMult"] == spell(known)
    assert table.loc["all held-back facts", "DistMult"] == spell([float((1 / each["rank"]).mean()) for each in frames])
    counts = [int((each["relation_label"] == "knows").sum()) // 2 for each in frames]
    assert table.loc["knows (symmetric)", "facts"] in (f"{min(counts)} to {max(counts)}", str(counts[0]))


def test_the_guess_is_what_is_frequent_and_no_rule(table: pd.DataFrame, splits: list[Split]) -> None:
    guesses = [kgwb.embed.fit_baseline(split, kinds=[]) for split in splits]
    found = [
        kgwb.rank_triples(each, split.test, known=split.known).mrr for each, split in zip(guesses, splits, strict=True)
    ]
    assert table.loc["all held-back facts", "guess"] == spell(found)


def test_a_relation_that_no_split_asks_for_has_no_figure(runs: scorer_table.Runs, splits: list[Split]) -> None:
    without = [
        Split(each.graph, each.train, each.valid, each.test[each.test[:, 1] == each.graph.relation_id("knows")])
        for each in splits
    ]
    table = scorer_table.compare_scorers(runs, without, KINDS)
    assert table.loc["likes (one-way)"].tolist() == ["0", "none", "none"]


@pytest.mark.parametrize(
    ("own", "column"),
    [
        (Right, "Right"),
        (Stub, "Stub, not yet right"),
        (Broken, "Broken, left out"),
        (Endless, "Endless, left out"),
        (None, "yours, left out"),
    ],
)
def test_a_learners_scorer_joins_whatever_it_does(
    table: pd.DataFrame, splits: list[Split], own: type[kgwb.embed.Scorer], column: str
) -> None:
    joined = scorer_table.add_own_scorer(table, own, splits, KINDS, limit=5.0 if own is Endless else 60.0, **OPTIONS)
    assert list(joined.columns) == [*table.columns, column]
    said = str(joined.loc["knows (symmetric)", column])
    if own is Broken:
        assert "NameError: name 'hed' is not defined" in said
    elif own is Endless:
        assert said == "nothing within 5 seconds, so it was stopped"
    elif own is not None:
        assert said.replace(" to ", "").replace(".", "").isdigit()


def test_a_right_scorer_has_the_ranks_that_it_has_in_the_notebooks_own_process(
    table: pd.DataFrame, splits: list[Split]
) -> None:
    joined = scorer_table.add_own_scorer(table, Right, splits, KINDS, **OPTIONS)
    trained = [train_vectors(split, Right(), seed=seed, **OPTIONS) for seed, split in enumerate(splits)]
    found = [
        kgwb.rank_triples(each, split.test, known=split.known).mrr for each, split in zip(trained, splits, strict=True)
    ]
    assert joined.loc["all held-back facts", "Right"] == spell(found)


def test_where_a_solution_is_tested_a_scorer_that_cannot_be_trained_is_an_error(
    table: pd.DataFrame, splits: list[Split], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGWB_STRICT", "1")
    with pytest.raises(ExerciseError, match="Broken could not be trained: NameError"):
        scorer_table.add_own_scorer(table, Broken, splits, KINDS, **OPTIONS)
