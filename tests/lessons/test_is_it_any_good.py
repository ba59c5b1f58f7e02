"""What notebook 03 lends its learners."""

from __future__ import annotations

import pytest

from kgwb.lessons import is_it_any_good


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
