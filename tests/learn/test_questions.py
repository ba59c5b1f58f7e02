"""Questions: what is masked, who may be the answer, what is left out, and who is held out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.graph import Mention, Sentence
from kgwb.learn.questions import mask_mention


def test_the_tail_is_masked_and_all_tails_of_the_relation_are_candidates(town, sentences):
    questions = kgwb.make_questions(sentences, town)
    first = questions[0]
    assert first.text == "brenap works as [MASK]."
    assert [town.labels[entity] for entity in first.candidates] == ["Baker", "Miller"]
    assert first.names == ("Baker", "Miller") and first.answer in first.candidates
    assert [mention.text for mention in first.mentions] == ["brenap"]
    assert (len(questions), questions.chance, questions.left_out) == (80, 0.5, ())


def test_other_right_answers_are_no_candidates(town):
    text = "vorap speaks Ket."
    ket, vorap = town.entity_id("Ket"), town.entity_id("vorap")
    triple = (vorap, town.relation_id("speaks"), ket)
    sentence = Sentence(text, (Mention(0, 5, vorap), Mention(13, 16, ket)), triple)
    [question] = kgwb.make_questions([sentence], town)
    assert question.names == ("Ket", "Run")


@pytest.fixture(scope="module")
def tongues():
    """Nine people, seven tongues; Ada speaks two of them."""
    facts = [("Ada", "speaks", "t0"), ("Ada", "speaks", "t1"), *((f"p{i}", "speaks", f"t{i % 7}") for i in range(8))]
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))


def say(graph, head, tail, language="en"):
    text = f"Here {head} speaks {tail}."
    at = text.index(tail)
    mentions = (Mention(5, 5 + len(head), graph.entity_id(head)), Mention(at, at + 2, graph.entity_id(tail)))
    return Sentence(text, mentions, (graph.entity_id(head), 0, graph.entity_id(tail)), language=language)


@given(choices=st.integers(2, 6), seed=st.integers(0, 20))
def test_choices_are_named_in_the_text_and_no_other_right_answer_is_among_them(tongues, choices, seed):
    [question] = kgwb.make_questions([say(tongues, "Ada", "t0")], tongues, choices=choices, seed=seed)
    listed = [question.text[m.start : m.end] for m in question.mentions]
    assert listed == [*question.names, "Ada"] and len(question.names) == choices
    assert [m.entity for m in question.mentions] == [*question.candidates, question.head]
    assert question.answer in question.candidates and tongues.entity_id("t1") not in question.candidates
    *first, last = question.names
    assert question.text == f"{', '.join(first)} or {last}? Here Ada speaks [MASK]."


def test_choices_give_chance_its_exact_value_and_the_answer_any_place(tongues):
    asked = [kgwb.make_questions([say(tongues, "Ada", "t0")], tongues, choices=4, seed=seed) for seed in range(200)]
    assert {questions.chance for questions in asked} == {0.25}
    places = Counter(questions[0].candidates.index(questions[0].answer) for questions in asked)
    assert len(places) == 4 and min(places.values()) > 25


def test_choices_are_the_same_whatever_else_is_asked(tongues):
    told = [say(tongues, f"p{i}", f"t{i % 7}") for i in range(8)]
    alone = [kgwb.make_questions([sentence], tongues, choices=3)[0] for sentence in told]
    assert list(kgwb.make_questions(told[::-1], tongues, choices=3)) == alone[::-1]


def test_too_few_candidates_for_the_choices_are_counted(tongues):
    told = [say(tongues, "Ada", "t0"), say(tongues, "p3", "t3")]
    questions = kgwb.make_questions(told, tongues, choices=7)
    assert [q.head for q in questions] == [tongues.entity_id("p3")]
    assert questions.left_out == (("fewer than 7 candidates", 1),)
    with pytest.raises(ValueError, match=r"choices=1 came. It must be at least 2"):
        kgwb.make_questions(told, tongues, choices=1)


def test_choices_in_chinese(tongues):
    [question] = kgwb.make_questions([say(tongues, "p2", "t2", "zh")], tongues, choices=3, language="zh")
    first, second, third = question.names
    assert question.text.startswith(f"{first}、{second}还是{third}？Here")


def test_choices_have_names_of_their_own(tongues):
    same = tongues.entities.assign(label=["t6" if label == "t5" else label for label in tongues.labels])
    twins = kgwb.KnowledgeGraph(tongues.triples, same, tongues.relations)
    for seed in range(10):
        [question] = kgwb.make_questions([say(twins, "p6", "t6")], twins, choices=5, seed=seed)
        assert len(set(question.names)) == 5


def test_a_fingerprint_is_of_what_is_asked(town, sentences):
    questions = kgwb.make_questions(sentences, town)
    assert questions.fingerprint == kgwb.make_questions(sentences, town).fingerprint
    others = [
        questions[1:],
        kgwb.make_questions(sentences, town, choices=2),
        replace(questions, graph=kgwb.KnowledgeGraph(town.triples, town.entities[::-1], town.relations)),
    ]
    assert len({questions.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_what_is_left_out_is_counted(town, sentences):
    person, trade = town.entity_id("vorap"), town.entity_id("Baker")
    unmarked = replace(sentences[0], mentions=sentences[0].mentions[:1])
    twice = replace(sentences[0], mentions=(*sentences[0].mentions, sentences[0].mentions[0]))
    hidden = town.entities.assign(label=["Baker of vorap" if i == person else x for i, x in enumerate(town.labels)])
    named = kgwb.KnowledgeGraph(town.triples, hidden, town.relations)
    triple = (person, town.relation_id("works as"), trade)
    overlap = Sentence("vorap, Baker.", (Mention(0, 5, person), Mention(7, 12, trade)), triple)
    prose = Sentence("Nothing.", ())
    questions = kgwb.make_questions([unmarked, twice, overlap, prose, sentences[1]], named)
    assert questions.left_out == (("answer stands in the head's name", 1), ("head or tail not marked exactly once", 2))
    assert "left out: 2 head or tail not marked exactly once" in repr(questions)
    assert len(questions) == 1


def test_a_mask_in_the_text_is_no_question(town, sentences):
    masked = replace(sentences[0], text=sentences[0].text + " [MASK]")
    questions = kgwb.make_questions([masked, sentences[1]], town)
    assert questions.left_out == (("text holds a mask already", 1),)


def test_candidates_of_one_name_are_one_guess(town, sentences):
    same = town.entities.assign(label=["Baker" if label == "Miller" else label for label in town.labels])
    twins = kgwb.KnowledgeGraph(town.triples, same, town.relations)
    with pytest.raises(ValueError, match=r"left out: 80 only one candidate\)"):
        kgwb.make_questions(sentences, twins)
    questions = kgwb.make_questions(sentences, town)
    doubled = replace(questions[0], candidates=(*questions[0].candidates, 0), names=("Baker", "Miller", "Miller"))
    assert replace(questions, items=(doubled,)).chance == 0.5


def test_a_slice_of_questions_is_questions(town, sentences):
    questions = kgwb.make_questions(sentences, town)
    assert questions[2:5].graph is town and list(questions[2:5]) == [questions[i] for i in (2, 3, 4)]


def test_names_come_in_the_language_of_the_question(town, sentences):
    labels = ["面包师" if label == "Baker" else "" for label in town.labels]
    chinese = kgwb.KnowledgeGraph(town.triples, town.entities.assign(label_zh=labels), town.relations)
    question = kgwb.make_questions([replace(sentences[0], language="zh")], chinese, language="zh")[0]
    assert question.names == ("面包师", "Miller")


def test_no_question_says_what_came(town, sentences):
    with pytest.raises(
        ValueError, match=r"No question could be made from 80 sentences \(0 state a wanted fact in 'zh'"
    ):
        kgwb.make_questions(sentences, town, language="zh")


def build(*facts):
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))


def test_facts_with_one_tail_each_are_answered_with_what_helps():
    graph = build(("Ada", "speaks", "Ket"))
    told = (
        "No question could be made from 1 sentence (1 states a wanted fact in 'en'; left out: 1 only one candidate). "
    )
    mend = "Expected facts of one relation with two tails or more; add such facts to the graph"
    with pytest.raises(ValueError) as caught:
        kgwb.make_questions(kgwb.verbalise(graph), graph)
    assert str(caught.value) == told + mend + "."
    graph = build(("Ada", "speaks", "Ket"), ("Ada", "lives in", "Rome"))
    with pytest.raises(ValueError, match='or type candidates="all" to choose among all entities') as caught:
        kgwb.make_questions(kgwb.verbalise(graph), graph)
    assert "2 only one candidate" in str(caught.value)
    assert len(kgwb.make_questions(kgwb.verbalise(graph), graph, candidates="all")) == 2  # what is to be typed works


def test_no_sentences_are_answered_with_how_to_make_some():
    graph = build(("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"))
    with pytest.raises(
        ValueError, match=r"^No sentences came\. .* type kgwb\.make_questions\(kgwb\.verbalise"
    ) as caught:
        kgwb.make_questions([], graph)
    assert len(eval(str(caught.value).rpartition("type ")[2].rstrip("."), {"kgwb": kgwb, "graph": graph})) == 2
    with pytest.raises(ValueError, match=r"2 fewer than 3 candidates\)\. .* or type choices=0\.$"):
        kgwb.make_questions(kgwb.verbalise(graph), graph, choices=3)


def test_an_unknown_relation_names_the_nearest(town, sentences):
    with pytest.raises(kgwb.graph.UnknownNameError, match=r"Unknown relation 'work as'.*'works as'"):
        kgwb.make_questions(sentences, town, relations=["work as"])


@given(share=st.floats(0.1, 0.9), seed=st.integers(0, 9))
def test_held_out_entities_are_never_seen(town, sentences, share, seed):
    questions = kgwb.make_questions(sentences, town)
    seen, unseen = kgwb.split_questions(questions, share, seed=seed)
    held = {question.head for question in unseen}
    assert len(held) == round(share * 40)
    assert all(held.isdisjoint({q.head, q.answer, *(m.entity for m in q.mentions)}) for q in seen)
    assert len(seen) + len(unseen) == len(questions)


def test_a_wording_can_be_kept_for_the_held_out(town, sentences):
    seen, unseen = kgwb.split_questions(kgwb.make_questions(sentences, town), 0.5, wording=1)
    assert {question.wording for question in seen} == {0}
    assert {question.wording for question in unseen} == {1}


def test_questions_that_name_a_held_out_entity_are_dropped_and_counted(town, sentences):
    questions = kgwb.make_questions(sentences, town)
    everyone = tuple(Mention(0, 1, question.head) for question in questions[::2])
    gossip = replace(questions[0], mentions=(*questions[0].mentions, *everyone))
    _, unseen = kgwb.split_questions(questions, 0.3)
    one = next(question for question in questions if question.head not in {q.head for q in unseen})
    gossip = replace(gossip, head=one.head)
    seen, _ = kgwb.split_questions(replace(questions, items=(*questions.items, gossip)), 0.3)
    assert gossip not in seen and seen.left_out == (("naming a held-out entity", 1),)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_both_sides_need_questions(town, sentences, share):
    with pytest.raises(ValueError, match=r"Holding out \d+% of 40 heads leaves .* Expected some of both"):
        kgwb.split_questions(kgwb.make_questions(sentences, town), share)


def test_a_mask_moves_the_mentions_behind_it():
    text, [before, after] = mask_mention(
        "Ada met Bo at sea.", [Mention(0, 3, 1), Mention(8, 10, 2), Mention(14, 17, 3)], Mention(8, 10, 2), "[MASK]"
    )
    assert text == "Ada met [MASK] at sea."
    assert text[before.start : before.end] == "Ada" and text[after.start : after.end] == "sea"


def test_questions_show_as_a_frame(town, sentences):
    frame = kgwb.make_questions(sentences, town).frame
    assert list(frame.columns) == ["question", "head", "relation", "answer", "candidates"]
    assert frame.iloc[0].to_list() == ["brenap works as [MASK].", "brenap", "works as", "Baker", 2]
