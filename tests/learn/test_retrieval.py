"""Passages are found by words, meaning, entities and facts, as the formulas say."""

from __future__ import annotations

import logging
import math
from inspect import unwrap  # axes that differ are told by the annotations here, and by kgwb elsewhere

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import ndcg_score

import kgwb
from kgwb.learn import PassageIndex, add_standardised, choose_weights, index_passages, score_bm25, score_rankings
from kgwb.learn.text_vectors import vectorise_texts

PASSAGES = [
    "Myocardial infarction is found by a troponin test. It hurts.",
    "Gout is treated with colchicine.",
    "Colchicine can cause diarrhea, and diarrhea again.",
    "Rain fell on the hills.",
]
FACTS = [("gout", "treated by", "colchicine"), ("infarction", "found by", "troponin test"), ("gout", "hurts", "joints")]


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    entities = pd.DataFrame(
        {
            "entity": ["gout", "infarction", "colchicine", "troponin test", "joints", "diarrhea"],
            "label": ["gout", "myocardial infarction", "colchicine", "troponin test", "joints", "diarrhea"],
            "aliases": [(), ("heart attack",), (), (), (), ()],
        }
    )
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), entities)


@pytest.fixture(scope="module")
def index(graph: kgwb.KnowledgeGraph) -> PassageIndex:
    return index_passages(PASSAGES, graph, kgwb.load_bert("minilm"))


def test_bm25_is_the_formula_word_by_word() -> None:
    random = np.random.default_rng(0)
    passages, queries = random.integers(0, 4, (7, 5)), random.integers(0, 3, (3, 5))
    average = passages.sum() / 7
    for q, query in enumerate(queries):
        for p, passage in enumerate(passages):
            total = 0.0
            for term, asked in enumerate(query):
                holding = int((passages[:, term] > 0).sum())
                idf = math.log(1 + (7 - holding + 0.5) / (holding + 0.5))
                slack = 0.9 * (1 - 0.4 + 0.4 * passage.sum() / average)
                total += asked * idf * passage[term] * 1.9 / (passage[term] + slack) if passage[term] else 0.0
            assert score_bm25(queries, passages, k1=0.9, b=0.4)[q, p] == pytest.approx(total)


def test_with_k1_zero_a_word_counts_once_and_with_b_zero_length_does_not() -> None:
    queries, passages = np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [5.0, 0.0], [1.0, 9.0], [0.0, 1.0]])
    once = score_bm25(queries, passages, k1=0)[0]
    assert once[0] == once[1] == once[2] > once[3] == 0
    short, _, long, _ = score_bm25(queries, passages, b=0)[0]
    assert short == long
    assert score_bm25(queries, passages[:0]).shape == (1, 0)


def test_words_fail_at_another_name_and_entities_do_not(index: PassageIndex) -> None:
    asked = ["Heart attack signs?"]
    assert not index.score_words(asked).any()
    assert index.score_entities(asked)[0].argmax() == 0 and (index.score_entities(asked)[0, 1:] == 0).all()
    assert not index.score_entities(["Signs of nothing?"]).any()


def test_one_step_leads_over_a_fact_in_both_directions(index: PassageIndex, graph: kgwb.KnowledgeGraph) -> None:
    asked = ["What does gout do?", "What is colchicine?"]
    named, step = index.score_entities(asked), index.score_entities(asked, facts=graph)
    assert named[0, 2] == 0 < step[0, 2] and step[1, 1] > named[1, 1]
    assert (step >= named).all()


def test_the_parts_of_an_explanation_add_up_to_the_score(index: PassageIndex, graph: kgwb.KnowledgeGraph) -> None:
    for text in ("Does gout or colchicine hurt?", "heart attack", "hills"):
        for passage in range(len(PASSAGES)):
            for facts in (None, graph):
                parts = index.explain(text, passage, facts=facts)
                assert parts["part"].sum() == pytest.approx(index.score_entities([text], facts=facts)[0, passage])
                assert parts["part"].is_monotonic_decreasing
    [row] = index.explain("heart attack", 0, facts=graph).query("fact.notna()").itertuples()
    assert (row.named, row.fact, row.found) == (
        "myocardial infarction",
        "myocardial infarction found by troponin test",
        "troponin test",
    )


def test_an_entity_with_many_neighbours_gives_less_to_each(graph: kgwb.KnowledgeGraph) -> None:
    index = index_passages(["colchicine", "troponin test"], graph, kgwb.load_bert("tiny"))
    few, many = (index.score_entities([text], facts=graph)[0].max() for text in ("heart attack", "gout"))
    assert many == pytest.approx(few / math.sqrt(2))


def test_meaning_is_the_cosine_of_mean_states(index: PassageIndex) -> None:
    same = index.score_meaning(PASSAGES)
    assert np.allclose(np.diag(same), 1, atol=1e-6) and np.allclose(same, same.T, atol=1e-6)
    assert index.score_meaning(["Weather in the mountains"])[0].argmax() == 3


def test_a_text_too_long_is_cut_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    bert = kgwb.load_bert("tiny")
    long = " ".join(["a"] * (bert.longest + 50))
    with caplog.at_level(logging.INFO, logger="kgwb.learn"):
        cut, kept = vectorise_texts(bert, [long, " ".join(["a"] * (bert.longest - 2))])
    assert f"1 of 2 texts: cut to the first {bert.longest} word pieces" in caplog.text
    assert np.allclose(cut, kept, atol=1e-6) and vectorise_texts(bert, []).shape[0] == 0


def test_facts_of_other_entities_are_refused(index: PassageIndex) -> None:
    other = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame([("a", "r", "b")], columns=["head", "relation", "tail"]))
    with pytest.raises(ValueError, match=r"their entities differ. Give all of them: type KnowledgeGraph"):
        index.score_entities(["gout"], facts=other)
    with pytest.raises(IndexError):
        index.explain("gout", 9)


def test_what_cannot_be_indexed_is_said(graph: kgwb.KnowledgeGraph) -> None:
    bert = kgwb.load_bert("tiny")
    with pytest.raises(ValueError, match="No passage came"):
        index_passages([], graph, bert)
    with pytest.raises(ValueError, match="No passage holds a word"):
        index_passages(["...", "!"], graph, bert)
    assert repr(index_passages(["gout hurts"], graph, bert)) == (
        "PassageIndex: 1 passage, 2 words, 1 of 6 entities of 'graph' named"
    )


def test_scores_are_added_in_one_unit() -> None:
    random = np.random.default_rng(1)
    one, other = random.normal(5, 100, (4, 9)), random.normal(0, 0.01, (4, 9))
    both = add_standardised({"one": one, "other": other})
    assert np.allclose(both, add_standardised({"one": one / 7 + 3, "other": other * 1000}))
    assert np.allclose(both.mean(1), 0)
    assert np.allclose(add_standardised({"one": one, "flat": np.ones((4, 9))}), add_standardised({"one": one}))
    twice = add_standardised({"one": one, "other": other}, {"one": 2, "other": 0})
    assert np.allclose(twice, 2 * add_standardised({"one": one}))


def test_weights_are_those_that_find_most() -> None:
    random = np.random.default_rng(0)
    relevant = (random.random((30, 20)) < 0.1).astype(float)
    good, noise = relevant + random.normal(0, 0.3, relevant.shape), random.normal(size=relevant.shape)
    chosen = choose_weights({"noise": noise, "good": good}, relevant)
    assert chosen["good"] > chosen["noise"]
    tried = {
        each: ndcg_score(relevant[relevant.any(1)], (good + each * noise)[relevant.any(1)], k=10) for each in (0, 1)
    }
    assert tried[0] > tried[1]
    alike = choose_weights({"one": good, "same": good}, relevant, grid=(0, 1))
    assert alike == {"one": 0.0, "same": 1.0}  # of several as good, the first that is tried


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda a: add_standardised({}), "Expected one shape"),
        (lambda a: add_standardised({"a": a, "b": a[:1]}), "Expected one shape"),
        (lambda a: add_standardised({"a": a}, {"b": 1}), "Weights of 'b' came for scores of 'a'"),
        (lambda a: choose_weights({"a": a}, a * 0), "No query has a relevant passage"),
        (lambda a: choose_weights({"a": a}, a, grid=(0,)), "with no weight above 0"),
        (lambda a: unwrap(score_bm25)(a, a[:, :1]), "The queries have 3 terms and the passages 1"),
        (lambda a: unwrap(score_rankings)(a, a[:1]), "one gain for each score"),
        (lambda a: score_rankings(a, -a), "A gain of -3 came"),
        (lambda a: score_rankings(a * np.nan, a), "missing or infinite"),
    ],
)
def test_what_does_not_fit_together_is_said(call: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call(np.array([[1.0, 2.0, 3.0], [3.0, 0.0, 1.0]]))  # type: ignore[operator]


def test_a_ranking_is_measured_as_by_hand() -> None:
    scores = np.array([[5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0]])
    relevant = np.array([[0, 1, 0, 0, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    found = score_rankings(scores, relevant, k=2)
    assert found["nDCG"][0] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert found["recall"].tolist()[:2] == pytest.approx([0.5, 0.4])  # five share the places: two of five chances
    assert found.loc[2, ["nDCG", "recall"]].isna().all() and found["relevant"].tolist() == [2, 1, 0]
    random = np.random.default_rng(0)
    drawn, gains = random.normal(size=(6, 30)), random.integers(0, 3, (6, 30))
    assert score_rankings(drawn, gains)["nDCG"].mean() == pytest.approx(ndcg_score(gains, drawn, k=10))
