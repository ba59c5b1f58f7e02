"""Masked infilling: names, blanks and what tells the relation stay; what the graph speaks against is dropped and counted."""

from __future__ import annotations

import logging

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.learn import Corpus, Questions, infill_words
from kgwb.learn.augmentation.infilling import _DENIAL, _find_patterns, _find_telling_words, _list_words, _why_not

WORDINGS = {
    "speaks": ["{head} mostly speaks {tail} there.", "The man {head} always speaks {tail}."],
    "born in": ["{head} was not born in {tail} there.", "The man {head} was born in {tail}."],
}


@pytest.fixture(scope="module")
def graph():
    facts = [("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Ada", "born in", "Rome"), ("Bo", "born in", "Rome")]
    facts += [("Ket", "language of", "Rome"), ("Cheese", "from", "Rome")]
    return KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))


@pytest.fixture(scope="module")
def stated(graph):
    facts = [fact for fact in graph.to_pandas().itertuples(index=False) if fact.relation in WORDINGS]
    return kgwb.verbalise(graph, [tuple(fact) for fact in facts], wordings=WORDINGS)


@pytest.fixture(scope="module")
def questions(graph, stated):
    return kgwb.make_questions(stated, graph, candidates="all")


def place(sentence, telling=frozenset()):
    return [sentence.text[start:end] for start, end in _list_words(sentence, telling)]


def test_what_may_be_written_anew(stated, questions):
    telling = _find_telling_words(stated)
    free = {word for each in stated for word in place(each, telling[each.triple[1]])}
    assert free == {"there", "The", "man"}  # not speaks, nor born, nor not, nor a name
    assert place(Sentence("[MASK] sings, 王明.", (Mention(14, 16, 0, "王明"),))) == ["sings"]
    assert {word for each in questions for word in place(Sentence(each.text, each.mentions))} >= {"there", "man"}


@pytest.mark.parametrize("asks", [False, True])
def test_names_blanks_and_the_old_stay(asks, stated, questions, graph, small_bert):
    given = questions if asks else stated
    before = list(given)
    found = infill_words(given, graph, bert=small_bert, share=1.0, most=3, top=20)
    assert isinstance(found, Questions if asks else Corpus) and list(given) == before
    for new in found:
        assert new.text not in {each.text for each in given}
        for mention in new.mentions:
            assert new.text[mention.start : mention.end] == mention.text
            assert mention.text in graph.spellings(mention.entity)
        assert ("speaks" in new.text) != ("born in" in new.text)
        assert new.text.count("[MASK]") == asks
    again = infill_words(given, graph, bert=small_bert, share=1.0, most=3, top=20)
    assert list(again) == list(found) and again.left_out == found.left_out


def test_the_likeliest_other_word_is_written(graph, small_bert):
    sentence = Sentence("Ada sings well.", (Mention(0, 3, graph.entity_id("Ada"), "Ada"),))
    found = infill_words([sentence], graph, bert=small_bert, share=0.0, top=1)[0].text
    words = ("sings", "well")
    changed = next(word for word in words if word not in found.split(".")[0].split())
    masked = kgwb.bert.encode_sentences(small_bert, [sentence.text.replace(changed, "[MASK]")])
    with torch.no_grad():
        order = small_bert.fill_mask(masked)[0].argsort(descending=True).tolist()
    spelt = small_bert.tokenizer.convert_ids_to_tokens(order)
    expected = next(w for w in spelt if w.isalpha() and w.isascii() and w != changed and not _DENIAL.fullmatch(w))
    assert found == sentence.text.replace(changed, expected)


def test_what_the_graph_speaks_against_is_told(graph, stated, small_bert):
    patterns = _find_patterns(stated)
    ada, bo, rome, ket = (graph.entity_id(name) for name in ("Ada", "Bo", "Rome", "Ket"))
    speaks, born = graph.relation_id("speaks"), graph.relation_id("born in")

    def say(text, head, relation, tail):
        names = ((head, graph.labels[head]), (tail, graph.labels[tail]))
        marks = tuple(Mention(text.index(name), text.index(name) + len(name), entity, name) for entity, name in names)
        return Sentence(text, marks, (head, relation, tail))

    old = say("The man Ada always speaks Ket.", ada, speaks, ket)
    told = {
        "The man Ada often speaks Ket.": "",
        "The man Ada was born in Ket.": "saying a relation that the graph does not hold",
        "The Cheese Ada always speaks Ket.": "naming another entity",
    }
    for text, why in told.items():
        assert _why_not(old, say(text, ada, speaks, ket), graph, small_bert, patterns) == why
    # The other relation holds too: true, but not what the sentence is said to state.
    old, new = (
        say("Ada always speaks Rome.", ada, speaks, rome),
        say("The man Ada was born in Rome.", ada, speaks, rome),
    )
    assert _why_not(old, new, graph, small_bert, patterns) == "saying another relation"
    true = say("The man Bo was born in Rome.", bo, born, rome)
    assert _why_not(true, true, graph, small_bert, patterns) == ""


def test_where_nothing_can_be_written_it_is_refused(graph, stated, small_bert):
    one = [sentence for sentence in stated if sentence.triple[1] == graph.relation_id("speaks")]
    with pytest.raises(
        ValueError, match=r"4 without a word that could be another\)\. .* type kgwb\.learn\.infill_words"
    ):
        infill_words(one, graph, bert=small_bert)  # every word is of one relation


def test_an_untrained_head_is_said_in_the_log(graph, stated, small_bert, caplog):
    caplog.set_level(logging.WARNING)
    infill_words(stated, graph, bert=small_bert, top=20)
    assert (
        "'small' came without a masked-language head; untuned, it writes any word. Type kgwb.tune(bert" in caplog.text
    )
