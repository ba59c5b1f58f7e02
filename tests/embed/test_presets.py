"""Presets are arguments that exist."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from kgwb.embed import Scorer, preset, train_embedding
from kgwb.embed.scorers import SCORERS

SIZES = ["default", "hundreds", "large", "small", 500, np.int64(20_000), 10**6]


@pytest.mark.parametrize("data_set", SIZES, ids=str)
def test_every_preset_fits_its_scorer_and_the_training(scorer: Scorer, data_set: str | int) -> None:
    options = preset(type(scorer).__name__, data_set)
    assert scorer.relation_width(options.pop("dim")) > 0
    assert options["reciprocal"]
    assert options.keys() <= inspect.signature(train_embedding).parameters.keys()


@pytest.mark.parametrize("data_set", ["fb15k-237", "wn18rr"])
@pytest.mark.parametrize("scorer", ["TransE", "DistMult", "ComplEx", "RotatE"])
def test_published_sets_have_their_own(scorer: str, data_set: str) -> None:
    assert preset(scorer, data_set)["reciprocal"]


def test_a_size_stands_for_a_group() -> None:
    assert [preset("complex", size) for size in (999, 1_000, 50_001)] == [
        preset("complex", name) for name in ("hundreds", "default", "large")
    ]


def test_a_preset_is_ones_own_to_change() -> None:
    preset("complex")["dim"] = 2
    assert preset("complex")["dim"] > 2


def test_presets_that_do_not_exist() -> None:
    names = ", ".join(repr(name.lower()) for name in SCORERS)
    with pytest.raises(ValueError, match=rf"scorer='conve' came\. Type one of {names}\."):
        preset("ConvE")
    with pytest.raises(
        ValueError, match=r"data_set='yago' came\. Type one of 'default', 'hundreds', 'large', 'small', 'fb15k-237'"
    ):
        preset("complex", "yago")
