"""A tuning that is stopped, killed, held to its best, or read in parts ends as it should."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import kgwb
from kgwb.bert.recomputing import recompute_layers
from kgwb.learn import Adversarial, Joint, MaskedWords, Policy, Sampled, Staged, TuningFileError, UncertaintyWeights

OPTIONS = {"batch": 20, "epochs": 2, "precision": "float32", "learning_rate": 1e-3, "top_layers": 1}


@pytest.fixture(scope="module")
def tasks(town, sentences):
    return [kgwb.MaskedAnswers(kgwb.make_questions(sentences, town)), MaskedWords(sentences[:30])]


WAYS = {
    "together": {},
    "two stages": {"strategy": "two-stage"},
    "joint": {"strategy": Joint(UncertaintyWeights(), surgery=True), "dropout": True},
    "sampled": {"strategy": Sampled(2.0)},
    "staged": {"policy": Staged([["head"], ["top"]])},
    "adversarial": {"policy": Adversarial(steps=2)},
    "held out": {"check_every": 2, "patience": 2},
}


def equal(one, other):
    return all(torch.equal(p, q) for p, q in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.parametrize("way", WAYS)
def test_resumed_equals_uninterrupted_wherever_it_stops(way, small_bert, vectors, tasks, sentences, tmp_path):
    options = OPTIONS | WAYS[way] | ({"valid": MaskedWords(sentences[30:])} if way == "held out" else {})
    whole = kgwb.inject(small_bert, vectors)
    expected = [step.loss for step in kgwb.tune(whole, tasks, **options)]
    for stop in {1, len(expected) // 2, len(expected) - 1}:
        keeping = options | {"checkpoint": tmp_path / str(stop), "checkpoint_every": 3}
        model, losses = kgwb.inject(small_bert, vectors), []
        for step in kgwb.tune(model, tasks, **keeping):
            losses.append(step.loss)
            if step.number == stop:
                break
        fresh = kgwb.inject(small_bert, vectors)
        losses += [step.loss for step in kgwb.tune(fresh, tasks, **keeping)]
        assert losses == expected and equal(fresh, whole)
        losses = losses[:stop] + [step.loss for step in kgwb.tune(fresh, tasks, **keeping)]
        assert losses == expected[:stop], "what is done is not done again"


def test_the_model_that_break_left_goes_on_too(small_bert, tasks, tmp_path):
    options = OPTIONS | {"checkpoint": tmp_path / "run"}
    whole, model = copy.deepcopy(small_bert), copy.deepcopy(small_bert)
    list(kgwb.tune(whole, tasks, **OPTIONS))
    next(steps := kgwb.tune(model, tasks, **options))
    steps.close()
    assert [step.number for step in kgwb.tune(model, tasks, **options)][:2] == [2, 3]
    assert equal(model, whole)


class Words(Policy):
    """A policy of one's own, whose repr says where it lies."""

    def list_parts(self):
        return ("words",)


def test_a_policy_without_a_repr_is_known_again(small_bert, tasks, tmp_path):
    options = OPTIONS | {"checkpoint": tmp_path / "run"}
    next(steps := kgwb.tune(copy.deepcopy(small_bert), tasks, policy=Words(), **options))
    steps.close()
    again = kgwb.tune(copy.deepcopy(small_bert), tasks, policy=Words(), **options)
    assert next(again).number == 2


SCRIPT = """
import os, sys
import kgwb
from kgwb.learn import MaskedWords
bert = kgwb.load_bert()
task = MaskedWords([f"The sea near town {i} is wide." for i in range(24)])
stop, folder = int(sys.argv[1]), sys.argv[2]
options = dict(policy=kgwb.learn.Partial(("norms",)), batch=8, epochs=2, precision="float32", dropout=True)
for step in kgwb.tune(bert, task, checkpoint=folder or None, checkpoint_every=2, **options):
    if step.number == stop:
        os._exit(9)  # no handler runs, as after a kill
digest = sum(float(p.double().sum()) for p in bert.parameters())
sys.stdout.write(repr(digest))
"""


def test_killed_and_started_again_it_ends_the_same(tmp_path):
    def call(stop, folder):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(stop), str(folder)], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    whole = call(0, "")
    assert whole[0] == 0
    assert call(3, tmp_path / "run")[0] == 9
    assert call(5, tmp_path / "run")[0] == 9
    assert call(0, tmp_path / "run") == whole


def test_a_checkpoint_of_another_run(small_bert, tasks, tmp_path):
    options = OPTIONS | {"checkpoint": tmp_path / "run"}
    list(kgwb.tune(copy.deepcopy(small_bert), tasks, **options))
    with pytest.raises(
        ValueError, match=r"is of a run with batch=20, but batch=10 came. Type what that run had to go on"
    ):
        kgwb.tune(copy.deepcopy(small_bert), tasks, **options | {"batch": 10})
    with pytest.raises(ValueError, match=r"is of a run with tasks=.*MaskedWords.*, but tasks="):
        kgwb.tune(copy.deepcopy(small_bert), tasks[:1], **options)
    other = copy.deepcopy(small_bert)
    torch.nn.init.normal_(other.stack[1].output.dense.weight)
    with pytest.raises(ValueError, match=r"began with other weights than this model's. Give the model as it was then"):
        kgwb.tune(other, tasks, **options)
    other = copy.deepcopy(small_bert)
    torch.nn.init.normal_(other.stack[0].output.dense.weight)  # frozen
    with pytest.raises(ValueError, match=r"is of a run with bert='.*', but bert='.*' came"):
        kgwb.tune(other, tasks, **options)


@pytest.mark.parametrize("name", ["tuning.json", "tuning.safetensors"])
def test_a_damaged_checkpoint(small_bert, tasks, tmp_path, name):
    options = OPTIONS | {"checkpoint": tmp_path / "run"}
    next(steps := kgwb.tune(copy.deepcopy(small_bert), tasks, **options))
    steps.close()
    path = Path(tmp_path, "run", name)
    path.write_bytes(path.read_bytes()[:-9] + b"damaged  ")
    with pytest.raises(
        TuningFileError, match=r"holds no whole tuning \(.*\). Remove it to start anew, or type another folder"
    ):
        kgwb.tune(copy.deepcopy(small_bert), tasks, **options)


def test_files_of_others_stay(small_bert, tasks, tmp_path):
    (tmp_path / "tuning.safetensors").write_text("mine")
    with pytest.raises(FileExistsError, match=r"is no file of kgwb's"):
        list(kgwb.tune(copy.deepcopy(small_bert), tasks, **OPTIONS, checkpoint=tmp_path))
    assert (tmp_path / "tuning.safetensors").read_text() == "mine"


def test_the_best_weights_are_put_back(small_bert, town, sentences):
    questions = kgwb.make_questions(sentences, town)
    seen, unseen = kgwb.split_questions(questions, by="head", share=0.3, seed=0)
    held_out = kgwb.MaskedAnswers(unseen)
    model = copy.deepcopy(small_bert)
    options = OPTIONS | {"epochs": 40, "learning_rate": 3e-3, "valid": held_out, "check_every": 4, "patience": 3}
    steps = list(kgwb.tune(model, kgwb.MaskedAnswers(seen), policy="full", **options))
    measured = [step.valid_loss for step in steps if step.valid_loss is not None]
    assert len(steps) < steps[-1].total, "trades of people nobody tuned on cannot be learnt: patience must end"
    assert len(measured) == len(steps) // 4 and measured[-3:] > [min(measured)] * 3
    prepared = held_out.prepare(model)
    assert prepared.loss(model, range(len(prepared))).item() == pytest.approx(min(measured), rel=1e-5)


@pytest.mark.parametrize("accumulate", [2, 3, 20])
def test_a_batch_read_in_parts_has_the_same_gradient(small_bert, tasks, accumulate):
    runs = []
    for parts in (1, accumulate):
        model = copy.deepcopy(small_bert)
        steps = kgwb.tune(model, tasks[0], **OPTIONS | {"learning_rate": 1e-4}, accumulate=parts)
        runs.append([step.loss for step, _ in zip(steps, range(4), strict=False)])
    assert runs[0] == pytest.approx(runs[1], rel=1e-4)


@pytest.mark.parametrize("mode", [None, "entity", "relation", "graph", "tower", "memory", "pointer"])
def test_recomputed_layers_have_the_same_gradient_to_the_bit(small_bert, vectors, tasks, mode):
    model = copy.deepcopy(small_bert) if mode is None else kgwb.inject(small_bert, vectors, mode=mode)
    if mode is not None:  # open, or most of it would be multiplied by zero
        for parameter in model.injector.parameters():
            torch.nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(1))
    task = tasks[0].prepare(model)
    trained = [p for p in model.parameters() if p.requires_grad]
    found = []
    for each in (model, recompute_layers(model)):
        loss = task.loss(each, range(8))
        found.append([loss, *torch.autograd.grad(loss, trained, allow_unused=True)])
    for one, other in zip(*found, strict=True):
        assert (one is None) == (other is None) and (one is None or torch.equal(one, other))


def test_recomputed_layers_keep_less(small_bert, tasks):
    task = tasks[0].prepare(small_bert)

    def count_kept(model):
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: (sizes.append(t.numel()), t)[1], lambda t: t):
            task.loss(model, range(len(task)))
        return sum(sizes)

    assert count_kept(recompute_layers(small_bert)) < count_kept(small_bert) / 2


def test_steps_know_what_is_left(small_bert, tasks):
    steps = list(kgwb.tune(copy.deepcopy(small_bert), tasks, **OPTIONS))
    assert steps[-1].left == 0 and all(step.left > 0 for step in steps[:-1])
    assert steps[3].left == pytest.approx(steps[3].seconds / 4 * (steps[3].total - 4))
