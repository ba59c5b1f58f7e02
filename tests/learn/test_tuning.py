"""Tuning: what learns, what stays, and that a seed says it all."""

from __future__ import annotations

import copy

import pytest
import torch

import kgwb
from kgwb.learn import MaskedWords, NextSentences, Partial, Questions
from kgwb.learn.policies import groups as policies
from kgwb.learn.policies.groups import group_parameters
from kgwb.learn.tasks import encode_questions
from kgwb.learn.tuning.options import expect_tasks


@pytest.fixture(scope="module")
def questions(town, sentences):
    return kgwb.make_questions(sentences, town)


def tune_fully(model, questions, **options):
    return list(kgwb.tune(model, kgwb.MaskedAnswers(questions), epochs=3, batch=8, precision="float32", **options))


def changed(before, after):
    return {name for name, weight in after.state_dict().items() if not torch.equal(weight, before.state_dict()[name])}


def test_a_candidates_score_is_the_mean_logit_of_its_pieces(small_bert, questions):
    encoded = encode_questions(small_bert, questions)
    rows = [3, 0]
    logits = small_bert.fill_mask(encoded.encoding.select(rows))
    scores = encoded.scores(small_bert, rows)
    for column, name in enumerate(encoded.names):
        pieces = small_bert.tokenizer(name, add_special_tokens=False)["input_ids"]
        torch.testing.assert_close(scores[:, column], logits[:, pieces].mean(1))
    expected = torch.nn.functional.cross_entropy(scores, encoded.answers[rows])
    torch.testing.assert_close(encoded.loss(small_bert, rows), expected)


def test_partial_trains_injector_head_and_top_layers_only(small_bert, vectors, questions):
    model = kgwb.inject(small_bert, vectors)
    before = copy.deepcopy(model)
    tune_fully(model, questions, policy="partial", top_layers=1)
    moved = changed(before, model)
    assert {"injector.doors.0.gates.input.alpha", "injector.doors.0.maps.input.weight"} <= moved
    assert any(name.startswith("model.cls.predictions.transform") for name in moved)
    assert any("encoder.layer.1." in name for name in moved)
    assert not any(
        "encoder.layer.0." in name or "embeddings" in name or name == "injector.doors.0.table" for name in moved
    )


def test_full_trains_every_layer(small_bert, questions):
    model = copy.deepcopy(small_bert)
    tune_fully(model, questions, policy="full")
    assert any("encoder.layer.0." in name for name in changed(small_bert, model))


def test_off_after_training_is_what_training_left_of_plain_bert(small_bert, vectors, questions):
    model = kgwb.inject(small_bert, vectors)
    tune_fully(model, questions)
    plain = copy.deepcopy(model)
    plain.injector = None
    with model.injector.off():
        assert torch.equal(kgwb.read(model, "vorap works.").hidden, kgwb.read(plain, "vorap works.").hidden)
    assert not torch.equal(kgwb.read(model, "vorap works.").hidden, kgwb.read(plain, "vorap works.").hidden)


@pytest.mark.parametrize("dropout", [False, True])
def test_one_seed_gives_one_result_and_leaves_random_numbers_outside(small_bert, vectors, questions, dropout):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    runs = []
    for _ in range(2):
        model = kgwb.inject(small_bert, vectors)
        runs.append([step.loss for step in tune_fully(model, questions, dropout=dropout, seed=4)])
    assert runs[0] == runs[1]
    assert torch.equal(torch.rand(2), expected)
    assert not model.training


def test_steps_say_where_tuning_stands(small_bert, vectors, questions):
    steps = tune_fully(kgwb.inject(small_bert, vectors), questions)
    assert [step.number for step in steps] == list(range(1, 31))
    assert {step.total for step in steps} == {30}
    assert steps[0].gate != 0 and steps[-1].seconds >= steps[0].seconds
    assert tune_fully(copy.deepcopy(small_bert), questions)[0].gate is None


def test_several_tasks_take_turns(small_bert, town, sentences):
    halves = [kgwb.make_questions(sentences[:16], town), kgwb.make_questions(sentences[16:], town)]
    tasks = [kgwb.MaskedAnswers(half) for half in halves]
    steps = list(kgwb.tune(copy.deepcopy(small_bert), tasks, epochs=1, batch=8, precision="float32"))
    assert len(steps) == 2 + 8
    assert [step.task for step in steps[:4]] == ["MaskedAnswers", "MaskedAnswers 2"] * 2
    assert {step.task for step in steps[4:]} == {"MaskedAnswers 2"} and {step.stage for step in steps} == {1}


def test_two_stages_come_one_after_the_other_each_with_its_own_warm_up(small_bert, vectors, questions, sentences):
    model = kgwb.inject(small_bert, vectors)
    tasks = [MaskedWords(sentences[:16]), MaskedWords(sentences[16:32]), kgwb.MaskedAnswers(questions)]
    options = {"epochs": (2, 1), "batch": 8, "precision": "float32"}
    steps = list(kgwb.tune(model, tasks, strategy="two-stage", **options))
    assert [step.stage for step in steps] == [1] * 8 + [2] * 10
    assert [step.number for step in steps] == list(range(1, 19)) and {step.total for step in steps} == {18}
    assert [step.task for step in steps[:8]] == ["MaskedWords", "MaskedWords 2"] * 4
    assert {step.task for step in steps[8:]} == {"MaskedAnswers"}


def test_each_stage_warms_up_and_cools_down(small_bert, questions, sentences, monkeypatch):
    rates = []
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda optimizer: rates.append(optimizer.param_groups[0]["lr"]))
    tasks = [MaskedWords(sentences), kgwb.MaskedAnswers(questions)]
    options = {"epochs": (4, 2), "batch": 8, "learning_rate": 1.0, "precision": "float32"}
    list(kgwb.tune(copy.deepcopy(small_bert), tasks, strategy="two-stage", **options))
    first, second = rates[:40], rates[40:]
    assert len(second) == 20 and first.index(max(first)) == 3 and second.index(max(second)) == 1
    assert max(first) == max(second) == 1 and first[-1] < 0.05 and second[0] == 0.5 and second[-1] < 0.06


def test_what_a_task_brings_along_is_trained(small_bert, sentences):
    pairs = NextSentences(sentences, follows="entity").prepare(small_bert)
    before = copy.deepcopy(pairs.head)
    model = copy.deepcopy(small_bert)
    list(kgwb.tune(model, [pairs, MaskedWords(sentences)], epochs=1, batch=40, precision="float32"))
    assert not any(torch.equal(p, q) for p, q in zip(before.parameters(), pairs.head.parameters(), strict=True))


def test_a_shared_head_is_trained_once_per_step(small_bert, sentences):
    one = NextSentences(sentences, follows="entity").prepare(small_bert)
    other = NextSentences(sentences[:20], follows="entity", head=one.head).prepare(small_bert)
    groups = group_parameters(small_bert, Partial().parts, learning_rate=1e-4, top_layers=1, heads=[one, other])
    every = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(every) == len(set(every)) and {id(p) for p in one.head.parameters()} <= set(every)
    own = one.head[0].weight
    assert [group["lr"] for group in groups if any(each is own for each in group["params"])] == [3e-3]


def test_frozen_parameters_stay(small_bert, vectors, questions):
    model = kgwb.inject(small_bert, vectors)
    model.injector.get_parameter("doors.0.maps.input.weight").requires_grad_(False)
    before = copy.deepcopy(model)
    tune_fully(model, questions)
    moved = changed(before, model)
    assert "injector.doors.0.gates.input.alpha" in moved and "injector.doors.0.maps.input.weight" not in moved


def test_gates_learn_faster_than_maps(small_bert, vectors):
    model = kgwb.inject(small_bert, vectors)
    groups = group_parameters(model, Partial().parts, learning_rate=1e-5, top_layers=1)
    own = {id(parameter) for parameter in model.injector.parameters()}
    rates = {p.ndim > 0: group["lr"] for group in groups for p in group["params"] if id(p) in own}
    maps = 1e-5 * policies.INJECTOR * model.injector.doors[0].learning_rate_factor
    assert rates == {True: pytest.approx(maps), False: pytest.approx(1e-5 * policies.GATE)}


def test_what_strategies_ask_for(small_bert, questions):
    answers, model = kgwb.MaskedAnswers(questions), copy.deepcopy(small_bert)
    with pytest.raises(
        ValueError, match=r"came with one task. Expected two or more, of which the last is trained after"
    ):
        kgwb.tune(model, answers, strategy="two-stage")
    with pytest.raises(ValueError, match=r"epochs=\(1, 2\) came for 1 stage. Type epochs=4, or one for each"):
        kgwb.tune(model, answers, epochs=(1, 2))
    with pytest.raises(ValueError, match=r"epochs=\[1\] came for 2 stages."):
        kgwb.tune(model, [answers, answers], strategy="two-stage", epochs=[1])
    with pytest.raises(ValueError, match=r"epochs=0 came. It must be at least 1; type epochs=1"):
        kgwb.tune(model, answers, epochs=0)


def test_no_task(small_bert):
    with pytest.raises(
        ValueError, match=r"No task came. Expected at least one; type kgwb.tune\(model, kgwb.MaskedAnswers"
    ):
        kgwb.tune(copy.deepcopy(small_bert), [])


def test_what_is_no_task(questions):
    with pytest.raises(
        TypeError, match=r"A task was expected, but a Question came. Type kgwb.tune\(model, kgwb.MaskedAnswers"
    ):
        expect_tasks(questions)


def test_more_layers_than_there_are(small_bert):
    with pytest.raises(ValueError, match=r"top_layers=3 came; this BERT has 2 layers. Type top_layers=1"):
        group_parameters(small_bert, Partial().parts, learning_rate=1e-4, top_layers=3)


def test_a_loss_that_is_not_finite_stops_with_what_to_type(small_bert, questions):
    model = copy.deepcopy(small_bert)
    torch.nn.init.constant_(model.model.cls.predictions.transform.dense.weight, float("nan"))
    with pytest.raises(FloatingPointError, match=r"The loss became nan, with a gradient of .* learning_rate=2e-05"):
        tune_fully(model, questions)


class Cliff:
    """A loss that is finite where its gradient is not."""

    def prepare(self, bert):
        return self

    def __len__(self):
        return 8

    def loss(self, bert, rows):
        return (bert.model.cls.predictions.transform.dense.weight.square().sum() * 0).sqrt()


def test_a_gradient_that_is_not_finite_leaves_the_weights_as_they_were(small_bert):
    model = copy.deepcopy(small_bert)
    with pytest.raises(FloatingPointError, match=r"The loss became 0.0, with a gradient of norm nan. Expected finite"):
        list(kgwb.tune(model, Cliff()))
    assert not changed(small_bert, model)


@pytest.mark.parametrize(("examples", "steps"), [(3, 100), (100, 100), (1000, 128)])
def test_few_examples_are_passed_more_often(small_bert, questions, examples, steps):
    many = Questions(questions.graph, (questions.items * 20)[:examples])
    steps_to_come = kgwb.tune(copy.deepcopy(small_bert), kgwb.MaskedAnswers(many), precision="float32")
    assert next(steps_to_come).total == steps


def test_the_log_says_where_nothing_was_learnt(small_bert, questions, caplog):
    options = {"epochs": 2, "batch": 8, "precision": "float32"}
    with caplog.at_level("WARNING"):
        list(kgwb.tune(copy.deepcopy(small_bert), kgwb.MaskedAnswers(questions), learning_rate=1e-12, **options))
    [said] = [record.getMessage() for record in caplog.records]
    assert (
        said.startswith("Next to nothing was learnt: the loss of MaskedAnswers began at ")
        and "Type more epochs" in said
    )
