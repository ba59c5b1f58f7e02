"""The questions about the medicine graph, asked in words: their answers are what it holds, by one fact or by two."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from path_walks import follow

import kgwb

FOLDER = Path(__file__).parents[2] / "sample_graphs" / "medicine"


@pytest.fixture(scope="module")
def questions() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "questions.tsv", sep="\t", keep_default_na=False, dtype=str, quoting=3)


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.read_graph(FOLDER)


def list_heads(question: object) -> list[str]:
    """The entities that the question may mean: none, one, or two of one name."""
    return [head for head in (question.head, question.other_head) if head]


def is_named(name: str, text: str) -> bool:
    """Whether the text holds the name, in English as whole words."""
    if name.isascii() and text.isascii():
        return re.search(rf"\b{re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
    return name.casefold() in text.casefold()


def split_answers(question: object) -> list[str]:
    return [answer for answer in question.answers.split("|") if answer]


def test_the_answers_are_what_the_graph_holds(questions, triples):
    for question in questions.itertuples():
        answers, heads = split_answers(question), list_heads(question) if question.relation else []
        held = [follow(triples, head, question.relation) - {head} for head in heads]
        assert set(answers) == set().union(*held), question.question
        assert len(answers) == len(set(answers)) and int(question.hops) == 1 + question.relation.count("/")


def test_the_answers_can_be_asked_for_in_sparql(questions, graph):
    pytest.importorskip("pyoxigraph", reason="needs the store: pip install pyoxigraph")
    for question in questions[questions["head"].ne("") & questions["relation"].ne("")].itertuples():
        path, found = re.sub(r"(\w+)", r"relation:\1", question.relation), set()
        for head in list_heads(question):
            asked = kgwb.query_graph(graph, f"SELECT ?answer {{ entity:{head} {path} ?answer }}", labels=False)
            found |= set(asked["answer"]) - {head}
        assert found == set(split_answers(question)), question.question


def test_questions_name_their_head_and_an_empty_head_is_a_name_the_graph_does_not_know(questions, graph):
    for question in questions.itertuples():
        for head in list_heads(question):
            assert any(is_named(name, question.question) for name in graph.spellings(graph.entity_id(head)))
        if not question.head:
            spellings = [name for entity in range(len(graph.entities)) for name in graph.spellings(entity)]
            assert not [name for name in spellings if is_named(name, question.question)]


def test_questions_are_of_every_kind(questions, graph):
    silent = questions[questions["answers"].eq("")]
    assert questions["question"].is_unique and set(questions["hops"]) == set(silent["hops"]) == {"1", "2"}
    reasons = Counter(zip(silent["head"].ne(""), silent["relation"].ne(""), strict=True))
    assert len(silent) >= 40 and set(reasons) == {(True, True), (False, True), (True, False)}
    assert min(reasons.values()) >= 10 and questions["hops"].eq("2").sum() >= 50
    assert questions["language"].eq("zh").sum() >= 30
    asked = {step.strip("^") for path in questions["relation"] for step in path.split("/") if step}
    assert asked == set(graph.relations["relation"])
    chinese = questions["question"].str.contains("[\u4e00-\u9fff]")
    assert questions["language"].eq("zh").equals(chinese) and set(questions["language"]) == {"en", "zh"}


def test_questions_of_one_group_ask_the_same(questions):
    asked = questions[questions["head"].ne("") & questions["relation"].ne("")]
    meant = ["head", "other_head", "relation"]
    assert asked.groupby("group")[meant].nunique().eq(1).all(axis=None)
    assert asked.groupby(meant)["group"].nunique().eq(1).all()
    assert questions.groupby("group")[["head", "relation", "answers", "hops"]].nunique().eq(1).all(axis=None)


def test_a_shared_name_is_asked_about_in_both_languages(questions, graph):
    shared = questions[questions["other_head"].ne("")]
    assert set(shared["language"]) == {"en", "zh"} and shared["question"].str.contains("Dilacor").all()
    assert questions["question"].str.contains("Dilacor").sum() == len(shared) == 7
    for question in shared.itertuples():
        first, second = (set(graph.spellings(graph.entity_id(head))) for head in list_heads(question))
        assert first & second == {"Dilacor"}


def test_the_readme_counts_the_questions(questions):
    text = (FOLDER / "README.md").read_text("utf-8")
    sizes, silent = questions["group"].value_counts(), questions[questions["answers"].eq("")]
    assert (
        f"{(sizes > 1).sum()} of the {len(sizes)} groups have two questions or more, {(sizes > 2).sum()}\nthree" in text
    )
    fact, head, relation = (
        (silent["head"].ne("") & silent["relation"].ne("")).sum(),
        silent["head"].eq("").sum(),
        silent["relation"].eq("").sum(),
    )
    stated = re.findall(r"Of the (\d+) .* in (\d+) \(.* in (\d+) \(.* in (\d+)\n", text)
    assert stated == [tuple(map(str, (len(silent), fact, head, relation)))]


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
