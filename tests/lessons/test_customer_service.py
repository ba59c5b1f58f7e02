"""A shop's messages are answered as its questions say, controls are of the same size, and what is chosen is not the test."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.bert import Bert
from kgwb.lessons import customer_service, message_answers, messages
from kgwb.lessons.messages import Messages, Way


@pytest.fixture(scope="module")
def bert() -> Bert:
    return kgwb.load_bert("minilm")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(kgwb.sample("shop") / "questions.tsv", sep="\t", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module", params=["en", "zh"])
def read(request: pytest.FixtureRequest, bert: Bert, table: pd.DataFrame) -> Messages:
    return messages.read_messages(kgwb.read_graph(kgwb.sample("shop")), bert, table, request.param)


@pytest.fixture(scope="module")
def told(read: Messages) -> pd.DataFrame:
    return message_answers.answer_messages(read, read.frame[["intent", "exam"]].assign(confidence=1.0))


def test_with_its_intent_every_message_is_answered_or_refused_rightly(read: Messages, told: pd.DataFrame) -> None:
    assert (messages.count_linked(read)["linked"] == 1).all()
    outcome = message_answers.judge_answers(read, told)
    assert set(outcome) == {"right", "rightly refused"}
    summed = message_answers.count_outcomes(read, told)
    assert summed["precision"] == summed["recall"] == 1 and summed[message_answers.OUTCOMES].sum() == pytest.approx(1)


def test_every_wording_is_held_out_once_and_never_learnt(read: Messages) -> None:
    asked = np.zeros(len(read.frame), int)
    official = read.frame["held_out"] == "1"
    for exam in range(messages.WORDINGS):
        train, test = messages.choose_rows(read, exam)
        fewer, _ = messages.choose_rows(read, exam, 2)
        assert not (train & test).any() and (train | ~fewer).all() and fewer.sum() < train.sum()
        asked += test
        both = read.frame[train].merge(read.frame[test], on=["intent", "wording"])
        assert both[both["intent"] != "out_of_scope"].empty
    assert (asked == 1).all()
    assert (read.frame["exam"] == 4).equals(official)


def test_what_is_chosen_within_never_sees_the_exam(read: Messages) -> None:
    seen: list[np.ndarray] = []

    class Watched(Way):
        def predict(self, intents: np.ndarray, train: np.ndarray, test: np.ndarray, exam: int = 0) -> pd.DataFrame:
            seen.append(train | test)
            rows = np.flatnonzero(test)
            return pd.DataFrame({"intent": intents[test], "confidence": 0.5}, index=rows)

    guessed = messages.guess_within(read, Watched(), 2, wordings=2)
    assert not (np.any(seen, axis=0) & (read.frame["exam"] == 2)).any()
    assert len(guessed) == messages.choose_rows(read, 2, 2)[0].sum()


def test_shuffled_types_and_other_facts_are_as_many_and_not_the_same(read: Messages, told: pd.DataFrame) -> None:
    types, shuffled = messages.count_types(read), messages.count_types(read, shuffled=1)
    assert (types.sum(1) == shuffled.sum(1)).all() and (types != shuffled).any(axis=1).mean() > 0.3
    identity = message_answers.exchange_entities(read.graph, seed=1)
    kinds = read.graph.entities["type"].to_numpy(str)
    assert sorted(identity) == list(range(len(kinds))) and (kinds[identity] == kinds).all()
    other = message_answers.answer_messages(read, told[["intent", "confidence"]], identity=identity)
    shares = message_answers.count_outcomes(read, other)
    assert shares["right"] < 0.2 < 0.4 < shares["wrong"]
    refused = message_answers.share_refused(read, other)
    assert abs(refused["no_fact"] - refused["(answerable)"]) < 0.25


def test_a_threshold_refuses_what_is_less_sure(read: Messages, told: pd.DataFrame) -> None:
    sure = told[["intent"]].assign(confidence=np.linspace(0, 1, len(told)))
    answered = message_answers.answer_messages(read, sure, threshold=0.5)
    assert (answered["refusal"][answered["confidence"] < 0.5] == "not understood").all()
    curve = message_answers.trace_answers(read, message_answers.answer_messages(read, sure))
    assert message_answers.choose_confidence(curve, 0.0) == curve["from"].min()
    assert message_answers.choose_confidence(curve.assign(risk=1.0), 0.5) == np.inf
    coverage, risk = customer_service.measure_point(read, answered)
    assert 0 < coverage < curve["coverage"].max() and risk == 0


def test_answers_are_said_in_the_wordings_of_the_graph(read: Messages, told: pd.DataFrame) -> None:
    said = {row: message_answers.say_answer(read, row, told.loc[row]) for row in told.index}
    for row, text in said.items():
        facts = told.loc[row, "facts"]
        assert text and "{" not in text
        if len(facts) == 1 and facts[0][1] in ("made_of", "has_status"):
            name = "label" if read.language == "en" else "label_zh"
            end = read.graph.entities[name][read.graph.entity_id(facts[0][2])]
            assert end in text
    shared = next(row for row in told.index if told.loc[row, "refusal"] == message_answers.WHICH)
    assert "A10010" in said[shared] and "A10011" in said[shared]


def test_what_is_sold_out_for_ever_has_its_successor_told(bert: Bert, table: pd.DataFrame) -> None:
    english = messages.read_messages(kgwb.read_graph(kgwb.sample("shop")), bert, table)
    served = message_answers.serve_texts(english, ["Is the Juniper tumbler in stock?", "Where is order 49554?"], bert)
    assert served["answer"][0].endswith("0 in stock. The Juniper tumbler has been replaced by the Jasmine tumbler.")
    assert served["intent"].tolist() == ["in_stock", "order_status"]
    drawn = message_answers.cut_facts(english.graph, served["facts"][1]).to_pandas()
    assert drawn.to_numpy().tolist() == [["order_49554", "has_status", "delivered"]]
    misspelt = messages.misspell_names(english, bert)
    changed = [len(a) - len(b) for a, b in zip(english.frame["question"], misspelt.frame["question"], strict=True)]
    assert changed == list(map(len, english.mentions))


def test_the_nearest_message_is_of_another_wording(read: Messages) -> None:
    vectors = np.eye(len(read.frame))
    copied = message_answers.copy_nearest(read, vectors)
    assert copied.index.tolist() == read.frame.index.tolist() and set(copied["refusal"]) <= {"", "no such fact"}


def test_ways_run_to_the_end_and_are_drawn(read: Messages) -> None:
    ways = messages.make_ways(read, word="it" if read.language == "en" else "它")
    results = messages.compare_intents(read, ways, wordings=[1], exams=2)
    assert set(results["way"]) == {"majority", *ways} and len(results) == 2 * 4 and results["right"].between(0, 1).all()
    cut = {"characters": message_answers.answer_within_risk(read, ways["characters"], 0.1, wordings=2, exams=1)}
    assert customer_service.summarise_cuts(read, cut)["coverage"].between(0, 1).all()
    curves = {"a": {name: message_answers.trace_answers(read, its) for name, its in cut.items()}}
    points = {"a": {name: customer_service.measure_point(read, its) for name, its in cut.items()}}
    picture = customer_service.draw_risk(curves, chosen=points)
    assert repr(picture).startswith("Picture: coverage / risk at the thresholds: a, characters 0.")
    assert "characters" in " ".join(ElementTree.fromstring(picture.svg).itertext()) and "nan" not in picture.svg


def test_cases_of_the_exercises_are_kgwbs_own(read: Messages, told: pd.DataFrame) -> None:
    walks = customer_service.list_message_paths(read.graph, [("A10626", "made_of/cared_for_by")])
    assert list(walks["cases"]) == list(walks["beside"]) and len(walks["beside"]["A10626 made_of/cared_for_by"]) == 2
    shared = customer_service.list_shared(read, told)
    assert len(shared["cases"]) == 10 and not all(shared["beside"].values())
    curve = message_answers.trace_answers(read, told)
    points = customer_service.list_points(curve, read, told, [0])
    [(sure, right, threshold)] = points["cases"].values()
    assert len(sure) == len(right) == len(read.frame) and threshold == 1.0
    assert isinstance(replace(read, language="en"), Messages) and "with a name" in repr(read)
