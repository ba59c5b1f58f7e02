"""Facts in a memory: which one an answer hangs on, and what happens when it is edited."""

from __future__ import annotations

import copy

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import Bert
from kgwb.graph import KnowledgeGraph, Mention, Sentence
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
    assert kgwb.learn.answer_questions(reader, questions[1])["correct"].mean() > 0.9


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
    assert kgwb.learn.answer_questions(reader, questions[1])["correct"].mean() > 0.9  # the model itself was not edited


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
    with pytest.raises(
        ValueError, match=r"2 questions came. Expected one; type attribute_answer\(model, questions\[:1\]\)"
    ):
        attribute_answer(model, questions[1][:2])


def test_more_edits_than_facts_are_refused(reader, questions):
    with pytest.raises(ValueError, match=r"16 heads with a question about a fact of the memory door were found"):
        measure_edits(reader, questions[1], edits=17)


def say(graph: KnowledgeGraph, head: str, relation: str, tail: str, form: str, wording: int) -> Sentence:
    text, ids = form.format(head=head, tail=tail), [graph.entity_id(name) for name in (head, tail)]
    spans = sorted((text.index(name), name, entity) for name, entity in zip((head, tail), ids, strict=True))
    mentions = tuple(Mention(at, at + len(name), entity, name) for at, name, entity in spans)
    return Sentence(text, mentions, (ids[0], graph.relation_id(relation), ids[1]), wording)


@pytest.fixture(scope="module")
def people() -> KnowledgeGraph:
    """Nine people who live in nine towns; every town has a mayor and a river."""
    facts = [(f"person {i}", "lives in", f"town {i}") for i in range(9)]
    facts += [(f"town {i}", "has mayor", f"person {(i + 4) % 9}") for i in range(9)]
    facts += [(f"town {i}", "lies on", f"river {i % 3}") for i in range(9)]
    return KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), name="people")


@pytest.fixture(scope="module")
def people_vectors(people) -> kgwb.GraphEmbedding:
    return kgwb.GraphEmbedding(people, kgwb.ComplEx(), dim=8, seed=0)


@pytest.mark.parametrize("choices", [2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_edits_of_questions_that_list_their_choices(small_bert, people, people_vectors, choices, seed):
    forms = ("{head} lives in {tail}.", "The home of {head} is {tail}.")
    facts = people.to_pandas().query("relation == 'lives in'")
    sentences = [
        say(people, f.head, f.relation, f.tail, form, i) for i, form in enumerate(forms) for f in facts.itertuples()
    ]
    questions = kgwb.make_questions(sentences, people, relations=["lives in"], choices=choices, seed=seed)
    model = kgwb.inject(small_bert, people_vectors, mode="memory")
    report = measure_edits(model, questions, edits=5, seed=seed)
    assert len(report.facts) == 5 and (report.facts["old"] != report.facts["new"]).all()
    roles = report.frame["role"].value_counts()
    assert roles["edited"] == 5 and len(report.frame) == len(questions)
    for question, row in zip(questions, report.frame.itertuples(), strict=True):
        assert (row.wanted in question.names) == (row.role != "without it")
    assert ("do not offer the new answer" in repr(report)) == ("without it" in roles)
    assert 0 <= report.efficacy <= 1 and 0 <= report.locality <= 1


@pytest.mark.parametrize("mode", ["memory", "graph", "tower"])
def test_all_facts_that_a_door_reads_are_tried_and_what_did_not_fit_is_counted(
    small_bert, people, people_vectors, mode
):
    question = kgwb.make_questions(kgwb.verbalise(people), people, relations=["lives in"])[:1]
    found = {}
    for hops in (1, 2, 3):
        model = kgwb.inject(small_bert, people_vectors, mode=mode, hops=hops)
        report = attribute_answer(model, question)
        found[hops] = set(report.frame.query("kind == 'fact'")["what"])
        assert len(found[hops]) == report.facts and report.left_out == 0
        few = kgwb.inject(small_bert, people_vectors, mode=mode, hops=hops, most=1)
        report = attribute_answer(few, question)
        assert (report.facts, report.left_out) == (1, len(found[hops]) - 1)
        assert f"; {report.left_out} more fact" in repr(report)
        reading = kgwb.read(few, [question[0].text, "No."], mentions=[question[0].mentions, []])
        assert reading.left_out == (len(found[hops]) - 1, 0) and "did not fit" in repr(reading)
    assert len(found[1]) == 2 and found[1] < found[2] < found[3]  # home and office; then what is known of both towns


def test_an_attribution_takes_nothing_from_the_model_while_it_runs(small_bert, people, people_vectors, monkeypatch):
    model = kgwb.inject(small_bert, people_vectors, mode="memory")
    question = kgwb.make_questions(kgwb.verbalise(people), people, relations=["lives in"])[:1]
    held = []
    real = Bert.reach_mask
    monkeypatch.setattr(
        Bert, "reach_mask", lambda self, given: (held.append(len(model.injector.facts)), real(self, given))[1]
    )
    attribute_answer(model, question)
    assert set(held) == {len(people)} and len(held) > 2


@pytest.mark.parametrize("mode", ["memory", "graph", "tower", "relation", ("relation", "memory")])
def test_edits_undone_leave_the_door_as_it_was(small_bert, vectors, town, mode, caplog):
    injector = kgwb.inject(small_bert, vectors, mode=mode).injector
    before, (old, other) = copy.deepcopy(injector.state_dict()), injector.facts[[0, 5]].tolist()
    new = [town.entity_id("vorek"), town.relation_id("speaks"), town.entity_id("Sol")]

    def is_as_before() -> bool:
        return all(tensor.equal(before[name]) for name, tensor in injector.state_dict().items())

    for _ in range(2):
        injector.replace([old], [new])
        injector.replace([new], [old])
    injector.add([new, new])
    injector.withdraw([new])
    injector.replace([old, other], [other, old])
    with injector.without_facts([old, other]):
        injector.add([new])
    with pytest.raises(ValueError, match=r"holds no fact \('vorek', 'speaks', 'Sol'\)"):
        injector.replace([old, new], [other, other])
    assert is_as_before() and not caplog.text
    injector.replace([old], [other])  # two facts are one now, and the way back is not the same
    assert "1 added fact stood there already: each stands once, so withdrawing it takes it away" in caplog.text
    injector.add([old])
    assert is_as_before()
