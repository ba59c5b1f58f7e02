"""Ensembles: one model is itself, several give the mean of their probabilities, in whatever order candidates stand."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from framed_tasks import FRAMED, MOODS

import kgwb
from kgwb.learn import (
    CandidateScores,
    TextClasses,
    answer_questions,
    answer_together,
    average_scores,
    predict,
    predict_together,
    score_candidates,
    score_labels,
    score_predictions,
)


@pytest.fixture(scope="module")
def questions(town, sentences):
    return kgwb.make_questions(sentences, town)


@pytest.fixture(scope="module")
def several(small_bert, questions):
    """Three models of other seeds, hardly tuned, so that they disagree."""
    found = []
    for seed in range(3):
        found.append(copy.deepcopy(small_bert))
        options = {"epochs": 2, "batch": 16, "learning_rate": 5e-4, "policy": "full", "precision": "float32"}
        list(kgwb.tune(found[-1], kgwb.MaskedAnswers(questions[: 20 + 20 * seed]), seed=seed, **options))
    return found


def test_a_model_alone_answers_as_ever(several, questions):
    alone, whole = answer_together(several[:1], questions, batch=7), answer_questions(several[0], questions)
    assert list(alone.columns) == list(whole.columns)
    for column in whole.columns.drop("probability"):
        assert alone[column].tolist() == whole[column].tolist()
    assert alone["probability"].tolist() == pytest.approx(whole["probability"].tolist(), abs=1e-6)
    assert alone.dtypes.equals(whole.dtypes)


def test_together_they_give_the_mean_of_their_probabilities(several, questions):
    each = [answer_questions(model, questions)["probability"].to_numpy() for model in several]
    together = answer_together(several, questions)
    assert together["probability"].tolist() == pytest.approx(np.mean(each, axis=0).tolist(), abs=1e-6)
    assert len({tuple(answer_questions(model, questions)["given"]) for model in several}) > 1  # they disagree
    scores = average_scores([score_candidates(model, questions) for model in several])
    assert scores.frame["given"].tolist() == together["given"].tolist()


def test_the_mean_loses_no_more_than_its_models_on_average(several, questions):
    """−log is convex (Jensen), so this holds for any models."""

    def lose(scores):
        return -np.mean([row[place] for row, place in zip(scores.logarithms, scores.right, strict=True)])

    scores = [score_candidates(model, questions) for model in several]
    assert lose(average_scores(scores)) <= np.mean([lose(each) for each in scores]) + 1e-12


def test_candidates_may_stand_in_another_order():
    one = CandidateScores((("a", "b"),), (np.log([0.9, 0.1]),), (0,))
    other = CandidateScores((("b", "a"),), (np.log([0.5, 0.5]),), (1,))
    assert average_scores([one, other]).probabilities[0] == pytest.approx([0.7, 0.3])
    assert average_scores([other, one]).candidates == (("b", "a"),)


def test_of_other_questions_there_is_no_mean():
    one = CandidateScores((("a", "b"),), (np.log([0.9, 0.1]),), (0,))
    call = r"type kgwb\.learn\.average_scores\(\["
    for other in (replace(one, candidates=(("a", "c"),)), replace(one, right=(1,)), replace(one, right=(-1,))):
        with pytest.raises(
            ValueError, match=rf"Scores number 1 are of other candidates, or of another right one, .*{call}"
        ):
            average_scores([one, other])
    two = CandidateScores(one.candidates * 2, one.scores * 2, one.right * 2)
    with pytest.raises(ValueError, match=rf"Scores of 1 and of 2 questions came\. .* {call}"):
        average_scores([one, two])
    for function, arguments in ((average_scores, ()), (answer_together, (None,)), (predict_together, (MOODS,))):
        if function is answer_together:
            continue  # below, with questions
        with pytest.raises(ValueError, match=r"No (scores|model) came\. Expected .* type kgwb\.learn\."):
            function([], *arguments)


def test_without_a_model_no_question_is_answered(questions):
    with pytest.raises(
        ValueError, match=r"No model came\. Expected one at least; type kgwb\.learn\.answer_together\(\["
    ):
        answer_together([], questions)


SINGLE = [name for name, framed in FRAMED.items() if framed.given is not list]


@pytest.mark.parametrize("name", SINGLE)
def test_labels_are_scored_as_they_are_predicted(name, bert):
    framed = FRAMED[name]
    framed.make(framed.frame, **framed.options).prepare(bert)
    predicted, scores = predict(bert, framed.frame), score_labels(bert, framed.frame)
    assert scores.frame["given"].fillna("none").tolist() == predicted["given"].fillna("none").tolist()
    assert scores.frame["confidence"].tolist() == pytest.approx(predicted["probability"].tolist(), abs=1e-6)
    known = [place >= 0 for place in scores.right]
    measured = score_predictions(bert, framed.frame).accuracy
    assert np.mean(scores.frame["correct"]) == pytest.approx(measured) and any(known)
    together = predict_together([bert, bert], framed.frame)
    assert together.index.equals(framed.frame.index)
    assert together["probability"].tolist() == pytest.approx(predicted["probability"].tolist(), abs=1e-6)


@pytest.mark.parametrize("name", [name for name in FRAMED if name not in SINGLE])
def test_tags_and_types_have_no_single_probability(name, bert):
    framed = FRAMED[name]
    framed.make(framed.frame, **framed.options).prepare(bert)
    with pytest.raises(
        ValueError, match=r"answers a row with several labels, .* type kgwb\.learn\.predict\(model, frame\)"
    ):
        score_labels(bert, framed.frame)


def test_without_the_column_of_labels_none_is_right(bert):
    TextClasses(MOODS).prepare(bert)
    assert set(score_labels(bert, MOODS.drop(columns="label")).right) == {-1}
    strange = MOODS.assign(label=["great", *MOODS["label"][1:]])
    assert score_labels(bert, strange).right[0] == -1 and min(score_labels(bert, strange).right[1:]) >= 0


def test_heads_are_averaged(small_bert):
    models = []
    for seed in range(2):
        model = copy.deepcopy(small_bert)
        TextClasses(MOODS).prepare(model)
        with torch.no_grad():
            model.heads["text_classes"].bias.copy_(torch.randn(2, generator=torch.Generator().manual_seed(seed)))
        models.append(model)
    scores = [score_labels(model, MOODS) for model in models]
    mean = np.mean([np.stack(each.probabilities) for each in scores], axis=0)
    found = predict_together(models, MOODS)
    assert found["probability"].tolist() == pytest.approx(mean.max(1).tolist())
    assert isinstance(found, pd.DataFrame) and list(found.columns) == ["given", "probability"]
