"""What notebook 09 reads from texts, on a graph of a few facts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.graph import Mention, Sentence
from kgwb.learn import pair_names
from kgwb.lessons import text_to_graph

FACTS = [
    ("Kuwait", "pays in", "Kuwaiti dinar"),
    ("Iraq", "pays in", "Iraqi dinar"),
    ("Georgia", "pays in", "Georgian lari"),
    ("Kuwait", "borders", "Iraq"),
    ("Iraq", "borders", "Kuwait"),
]
TYPES = {"Kuwait": "small_country", "Iraq": "country", "Georgia": "country"}


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    names = sorted({name for head, _, tail in FACTS for name in (head, tail)})
    kinds = [TYPES.get(name, "currency") for name in names]
    entities = pd.DataFrame({"entity": names, "label": names, "type": kinds})
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), entities)


def _say(graph: kgwb.KnowledgeGraph, text: str, *names: str, fact: tuple[str, str, str] | None = None) -> Sentence:
    places = [Mention(text.index(name), text.index(name) + len(name), graph.entity_id(name)) for name in names]
    ids = fact and (graph.entity_id(fact[0]), graph.relation_id(fact[1]), graph.entity_id(fact[2]))
    return Sentence(text, tuple(places), ids)


@pytest.fixture(scope="module")
def sentences(graph: kgwb.KnowledgeGraph) -> list[Sentence]:
    said = [
        _say(graph, f"Shops in {head} take the {tail}.", head, tail, fact=(head, relation, tail))
        for head, relation, tail in FACTS[:3]
    ]
    return [*said, _say(graph, "Iraq borders Kuwait.", "Iraq", "Kuwait", fact=("Iraq", "borders", "Kuwait"))]


def test_only_a_last_word_that_several_share_becomes_a_name(graph):
    named = text_to_graph.share_last_words(graph)
    assert named.spellings(named.entity_id("Kuwaiti dinar")) == ("Kuwaiti dinar", "dinar")
    assert named.spellings(named.entity_id("Georgian lari")) == ("Georgian lari",)
    assert named.spellings(named.entity_id("Iraq")) == ("Iraq",)
    assert graph.spellings(graph.entity_id("Kuwaiti dinar")) == ("Kuwaiti dinar",)
    assert np.array_equal(named.triples, graph.triples)


def test_sentences_are_written_with_the_shared_name_and_keep_what_is_meant(graph, sentences):
    named = text_to_graph.share_last_words(graph)
    written = text_to_graph.write_last_words(sentences[:3], named)
    assert [each.text for each in written] == ["Shops in Kuwait take the dinar.", "Shops in Iraq take the dinar."]
    for sentence, meant in zip(written, ("Kuwaiti dinar", "Iraqi dinar"), strict=True):
        name = sentence.mentions[-1]
        assert sentence.text[name.start : name.end] == "dinar" and graph.labels[name.entity] == meant


def test_links_are_scored_on_shared_names_alone(graph, sentences):
    named, bert = text_to_graph.share_last_words(graph), kgwb.load_bert()
    written = text_to_graph.write_last_words(sentences[:3], named)
    texts = [each.text for each in written]
    found = kgwb.find_mentions(texts, named, bert.tokenizer)
    links = kgwb.bert.link_mentions(texts, found, named, threshold=0)
    assert text_to_graph.measure_links(links, written) == 1.0
    turned = [
        Sentence(each.text, (*each.mentions[:-1], other.mentions[-1]))
        for each, other in zip(written, written[::-1], strict=True)
    ]
    assert text_to_graph.measure_links(links, turned) == 0.0
    alone = kgwb.bert.link_mentions(["Kuwait."], [[Mention(0, 6, named.entity_id("Kuwait"))]], named)
    assert np.isnan(text_to_graph.measure_links(alone, [Sentence("Kuwait.")]))


def test_the_floors_guess_by_types_and_by_words(graph, sentences):
    pairs = pair_names(sentences, graph)
    by_types = text_to_graph.guess_by_types(pairs, pairs, graph)
    # Two countries border both ways; a currency on the left is never the head of a fact.
    assert (by_types == pairs["label"]).all()
    unknown = pairs.assign(head_entity=graph.entity_id("Georgia"), tail_entity=graph.entity_id("Georgia"))
    assert set(text_to_graph.guess_by_types(pairs, unknown, graph)) == {"none"}
    assert (text_to_graph.guess_by_words(pairs, pairs) == pairs["label"]).all()
    other = pair_names([_say(graph, "Iraq pays with Georgian lari", "Iraq", "Georgian lari")], graph)
    renamed = pair_names([_say(graph, "Kuwait pays with Iraqi dinar", "Kuwait", "Iraqi dinar")], graph)
    guesses = [text_to_graph.guess_by_words(pairs, each).tolist() for each in (other, renamed)]
    assert guesses[0] == guesses[1], "names do not count"


def test_what_was_read_becomes_facts_once_and_none_is_left_when_they_are_shuffled(graph, sentences):
    pairs = pair_names([*sentences, sentences[0]], graph)
    facts = text_to_graph.gather_facts(pairs, pairs["label"], graph)
    assert sorted(facts) == sorted(map(tuple, graph.triples.tolist()))
    shuffled = text_to_graph.shuffle_what_was_read(facts, graph, seed=1)
    assert sorted(fact[:2] for fact in shuffled) == sorted(fact[:2] for fact in facts)
    assert not set(shuffled) & set(facts)


def test_each_kind_of_evidence_is_tried_alone_on_each_graph(graph, sentences):
    named, bert = text_to_graph.share_last_words(graph), kgwb.load_bert()
    written = text_to_graph.write_last_words(sentences[:3], named)
    empty = kgwb.KnowledgeGraph(named.triples[:0], named.entities, named.relations, "empty", ())
    table = text_to_graph.compare_evidence(written, {"all facts": named, "none": empty}, bert)
    assert list(table.index) == ["prior", "context", "coherence", "all three"] and list(table) == ["all facts", "none"]
    assert table.loc["coherence", "all facts"] == 1.0 and table["none"].between(0, 1).all()
    assert table.loc["coherence", "none"] < 1.0, "without facts nothing is near anything"


def test_the_exams_share_no_head_with_what_is_tuned_on(graph, sentences):
    other = [
        _say(graph, f"The {tail} is what {head} takes.", head, tail, fact=(head, relation, tail))
        for head, relation, tail in FACTS[:3]
    ]
    said = [*sentences, *(Sentence(each.text, each.mentions, each.triple, 1) for each in other)]
    train, exams = text_to_graph.part_by_wording(said, graph, most=9)
    stated = train[train["label"] == "pays in"]
    heads = set(stated["head_entity"])
    assert heads and list(exams) == ["wording seen", "new wording"]
    for exam in exams.values():
        assert heads.isdisjoint(exam.loc[exam["label"] == "pays in", "head_entity"])
    assert not train["text"].str.startswith("The ").any() and exams["new wording"]["text"].str.startswith("The ").all()
    assert len(text_to_graph.part_by_wording(said, graph, most=1)[0]) <= train["label"].nunique()


def test_floors_are_scored_on_the_exam(graph, sentences):
    pairs = pair_names(sentences, graph)
    floors = text_to_graph.score_floors(pairs, pairs, graph)
    assert floors["types alone"] == floors["words counted"] == 1.0
    assert floors["always the commonest"] == pytest.approx((pairs["label"] == pairs["label"].mode()[0]).mean())
