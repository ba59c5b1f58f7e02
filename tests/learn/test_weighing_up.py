"""What a tuning costs, what it moved, and how much noise its model bears."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.learn import (
    Adversarial,
    EntityTags,
    Partial,
    TextClasses,
    compare_weights,
    estimate_tuning,
    measure_robustness,
)


@pytest.fixture(scope="module")
def questions(town, sentences):
    return kgwb.make_questions(sentences, town)


def test_the_cost_of_a_tuning_is_counted_on_a_copy(small_bert, vectors, questions):
    model = kgwb.inject(small_bert, vectors)
    before, options = copy.deepcopy(model), {"epochs": 3, "batch": 10, "precision": "float32", "top_layers": 1}
    cost = estimate_tuning(model, kgwb.MaskedAnswers(questions), **options)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before.parameters(), strict=True))
    steps = list(kgwb.tune(model, kgwb.MaskedAnswers(questions), **options))
    assert cost.steps == len(steps) and cost.seconds == pytest.approx(cost.steps * cost.step_seconds)
    changes = compare_weights(before, model)
    assert cost.trained >= changes["changed"].sum() > 0
    assert cost.parameters == sum(p.numel() for p in model.parameters()) and 0 < cost.share < 1
    assert f"{cost.trained:,} of {cost.parameters:,} numbers learn" in repr(cost) and "for 24 steps" in repr(cost)


def test_an_option_that_tuning_does_not_have(small_bert, questions):
    with pytest.raises(TypeError, match=r"epoch came. Type some of tune's options: strategy, policy, epochs"):
        estimate_tuning(small_bert, kgwb.MaskedAnswers(questions), epoch=3)


def test_moved_weights_are_their_relative_distance(small_bert):
    after = copy.deepcopy(small_bert)
    weight = after.stack[0].output.dense.weight
    with torch.no_grad():
        weight += 0.5 * weight
        after.stack[1].attention.self.query.bias += 2
    changes = compare_weights(small_bert, after).set_index(["part", "kind"])
    before = [small_bert.stack[0].intermediate.dense, small_bert.stack[0].output.dense]
    size = np.sqrt(sum(float(p.detach().double().square().sum()) for m in before for p in m.parameters()))
    distance = 0.5 * float(small_bert.stack[0].output.dense.weight.detach().double().norm())
    assert changes.loc[("layer 0", "feed-forward"), "moved"] == pytest.approx(distance / size, rel=1e-5)
    assert changes.loc[("layer 1", "attention"), "changed"] == 32
    assert changes.loc[("layer 1", "attention"), "distance"] == pytest.approx(np.sqrt(32 * 4), rel=1e-5)
    assert changes["changed"].sum() == 32 + weight.numel()
    assert changes["numbers"].sum() == sum(p.numel() for p in after.parameters())


def test_a_head_that_tuning_made_has_moved_from_zero(small_bert):
    model = copy.deepcopy(small_bert)
    frame = pd.DataFrame({"text": ["It rains.", "We won."], "label": ["weather", "sport"]})
    TextClasses(frame).prepare(model)
    row = compare_weights(small_bert, model).set_index("part").loc["task heads"]
    assert row["changed"] > 0 and row["moved"] == np.inf


@pytest.fixture(scope="module")
def tuned(small_bert, sentences):
    model = copy.deepcopy(small_bert)
    frame = pd.DataFrame({"text": [s.text for s in sentences], "label": ["Baker" in s.text for s in sentences]})
    frame["label"] = frame["label"].map({True: "baker", False: "miller"})
    options = {"epochs": 6, "batch": 16, "precision": "float32", "learning_rate": 1e-3}
    for _ in kgwb.tune(model, TextClasses(frame), **options):
        pass
    return model, TextClasses(frame)


def test_found_noise_takes_more_than_drawn_noise_and_none_is_the_accuracy(tuned):
    model, task = tuned
    table = measure_robustness(model, task, sizes=[0.2, 3.0]).set_index(["size", "noise"])
    expected = kgwb.learn.score_predictions(model, task.frame).accuracy
    assert table.loc[(0.0, "none"), "accuracy"] == pytest.approx(expected)
    for size in (0.2, 3.0):
        assert table.loc[(size, "found"), "loss"] > table.loc[(size, "drawn"), "loss"]
        assert table.loc[(size, "found"), "accuracy"] <= table.loc[(size, "drawn"), "accuracy"]
    assert table.loc[(3.0, "found"), "accuracy"] < expected


def test_an_adversary_in_tuning_leaves_less_to_find(small_bert, sentences, tuned):
    plain, task = tuned
    model = copy.deepcopy(small_bert)
    options = {"epochs": 6, "batch": 16, "precision": "float32", "learning_rate": 1e-3}
    for _ in kgwb.tune(model, task, policy=Adversarial(size=1.0, steps=2), **options):
        pass
    losses = [
        measure_robustness(each, task, sizes=[1.0]).set_index("noise").loc["found", "loss"] for each in (plain, model)
    ]
    assert losses[1] < losses[0]


def test_questions_are_measured_as_well(small_bert, vectors, questions):
    model = kgwb.inject(small_bert, vectors)
    table = measure_robustness(model, kgwb.MaskedAnswers(questions), sizes=[0.3], batch=50)
    encoded = kgwb.MaskedAnswers(questions).prepare(model)
    right = encoded.scores(model, range(len(questions))).argmax(1) == encoded.answers
    assert table.loc[0, "accuracy"] == pytest.approx(float(right.float().mean()))
    assert table["examples"].tolist() == [len(questions)] * 3


def test_a_task_without_one_label_a_row(small_bert):
    frame = pd.DataFrame({"tokens": [["Ada", "lives"]], "tags": [["B-person", "O"]]})
    with pytest.raises(ValueError, match=r"whose examples have not one label each. Type kgwb.learn.measure_robustness"):
        measure_robustness(copy.deepcopy(small_bert), EntityTags(frame))


def test_a_part_that_learns_alone_costs_little(small_bert, questions):
    model = copy.deepcopy(small_bert)
    cost = estimate_tuning(model, kgwb.MaskedAnswers(questions), policy=Partial(("biases",)), epochs=1)
    assert cost.trained == sum(p.numel() for name, p in model.stack.named_parameters() if name.endswith("bias"))
