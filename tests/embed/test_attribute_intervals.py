"""Intervals of filled attributes hold what they say, whatever the values."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as some
from rainy_towns import TOWNS, make_rain

from kgwb.embed import GraphEmbedding, fill_attributes
from kgwb.embed.attributes.intervals import bound_values

DRAWS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda random, count: random.normal(size=count),
    "skewed": lambda random, count: random.exponential(size=count) ** 3,
    "no mean": lambda random, count: random.standard_cauchy(count),
    "ties": lambda random, count: random.integers(0, 3, count).astype(float),
}


@settings(max_examples=20, deadline=None)
@given(
    draw=some.sampled_from(sorted(DRAWS)),
    count=some.integers(12, 60),
    coverage=some.sampled_from([0.5, 0.8, 0.9]),
    folds=some.sampled_from([3, 5, 12]),
    seed=some.integers(0, 2**20),
)
def test_intervals_hold_what_they_say_whatever_the_values(
    draw: str, count: int, coverage: float, folds: int, seed: int
) -> None:
    """Exchangeable draws: the last one is asked, the others are known; the model is the mean, a poor one for most."""
    random, held, repetitions = np.random.default_rng(seed), 0, 600
    for _ in range(repetitions):
        drawn = DRAWS[draw](random, count + 1)
        known, fold = drawn[:count], random.permutation(count) % folds
        means = np.array([known[fold != number].mean() for number in range(folds)])
        spreads = np.array([known[fold != number].std() + 0.1 for number in range(folds)])
        scores = np.abs(known - means[fold]) / spreads[fold]
        low, high = bound_values(means[:, None], spreads[:, None], scores, fold, coverage=coverage)
        held += int(low[0] <= drawn[count] <= high[0])
    assert held / repetitions >= coverage - 0.08  # four standard deviations of a share of 600


@settings(max_examples=50)
@given(seed=some.integers(0, 999), count=some.integers(1, 30), coverage=some.floats(0.05, 0.95))
def test_ends_are_those_of_the_definition(seed: int, count: int, coverage: float) -> None:
    random = np.random.default_rng(seed)
    fold = random.permutation(count) % 3
    predictions, spreads = random.normal(size=(3, 4)), random.random((3, 4)) + 0.1
    scores = random.random(count)
    low, high = bound_values(predictions, spreads, scores, fold, coverage=coverage)
    rank = math.ceil(coverage * (count + 1) - 1e-9)
    for asked in range(4):
        ends = [
            sorted(predictions[k, asked] + sign * s * spreads[k, asked] for k, s in zip(fold, scores, strict=True))
            for sign in (-1, 1)
        ]
        wanted = (-math.inf, math.inf) if rank > count else (ends[0][count - rank], ends[1][rank - 1])
        assert (low[asked], high[asked]) == wanted


def test_a_wider_coverage_never_gives_a_narrower_interval(towns: GraphEmbedding) -> None:
    asked = make_rain(12, 48)[["entity", "attribute"]]
    frames = [fill_attributes(towns, make_rain(48), asked=asked, coverage=share).frame for share in (0.5, 0.8, 0.95)]
    for narrow, wide in pairwise(frames):
        assert (wide["low"] <= narrow["low"]).all() and (narrow["high"] <= wide["high"]).all()
    for frame in frames:
        assert ((frame["low"] <= frame["value"]) & (frame["value"] <= frame["high"])).all()


def test_pure_noise_is_covered_too_and_no_better_than_its_median(towns: GraphEmbedding) -> None:
    held, errors = [], []
    for seed in range(6):
        noise = np.random.default_rng(seed).lognormal(0, 2, TOWNS)
        values = pd.DataFrame({"entity": [f"town {i:02}" for i in range(TOWNS)], "attribute": "noise", "value": noise})
        hidden = np.random.default_rng(seed + 100).permutation(TOWNS) < 25
        asked = values[hidden][["entity", "attribute"]]
        frame = fill_attributes(towns, values[~hidden], asked=asked, coverage=0.8, seed=seed).frame
        truth = noise[hidden]
        held.append(((frame["low"] <= truth) & (truth <= frame["high"])).mean())
        errors.append(np.abs(np.log(frame["value"] / truth)).mean() / np.abs(np.log(np.median(noise) / truth)).mean())
    assert np.mean(held) >= 0.8 - 0.1  # 150 values, of which every 25 share their known ones
    assert np.mean(errors) > 0.9
