"""What notebook 03 lends its learners."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.embed import RankReport
from kgwb.lessons import is_it_any_good, use_answer
from kgwb.lessons.examples import make_graph

FACTS = [(f"island {i}", "near", f"island {(i * step) % 17}") for i in range(1, 17) for step in (2, 3, 5)]
FACTS += [(f"island {i}", "part of", f"sea {i % 2}") for i in range(1, 17)]


@pytest.fixture(scope="module")
def split() -> kgwb.graph.Split:
    return kgwb.split_triples(make_graph(FACTS), valid=0.2, test=0.4, seed=0)


@pytest.fixture(scope="module")
def ranks(split: kgwb.graph.Split) -> RankReport:
    return is_it_any_good.rank_runs(split, [kgwb.DistMult()], [0], dim=8, epochs=3)["DistMult"][0]


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


def test_a_rank_without_filter_or_without_ties_is_not_right_yet() -> None:
    def without_filter(scores: dict[str, float], answer: str, known: set[str]) -> float:
        return 1.0 + sum(score > scores[answer] for score in scores.values())

    def without_ties(scores: dict[str, float], answer: str, known: set[str]) -> float:
        return 1.0 + sum(score > scores[answer] for name, score in scores.items() if name not in known)

    assert "expected  2" in repr(is_it_any_good.check_filtered_rank(without_filter))
    assert "expected  2.5" in repr(is_it_any_good.check_filtered_rank(without_ties))


def test_the_score_of_all_is_not_that_of_the_clean() -> None:
    verdict = is_it_any_good.check_clean_mrr(lambda ranks, leaky: ranks.mrr)
    assert "expected  0.5625" in repr(verdict)


def test_guessing_is_not_the_best_threshold() -> None:
    assert "expected  1" in repr(is_it_any_good.check_best_accuracy(lambda true, false: 0.5))


def test_a_group_has_the_mean_of_its_ranks_and_all_have_the_reports_own_interval(ranks: RankReport) -> None:
    frame = ranks.frame.assign(reciprocal=1 / ranks.ranks)
    table = is_it_any_good.tabulate_groups(ranks, frame["relation_label"], least=1)
    assert table.loc["all", ["MRR", "low", "high"]].tolist() == pytest.approx(ranks.intervals().loc["MRR"].tolist())
    for name, rows in frame.groupby("relation_label"):
        assert table.loc[name, ["ranks", "MRR"]].tolist() == pytest.approx([len(rows), rows["reciprocal"].mean()])
        assert table.loc[name, "low"] <= table.loc[name, "MRR"] <= table.loc[name, "high"]


def test_an_interval_is_that_of_means_over_triples_drawn_by_hand(ranks: RankReport) -> None:
    tails, random = 1 / ranks.ranks[ranks.sides == "tail"], np.random.default_rng(0)
    means = [random.choice(tails, len(tails)).mean() for _ in range(4000)]
    row = is_it_any_good.tabulate_groups(ranks, ranks.sides, least=1, samples=4000).loc["tail"]
    assert [row["low"], row["high"]] == pytest.approx(np.quantile(means, [0.025, 0.975]).tolist(), abs=0.02)


def test_small_groups_share_a_row_and_categories_keep_their_order(ranks: RankReport) -> None:
    count = len(ranks.ranks)
    sizes = pd.Categorical(["few"] * 2 + ["one"] + ["many"] * (count - 3), ["few", "none", "many", "one"])
    table = is_it_any_good.tabulate_groups(ranks, sizes, least=3)
    assert table["ranks"].to_dict() == {"many": count - 3, "few, one (too few)": 3, "all": count}
    ordered = is_it_any_good.tabulate_groups(ranks, sizes, least=1)
    assert list(ordered.index) == ["few", "many", "one", "all"]


def test_runs_are_as_many_as_scorers_and_seeds_and_the_same_again(split: kgwb.graph.Split, ranks: RankReport) -> None:
    runs = is_it_any_good.rank_runs(split, (kgwb.DistMult(), kgwb.TransE()), range(2), dim=8, epochs=3)
    assert {name: len(each) for name, each in runs.items()} == {"DistMult": 2, "TransE": 2}
    np.testing.assert_array_equal(runs["DistMult"][0].ranks, ranks.ranks)
    assert not np.array_equal(runs["DistMult"][1].ranks, ranks.ranks)


def test_one_comparison_in_twenty_is_a_false_alarm_and_of_ten_nearly_half_hold_one(
    split: kgwb.graph.Split, ranks: RankReport
) -> None:
    rival = is_it_any_good.rank_runs(split, [kgwb.TransE()], [0], dim=8, epochs=3)["TransE"][0]
    alarms = is_it_any_good.count_false_alarms(ranks, rival)
    assert list(alarms.index) == ["one comparison", "at least one of 10", "of 10, each at 99.5 %"]
    alone, ten, careful = alarms
    assert alone == pytest.approx(0.05, abs=0.05)  # with few triples the bootstrap is a little too sure
    assert ten == pytest.approx(1 - (1 - alone) ** 10, abs=0.1)  # independent coins
    assert careful < ten / 2
    with pytest.raises(ValueError, match=r"draws=15 came\. Expected a multiple of at_once; type draws=1000\."):
        is_it_any_good.count_false_alarms(ranks, rival, draws=15)


def test_what_never_differs_gives_no_alarm(ranks: RankReport) -> None:
    assert is_it_any_good.count_false_alarms(ranks, ranks, draws=20).tolist() == [0, 0, 0]


def test_questions_and_scores_are_those_that_kgwb_answered(
    split: kgwb.graph.Split, ranks: RankReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGWB_STRICT", "1")

    def rank(scores: dict[str, float], answer: str, known: set[str]) -> float:
        return 1 + sum(score > scores[answer] for name, score in scores.items() if name not in known)

    def try_each(true: list[float], false: list[float]) -> float:
        cuts = [*true, *false, float("inf")]
        return max(sum(s >= c for s in true) + sum(s < c for s in false) for c in cuts) / len(true + false)

    model = is_it_any_good.train_vectors(split, kgwb.DistMult(), dim=8, epochs=3)
    cases, beside = is_it_any_good.pose_questions(model, ranks, 5)
    assert len(use_answer(rank, cases, beside=beside)) == 5
    cases, best = is_it_any_good.sort_scores(kgwb.embed.classify_triples(model, split), least=12)
    assert {"near"} <= set(cases) and all(len(true) + len(false) >= 12 for true, false in cases.values())
    use_answer(try_each, cases, beside=best)
