"""Distillation: the loss is Hinton's, labels that are not given have no say, and a student learns what its teacher knows."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.learn import DistilledAnswers, PreparedTask, Task, answer_questions, score_candidates
from kgwb.learn.distillation.distilled_answers import distil

LOGITS = st.floats(-8, 8)


@pytest.fixture(scope="module")
def questions(town, sentences):
    return kgwb.make_questions(sentences, town)


@pytest.fixture(scope="module")
def knowing(questions):
    """What a teacher says that knows all answers, but is not sure."""
    return [[2.0 * (candidate == q.answer) for candidate in q.candidates] for q in questions]


@given(
    st.lists(st.tuples(*[LOGITS] * 6, st.integers(-1, 2), st.booleans()), min_size=1, max_size=5),
    st.floats(0.5, 5),
    st.floats(0, 1),
)
def test_the_loss_is_the_equation(rows, temperature, weight):
    scores = torch.tensor([row[:3] for row in rows], dtype=torch.float64)
    teacher = torch.tensor([row[3:6] for row in rows], dtype=torch.float64)
    for row, each in enumerate(rows):
        if each[7] and each[6] != 2:  # the last is no candidate
            scores[row, 2] = teacher[row, 2] = -math.inf
    right = torch.tensor([row[6] for row in rows])
    expected = 0.0
    for one, other, place in zip(teacher.tolist(), scores.tolist(), right.tolist(), strict=True):
        believed, softened, plain = (
            soften(each, t) for each, t in ((one, temperature), (other, temperature), (other, 1))
        )
        divergence = sum(p * math.log(p / q) for p, q in zip(believed, softened, strict=True) if p > 0)
        expected += weight * temperature**2 * divergence - (1 - weight) * (math.log(plain[place]) if place >= 0 else 0)
    scores.requires_grad_()
    beliefs = (teacher / temperature).softmax(-1)
    loss = distil(scores, beliefs, right, temperature=temperature, weight=weight)
    assert loss.item() == pytest.approx(expected / len(rows), rel=1e-9, abs=1e-9)
    assert torch.autograd.grad(loss, scores)[0].isfinite().all()


def soften(logits, temperature):
    exps = [math.exp(each / temperature) for each in logits]
    return [each / sum(exps) for each in exps]


def test_the_gradient_of_the_teachers_part_is_as_hinton_gives_it():
    scores, teacher = torch.randn(2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    scores.requires_grad_()
    beliefs = (teacher / 3).softmax(-1)
    loss = distil(scores, beliefs, torch.full((4,), -1), temperature=3.0, weight=1.0)
    expected = 3.0 * ((scores / 3).softmax(-1) - beliefs) / 4
    assert torch.allclose(torch.autograd.grad(loss, scores)[0], expected.detach())


def test_it_is_a_task_that_says_what_it_holds(questions, vectors, small_bert):
    task = DistilledAnswers(questions, vectors, labelled=0.25, seed=3)
    prepared = task.prepare(copy.deepcopy(small_bert))
    assert isinstance(task, Task) and isinstance(prepared, PreparedTask) and len(prepared) == len(questions)
    assert repr(task) == repr(DistilledAnswers(questions, vectors, labelled=0.25, seed=3))
    assert repr(task) == repr(replace(task))  # its teacher has become scores, its share a choice
    others = (
        replace(task, weight=0.4),
        replace(task, temperature=1.0),
        DistilledAnswers(questions, vectors, labelled=0.3),
    )
    assert len({repr(each) for each in (task, *others)}) == 4
    assert ", 20 labelled " in repr(task)


def test_without_a_teachers_say_it_is_masked_answers(questions, vectors, small_bert):
    rows = range(12)
    plain = kgwb.MaskedAnswers(questions).prepare(small_bert).loss(small_bert, rows)
    task = DistilledAnswers(questions, vectors, weight=0.0)
    assert torch.equal(task.prepare(copy.deepcopy(small_bert)).loss(small_bert, rows), plain)
    assert task.labelled_questions == questions


@pytest.mark.parametrize("mode", [None, "entity", "pointer"])
def test_an_answer_without_a_label_has_no_say(mode, questions, vectors, bert):
    task = DistilledAnswers(questions, vectors, labelled=[False, True] * 40)
    other = [next(c for c in q.candidates if c != q.answer) for q in questions]
    items = tuple(replace(q, answer=other[i]) if i % 2 == 0 else q for i, q in enumerate(questions))
    turned = DistilledAnswers(replace(questions, items=items), vectors, labelled=[False, True] * 40)
    model = bert if mode is None else kgwb.inject(bert, vectors, mode=mode)
    losses = [each.prepare(model).loss(model, range(10)) for each in (task, turned)]
    assert torch.equal(*losses)
    assert not torch.equal(replace(turned, labelled=None).prepare(model).loss(model, range(10)), losses[0])


def test_nor_has_it_where_candidates_share_a_name(questions, small_bert):
    question = replace(questions[0], candidates=(0, 2, 1, 5), names=("Same", "Same", "Other", "Other"))
    encoded = []
    for answer in (0, 2):  # which of the two is meant would be told to a door by the answer alone
        asked = replace(questions, items=(replace(question, answer=answer),))
        task = DistilledAnswers(asked, [[0.0] * 4], labelled=0.0)
        encoded.append(task.prepare(copy.deepcopy(small_bert)).encoded)
    assert torch.equal(encoded[0].entities, encoded[1].entities)


def test_only_labels_count_as_met(questions, vectors, bert):
    met = [question.answer for question in questions[:1]]
    labelled = [question.answer in met for question in questions]
    DistilledAnswers(questions, vectors, labelled=labelled).prepare(bert)
    assert bert.met.answers == set(met) < {question.answer for question in questions}
    assert len(bert.met.questions) == len({question.text for question in questions})


def test_a_fact_is_labelled_in_all_of_its_wordings(questions, vectors):
    task = DistilledAnswers(questions, vectors, labelled=0.5)
    by_head = {}
    for question, is_labelled in zip(questions, task.is_labelled, strict=True):
        by_head.setdefault(question.head, set()).add(is_labelled)
    assert all(len(each) == 1 for each in by_head.values()) and len(task.labelled_questions) == 40
    assert task.is_labelled != DistilledAnswers(questions, vectors, labelled=0.5, seed=1).is_labelled


def learn(bert, task):
    return list(kgwb.tune(bert, task, policy="full", epochs=12, batch=8, learning_rate=1e-3, precision="float32"))


def test_a_student_learns_without_any_label_what_its_teacher_knows(questions, knowing, small_bert):
    students = {name: copy.deepcopy(small_bert) for name in ("taught", "misled")}
    steps = learn(students["taught"], DistilledAnswers(questions, knowing, labelled=0.0))
    assert sum(step.loss for step in steps[-10:]) < 0.1 * sum(step.loss for step in steps[:10])
    wrong = [row[::-1] for row in knowing]
    learn(students["misled"], DistilledAnswers(questions, wrong, labelled=0.0))
    right = {name: answer_questions(each, questions)["correct"].mean() for name, each in students.items()}
    assert right["taught"] > 0.95 and right["misled"] < 0.05


def test_it_stands_beside_other_tasks_and_in_a_probe(questions, knowing, vectors, small_bert, sentences, tmp_path):
    task = DistilledAnswers(questions, knowing, labelled=0.1)
    model = copy.deepcopy(small_bert)
    steps = list(kgwb.tune(model, [task, kgwb.learn.MaskedWords(sentences)], epochs=1, batch=40, precision="float32"))
    assert {step.task for step in steps} == {"DistilledAnswers", "MaskedWords"}
    runs = kgwb.plan_runs(small_bert, vectors, task, controls=("off",), epochs=1, batch=40, precision="float32")
    report = kgwb.probe(runs, questions, seeds=1, folder=tmp_path)
    assert list(report.frame.index) == ["plain", "entity", "entity/off"]
    again = kgwb.plan_runs(
        small_bert, vectors, replace(task), controls=("off",), epochs=1, batch=40, precision="float32"
    )
    assert {name: run.fingerprint for name, run in again.items()} == {
        name: run.fingerprint for name, run in runs.items()
    }


def test_a_run_that_rewrites_questions_rewrites_those_that_are_distilled(questions, knowing, vectors, small_bert):
    task = DistilledAnswers(questions, knowing, labelled=0.25)
    runs = kgwb.plan_runs(small_bert, vectors, task, controls=("markers", "text"), epochs=1)
    for name, mark in (("markers", "[ "), ("text", "works as Baker. ")):
        (rewritten,) = runs[name].recipe.tasks
        assert isinstance(rewritten, DistilledAnswers) and any(mark in q.text for q in rewritten.questions), name
        assert rewritten.is_labelled == task.is_labelled and rewritten.teacher is task.teacher
    assert runs["plain"].recipe.tasks == (task,)


def test_names_that_candidates_share_are_believed_together(town, questions, small_bert):
    question = replace(questions[0], candidates=(0, 2, 1, 5), names=("Same", "Same", "Other", "Other"), answer=2)
    asked = replace(questions, items=(question,))
    chances = [0.1, 0.2, 0.3, 0.4]
    scores = score_candidates([np.log(chances)], asked)
    assert scores.candidates == (("Same", "Other"),) and scores.probabilities[0] == pytest.approx([0.3, 0.7])
    prepared = DistilledAnswers(asked, scores, temperature=1.0).prepare(copy.deepcopy(small_bert))
    assert prepared.encoded.names == ("Other", "Same") and prepared.beliefs[0].tolist() == pytest.approx([0.7, 0.3])


def test_what_cannot_be_is_refused(questions, vectors):
    call = r"kgwb\.learn\.DistilledAnswers\(questions, vectors"
    with pytest.raises(
        ValueError, match=r"weight=0 came without a labelled question.* Type weight=0\.5, or labelled=0\.1"
    ):
        DistilledAnswers(questions, vectors, weight=0, labelled=0.0)
    with pytest.raises(ValueError, match=rf"labelled came with 2 for 80 questions\. .* type {call}, labelled=0\.1\)"):
        DistilledAnswers(questions, vectors, labelled=[True, False])
    with pytest.raises(ValueError, match=r"labelled=1\.5 came\. It must be a share"):
        DistilledAnswers(questions, vectors, labelled=1.5)
    with pytest.raises(ValueError, match=r"temperature=0 came\. It must be a number above 0"):
        DistilledAnswers(questions, vectors, temperature=0)
