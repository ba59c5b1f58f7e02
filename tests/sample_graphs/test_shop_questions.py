"""Messages of the invented shop's customers: their answers are what the graph holds, or they have none for a stated reason."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd
import pytest
from path_walks import follow
from shop_numbers import FOLDER

import kgwb

NUMBERS = ("price", "stock", "warranty", "weight")
ENTITY_TYPES = {"order_status": "order", "brand_items": "brand"}  # of all others "item"
UNKNOWN = r"order (5\d{4})|订单(5\d{4})|Oskelmar|Trivand|奥斯凯尔马|特里万德"


@pytest.fixture(scope="module")
def questions() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "questions.tsv", sep="\t", keep_default_na=False, dtype=str, quoting=3)


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.read_graph(FOLDER)


def look_up(question: object, triples: pd.DataFrame, entities: pd.DataFrame) -> set[str]:
    """What the graph answers; for a shared name, for all that bear it."""
    meant = [entity for entity in question.entity.split("|") if entity]
    if question.relation in NUMBERS:
        return {entities[question.relation][entity] for entity in meant} - {""}
    if question.other and meant:
        return {"yes" if question.other in follow(triples, meant[0], "fits") else "no"}
    paths = question.relation.split("|") if question.relation else []
    return {answer for entity in meant for path in paths for answer in follow(triples, entity, path)}


def test_the_answers_are_what_the_graph_holds(questions, triples, entities):
    for question in questions.itertuples():
        answers = [answer for answer in question.answers.split("|") if answer]
        assert len(answers) == len(set(answers))
        assert set(answers) == look_up(question, triples, entities), question.question


def test_a_reason_says_why_there_is_none_or_more_than_one(questions):
    shared, silent = (questions["entity"].str.contains(r"\|"), questions["answers"].eq(""))
    assert silent.equals(questions["reason"].isin(["no_fact", "unknown_entity", "out_of_scope"]))
    assert shared.equals(questions["reason"].eq("shared_name"))
    empty = questions["entity"].eq("")
    assert empty.equals(questions["reason"].isin(["unknown_entity", "out_of_scope"]))
    assert questions["relation"].eq("").equals(questions["reason"].eq("out_of_scope"))
    assert questions["intent"].eq("out_of_scope").equals(questions["reason"].eq("out_of_scope"))


def test_the_entity_is_named_in_the_message(questions, graph, entities):
    by_alias = 0
    for question in questions.itertuples():
        text = question.question.casefold()
        for name in [*question.entity.split("|"), question.other]:
            if name:
                spelt = [each.casefold() for each in graph.spellings(graph.entity_id(name))]
                assert any(each in text for each in spelt), question.question
        if question.entity:
            wanted = ENTITY_TYPES.get(question.intent, "item")
            assert entities["type"][question.entity.split("|")[0]] == wanted
            label = "label" if question.language == "en" else "label_zh"
            by_alias += entities[label][question.entity.split("|")[0]].casefold() not in text
    assert by_alias > 80


def test_an_unknown_name_is_not_in_the_graph(questions, entities):
    kept = entities.loc[entities["type"].isin(["item", "order", "brand"]), ["label", "label_zh"]]
    for question in questions[questions["reason"] == "unknown_entity"].itertuples():
        text = question.question.casefold()
        others = kept.drop(question.other, errors="ignore").to_numpy().ravel()
        assert not [name for name in others if name.casefold() in text], question.question
        if question.intent in ENTITY_TYPES:
            assert re.search(UNKNOWN, question.question)


def test_every_intent_has_five_wordings_in_both_languages_and_the_last_is_held_out(questions):
    asked = questions[questions["intent"] != "out_of_scope"]
    for (intent, language), rows in asked[asked["reason"] == ""].groupby(["intent", "language"]):
        assert Counter(rows["wording"]) == dict.fromkeys("01234", 3), (intent, language)
    assert asked["held_out"].eq("1").equals(asked["wording"].eq("4"))
    assert asked["intent"].nunique() == 13 and questions["question"].is_unique
    chinese = questions["question"].str.contains("[\u4e00-\u9fff]")
    assert questions["language"].eq("zh").equals(chinese)


def test_the_readme_counts_the_messages(readme, questions):
    stated = dict(re.findall(r"^\| (?:`(\w+)`|\(empty\)) \| (\d+) \| (?:that|which|the) ", readme, re.MULTILINE))
    assert {reason: int(count) for reason, count in stated.items()} == Counter(questions["reason"])
    languages = questions["language"].value_counts()
    assert f"{len(questions)} messages, {languages['en']} in English and {languages['zh']} in Chinese" in readme
    assert all(f"`{intent}`" in readme for intent in questions["intent"])


def test_the_readme_states_the_floor_for_the_intent_of_held_out_wordings(readme, questions):
    pytest.importorskip("sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    asked, right, most = questions[questions["intent"] != "out_of_scope"], {}, set()
    for language, rows in asked.groupby("language"):
        seen, hidden = rows[rows["held_out"] == "0"], rows[rows["held_out"] == "1"]
        characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
        model = make_pipeline(characters, LogisticRegression(C=10, max_iter=2000)).fit(seen["question"], seen["intent"])
        right[language] = model.score(hidden["question"], hidden["intent"])
        most.add(round(hidden["intent"].value_counts(normalize=True).max(), 2))
    stated = re.search(r"right for (\S+) of the English and\s(\S+) of the Chinese messages; .* for (\S+)\.", readme)
    assert [float(number) for number in stated.groups()[:2]] == pytest.approx([right["en"], right["zh"]], abs=0.02)
    assert most == {float(stated[3])}
