"""The contract of all tasks on data frames: they learn, answer, are kept to the bit, and stand beside others."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from framed_tasks import FRAMED, Framed

import kgwb
from kgwb.bert import Bert
from kgwb.bert.model import share_weights
from kgwb.bert.tiny import train_tiny
from kgwb.learn import PreparedTask, Task, predict, score_predictions
from kgwb.learn.frames.starting import PENALTY

READ = """
import json, pathlib, sys, pandas as pd, kgwb
found = {}
for folder in pathlib.Path(sys.argv[1]).iterdir():
    frame = pd.read_json(folder / "frame.json", orient="split", dtype=False)
    predictions = kgwb.learn.predict(kgwb.load_bert(folder / "model"), frame)
    found[folder.name] = repr(predictions.to_dict("list"))
sys.stdout.write(json.dumps(found))
"""


@pytest.fixture(params=list(FRAMED))
def framed(request) -> Framed:
    return FRAMED[request.param]


def tune_a_little(bert: Bert, tasks: object, epochs: int = 50) -> list[kgwb.learn.Step]:
    options = {"batch": 4, "policy": "full", "learning_rate": 1e-3, "precision": "float32", "top_layers": 1}
    return list(kgwb.tune(bert, tasks, epochs=epochs, **options))


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return repr(one.to_dict("list")) == repr(other.to_dict("list"))


def gaps(one: pd.DataFrame, other: pd.DataFrame) -> torch.Tensor:
    first, second = (torch.tensor(frame["probability"].explode().tolist()).double() for frame in (one, other))
    return (first - second).abs()


def test_it_is_a_task_whose_frame_stays_as_it_was(framed, bert):
    frame = framed.frame.copy(deep=True)
    task = framed.make(framed.frame, **framed.options)
    prepared = task.prepare(bert)
    assert isinstance(task, Task) and isinstance(prepared, PreparedTask) and len(prepared) >= len(frame)
    predict(bert, framed.frame)
    pd.testing.assert_frame_equal(framed.frame, frame)


def test_its_loss_falls_and_it_answers_as_it_learnt(framed, bert):
    task = framed.make(framed.frame, **framed.options)
    prepared = task.prepare(bert)
    before = prepared.loss(bert, range(len(prepared)))
    assert len(tune_a_little(bert, task)) == 50 * -(-len(prepared) // 4)
    assert prepared.loss(bert, range(len(prepared))) < 0.8 * before
    score = score_predictions(bert, framed.frame)
    assert score.accuracy > 0.95 > score.majority and score.macro_f1 > 0.9 and score.micro_f1 > 0.9


def penalised(bert: Bert, prepared: kgwb.learn.PreparedTask) -> torch.Tensor:
    units = sum(len(each) for each in prepared.targets)
    penalty = PENALTY * prepared.head.weight.square().sum() / (2 * units)
    return prepared.loss(bert, range(len(prepared))) + penalty


def test_its_start_is_better_than_zero_and_the_regression_is_the_best(framed, bert):
    task = framed.make(framed.frame, **framed.options)
    prepared = task.prepare(bert)
    if not task.stretches:  # it has no weights of its own
        with pytest.raises(
            ValueError, match=r"A head of cloze classes has no weights .* Type kgwb\.tune\(model, task\)"
        ):
            task.fit_head(bert)
        return
    start, at_start = prepared.loss(bert, range(len(prepared))), penalised(bert, prepared)
    weights = bert.model.get_input_embeddings().weight.clone()
    task.fit_head(bert)
    best = penalised(bert, prepared)
    assert best < at_start + 1e-4 and bert.model.get_input_embeddings().weight.equal(weights)
    with torch.no_grad():
        for parameter in prepared.head.parameters():
            parameter.add_(0.05)
        assert best < penalised(bert, prepared)
        for parameter in prepared.head.parameters():
            parameter.zero_()
        assert start < prepared.loss(bert, range(len(prepared)))


def test_predictions_have_a_row_for_each_row(framed, bert):
    framed.make(framed.frame, **framed.options).prepare(bert)
    found = predict(bert, framed.frame)
    assert list(found.columns) == ["given", "probability", *framed.more] and found.index.equals(framed.frame.index)
    for given, probability in zip(found["given"], found["probability"], strict=True):
        assert isinstance(given, framed.given)
        each = probability if isinstance(given, list) else [probability]
        assert len(each) == (len(given) if isinstance(given, list) else 1)
        assert all(isinstance(one, float) and 0 <= one <= 1 for one in each)


def test_without_the_column_of_right_answers_it_predicts_all_the_same(framed, bert):
    task = framed.make(framed.frame, **framed.options)
    task.prepare(bert)
    column = task.settings[task.answers]
    assert same(predict(bert, framed.frame.drop(columns=column)), predict(bert, framed.frame))


@pytest.fixture(scope="module")
def tuned(small_bert, tmp_path_factory) -> dict[str, tuple[Bert, Path, str]]:
    """Of each task a BERT tuned on it, where it is saved, and what it predicts in a process that read it from there."""
    root, models = tmp_path_factory.mktemp("tuned"), {name: copy.deepcopy(small_bert) for name in FRAMED}
    for name, framed in FRAMED.items():
        tune_a_little(models[name], framed.make(framed.frame, **framed.options), epochs=1)
        models[name].save(root / name / "model")
        framed.frame.to_json(root / name / "frame.json", orient="split")
    env = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    done = subprocess.run([sys.executable, "-c", READ, root], capture_output=True, check=True, env=env, text=True)
    said = json.loads(done.stdout)
    return {name: (models[name], root / name / "model", said[name]) for name in FRAMED}


@pytest.mark.parametrize("name", FRAMED)
def test_saved_and_loaded_in_a_fresh_process_it_answers_the_same_to_the_bit(name, tuned, tmp_path):
    (bert, folder, said), frame = tuned[name], FRAMED[name].frame
    assert said == repr(predict(bert, frame).to_dict("list"))
    again = kgwb.load_bert(folder)
    assert [repr(head) for head in again.heads.values()] == [repr(head) for head in bert.heads.values()]
    assert same(predict(kgwb.load_bert(again.save(tmp_path / "again")), frame), predict(bert, frame))


def test_copies_and_twins_answer_the_same(framed, bert):
    framed.make(framed.frame, **framed.options).prepare(bert)
    expected = predict(bert, framed.frame)
    for twin in (copy.deepcopy(bert), share_weights(bert, training=False), bert.to("cpu"), copy.deepcopy(bert).train()):
        assert same(predict(twin, framed.frame), expected)


def test_neither_batch_mates_nor_padding_change_a_prediction(framed, bert):
    tune_a_little(bert, framed.make(framed.frame, **framed.options), epochs=1)
    together = predict(bert, framed.frame)
    for alone in (predict(bert, framed.frame, batch=1), predict(bert, framed.frame[::-1], batch=3)[::-1]):
        assert alone["given"].tolist() == together["given"].tolist()
        assert gaps(alone, together).max() < 1e-5


def test_it_learns_beside_another_task_through_a_door(framed, bert, vectors, sentences, town):
    model = kgwb.inject(bert, vectors)
    tasks = [framed.make(framed.frame, **framed.options), kgwb.MaskedAnswers(kgwb.make_questions(sentences, town))]
    steps = tune_a_little(model, tasks, epochs=2)
    assert {step.task for step in steps} == {type(tasks[0]).__name__, "MaskedAnswers"}
    assert model.injector.gate != 0 and not bert.heads
    assert len(predict(model, framed.frame)) == len(framed.frame)


def test_a_second_head_of_another_name_stands_beside_the_first(framed, bert):
    framed.make(framed.frame, **framed.options).prepare(bert)
    first = predict(bert, framed.frame)
    tune_a_little(bert, framed.make(framed.frame, name="second", **framed.options), epochs=1)
    with pytest.raises(ValueError, match=r"'small' has the heads \w+, second\. Type which: head='"):
        predict(bert, framed.frame)
    second = predict(bert, framed.frame, head="second")
    assert list(bert.heads)[1] == "second" and not same(first, second)


def test_the_tiny_bert_learns_it_too(framed, tmp_path):
    texts = [*FRAMED["TextClasses"].frame["text"]]
    folder = train_tiny(texts, layers=1, width=32, vocabulary=300, steps=2, cache=tmp_path, progress=False)
    bert = kgwb.load_bert(folder)
    prepared = framed.make(framed.frame, **framed.options).prepare(bert)
    before = prepared.loss(bert, range(len(prepared)))
    tune_a_little(bert, framed.make(framed.frame, **framed.options))
    assert prepared.loss(bert, range(len(prepared))) < before and len(predict(bert, framed.frame)) == len(framed.frame)


def test_tasks_are_told_apart_by_their_repr(framed):
    one, same_again = (framed.make(framed.frame.copy(), **framed.options) for _ in range(2))
    assert repr(one) == repr(same_again) != repr(framed.make(framed.frame[1:], **framed.options))
    assert type(one).__name__ in repr(one) and "name=" in repr(one)
