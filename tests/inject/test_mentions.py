"""Finding names in text: the longest, at the borders of words, in any case, in Chinese too."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.inject.mentions import fold


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


def test_a_mask_names_no_entity_called_mask(bert):
    facts = pd.DataFrame([("Mask", "in", "Germany")], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts)
    assert find(bert, graph, "[MASK] and mask") == [("mask", "Mask")]


@given(st.text(max_size=40))
def test_folding_keeps_every_offset(text):
    assert len(fold(text)) == len(text)


@given(st.lists(st.sampled_from(["Paris", "york", "New York", "北京", "x", ".", " "]), max_size=12))
def test_mentions_are_in_order_and_do_not_overlap(bert, vectors, words):
    text = " ".join(words)
    [found] = kgwb.find_mentions([text], vectors.graph, bert.tokenizer)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(text[m.start : m.end] == m.text and m.entity in m.candidates for m in found)
