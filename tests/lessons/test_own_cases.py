"""What answers are tried on is what the notebook's models say, and the figures beside it are right."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.learn import Questions
from kgwb.lessons import own_cases, shares
from kgwb.lessons.examples import make_graph


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return make_graph(
        [("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Cy", "speaks", "Ruo"), ("Ada", "knows", "Bo")]
    )


@pytest.fixture(scope="module")
def questions(graph: kgwb.KnowledgeGraph) -> Questions:
    said = kgwb.verbalise(graph, wordings={"speaks": "{head} speaks {tail}."})
    return kgwb.make_questions(said, graph, relations=["speaks"])


@pytest.fixture(scope="module")
def vectors(graph: kgwb.KnowledgeGraph) -> kgwb.GraphEmbedding:
    return kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8, seed=0)


def test_a_step_by_hand_is_the_step_of_torch(questions: Questions, vectors: kgwb.GraphEmbedding) -> None:
    model = kgwb.inject(kgwb.load_bert("minilm"), vectors, mode="entity", seed=0)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    cases, stepped = own_cases.list_steps(model, kgwb.MaskedAnswers(questions), rate=0.5).values()
    assert list(cases) == list(stepped) == ["head", *(f"layer {n}" for n in (5, 4, 3, 2, 1, 0)), "injector"]
    assert [part for part, (_, _, [free], _) in cases.items() if free] == ["head", "layer 5", "layer 4", "injector"]
    for part, ([weight], [gradient], [free], rate) in cases.items():
        assert gradient != 0 and rate == 0.5
        assert stepped[part] == pytest.approx(weight - rate * gradient * free, rel=1e-5)
    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))


def test_a_students_loss_is_that_of_the_task(questions: Questions, vectors: kgwb.GraphEmbedding) -> None:
    student = kgwb.load_bert("minilm")
    cases, losses = own_cases.list_distillations(student, questions, vectors, temperature=3.0, count=2).values()
    assert list(cases) == [question.text for question in questions[:2]] == list(losses)
    for name, (given, taught, temperature) in cases.items():
        s, t = (torch.tensor(each, dtype=torch.float64) / temperature for each in (given, taught))
        expected = 9 * torch.nn.functional.kl_div(s.log_softmax(0), t.softmax(0), reduction="sum")
        assert losses[name] == pytest.approx(float(expected), rel=1e-4)
    assert student.training == kgwb.load_bert("minilm").training


def test_a_weight_is_chosen_on_validation() -> None:
    exams = pd.DataFrame(
        {"on validation": [0.4, 0.6, 0.5], "in the exam": [0.9, 0.2, 0.3]}, ["λ = 0.3", "λ = 1", "alone"]
    )
    cases, chosen = own_cases.list_reported(exams, {0.3: "λ = 0.3", 1.0: "λ = 1"}).values()
    assert cases == {"λ of 0.3, 1": ({0.3: (0.4, 0.9), 1.0: (0.6, 0.2)},)} and chosen == {"λ of 0.3, 1": 0.2}


def test_evidence_is_that_of_the_links_and_missing_where_a_name_is_alone() -> None:
    named = make_graph([("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol")])
    texts, bert = ["Ada speaks Ket."], kgwb.load_bert("minilm")
    links = kgwb.bert.link_mentions(texts, kgwb.find_mentions(texts, named, bert.tokenizer), named, bert=bert)
    cases, scores = own_cases.list_evidence(links, "Sol is spoken here.", named, bert).values()
    assert list(cases) == list(scores) == ["Ada → Ada", "Ket → Ket", "Sol → Sol, alone"]
    for name, (evidence, weights) in cases.items():
        known = [(e, w) for e, w in zip(evidence, weights, strict=True) if e is not None]
        assert scores[name] == pytest.approx(np.average([e for e, _ in known], weights=[w for _, w in known]))
    assert [each is None for each in cases["Sol → Sol, alone"][0]] == [False, False, True]  # no other name


def test_what_was_read_is_compared_with_what_was_stated() -> None:
    graph = make_graph([("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Ada", "knows", "Bo")])
    graph = kgwb.KnowledgeGraph(graph.triples, graph.entities.assign(type="thing"), graph.relations)
    place = {label: number for number, label in enumerate(graph.labels)}
    rows = [
        ("Ada speaks Ket", "Ada", "Ket", "speaks"),
        ("Bo speaks Sol", "Bo", "Sol", "speaks"),
        ("Ada knows Bo", "Ada", "Bo", "knows"),
    ]
    pairs = pd.DataFrame(rows, columns=["text", "one", "other", "label"])
    for side, name in (("head", "one"), ("tail", "other")):
        pairs[side] = [
            (text.index(named), text.index(named) + len(named))
            for text, named in zip(pairs["text"], pairs[name], strict=True)
        ]
        pairs[f"{side}_entity"] = pairs[name].map(place)
    cases, judged = own_cases.list_readings(pairs, pairs, graph, {}).values()
    assert cases["types alone"][0] == {"Ada | speaks | Ket", "Bo | speaks | Sol", "Ada | speaks | Bo"}
    assert cases["types alone"][1] == {"Ada | speaks | Ket", "Bo | speaks | Sol", "Ada | knows | Bo"}
    assert judged["types alone"] == (pytest.approx(2 / 3), pytest.approx(2 / 3)) and judged["words counted"] == (1, 1)


def test_a_threshold_beside_is_the_lowest_from_which_on_enough_are_right() -> None:
    ids = {"head": range(5), "relation": 0, "tail": 9, "known": [False] * 4 + [True]}
    judged = pd.DataFrame(ids).assign(probability=[0.9, 0.8, 0.7, 0.6, 0.95])
    right = {(0, 0, 9), (2, 0, 9), (3, 0, 9)}
    cases, found = own_cases.list_thresholds(judged, right, (0.75, 0.9, 0.99)).values()
    assert cases["precision 0.75"] == ([0.9, 0.8, 0.7, 0.6], [True, False, True, True], 0.75)
    assert found == {"precision 0.75": 0.6, "precision 0.9": 0.9, "precision 0.99": 0.9}
    nothing, none = own_cases.list_thresholds(judged, set(), (0.5,)).values()
    assert nothing["precision 0.5"][1] == [False] * 4 and none["precision 0.5"] == math.inf


def test_refusals_are_judged_by_what_the_graph_lacks(questions: Questions, graph: kgwb.KnowledgeGraph) -> None:
    speaks = graph.relation_id("speaks")
    kept = kgwb.KnowledgeGraph(
        graph.triples[(graph.triples[:, 1] != speaks) | (graph.triples[:, 0] == questions[0].head)],
        *(graph.entities, graph.relations),
    )
    silent = "the graph does not say"
    said = [("Ket", 0.8), (silent, 0.1), (silent, 0.7), ("Sol", 0.2), ("Ruo", 0.6), ("Ket", 0.3)]
    answers = pd.DataFrame(said, columns=["answer", "probability"])
    cases, judged = own_cases.list_refusals(answers, list(questions), kept).values()
    assert cases == {"3 questions, 2 without an answer": ([0.1, 0.7, 0.0], [False, True, True])}
    assert judged == {"3 questions, 2 without an answer": (1.0, 0.5)}


def test_refusals_are_counted_by_kind(questions: Questions) -> None:
    answers = pd.DataFrame({"answer": ["Ket", "Sol", "the graph does not say", "Ket", "Ruo", "the graph does not say"]})
    table = own_cases.count_refusals(answers, {"in": list(questions[:1]), "out": list(questions[1:])})
    assert table.to_dict() == {"answered": {"in": 1, "out": 1}, "refused": {"in": 0, "out": 1}}


def test_an_interval_holds_the_share_it_belongs_to_in_19_of_20_draws() -> None:
    random = np.random.default_rng(0)
    drawn = pd.Series(random.binomial(100, 0.6, size=2000) / 100)
    ends = shares.write_intervals(drawn, 100).str.split(" to ", expand=True).astype(float)
    assert 0.93 <= ((ends[0] <= 0.6) & (ends[1] >= 0.6)).mean() <= 0.97
