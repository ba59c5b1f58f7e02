"""Presets are arguments that exist."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from kgwb.embed import ComplEx, GraphEmbedding, Scorer, preset, train_embedding
from kgwb.embed.scorers import SCORERS
from kgwb.graph import Split

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


@pytest.mark.parametrize("data_set", ["fb15k-237", "wn18rr"])
def test_with_a_gpu_complex_has_the_rank_and_the_second_task_that_were_published(data_set: str, split: Split) -> None:
    usual, wide = preset("complex", data_set), preset("ComplEx", f"{data_set}-gpu")
    assert wide["dim"] == 2 * 1000 and wide["relation_weight"] > 0 and wide["regularisation"] == usual["regularisation"]
    vectors = GraphEmbedding(split.graph, ComplEx(), dim=wide.pop("dim"))
    losses = [epoch.loss for epoch in train_embedding(vectors, split, **wide | {"epochs": 3})]
    assert losses[-1] < losses[0]


def test_other_scorers_have_none_for_a_gpu_and_say_what_they_have() -> None:
    with pytest.raises(ValueError, match=r"data_set='fb15k-237-gpu' came\. Type one of 'default', .*'fb15k-237'"):
        preset("rotate", "fb15k-237-gpu")


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
