"""Distillation of classes: the same loss over a head's labels, with texts that have none."""

from __future__ import annotations

import copy
import re

import numpy as np
import pandas as pd
import pytest
import torch
from framed_tasks import FRAMED, MOODS, STATED

import kgwb
from kgwb.learn import CandidateScores, DistilledClasses, PreparedTask, Task, TextClasses, predict, score_labels
from kgwb.learn.distillation.distilled_answers import distil

LABELS = ("bad", "good")
TEXTS = pd.DataFrame({"text": ["We liked the soup.", "The cook was rude.", "A meal."]})


def believe(count, sure=4.0):
    """A teacher that thinks every other row good."""
    rows = tuple(np.array([0.0, sure]) if row % 2 else np.array([sure, 0.0]) for row in range(count))
    return CandidateScores((LABELS,) * count, rows, (-1,) * count)


@pytest.mark.parametrize("name", ["TextClasses", "ClozeClasses", "RelationClasses"])
def test_without_a_teachers_say_it_is_the_task(name, bert):
    framed = FRAMED[name]
    task = framed.make(framed.frame, **framed.options)
    plain = task.prepare(bert)
    whole = DistilledClasses(task, bert, weight=0.0)
    prepared = whole.prepare(bert)
    assert isinstance(whole, Task) and isinstance(prepared, PreparedTask) and len(prepared) == len(framed.frame)
    rows = range(len(prepared))
    assert prepared.loss(bert, rows).item() == pytest.approx(plain.loss(bert, rows).item(), abs=1e-6)
    # Whose teacher is the model as it is has nothing to learn from it.
    same = DistilledClasses(task, bert, weight=1.0).prepare(bert)
    assert same.loss(bert, rows).item() == pytest.approx(0.0, abs=1e-6)


def test_the_loss_is_that_of_all_rows_with_labels_where_they_are(bert):
    task = DistilledClasses(TextClasses(MOODS), believe(len(MOODS) + 3), unlabelled=TEXTS, temperature=3.0, weight=0.3)
    prepared = task.prepare(bert)
    rows = [len(MOODS) + 1, 0, 2, len(MOODS)]
    joined = pd.concat([MOODS, TEXTS], ignore_index=True)
    logits = torch.tensor(np.stack(score_labels(bert, joined.drop(columns="label")).scores))[rows]
    beliefs = (torch.tensor(np.stack(believe(len(joined)).scores))[rows] / 3).softmax(-1)
    right = torch.tensor([-1, LABELS.index(MOODS["label"].iloc[0]), LABELS.index(MOODS["label"].iloc[2]), -1])
    expected = distil(logits, beliefs, right, temperature=3.0, weight=0.3)
    assert prepared.loss(bert, rows).item() == pytest.approx(expected.item(), rel=1e-4)


def test_a_student_learns_what_its_teacher_thinks_of_texts_without_labels(bert):
    few = MOODS.iloc[[0, -1]]
    texts = MOODS.drop(columns="label").iloc[1:-1]
    turned = DistilledClasses(TextClasses(few), believe(len(MOODS)), unlabelled=texts, weight=0.9)
    options = {"policy": "full", "epochs": 60, "batch": 4, "learning_rate": 1e-3, "precision": "float32"}
    steps = list(kgwb.tune(bert, turned, **options))
    assert sum(step.loss for step in steps[-5:]) < 0.6 * sum(step.loss for step in steps[:5])
    given = predict(bert, texts)["given"].tolist()
    assert given == [LABELS[row % 2] for row in range(2, len(MOODS))]  # as the teacher says, whatever they say
    assert repr(turned) == repr(copy.deepcopy(turned)) and "weight=0.9" in repr(turned)


def test_a_teacher_of_other_labels_or_rows_is_refused(bert):
    call = re.escape("type kgwb.learn.DistilledClasses(kgwb.learn.TextClasses(frame), teacher).")
    strange = CandidateScores((("bad", "great"),) * len(MOODS), believe(len(MOODS)).scores, (-1,) * len(MOODS))
    with pytest.raises(
        ValueError,
        match=rf"other labels than those of the head 'text_classes' in row 0: \['great'\] .* \['good'\] .*{call}",
    ):
        DistilledClasses(TextClasses(MOODS), strange).prepare(bert)
    with pytest.raises(ValueError, match=rf"The teacher scored 2 rows, and {len(MOODS)} came: .*{call}"):
        DistilledClasses(TextClasses(MOODS), believe(2))
    with pytest.raises(ValueError, match=r"The frame has no column 'text'; .* unlabelled=frame\)"):
        DistilledClasses(TextClasses(MOODS), bert, unlabelled=STATED.drop(columns="text"))
