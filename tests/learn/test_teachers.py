"""Teachers: vectors, rules, models, functions and numbers give scores of the same candidates, or are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.embed import fit_baseline
from kgwb.graph import Split, apply_rules
from kgwb.learn import CandidateScores, answer_questions, score_candidates


@pytest.fixture(scope="module")
def questions(town, sentences):
    return kgwb.make_questions(sentences, town)


def test_vectors_score_head_relation_and_candidate(questions, vectors, town):
    found = score_candidates(vectors, questions)
    for question, names, scores in zip(questions, found.candidates, found.scores, strict=True):
        triples = [(question.head, question.relation, candidate) for candidate in question.candidates]
        assert scores == pytest.approx(vectors.score(triples).detach().double().numpy(), abs=1e-5)
        assert names == question.names
    assert found.accuracy == 1.0  # these facts it was trained on
    best = {names[scores.argmax()] for names, scores in zip(found.candidates, found.scores, strict=True)}
    assert best == {"Baker", "Miller"}


def test_a_model_scores_as_it_answers(questions, small_bert):
    answers = answer_questions(small_bert, questions)
    frame = score_candidates(small_bert, questions, batch=7).frame
    for column in ("answer", "given", "correct"):
        assert frame[column].tolist() == answers[column].tolist()
    assert frame["probability"].tolist() == pytest.approx(answers["probability"].tolist(), abs=1e-6)
    assert (frame["confidence"] >= frame["probability"]).all()


@pytest.fixture(scope="module")
def islanders():
    """Questions that follow from two other facts, and a graph that holds the answers of a third of them."""
    facts = [(f"p{i}", "born in", f"t{i % 4}") for i in range(12)]
    facts += [(f"t{i}", "lies on", f"isle {i % 2}") for i in range(4)]
    facts += [(f"p{i}", "islander of", f"isle {i % 2}") for i in range(12)]
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    questions = kgwb.make_questions(kgwb.verbalise(graph, [f for f in facts if f[1] == "islander of"]), graph)
    return kgwb.learn.remove_answers(graph, questions[4:]), questions


def test_a_baseline_gives_the_logarithm_of_its_scores(islanders):
    few, questions = islanders
    rules = fit_baseline(Split(few, few.triples, few.triples[:0], few.triples[:0]), kinds=["composition"])
    found = score_candidates(rules, questions)
    assert found.accuracy == 1.0  # of 12 facts, 8 stand nowhere
    known = torch.tensor([question.head for question in questions])
    shares = rules.score_answers(known, torch.full((12,), few.relation_id("islander of")), tails=12)
    expected = shares[0, list(questions[0].candidates)].double().log()
    assert found.scores[0] == pytest.approx(expected.numpy(), abs=1e-6)


def test_conclusions_give_the_logarithm_of_their_rules_confidence(islanders):
    few, questions = islanders
    conclusions = apply_rules(few, kgwb.find_rules(few, min_support=2, min_confidence=0.0))
    found = score_candidates(conclusions, questions)
    assert found.accuracy == 1.0
    sure = conclusions.frame.set_index(["head", "relation", "tail"])["pca_confidence"]
    held = set(map(tuple, few.triples.tolist()))
    assert 0 < sum((q.head, q.relation, q.answer) in held for q in questions) < len(questions)
    for question, scores in zip(questions, found.scores, strict=True):
        for candidate, score in zip(question.candidates, scores, strict=True):
            fact = (question.head, question.relation, candidate)
            assert np.exp(score) == pytest.approx(1.0 if fact in held else sure.get(fact, 1e-6))
    assert score_candidates(conclusions, questions, control="shuffled").accuracy < 1.0


def test_a_function_and_numbers_teach_alike(questions, vectors):
    whole = score_candidates(vectors, questions)
    rows = [each.tolist() for each in whole.scores]
    for source in (lambda asked: rows, rows, np.array(rows), torch.tensor(rows, dtype=torch.float64), whole):
        given = score_candidates(source, questions)
        assert all(np.array_equal(a, b) for a, b in zip(given.scores, whole.scores, strict=True))


def test_a_shuffled_teacher_speaks_of_another_head(questions, vectors):
    heads = []

    def tell(asked):
        heads.append([question.head for question in asked])
        return [[0.0] * len(question.candidates) for question in asked]

    for seed in range(5):
        score_candidates(tell, questions, control="shuffled", seed=seed)
        own = [question.head for question in questions]
        assert all(one != other for one, other in zip(heads[-1], own, strict=True))
        assert len(set(zip(own, heads[-1], strict=True))) == len(set(own)) == len(set(heads[-1]))
    assert heads[0] != heads[1]
    shuffled = score_candidates(vectors, questions, control="shuffled")
    assert 0.2 < shuffled.accuracy < 0.8  # one of two trades
    asked = replace(questions[0], head=heads[0][0])
    given = score_candidates(vectors, replace(questions, items=(asked,)))
    assert np.allclose(score_candidates(vectors, questions, control="shuffled").scores[0], given.scores[0])


def test_other_candidates_than_the_questions_are_refused(questions, vectors, town):
    call = r"kgwb\.learn\.score_candidates\(vectors, questions\)"
    scores = score_candidates(vectors, questions)
    other = replace(scores, candidates=(*scores.candidates[:-1], ("Baker", "Smith")))
    with pytest.raises(
        ValueError,
        match=rf"scored other candidates than those of question 79, .*\['Smith'\] are none of them, \['Miller'\] are "
        rf"missing\. .* type {call}",
    ):
        score_candidates(other, questions)
    with pytest.raises(
        ValueError, match=rf"The teacher gave 3 scores for question 0, .* has 2 candidates\. .* type {call}"
    ):
        score_candidates([[0.0] * 3] * 80, questions)
    fewer = replace(scores, candidates=scores.candidates[:5], scores=scores.scores[:5], right=scores.right[:5])
    for source in ([[0.0, 1.0]] * 79, fewer):
        with pytest.raises(ValueError, match=rf"Scores of \d+ questions came for 80 questions\. .* type {call}"):
            score_candidates(source, questions)
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame([["a", "b", "c"]], columns=["head", "relation", "tail"]))
    with pytest.raises(
        ValueError, match=r"The teacher knows 'graph', whose ids mean other things than those of 'town'\."
    ):
        score_candidates(kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4), questions)


def test_what_is_no_teacher_is_refused(questions, vectors, small_bert):
    with pytest.raises(ValueError, match=r"scores of question 1 hold nan\. .* type np\.nan_to_num"):
        score_candidates([np.ones(2), np.array([0.0, np.nan])], questions[:2])
    with pytest.raises(
        ValueError, match=r"control='shuffled' came with a Bert, which is not asked about heads\. Type .*"
    ):
        score_candidates(small_bert, questions, control="shuffled")
    with pytest.raises(ValueError, match=r"Only one head is asked about 'works as', .* type control=None"):
        score_candidates(vectors, questions[:1], control="shuffled")
    with pytest.raises(ValueError, match=r"No question came\. .* type kgwb\.learn\.score_candidates"):
        score_candidates(vectors, questions[:0])


def test_scores_are_checked_when_they_are_made():
    call = r"type kgwb\.learn\.CandidateScores\(\(\('Ket', 'Sol'\),\), \(\[0\.3, 1\.2\],\), \(1,\)\)"
    with pytest.raises(ValueError, match=rf"1 candidates, 0 scores, 1 right came\. .*; {call}"):
        CandidateScores((("a", "b"),), (), (0,))
    with pytest.raises(
        ValueError, match=rf"Question 0 came with 2 candidates, 1 scores and the right one at 0\. .*; {call}"
    ):
        CandidateScores((("a", "b"),), (np.ones(1),), (0,))
    with pytest.raises(ValueError, match=rf"Question 0 holds the candidate 'a' twice\. Expected each once; {call}"):
        CandidateScores((("a", "a"),), (np.arange(2.0),), (0,))
    with pytest.raises(ValueError, match=r"temperature=-1 came\. It must be a number above 0"):
        CandidateScores((("a", "b"),), (np.arange(2.0),), (0,)).soften(-1)


def test_equal_scores_are_given_as_often_as_one_another():
    scores = CandidateScores((("a", "b", "c"),) * 3, (np.array([1.0, 1.0, 0.0]),) * 3, (0, 2, -1))
    assert scores.accuracy == pytest.approx(0.5 / 3) and "accuracy" not in repr(scores)
    assert scores.frame["answer"].tolist()[:2] == ["a", "c"] and pd.isna(scores.frame["answer"][2])
    assert repr(replace(scores, right=(0, 1, 2))) == "CandidateScores of 3 questions, 3 candidates each, accuracy 0.333"
