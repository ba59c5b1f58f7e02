"""The cumulative sum is that of a loop by hand, for each series by itself, and starts again after an alarm."""

from __future__ import annotations

import numpy as np
import pytest

from kgwb.learn import run_cusum


def sum_by_hand(weights: np.ndarray, height: float) -> list[float]:
    sums, before = [], 0.0
    for weight in weights.tolist():
        sums.append(max(0.0, before + weight))
        before = 0.0 if sums[-1] >= height else sums[-1]
    return sums


@pytest.mark.parametrize("height", [None, 1.5, 4.0])
def test_each_series_is_summed_as_by_hand(height: float | None) -> None:
    weights = np.random.default_rng(0).normal(0.1, 1.0, (40, 3, 2))
    sums = run_cusum(weights, alarm_at=height)
    assert sums.shape == weights.shape and (sums >= 0).all()
    for one in np.ndindex(3, 2):
        by_hand = sum_by_hand(weights[(slice(None), *one)], np.inf if height is None else height)
        np.testing.assert_allclose(sums[(slice(None), *one)], by_hand)


def test_weights_stay_as_they_are_and_none_give_none() -> None:
    weights = np.array([1.0, 2.0, -9.0, 1.0])
    assert run_cusum(weights, alarm_at=3).tolist() == [1.0, 3.0, 0.0, 1.0]
    assert weights.tolist() == [1.0, 2.0, -9.0, 1.0] and run_cusum(np.empty(0)).shape == (0,)


def test_under_a_change_the_sum_grows_by_the_divergence() -> None:
    """With log-likelihood ratios of p₁ to p₀, the mean step under p₁ is the Kullback-Leibler divergence."""
    usual, bad = 0.05, 0.4
    weights = np.where(
        np.random.default_rng(0).random(20_000) < bad, np.log(bad / usual), np.log((1 - bad) / (1 - usual))
    )
    divergence = bad * np.log(bad / usual) + (1 - bad) * np.log((1 - bad) / (1 - usual))
    assert run_cusum(weights)[-1] / len(weights) == pytest.approx(divergence, rel=0.05)


def test_what_are_no_weights_is_told() -> None:
    with pytest.raises(ValueError, match="run_cusum"):
        run_cusum(np.array([1.0, np.nan]))
    with pytest.raises(TypeError):
        run_cusum([1.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="alarm_at"):
        run_cusum(np.ones(2), alarm_at=0)
