"""The figures that judge a map, beside those of other libraries and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_words import draw
from scipy.stats import rankdata, skew
from sklearn.metrics import r2_score
from sklearn.metrics.pairwise import cosine_similarity

from kgwb.bert.alignment.linear_maps import fit_procrustes, fit_ridge
from kgwb.bert.alignment.quality import AlignmentQuality, Pairs, judge_map


@given(st.integers(4, 30), st.integers(2, 12), st.integers(0, 99))
@settings(max_examples=30)
def test_r2_ranks_and_hubness_are_those_of_other_libraries(count, width, seed):
    inputs, targets = draw(count, 5, seed=seed), draw(count, width, seed=seed + 1)
    pairs = Pairs(torch.arange(count), inputs, torch.arange(count), targets, tuple(map(str, range(count))))
    rows = torch.arange(count) < count // 2
    mapping = pairs.fit(fit_procrustes, ~rows)
    quality = judge_map(mapping, pairs, rows)
    mapped = mapping(inputs[rows])
    assert quality.r2 == pytest.approx(r2_score(targets[rows], mapped, multioutput="variance_weighted"))
    cosines = cosine_similarity(mapped - mapping.offset, targets - mapping.offset)
    ranks = rankdata(-cosines.round(12), axis=1)[np.arange(len(cosines)), np.arange(count)[rows]]
    np.testing.assert_allclose(quality.ranks, ranks)
    assert quality.mrr == pytest.approx((1 / ranks).mean())
    assert quality.hits(3) == pytest.approx((ranks <= 3).mean())
    near = np.argsort(-cosines, axis=1)[:, :10]
    np.testing.assert_array_equal(quality.occurrences, np.bincount(near.ravel(), minlength=count))
    if quality.occurrences.unique().numel() > 1:
        assert quality.hubness == pytest.approx(skew(quality.occurrences.numpy()))


def test_without_any_difference_there_is_no_hub():
    quality = AlignmentQuality(0.0, torch.ones(3).double(), torch.full((4,), 2), ("a", "b", "c", "d"), 10)
    assert quality.hubness == 0
    assert repr(quality) == "R² 0.000, MRR 1.000, hits@1 1.000, hubness 0.0 over 3 pairs and 4 word vectors"


def test_the_worst_hubs_come_by_label():
    quality = AlignmentQuality(0.0, torch.ones(3).double(), torch.tensor([1, 5, 0, 5]), ("a", "b", "c", "d"), 10)
    assert quality.hubs(3).values.tolist() == [["b", 5], ["d", 5], ["a", 1]]


def test_ties_count_by_their_mean():
    inputs = torch.zeros(4, 2, dtype=torch.float64)
    pairs = Pairs(torch.arange(4), inputs, torch.arange(4), draw(4, 3), ("",) * 4)
    assert judge_map(pairs.fit(fit_ridge, inputs[:, 0] == 0), pairs, inputs[:, 0] == 0).ranks.tolist() == [2.5] * 4
