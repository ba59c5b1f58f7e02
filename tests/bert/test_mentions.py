"""Finding names in text: the longest, at the borders of words, in any case, in Chinese too."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import kgwb
from kgwb.bert.mentions import fold_text


def find(bert, graph, text):
    [found] = kgwb.find_mentions([text], graph, bert.tokenizer)
    return [(mention.text, graph.labels[mention.entity]) for mention in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("New York is not York.", [("New York", "New York"), ("York", "York")]),
        ("new york and PARIS", [("new york", "New York"), ("PARIS", "Paris")]),
        ("Yorkshire, Parisian, unparis", []),
        ("the Big Apple (NYC)", [("Big Apple", "New York"), ("NYC", "New York")]),
        ("我在北京，中国的首都。", [("北京", "北京"), ("中国", "中国")]),
        ("Páris’s", [("Páris", "Paris")]),
        ("Pa\u0301ris, Paris\u0301ian", [("Pa\u0301ris", "Paris")]),
        ("New\nYork and new \u00a0 york", [("New\nYork", "New York"), ("new \u00a0 york", "New York")]),
        ("我在北\n京，\n中国", [("北\n京", "北京"), ("中国", "中国")]),
        ("北 京", []),
        ("", []),
        ("😀 Paris 👩‍👩‍👧 York", [("Paris", "Paris"), ("York", "York")]),
    ],
)
def test_longest_match_at_the_borders_of_words(bert, vectors, text, expected):
    assert find(bert, vectors.graph, text) == expected


def test_a_name_of_several_entities_goes_to_the_best_connected_and_keeps_the_others(bert):
    facts = [("georgia_us", "in", "usa"), ("georgia", "in", "asia"), ("georgia", "near", "turkey")]
    labels = pd.DataFrame({"entity": ["georgia", "georgia_us"], "label": ["Georgia", "Georgia"]})
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), labels)
    [[found]] = kgwb.find_mentions(["Georgia!"], graph, bert.tokenizer)
    assert found.entity == graph.entity_id("georgia")
    assert found.candidates == (graph.entity_id("georgia"), graph.entity_id("georgia_us"))


def test_only_accents_are_folded_not_letters(bert):
    facts = pd.DataFrame([("한국", "in", "パリ"), ("Mask", "in", "Pariš")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts)
    assert find(bert, graph, "하고 한강 ハリ") == []
    assert find(bert, graph, "한국, パリ, paris") == [("한국", "한국"), ("パリ", "パリ"), ("paris", "Pariš")]
    decomposed = unicodedata.normalize("NFD", "한국, パリ")
    assert [label for _, label in find(bert, graph, decomposed)] == ["한국", "パリ"]


def test_a_name_with_an_apostrophe_is_found_whichever_way_it_curls(bert):
    facts = pd.DataFrame([("Nuku'alofa", "in", "Tonga")], columns=["head", "relation", "tail"])
    assert find(bert, kgwb.KnowledgeGraph.from_pandas(facts), "In Nuku’alofa") == [("Nuku’alofa", "Nuku'alofa")]


def test_short_names_are_found_to_the_letter_and_punctuation_never(bert):
    aliases = pd.DataFrame({"entity": ["Indiana", "America"], "aliases": ["IN|.", "US|USA"]})
    facts = pd.DataFrame([("Indiana", "in", "America")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts, aliases)
    found = find(bert, graph, "Live in Gary, IN, in the US. The usa and us.")
    assert found == [("IN", "Indiana"), ("US", "America"), ("usa", "America")]


def test_a_letter_is_never_cut_from_its_marks(bert):
    facts = pd.DataFrame([("ไม", "in", "Siam")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts)
    assert find(bert, graph, "ไม") == [("ไม", "ไม")]
    assert find(bert, graph, "ไม้") == []


def test_one_text_is_not_taken_for_a_list(bert, vectors):
    with pytest.raises(
        TypeError, match=r"One text came: 'Paris'\. Expected a list of texts; type find_mentions\(\[text\]"
    ):
        kgwb.find_mentions("Paris", vectors.graph, bert.tokenizer)


def test_a_mask_names_no_entity_called_mask(bert):
    facts = pd.DataFrame([("Mask", "in", "Germany")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts)
    assert find(bert, graph, "[MASK] and mask") == [("mask", "Mask")]


@given(st.text(max_size=40))
def test_folding_says_where_every_character_came_from(text):
    folded = fold_text(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert list(folded.starts) == sorted(folded.starts) and list(folded.ends) == sorted(folded.ends)


@example("パ\n")
@given(st.text(alphabet="aéǖñ Å한パ\n北京xΆй’'", max_size=20))
def test_folding_does_not_mind_how_a_text_is_encoded(text):
    assert fold_text(unicodedata.normalize("NFD", text)).text == fold_text(unicodedata.normalize("NFC", text)).text


@given(st.lists(st.sampled_from(["Paris", "york", "New York", "北京", "x", ".", " "]), max_size=12))
def test_mentions_are_in_order_and_do_not_overlap(bert, vectors, words):
    text = " ".join(words)
    [found] = kgwb.find_mentions([text], vectors.graph, bert.tokenizer)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(text[m.start : m.end] == m.text and m.entity in m.candidates for m in found)
