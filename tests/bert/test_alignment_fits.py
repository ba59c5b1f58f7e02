"""Maps from one space to another: those that exist are found, and other libraries find the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from planted_words import draw, draw_rotation
from scipy.linalg import orthogonal_procrustes
from sklearn.linear_model import Ridge

from kgwb.bert.alignment.linear_maps import fit_contrastive, fit_procrustes, fit_ridge
from kgwb.bert.alignment.quality import Pairs, judge_map


@pytest.mark.parametrize(("pairs", "dim", "width"), [(40, 5, 9), (40, 9, 5), (12, 20, 6), (30, 7, 7)])
@pytest.mark.parametrize("ridge", [0.01, 1, 300.0])
def test_a_ridge_fit_is_scikit_learns(pairs, dim, width, ridge):
    inputs, targets = draw(pairs, dim) + 2, draw(pairs, width, seed=1) - 1
    judge = Ridge(alpha=ridge).fit(inputs, targets)
    mapping = fit_ridge(inputs, targets, ridge=ridge)
    np.testing.assert_allclose(mapping.weight.T, judge.coef_, atol=1e-9)
    np.testing.assert_allclose(mapping(inputs), judge.predict(inputs), atol=1e-9)


def test_the_penalty_is_the_one_that_predicts_pairs_left_out_best():
    inputs = draw(25, 6)
    targets = inputs @ draw(6, 4, seed=1) + 2 * draw(25, 4, seed=2)
    mapping = fit_ridge(inputs, targets)

    def left_out_error(ridge: float) -> float:
        rest = ~torch.eye(25, dtype=torch.bool)
        guesses = [Ridge(alpha=ridge).fit(inputs[keep], targets[keep]).predict(inputs[~keep])[0] for keep in rest]
        return float(((torch.tensor(np.array(guesses)) - targets) ** 2).sum())

    best = left_out_error(mapping.ridge)
    assert mapping.r2 == pytest.approx(1 - best / float((targets - targets.mean(0)).square().sum()))
    assert all(best <= left_out_error(mapping.ridge * factor) for factor in (10**-0.5, 10**0.5))


@pytest.mark.parametrize(("dim", "width"), [(6, 6), (4, 7), (7, 4)])
def test_procrustes_is_scipys_with_the_narrower_space_padded(dim, width):
    inputs, targets = draw(30, dim), draw(30, width, seed=1)
    inputs, targets = inputs - inputs.mean(0), targets - targets.mean(0)
    widest = max(dim, width)
    padded = [np.pad(side, ((0, 0), (0, widest - side.shape[1]))) for side in (inputs, targets)]
    moved = padded[0] @ orthogonal_procrustes(*padded)[0][:, :width]
    scale = (moved * targets.numpy()).sum() / (moved**2).sum()
    np.testing.assert_allclose(fit_procrustes(inputs, targets)(inputs), scale * moved, atol=1e-9)


@given(st.integers(2, 8), st.floats(0.1, 50), st.integers(0, 99))
def test_a_rotation_with_scale_and_shift_is_found_again_exactly(dim, scale, seed):
    inputs = draw(3 * dim, dim, seed=seed)
    rotation = draw_rotation(dim, seed)
    mapping = fit_procrustes(inputs, scale * inputs @ rotation + 7)
    torch.testing.assert_close(mapping.weight, scale * rotation, atol=1e-8, rtol=1e-8)
    torch.testing.assert_close(mapping(inputs), scale * inputs @ rotation + 7)


@given(st.integers(2, 8), st.integers(2, 8), st.integers(0, 99))
def test_any_linear_map_is_found_again_by_least_squares(dim, width, seed):
    inputs, weight = draw(4 * dim, dim, seed=seed), draw(dim, width, seed=seed + 1)
    mapping = fit_ridge(inputs, inputs @ weight + 3)
    torch.testing.assert_close(mapping(inputs), inputs @ weight + 3, atol=1e-4, rtol=1e-4)
    assert mapping.r2 > 0.9999


@given(st.integers(10, 60), st.integers(1, 40), st.integers(0, 999))
def test_of_noise_a_label_foretells_nothing(pairs, dim, seed):
    mapping = fit_ridge(draw(pairs, dim, seed=seed), draw(pairs, 50, seed=seed + 1))
    assert mapping.r2 < 0.1


@given(st.floats(0.01, 100), st.integers(0, 99))
def test_the_unit_of_the_vectors_changes_no_prediction(unit, seed):
    inputs, targets = draw(20, 6, seed=seed), draw(20, 5, seed=seed + 1)
    targets[:, :3] += inputs[:, :3]
    one, other = fit_ridge(inputs, targets), fit_ridge(unit * inputs, targets)
    torch.testing.assert_close(one(inputs), other(unit * inputs), atol=1e-6, rtol=1e-6)


def test_inputs_without_spread_predict_the_mean():
    targets = draw(8, 3)
    for fit in (fit_ridge, fit_procrustes, fit_contrastive):
        mapping = fit(torch.ones(8, 4), targets)
        torch.testing.assert_close(mapping(torch.ones(8, 4)), targets.mean(0).expand(8, 3))


def test_the_trained_map_tells_targets_apart_better_than_where_it_started():
    inputs, stretch = draw(200, 10), torch.logspace(-1, 1, 10, dtype=torch.float64)
    targets = (inputs * stretch) @ draw_rotation(10, 1)
    pairs = Pairs(torch.arange(200), inputs, torch.arange(200), targets, ("",) * 200)
    fitted = torch.arange(200) < 150
    start, trained = (pairs.fit(fit, fitted) for fit in (fit_procrustes, fit_contrastive))
    assert judge_map(trained, pairs, ~fitted).mrr > judge_map(start, pairs, ~fitted).mrr


def test_training_in_batches_repeats_with_its_seed():
    inputs, targets = draw(50, 4), draw(50, 6, seed=1)
    first, again, other = (fit_contrastive(inputs, targets, steps=5, batch=8, seed=seed).weight for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
