"""Facts in a memory: which one an answer hangs on, and what happens when it is edited."""

from __future__ import annotations

import copy

import pytest
import torch

import kgwb
from kgwb.bert import Bert
from kgwb.learn import Questions, attribute_answer, measure_edits, split_questions


@pytest.fixture(scope="module")
def questions(town, sentences) -> tuple[Questions, Questions]:
    return split_questions(kgwb.make_questions(sentences, town), share=0.4)


@pytest.fixture(scope="module")
def reader(small_bert, vectors, questions) -> Bert:
    """A BERT that has learnt to read facts from slots."""
    model = kgwb.inject(small_bert, vectors, mode="memory")
    for _ in kgwb.tune(model, kgwb.MaskedAnswers(questions[0]), epochs=60, batch=16, learning_rate=2e-4):
        pass
    return model


def test_the_reader_answers_about_people_it_never_read_of(reader, questions):
    assert kgwb.answer_questions(reader, questions[1])["correct"].mean() > 0.9


def test_an_answer_hangs_on_its_own_fact_and_on_the_mention(reader, questions, town):
    question = next(q for q in questions[1] if len(q.mentions) == 1)
    before = copy.deepcopy(reader.state_dict())
    report = attribute_answer(reader, Questions(town, (question,)))
    table = report.frame
    fact = f"{town.labels[question.head]} | works as | {town.labels[question.answer]}"
    best = table[table["kind"] == "fact"].iloc[0]
    assert best["what"] == fact and best["change"] > 0.3
    assert best["change"] == pytest.approx(best["probability"] - best["without"])
    assert (table["kind"] == "mention").sum() == 1 and report.facts == (table["kind"] == "fact").sum()
    assert repr(report).startswith(f"{report.facts} fact") and table.attrs == {}
    after = reader.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_edited_facts_change_their_answers_and_no_others(reader, questions):
    edits = measure_edits(reader, questions[1], edits=6, seed=1)
    assert len(edits.facts) == 6 and (edits.facts["old"] != edits.facts["new"]).all()
    assert edits.efficacy > 0.8 and edits.generality > 0.8 and edits.locality > 0.95
    assert repr(edits).startswith("6 facts edited: efficacy ")
    assert kgwb.answer_questions(reader, questions[1])["correct"].mean() > 0.9  # the model itself was not edited


def test_facts_can_be_withdrawn_added_and_put_back(reader, town):
    model = copy.deepcopy(reader)
    fact = town.triples[0].tolist()
    model.injector.withdraw([fact])
    assert fact not in model.injector.facts.tolist()
    model.injector.add([fact])
    assert model.injector.facts.tolist() == reader.injector.facts.tolist()
    with pytest.raises(ValueError, match=r"The memory door holds no fact \('Baker', 'speaks', 'Baker'\)"):
        model.injector.replace([[0, 0, 0]], [fact])
    with pytest.raises(ValueError, match=r"Ids outside the graph came: \[0, 9, 0\]"):
        model.injector.add([[0, 9, 0]])
    assert model.injector.facts.tolist() == reader.injector.facts.tolist()


def test_what_cannot_be_edited_says_so(small_bert, vectors, questions):
    model = kgwb.inject(small_bert, vectors)
    with pytest.raises(TypeError, match=r"The entity door reads vectors, not facts.*mode='memory'"):
        model.injector.add([[0, 0, 1]])
    with pytest.raises(TypeError, match="The entity door reads vectors, not facts"):
        measure_edits(model, questions[1])
    with pytest.raises(ValueError, match=r"'small' has no door. Type kgwb.inject\(bert, vectors, mode='memory'\)"):
        measure_edits(small_bert, questions[1])
    with pytest.raises(ValueError, match=r"'small' has no door. Type attribute_answer"):
        attribute_answer(small_bert, questions[1][:1])
    with pytest.raises(ValueError, match=r"2 questions came. Expected one: attribute_answer\(model, questions\[:1\]\)"):
        attribute_answer(model, questions[1][:2])


def test_more_edits_than_facts_are_refused(reader, questions):
    with pytest.raises(ValueError, match=r"16 heads with a question about a fact of the memory door were found"):
        measure_edits(reader, questions[1], edits=17)
