"""Presets are arguments that exist."""

from __future__ import annotations

import inspect

import pytest

from kgwb.embed import Scorer, preset, train_embedding

DATA_SETS = ["default", "fb15k-237", "wn18rr", "small"]


@pytest.mark.parametrize("data_set", DATA_SETS)
def test_every_preset_fits_its_scorer_and_the_training(scorer: Scorer, data_set: str) -> None:
    options = preset(type(scorer).__name__, data_set)
    assert scorer.relation_width(options.pop("dim")) > 0
    assert options["reciprocal"]
    assert options.keys() <= inspect.signature(train_embedding).parameters.keys()


def test_a_preset_is_ones_own_to_change() -> None:
    preset("complex")["dim"] = 2
    assert preset("complex")["dim"] > 2


def test_presets_that_do_not_exist() -> None:
    with pytest.raises(
        ValueError, match=r"scorer='conve' came\. Type one of 'transe', 'distmult', 'complex', 'rotate'"
    ):
        preset("ConvE")
    with pytest.raises(
        ValueError, match=r"data_set='yago' came\. Type one of 'default', 'fb15k-237', 'wn18rr', 'small'"
    ):
        preset("complex", "yago")
