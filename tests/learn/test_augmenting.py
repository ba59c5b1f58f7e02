"""Augmentation: mentions stand where their names stand, the old is untouched, and what came to nothing is counted."""

from __future__ import annotations

import copy
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.learn import Corpus, Questions, augment, hide_mentions, rename_mentions, reword_facts
from kgwb.learn.augmentation.rewriting import edit_text

NAMES = ("Ada", "Bo Lane", "a", "Ket", "阿杰思")


@pytest.fixture(scope="module")
def graph():
    facts = [("ada", "speaks", "ket"), ("bo", "speaks", "sol"), ("cy", "speaks", "sol"), ("bo", "born in", "rome")]
    labels = {"ada": "Ada Lane", "bo": "Bo", "cy": "Cy", "ket": "Ket", "sol": "Sol", "rome": "Rome"}
    aliases = {"ada": ("Ada", "The Singer"), "bo": ("Bobo", "The Singer"), "rome": ("Roma",)}
    entities = pd.DataFrame({"entity": list(labels), "label": list(labels.values())})
    entities["aliases"] = [aliases.get(name, ()) for name in labels]
    entities["label_zh"] = ["阿达", "博", "", "", "", ""]
    return KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), entities)


@pytest.fixture(scope="module")
def stated(graph):
    wordings = {"speaks": "{head} speaks {tail}.", "born in": "{head} was born in {tail}."}
    return kgwb.verbalise(graph, wordings=wordings)


@pytest.fixture(scope="module")
def questions(graph, stated):
    return kgwb.make_questions(stated, graph)


PARTS = st.lists(
    st.tuples(
        st.text("ab .é北", max_size=4), st.sampled_from(NAMES), st.one_of(st.none(), st.text("xyz 城", max_size=6))
    ),
    max_size=4,
)


def assemble(parts):
    """A text with mentions, and what some of them are exchanged for."""
    text, mentions, edits = "", [], []
    for number, (before, name, other) in enumerate(parts):
        text += before
        mentions.append(Mention(len(text), len(text) + len(name), number, name))
        if other is not None:
            edits.append((len(text), len(text) + len(name), other))
        text += name
    return Sentence(text, tuple(mentions)), edits


@given(PARTS, st.integers(0, 5))
def test_after_any_edit_mentions_stand_where_their_names_do(parts, dropped):
    sentence, edits = assemble(parts)
    gone = sentence.mentions[:dropped]
    new = edit_text(sentence, edits, drop=gone)
    spelt = {(start, end): other for start, end, other in edits}
    assert len(new.mentions) == len(sentence.mentions) - len(gone)
    for mention, old in zip(new.mentions, sentence.mentions[dropped:], strict=True):
        expected = spelt.get((old.start, old.end), old.text)
        assert new.text[mention.start : mention.end] == mention.text == expected and mention.entity == old.entity
    expected, end = "", 0
    for start, stop, other in sorted(edits):
        expected, end = expected + sentence.text[end:start] + other, stop
    assert new.text == expected + sentence.text[end:]


@given(PARTS, st.sampled_from(["Well, {}", "{} {}", "{} Indeed!", "x{}", "{}"]))
def test_after_any_function_mentions_stand_where_their_names_do(parts, form):
    sentence, _ = assemble(parts)
    try:
        found = augment([sentence], with_=lambda text: form.format(text, text))
    except ValueError as error:
        assert "Nothing new came of 1 sentence" in str(error)
        return
    for new in found:
        assert len(new.mentions) == len(sentence.mentions)
        assert {m.entity for m in new.mentions} == {m.entity for m in sentence.mentions}
        for mention in new.mentions:
            old = next(each for each in sentence.mentions if each.entity == mention.entity)
            assert new.text[mention.start : mention.end] == mention.text == old.text


def check_law(found, given, graph):
    """Names are their entities' names, nothing comes twice, and the graph is the same."""
    texts = [each.text for each in found]
    assert len(set(texts)) == len(texts) and not set(texts) & {each.text for each in given}
    for each in found:
        for mention in each.mentions:
            assert each.text[mention.start : mention.end] == mention.text
            assert mention.text.casefold() in {name.casefold() for name in graph.spellings(mention.entity)}


WAYS = {
    "other names": lambda given, graph, seed: rename_mentions(given, graph, most=2, seed=seed),
    "names hidden": lambda given, graph, seed: hide_mentions(given, seed=seed),
    "other wordings": lambda given, graph, seed: reword_facts(
        given,
        graph,
        wordings={"speaks": ["{tail} is what {head} speaks.", "In {tail}, {head} sings."]},
        most=2,
        seed=seed,
    ),
    "a function": lambda given, graph, seed: augment(
        given, with_=lambda text: [f"Well, {text}", f"{text} {text}", text]
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("asks", [False, True])
def test_every_way_keeps_the_law_and_leaves_the_old_untouched(way, asks, graph, stated, questions):
    given = questions if asks else stated
    before = copy.deepcopy(list(given))
    for seed in range(4):
        found = WAYS[way](given, graph, seed)
        assert isinstance(found, Questions if asks else Corpus) and len(found)
        check_law(found, given, graph)
        assert list(given) == before
        again = WAYS[way](given, graph, seed)
        assert list(again) == list(found) and again.left_out == found.left_out  # the same seed, the same sentences
    if asks:
        encoded = kgwb.MaskedAnswers(found).prepare(kgwb.load_bert())  # they can be asked
        assert len(encoded) == len(found) and all(
            q.answer in q.candidates and q.text.count("[MASK]") == 1 for q in found
        )


def test_other_names_are_in_the_sentences_script_and_no_other_entitys(graph, stated):
    found = {each.text for seed in range(20) for each in rename_mentions(stated, graph, seed=seed)}
    assert found == {
        "Ada speaks Ket.",
        "Bobo speaks Sol.",
        "Bobo was born in Roma.",
    }  # not The Singer, not ada, not 阿达
    left = dict(rename_mentions(stated, graph).left_out)
    assert left == {"without another name": 1}
    assert dict(rename_mentions(stated, graph, most=3).left_out) == {
        "without another name": 1,
        "the same as another": 6,
    }


def test_what_hides_a_name_says_no_fact_and_no_mention(graph, stated):
    for share, count in ((0.0, 1), (0.5, 1), (1.0, 0)):
        for new in hide_mentions(stated, share=share):
            assert len(new.mentions) == count and new.text.count("[MASK]") == 2 - count and new.triple is None
    rome, bo, sol = (graph.entity_id(name) for name in ("rome", "bo", "sol"))
    marks = (Mention(3, 7, rome, "Rome"), Mention(9, 11, bo, "Bo"), Mention(19, 22, sol, "Sol"))
    extra = Sentence("In Rome, Bo speaks Sol.", marks, (bo, graph.relation_id("speaks"), sol))
    for seed in range(8):  # where neither head nor tail is hidden, the fact is still said
        new = hide_mentions([extra], share=0.0, seed=seed)[0]
        assert (new.triple == extra.triple) == (new.text == "In [MASK], Bo speaks Sol.")
    assert {q.text for q in hide_mentions(kgwb.make_questions(stated, graph))} == {"[UNK] speaks [MASK]."}
    assert hide_mentions(stated, mask="someone", share=1.0)[0].text == "someone speaks someone."


def test_facts_are_reworded_as_others_of_their_relation_are(graph, stated):
    other = kgwb.verbalise(graph, [("cy", "speaks", "sol")], wordings={"speaks": "They hear {head} speak {tail}."})
    found = reword_facts([*stated, *other], graph, most=5)
    texts = {each.text: each for each in found}
    assert set(texts) == {"They hear Ada Lane speak Ket.", "They hear Bo speak Sol."}
    assert dict(found.left_out) == {"of a relation without another wording": 1, "the same as another": 2}
    assert all(each.wording > 0 and each.triple is not None for each in found)
    asked = reword_facts(kgwb.make_questions(stated, graph), wordings={"speaks": "{tail} is what {head} speaks."})
    assert asked[0].text == "[MASK] is what Ada Lane speaks." and asked[0].mentions[0].text == "Ada Lane"
    assert asked[0].wording == 1 and asked[0].candidates == kgwb.make_questions(stated, graph)[0].candidates


def test_a_question_whose_answer_is_told_is_dropped(questions):
    made = augment(questions, with_=lambda text: [f"Ket? {text}", f"Well, {text}"])
    assert dict(made.left_out) == {"the answer stands in the text": 1} and len(made) == 2 * len(questions) - 1
    with pytest.raises(ValueError, match=r"dropped: 3 the blank is gone, or there are several"):
        augment(questions, with_=lambda text: text.replace("[MASK]", "it"))


def test_names_that_are_lost_doubled_or_parts_of_words_are_counted(stated, graph):
    forms = ("They talk.", "{} {}", "Well, {}")
    found = augment(stated, with_=lambda text: [form.format(text, text) for form in forms])
    assert len(found) == len(stated) and dict(found.left_out) == {"a name is gone, or doubled": 2 * len(stated)}
    inside = augment(stated, with_=lambda text: [text.replace("Sol", "Solar power"), f"So: {text}"])
    assert dict(inside.left_out)["a name is gone, or doubled"] == 2  # Sol within Solar is no name
    made = augment(stated, with_=lambda text: None if "Ket" in text else f"So: {text}")
    assert dict(made.left_out) == {"of which the function made nothing": 1}


def test_nothing_new_is_refused(stated, graph):
    call = r"Expected one at least; type kgwb\.learn\."
    plain = [Sentence("It rains.")]
    with pytest.raises(
        ValueError, match=rf"Nothing new came of 4 sentences \(.*4 the same as another\)\. {call}augment"
    ):
        augment(stated, with_=lambda text: text)
    with pytest.raises(ValueError, match=rf"1 without a mention\)\. {call}rename_mentions"):
        rename_mentions(plain, graph)
    with pytest.raises(ValueError, match=rf"1 without a mention\)\. {call}hide_mentions"):
        hide_mentions(plain)
    with pytest.raises(ValueError, match=rf"1 stating no fact\)\. {call}reword_facts"):
        reword_facts(plain, graph)
    with pytest.raises(ValueError, match=rf"Nothing new came of 0 sentences .* {call}hide_mentions"):
        hide_mentions([])


def test_new_questions_are_tuned_on_with_the_old(questions, graph, bert):
    new = rename_mentions(questions)
    both = replace(questions, items=(*questions.items, *new.items))
    assert len(list(kgwb.tune(bert, kgwb.MaskedAnswers(both), epochs=1, precision="float32"))) == 1
