"""Controls of text and test: what is written, what points elsewhere, what is gone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.learn.controls import find_held_out, mark_mentions, misdirect_mentions, prepend_facts, remove_answers


@pytest.fixture(scope="module")
def questions(town, sentences):
    return kgwb.make_questions(sentences, town, choices=2)


def spelt(question):
    return [question.text[mention.start : mention.end] for mention in question.mentions]


def test_markers_stand_around_every_mention_and_nothing_else_changes(questions):
    marked = mark_mentions(questions)
    for before, after in zip(questions, marked, strict=True):
        assert spelt(after) == spelt(before) and len(spelt(after)) == 3
        for mention in after.mentions:
            assert after.text[mention.start - 2 : mention.start] == "[ "
            assert after.text[mention.end : mention.end + 2] == " ]"
        assert after.text.replace("[ ", "").replace(" ]", "") == before.text
        assert replace(after, text="", mentions=()) == replace(before, text="", mentions=())
    assert mark_mentions(questions, marks=("<", ">"))[0].text.startswith("<")


def test_facts_are_prepended_with_the_answer_among_them(town, questions):
    first = prepend_facts(questions, town)[0]
    assert first.text.endswith(questions[0].text)
    assert first.text.startswith(f"{town.labels[first.head]} works as {town.labels[first.answer]}. ")
    assert spelt(first)[:2] == [town.labels[first.head], town.labels[first.answer]]
    assert spelt(first)[2:] == spelt(questions[0])
    assert [town.entity_id(name) for name in spelt(first)] == [mention.entity for mention in first.mentions]


def test_facts_are_limited_and_keep_the_answer(town, questions):
    vorap = town.entity_id("vorap")  # who works, and speaks two tongues
    some = replace(questions, items=tuple(q for q in questions if q.head == vorap))
    for seed in range(8):
        for question in prepend_facts(some, town, facts=2, seed=seed):
            text = question.text[: question.text.index(some[0].text.split("?")[0])]
            assert text.count(".") == 2
            assert f"works as {town.labels[question.answer]}." in text
    assert len({prepend_facts(some, town, facts=2, seed=seed)[0].text for seed in range(8)}) == 2


def test_facts_whose_graph_lacks_the_answer_do_not_state_it(town, questions):
    without = remove_answers(town, questions)
    assert all("works as" not in q.text.split("?")[0] for q in prepend_facts(questions, without))


@given(seed=st.integers(0, 9))
def test_facts_for_tuning_name_nobody_who_is_held_out(seed):
    people = [f"p{i}" for i in range(12)]
    facts = [(one, "knows", people[(i + step) % 12]) for i, one in enumerate(people) for step in (1, 2, 5)]
    facts += [(one, "speaks", f"tongue {i % 4}") for i, one in enumerate(people)]
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    asked = kgwb.make_questions(kgwb.verbalise(graph), graph, relations=["speaks"])
    seen, unseen = kgwb.split_questions(asked, 0.25, seed=seed)
    held_out = {question.head for question in unseen}
    found = find_held_out(seen, graph)
    assert held_out <= found
    named = {mention.entity for q in prepend_facts(seen, graph, held_out=found) for mention in q.mentions}
    assert not named & held_out
    everything = {mention.entity for q in prepend_facts(seen, graph) for mention in q.mentions}
    assert everything & held_out  # without the filter they were named
    whole = {mention.entity for q in prepend_facts(unseen, graph, held_out=found) for mention in q.mentions}
    assert {question.answer for question in unseen} <= whole  # the answer itself is written


def test_facts_need_the_same_ids(questions):
    other = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame([["a", "b", "c"]], columns=["head", "relation", "tail"]))
    with pytest.raises(ValueError, match=r"The questions are about 'town', whose ids mean other things than those of"):
        prepend_facts(questions, other)
    with pytest.raises(ValueError, match=r"facts=0 came. It must be at least 1; type facts=1"):
        prepend_facts(questions, questions.graph, facts=0)


@given(share=st.floats(0, 1), seed=st.integers(0, 5))
def test_misdirected_mentions_point_to_others_and_as_many_as_asked(questions, share, seed):
    wrong = misdirect_mentions(questions, share, seed=seed)
    pairs = [(a, b) for q, w in zip(questions, wrong, strict=True) for a, b in zip(q.mentions, w.mentions, strict=True)]
    changed = [a.entity != b.entity for a, b in pairs]
    assert sum(changed) == round(share * len(pairs))
    assert all(0 <= b.entity < len(questions.graph.entities) for _, b in pairs)
    assert all(replace(b, entity=a.entity) == a for a, b in pairs)
    assert [(q.text, q.answer, q.candidates) for q in wrong] == [(q.text, q.answer, q.candidates) for q in questions]


def test_more_noise_misdirects_the_same_mentions_and_more(questions):
    def changed(share):
        wrong = misdirect_mentions(questions, share, seed=3)
        return {(i, j) for i, q in enumerate(wrong) for j, m in enumerate(q.mentions) if m != questions[i].mentions[j]}

    assert changed(0.2) < changed(0.5)


def test_a_share_that_is_none(questions):
    with pytest.raises(
        ValueError, match=r"share=1.5 and \d+ entities came. Expected a share of the mentions from 0 to 1"
    ):
        misdirect_mentions(questions, 1.5)


def test_answers_go_in_both_directions_and_ids_stay():
    facts = [("a", "knows", "b"), ("b", "knows", "a"), ("b", "knows", "c"), ("a", "likes", "b"), ("b", "likes", "a")]
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    a, b, c = (graph.entity_id(name) for name in "abc")
    question = kgwb.learn.Question("a knows [MASK].", (), a, graph.relation_id("knows"), b, (b, c), ("b", "c"))
    without = remove_answers(graph, kgwb.learn.Questions(graph, (question,)))
    assert without.to_pandas().to_numpy().tolist() == [["a", "likes", "b"], ["b", "knows", "c"], ["b", "likes", "a"]]
    assert without.fingerprint == graph.fingerprint and without.labels == graph.labels
    assert ("answers removed", 2) in without.notes
    assert len(graph) == 5 and not without.triples.flags.writeable


@given(st.integers(0, 5))
def test_what_is_removed_are_the_answers(town, questions, seed):
    _, unseen = kgwb.split_questions(questions, 0.3, seed=seed)
    without = remove_answers(town, unseen)
    answers = {(q.head, q.relation, q.answer) for q in unseen}
    gone = set(map(tuple, town.triples.tolist())) - set(map(tuple, without.triples.tolist()))
    assert gone == answers
    np.testing.assert_array_equal(without.triples, [t for t in town.triples.tolist() if tuple(t) not in answers])
