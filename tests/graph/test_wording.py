"""Triples become sentences, and sentences the wordings that made them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgwb.graph import KnowledgeGraph, Mention, Sentence, UnknownNameError, read_graph, read_sentences, write_graph
from kgwb.graph.wording import learn_wordings, verbalise


def spans(sentence: Sentence) -> list[tuple[str, int]]:
    return [(sentence.text[mention.start : mention.end], mention.entity) for mention in sentence.mentions]


def test_every_triple_is_said_by_its_relations_label(countries: KnowledgeGraph) -> None:
    sentences = verbalise(countries)
    assert [sentence.text for sentence in sentences] == [
        "Berlin, is the capital of, Germany.",
        "Germany, borders, France.",
        "paris, is the capital of, France.",
    ]
    berlin, germany = countries.entity_id("berlin"), countries.entity_id("germany")
    assert spans(sentences[0]) == [("Berlin", berlin), ("Germany", germany)]
    assert [mention.text for mention in sentences[0].mentions] == ["Berlin", "Germany"]
    assert [sentence.triple for sentence in sentences] == [tuple(row) for row in countries.triples.tolist()]
    assert {(sentence.wording, sentence.language) for sentence in sentences} == {(0, "en")}


def test_a_language_brings_its_own_labels_and_signs(countries: KnowledgeGraph) -> None:
    texts = [sentence.text for sentence in verbalise(countries, language="zh")]
    assert texts == ["柏林，的首都，德国。", "德国，borders，法国。", "paris，的首都，法国。"]


def test_triples_are_chosen_by_name_or_id(countries: KnowledgeGraph) -> None:
    [by_name] = verbalise(countries, [("Berlin", "is the capital of", "Deutschland")])
    assert (
        [by_name] == verbalise(countries, countries.triples[:1]) == verbalise(countries, countries.triples.tolist()[:1])
    )
    assert verbalise(countries, []) == verbalise(countries, np.zeros((0, 3), dtype=np.int64)) == []


def test_each_wording_gives_a_sentence(countries: KnowledgeGraph) -> None:
    wordings = {"is the capital of": ["{tail} is ruled from {head}.", "{head}: {tail} {}"], "borders": "{head}{tail}"}
    one, other, touching, *_ = verbalise(countries, wordings=wordings)
    assert (one.text, other.text, touching.text) == (
        "Germany is ruled from Berlin.",
        "Berlin: Germany {}",
        "GermanyFrance",
    )
    assert (one.wording, other.wording) == (0, 1)
    assert [text for text, _ in spans(one)] == ["Germany", "Berlin"]
    assert [text for text, _ in spans(touching)] == ["Germany", "France"]


def test_a_name_may_hold_braces_and_an_entity_may_be_called_nothing() -> None:
    facts = pd.DataFrame([["{tail}", "{head}", "x"], ["", "{head}", ""]], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(facts)
    nameless, braces = verbalise(graph)
    assert (nameless.text, nameless.mentions) == (", {head}, .", ())
    assert braces.text == "{tail}, {head}, x." and [text for text, _ in spans(braces)] == ["{tail}", "x"]


@given(before=st.text(max_size=5), between=st.text(max_size=5), after=st.text(max_size=5), swap=st.booleans())
def test_what_was_said_can_be_learnt(before: str, between: str, after: str, swap: bool) -> None:
    facts = [["Ann", "knows", "Bo"], ["Cy", "knows", "Di"]]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    first, second = ("{tail}", "{head}") if swap else ("{head}", "{tail}")
    wording = f"{before}{first}{between}{second}{after}"
    learnt = learn_wordings(verbalise(graph, wordings={"knows": wording}), graph)
    assert dict(learnt) == {"knows": (wording,)} and learnt.left_out == ()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_wordings_of_the_archipelago_say_its_sentences_again(repository: Path, language: str) -> None:
    folder = repository / "sample_graphs" / "archipelago"
    graph = read_graph(folder)
    sentences = read_sentences(folder, graph)
    wordings = learn_wordings(sentences, graph, language=language)
    if language == "en":
        assert Counter(map(len, wordings.values())) == {3: 5, 1: 7}
        assert dict(wordings.left_out) == {"stating no fact": 60, "not in 'en'": 330}
    stated = [sentence for sentence in sentences if sentence.triple and sentence.language == language]
    said = verbalise(graph, [sentence.triple for sentence in stated], wordings=wordings, language=language)
    by_text = {sentence.text: (sentence.mentions, sentence.triple) for sentence in said}
    assert all(by_text[sentence.text] == (sentence.mentions, sentence.triple) for sentence in stated)


def test_what_teaches_no_wording_is_counted_and_shown(countries: KnowledgeGraph) -> None:
    berlin, paris = verbalise(countries, wordings={"capital_of": "{head} rules {tail}."})[::2]
    more = replace(berlin, mentions=(*berlin.mentions, Mention(7, 12, countries.entity_id("paris"))))
    twice = replace(berlin, mentions=(*berlin.mentions, berlin.mentions[0]))
    braces = replace(berlin, text=berlin.text + "{head}")
    once = verbalise(countries, countries.triples[:1])
    prose, foreign = Sentence("Nothing."), replace(berlin, language="zh")
    wordings = learn_wordings([berlin, paris, more, twice, braces, *once, prose, foreign], countries)
    assert dict(wordings) == {"capital_of": ("{head} rules {tail}.",)} and len(wordings) == 1
    assert dict(wordings.left_out) == {
        "head or tail not marked exactly once": 1,
        "holding {head} or {tail} itself": 1,
        "in a wording of fewer than 2 sentences": 1,
        "naming other entities too": 1,
        "not in 'en'": 1,
        "stating no fact": 1,
    }
    assert repr(wordings).startswith("1 wording of 1 relation\n  capital_of: {head} rules {tail}.\n  left out: 1 head")
    assert len(learn_wordings(once, countries, least=1)) == 1


def test_a_wording_without_both_names(countries: KnowledgeGraph) -> None:
    for wrong in ("{head} is a capital.", "{head} {head} {tail}"):
        with pytest.raises(
            ValueError, match=r"of 'capital_of' does not hold \{head\} and \{tail\} once each. Type some"
        ):
            verbalise(countries, wordings={"capital_of": wrong})


def test_names_that_are_not_in_the_graph(countries: KnowledgeGraph) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown relation 'capitol_of'"):
        verbalise(countries, wordings={"capitol_of": "{head} {tail}"})
    with pytest.raises(UnknownNameError, match=r"Unknown entity 'Brelin'"):
        verbalise(countries, [("Brelin", "borders", "France")])


def test_what_is_no_triple(countries: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match=r"\['Berlin', 'borders'\] is no triple. Type verbalise\(graph, \[\(head, rel"):
        verbalise(countries, [("Berlin", "borders")])


def test_the_graphs_own_table_words_its_relations_in_two_languages(countries: KnowledgeGraph) -> None:
    own = {
        "wording": ["{head} is a neighbour of {tail}.|{tail} lies beside {head}.", ""],
        "wording_zh": ["", "{head}是{tail}的首都。"],
    }
    relations = countries.relations.sort_values("relation", ignore_index=True).assign(**own)
    assert relations["label"].tolist() == ["borders", "is the capital of"]
    graph = KnowledgeGraph.from_pandas(countries.to_pandas(), countries.entities, relations=relations)
    english = [each.text for each in verbalise(graph)]
    assert english == [
        "Berlin, is the capital of, Germany.",
        "Germany is a neighbour of France.",
        "France lies beside Germany.",
        "paris, is the capital of, France.",
    ]
    chinese = [each.text for each in verbalise(graph, language="zh")]
    assert chinese == ["柏林是德国的首都。", "德国，borders，法国。", "paris是法国的首都。"]
    given = verbalise(graph, [("Germany", "borders", "France")], wordings={"borders": "{head}/{tail}"})
    assert [each.text for each in given] == ["Germany/France"]


def test_a_wording_of_the_graphs_own_table_is_checked_as_any_other(countries: KnowledgeGraph) -> None:
    relations = countries.relations.assign(wording="{head} is near.")
    graph = KnowledgeGraph.from_pandas(countries.to_pandas(), countries.entities, relations=relations)
    with pytest.raises(ValueError, match=r"does not hold \{head\} and \{tail\} once each"):
        verbalise(graph)


def test_wordings_of_the_graphs_own_table_are_written_and_read(countries: KnowledgeGraph, tmp_path: Path) -> None:
    relations = countries.relations.assign(wording="{head} to {tail}.|{tail} from {head}.")
    graph = KnowledgeGraph.from_pandas(countries.to_pandas(), countries.entities, relations=relations)
    write_graph(graph, tmp_path / "graph")
    assert verbalise(read_graph(tmp_path / "graph")) == verbalise(graph)
