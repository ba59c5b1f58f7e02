"""Strategies: in which steps several tasks come, how their gradients are joined, and how models share."""

from __future__ import annotations

import copy
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.learn import (
    FixedWeights,
    Joint,
    MaskedWords,
    Sampled,
    ScheduledWeights,
    TextClasses,
    Together,
    UncertaintyWeights,
)
from kgwb.learn.strategies.agreement import compare_gradients, name_places, project_conflicts

OPTIONS = {"batch": 16, "precision": "float32", "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def tasks(town, sentences):
    return {"answers": kgwb.MaskedAnswers(kgwb.make_questions(sentences, town)), "words": MaskedWords(sentences[:30])}


def run(model, tasks, strategy, **options):
    return list(kgwb.tune(model, tasks, strategy=strategy, **{"epochs": 2} | OPTIONS | options))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), st.integers(1, 20), st.integers(0, 9))
def test_every_strategy_plans_whole_batches_of_rows_that_are_there(sizes, batch, seed):
    for strategy in (Together(), Sampled(), Sampled(5), Joint()):
        planned = strategy.plan_epoch(sizes, batch=batch, generator=torch.Generator().manual_seed(seed))
        assert len(planned) == strategy.count_steps(sizes, batch)
        for step in planned:
            assert all(rows and len(rows) <= batch and max(rows) < sizes[task] for task, rows in step.batches)
    together = Together().plan_epoch(sizes, batch=batch, generator=torch.Generator().manual_seed(seed))
    seen = Counter((task, row) for step in together for task, rows in step.batches for row in rows)
    assert seen == Counter((task, row) for task, size in enumerate(sizes) for row in range(size))


@pytest.mark.parametrize(("temperature", "share"), [(1.0, 0.9), (2.0, 0.75), (1e6, 0.5)])
def test_tasks_are_drawn_by_size_or_more_evenly(temperature, share):
    planned = Sampled(temperature).plan_epoch([90_000, 10_000], batch=10, generator=torch.Generator().manual_seed(0))
    assert sum(step.batches[0][0] == 0 for step in planned) / len(planned) == pytest.approx(share, abs=0.01)


def test_a_joint_step_learns_from_all_and_says_what_each_lost(small_bert, tasks):
    steps = run(copy.deepcopy(small_bert), tasks, Joint(FixedWeights({"answers": 1.0, "words": 0.25})))
    assert {step.task for step in steps} == {"answers + words"}
    for step in steps:
        assert step.loss == pytest.approx(step.losses["answers"] + 0.25 * step.losses["words"], rel=1e-6)
        assert step.weights == {"answers": 1.0, "words": 0.25}
        [agreement] = step.agreement
        assert agreement.tasks == ("answers", "words") and -1 <= agreement.whole <= 1
        assert {"layer 1", "head"} <= set(agreement.parts)


def test_a_joint_step_goes_down_the_weighed_sum(small_bert, tasks):
    """One step of AdamW on the joined gradient is one on the gradient of the sum."""
    model, other = copy.deepcopy(small_bert), copy.deepcopy(small_bert)
    steps = kgwb.tune(model, tasks, strategy=Joint(FixedWeights([1.0, 0.5])), policy="full", **OPTIONS)
    planned = steps.gi_frame.f_locals["run"].stages[0].steps[0].batches
    next(steps)
    prepared = [task.prepare(other) for task in tasks.values()]
    loss = sum(w * task.loss(other, rows) for w, task, (_, rows) in zip((1.0, 0.5), prepared, planned, strict=True))
    parameters = [p for p in other.parameters() if p.requires_grad]
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    moved = [q - p for p, q in zip(small_bert.parameters(), model.parameters(), strict=True)]
    agree = sum((-m * g).sum() for m, g in zip(moved, found, strict=True) if g is not None)
    assert agree > 0
    # AdamW's first step is the sign of the gradient, wherever that is not tiny.
    for m, g in zip(moved, found, strict=True):
        if g is not None:
            clear = g.abs() > 1e-4
            assert torch.equal(torch.sign(-m[clear]), torch.sign(g[clear]))


def test_weights_of_a_schedule_go_in_a_straight_line(small_bert, tasks):
    steps = run(copy.deepcopy(small_bert), tasks, Joint(ScheduledWeights([1.0, 0.1], [0.5, 1.0])))
    found = np.array([[step.weights["answers"], step.weights["words"]] for step in steps])
    expected = np.linspace([1.0, 0.1], [0.5, 1.0], len(steps))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_uncertain_weights_end_at_half_the_inverse_of_a_loss_that_stays():
    weighing = UncertaintyWeights(rate=0.05).begin(["one", "other"])
    losses = torch.tensor([4.0, 0.25])
    optimizer = torch.optim.AdamW(weighing.parameters(), lr=0.05, weight_decay=0.0)
    for _ in range(600):
        optimizer.zero_grad()
        weighing.objective(losses).backward()
        optimizer.step()
    torch.testing.assert_close(weighing(1.0), 1 / (2 * losses), rtol=1e-3, atol=1e-3)


def test_uncertain_weights_learn_while_tuning(small_bert, tasks):
    steps = run(copy.deepcopy(small_bert), tasks, Joint(UncertaintyWeights()))
    assert steps[0].weights == {"answers": 1.0, "words": 1.0}
    assert steps[-1].weights["words"] < 0.99, "a loss of 3 nats is to count less and less"


def test_weights_of_zero_or_below():
    for weights in ([1.0, 0.0], {"answers": -1.0}):
        with pytest.raises(ValueError, match=r"a weight of weights=.* came. It must be a number above 0; type"):
            FixedWeights(weights)
    with pytest.raises(ValueError, match=r"a weight of last=0 came. It must be a number above 0"):
        ScheduledWeights([1, 1], [0, 1])


def test_weights_for_other_tasks(small_bert, tasks):
    model = copy.deepcopy(small_bert)
    with pytest.raises(ValueError, match=r"3 weights came for 2 tasks: .* Type one for each of answers, words"):
        kgwb.tune(model, tasks, strategy=Joint(FixedWeights([1, 1, 1])))
    with pytest.raises(
        ValueError, match=r"Weights came for 'text', and the tasks are 'answers', 'words'. Type a weight for each"
    ):
        kgwb.tune(model, tasks, strategy=Joint(FixedWeights({"text": 1.0})))


def draw_gradients(seed, tasks=3):
    generator = torch.Generator().manual_seed(seed)
    return [[torch.randn(4, 3, generator=generator), torch.randn(5, generator=generator)] for _ in range(tasks)]


@pytest.mark.parametrize("seed", range(5))
def test_surgery_is_what_its_paper_says(seed):
    """Brute force on flat vectors, with the same order of tasks."""
    gradients = draw_gradients(seed)
    flat = [torch.cat([part.flatten() for part in each]).double() for each in gradients]
    generator, expected = torch.Generator().manual_seed(7), []
    for i, own in enumerate(flat):
        own = own.clone()
        for j in torch.randperm(3, generator=generator).tolist():
            if j != i and own @ flat[j] < 0:
                own -= own @ flat[j] / (flat[j] @ flat[j]) * flat[j]
        expected.append(own)
    found = project_conflicts(gradients, torch.Generator().manual_seed(7))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(torch.cat([part.flatten() for part in one]).double(), other, rtol=1e-4, atol=1e-5)


def test_after_surgery_two_tasks_no_longer_conflict():
    one, other = draw_gradients(3, tasks=1)[0], None
    other = [-0.5 * part + 0.1 * torch.randn(part.shape, generator=torch.Generator().manual_seed(1)) for part in one]
    found = project_conflicts([one, other], torch.Generator().manual_seed(0))
    for projected, against in ((found[0], other), (found[1], one)):
        assert sum((a * b).sum() for a, b in zip(projected, against, strict=True)).item() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_agreement_is_the_cosine(small_bert, seed):
    trained = [small_bert.stack[0].output.dense.bias, small_bert.stack[1].output.dense.bias]
    generator = torch.Generator().manual_seed(seed)
    gradients = [[torch.randn(p.shape, generator=generator) for p in trained] for _ in range(2)]
    [found] = compare_gradients(["a", "b"], gradients, trained, name_places(small_bert))
    flat = [torch.cat(each) for each in gradients]
    assert found.whole == pytest.approx(torch.cosine_similarity(*flat, dim=0).item(), rel=1e-4)
    for layer in (0, 1):
        expected = torch.cosine_similarity(gradients[0][layer], gradients[1][layer], dim=0).item()
        assert found.parts[f"layer {layer}"] == pytest.approx(expected, rel=1e-4)


def test_soft_sharing_trains_a_model_for_each_task_and_pulls_them_together(small_bert, tasks):
    apart = {}
    for pull in (0.0, 3.0):
        models = [copy.deepcopy(small_bert) for _ in tasks]
        steps = list(kgwb.tune(models, tasks, strategy=Joint(pull=pull), epochs=4, **OPTIONS))
        assert {step.task for step in steps} == {"answers + words"}
        weights = [torch.cat([p.detach().flatten() for p in model.stack[1].parameters()]) for model in models]
        apart[pull] = float((weights[0] - weights[1]).norm())
    assert 0 < apart[3.0] < apart[0.0] / 2


def test_without_a_pull_models_learn_as_if_alone(small_bert, tasks):
    models = [copy.deepcopy(small_bert) for _ in tasks]
    steps = list(kgwb.tune(models, tasks, strategy=Joint(pull=0), epochs=1, **OPTIONS))
    alone = list(kgwb.tune(copy.deepcopy(small_bert), tasks, strategy=Joint(), epochs=1, **OPTIONS))
    assert steps[0].losses == alone[0].losses and steps[-1].losses != alone[-1].losses
    assert all(step.agreement[0].parts == {} for step in steps), "no parameter is reached by both"


def test_models_that_do_not_fit_their_tasks(small_bert, tasks):
    models = [copy.deepcopy(small_bert) for _ in range(3)]
    with pytest.raises(
        ValueError, match=r"3 models came for 2 tasks, with strategy=Joint\(.* Soft sharing takes a model for each"
    ):
        kgwb.tune(models, tasks, strategy="joint")
    with pytest.raises(ValueError, match=r"2 models came for 2 tasks, with strategy=Together\(\)"):
        kgwb.tune(models[:2], tasks)
    with pytest.raises(ValueError, match=r"2 models came, and soft sharing takes a model of its own for each task"):
        kgwb.tune([models[0], models[0]], tasks, strategy="joint")


def test_two_tasks_that_share_a_name(small_bert):
    import pandas as pd

    frame = pd.DataFrame({"text": ["It rains.", "We won."], "label": ["weather", "sport"]})
    with pytest.raises(
        ValueError, match=r"Two tasks share the name 'text_classes', and would train one head. Give each its own"
    ):
        kgwb.tune(copy.deepcopy(small_bert), [TextClasses(frame), TextClasses(frame)])


def test_names_that_came_are_used(small_bert, tasks):
    steps = run(copy.deepcopy(small_bert), tasks, "together", epochs=1)
    assert {step.task for step in steps} == {"answers", "words"}
