"""A question is read as the path of the most alike text, among those that lead anywhere; nothing else answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.learn import PathReader
from kgwb.learn.answering.path_wordings import hide_names, word_paths

FACTS = [
    ("Ada", "born_in", "Kupen"),
    ("Bo", "born_in", "Kupen"),
    ("Ada", "works_for", "Zell"),
    ("Cy", "works_for", "Zell"),
    ("Zell", "located_in", "Kupen"),
]
KINDS = {"Ada": "person", "Bo": "person", "Cy": "person", "Kupen": "town", "Zell": "firm"}


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    entities = pd.DataFrame({"entity": KINDS.keys(), "type": KINDS.values()})
    entities["aliases"] = ["A. Lin", "", "A. Lin", "", ""]
    relations = pd.DataFrame(
        {"relation": ["born_in", "works_for", "located_in"], "wording": ["{head} was born in {tail}.", "", ""]}
    )
    facts = pd.DataFrame(FACTS, columns=["head", "relation", "tail"])
    return kgwb.KnowledgeGraph.from_pandas(facts, entities, relations=relations)


@pytest.fixture(scope="module")
def asked() -> pd.DataFrame:
    rows = [("Where was Ada born?", "born_in"), ("Who is employed by Zell?", "^works_for"), ("How old is Bo?", "")]
    return pd.DataFrame(rows, columns=["question", "relation"])


@pytest.fixture(scope="module")
def reader(graph: kgwb.KnowledgeGraph, asked: pd.DataFrame) -> PathReader:
    return PathReader(graph, asked, bert=kgwb.load_bert("minilm"))


def test_paths_are_told_in_their_relations_wordings_with_types_for_names(graph: kgwb.KnowledgeGraph) -> None:
    told = dict(word_paths(graph).itertuples(index=False, name=None))
    assert told["born_in"] == "the person was born in which town."
    assert told["^born_in"] == "which person was born in the town."
    assert told["works_for/located_in"].startswith("the person") and "which town" in told["works_for/located_in"]
    assert "located_in/works_for" not in told


def test_names_give_way_to_types(graph: kgwb.KnowledgeGraph) -> None:
    bert = kgwb.load_bert("minilm")
    types = [KINDS[name] for name in graph.entities["entity"]]
    [mentions] = kgwb.find_mentions(["Where does the Bo of Kupen live?"], graph, bert.tokenizer)
    hidden = hide_names("Where does the Bo of Kupen live?", mentions, types, language="en")
    assert hidden == "Where does the person of the town live?"


@pytest.mark.parametrize("by_words", [False, True])
def test_questions_are_answered_by_the_facts_of_the_path(
    graph: kgwb.KnowledgeGraph, asked: pd.DataFrame, by_words: bool
) -> None:
    reader = PathReader(graph, asked, bert=kgwb.load_bert("minilm"), by_words=by_words)
    read = reader.answer(["Where was Bo born?", "Where was Dee born?"])
    assert read[["head", "path", "answers"]].to_numpy().tolist() == [["Bo", "born_in", ("Kupen",)], ["", "", ()]]
    assert read["trust"].tolist() == pytest.approx([1.0, -1.0], abs=1e-5)
    assert ("words counted" in repr(reader)) == by_words and "3 questions" in repr(reader)


def test_only_paths_that_lead_anywhere_count_and_trust_says_what_was_passed_over(reader: PathReader) -> None:
    there, anywhere = (reader.answer(["Where was Cy born?"], anywhere=each).iloc[0] for each in (False, True))
    assert (anywhere["path"], anywhere["answers"]) == ("born_in", ())
    assert there["path"] != "born_in" and there["answers"]
    assert there["trust"] == pytest.approx(2 * there["score"] - 1, abs=1e-4)  # the other text is equal


def test_a_name_of_two_is_answered_for_both(reader: PathReader) -> None:
    read = reader.answer(["Where does A. Lin work?"])
    assert sorted(read["head"]) == ["Ada", "Cy"] and read["path"].nunique() == 1


def test_other_facts_give_other_answers(reader: PathReader, graph: kgwb.KnowledgeGraph) -> None:
    facts = pd.DataFrame([*FACTS[1:], ("Ada", "born_in", "Zell")], columns=["head", "relation", "tail"])
    other = kgwb.KnowledgeGraph.from_pandas(facts, graph.entities, relations=graph.relations)
    assert reader.answer(["Where was Ada born?"], graph=other)["answers"].tolist() == [("Zell",)]
    with pytest.raises(ValueError, match=r"has other entities or relations.*type reader\.answer\(texts\)"):
        reader.answer(["Where was Ada born?"], graph=kgwb.KnowledgeGraph.from_pandas(facts.iloc[:2]))


def test_another_set_of_questions_gives_another_reader_and_leaves_the_first(
    reader: PathReader, asked: pd.DataFrame
) -> None:
    other = reader.know(asked.iloc[:1], wordings=False)
    assert len(other.texts) == 1 and len(reader.texts) > 10
    again = PathReader(reader.graph, asked.iloc[:1], bert=reader.bert, wordings=False)
    texts = ["Where was Bo born?", "Who works in Zell?"]
    np.testing.assert_allclose(other.answer(texts)["score"], again.answer(texts)["score"], atol=1e-5)


def test_what_cannot_be_learnt_from_is_refused(graph: kgwb.KnowledgeGraph, asked: pd.DataFrame) -> None:
    bert = kgwb.load_bert("minilm")
    with pytest.raises(ValueError, match=r"lack the column 'relation'. Type kgwb\.learn\.PathReader\("):
        PathReader(graph, asked[["question"]], bert=bert)
    with pytest.raises(ValueError, match=r"Nothing is known.*Type kgwb\.learn\.PathReader\("):
        PathReader(graph, asked.iloc[:0], bert=bert, wordings=False)
