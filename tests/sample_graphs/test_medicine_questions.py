"""The questions about the medicine graph, asked in words: their answers are what it holds, by one fact or by two."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import kgwb

FOLDER = Path(__file__).parents[2] / "sample_graphs" / "medicine"


@pytest.fixture(scope="module")
def questions() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "questions.tsv", sep="\t", keep_default_na=False, dtype=str, quoting=3)


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.read_graph(FOLDER)


def follow(triples: pd.DataFrame, head: str, path: str) -> set[str]:
    """Where a path of relations leads, the start left out; ^ goes from tail to head."""
    found = {head}
    for step in path.split("/"):
        start, end = ("tail", "head") if step.startswith("^") else ("head", "tail")
        matching = triples["relation"].eq(step.removeprefix("^")) & triples[start].isin(found)
        found = set(triples.loc[matching, end])
    return found - {head}


def is_named(name: str, text: str) -> bool:
    """Whether the text holds the name, in English as whole words."""
    if name.isascii() and text.isascii():
        return re.search(rf"\b{re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
    return name.casefold() in text.casefold()


def split_answers(question: object) -> list[str]:
    return [answer for answer in question.answers.split("|") if answer]


def test_the_answers_are_what_the_graph_holds(questions, triples):
    for question in questions.itertuples():
        asked = question.head and question.relation
        answers = split_answers(question)
        assert set(answers) == (follow(triples, question.head, question.relation) if asked else set()), (
            question.question
        )
        assert len(answers) == len(set(answers)) and int(question.hops) == 1 + question.relation.count("/")


def test_the_answers_can_be_asked_for_in_sparql(questions, graph):
    pytest.importorskip("pyoxigraph", reason="needs the store: pip install pyoxigraph")
    for question in questions[questions["head"].ne("") & questions["relation"].ne("")].itertuples():
        path = re.sub(r"(\w+)", r"relation:\1", question.relation)
        found = kgwb.query_graph(graph, f"SELECT ?answer {{ entity:{question.head} {path} ?answer }}", labels=False)
        assert set(found["answer"]) - {question.head} == set(split_answers(question)), question.question


def test_questions_name_their_head_and_an_empty_head_is_a_name_the_graph_does_not_know(questions, graph):
    for question in questions.itertuples():
        if question.head:
            assert any(is_named(name, question.question) for name in graph.spellings(graph.entity_id(question.head)))
        else:
            spellings = [name for entity in range(len(graph.entities)) for name in graph.spellings(entity)]
            assert not [name for name in spellings if is_named(name, question.question)]


def test_questions_are_of_every_kind(questions, graph):
    silent = questions[questions["answers"].eq("")]
    assert questions["question"].is_unique and set(questions["hops"]) == set(silent["hops"]) == {"1", "2"}
    reasons = Counter(zip(silent["head"].ne(""), silent["relation"].ne(""), strict=True))
    assert len(silent) >= 15 and set(reasons) == {(True, True), (False, True), (True, False)}
    asked = {step.strip("^") for path in questions["relation"] for step in path.split("/") if step}
    assert asked == set(graph.relations["relation"])
    chinese = questions["question"].str.contains("[\u4e00-\u9fff]")
    assert questions["language"].eq("zh").equals(chinese) and set(questions["language"]) == {"en", "zh"}


@pytest.mark.parametrize(
    ("language", "first"), [("en", "A symptom of asthma is [MASK]."), ("zh", "哮喘的症状之一是[MASK]。")]
)
def test_sentences_become_questions_in_both_languages(graph, sentences, language, first):
    read = kgwb.read_sentences(FOLDER, graph)
    assert [sentence.text for sentence in read] == [sentence["text"] for sentence in sentences]
    made = kgwb.make_questions(read, graph, language=language)
    assert made[0].text == first and {question.relation for question in made} == set(range(len(graph.relations)))
    told = sum(sentence.language == language for sentence in read)
    assert len(made) + sum(count for _, count in made.left_out) == told
    assert dict(made.left_out).keys() == {"answer stands in the head's name"}
