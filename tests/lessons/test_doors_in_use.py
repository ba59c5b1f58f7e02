"""What notebook 06 tries its learners' functions on: real readings, edits and scores, and a model that stays as it was."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert.tiny import train_tiny
from kgwb.learn import Questions
from kgwb.lessons import doors_in_use, use_answer

SPOKEN = [("Ada", "Ket"), ("Bo", "Sol"), ("Cy", "Ruo"), ("Dia", "Ket")]
FACTS = [(person, "speaks", tongue) for person, tongue in SPOKEN]
FACTS += [
    (person, "born in", town) for person, town in zip("Ada Bo Cy Dia".split(), "Pem Rul Pem Rul".split(), strict=True)
]
FACTS += [("Pem", "located on", "Isle"), ("Rul", "located on", "Reef")]


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))


@pytest.fixture(scope="module")
def questions(graph: kgwb.KnowledgeGraph) -> Questions:
    return kgwb.make_questions(kgwb.verbalise(graph), graph, relations=["speaks"])


@pytest.fixture(scope="module")
def bert(graph: kgwb.KnowledgeGraph, tmp_path_factory: pytest.TempPathFactory) -> kgwb.bert.Bert:
    room: Path = tmp_path_factory.mktemp("tiny")
    said = kgwb.verbalise(graph)
    return kgwb.load_bert(train_tiny(said, layers=3, width=32, vocabulary=200, steps=1, cache=room, progress=False))


@pytest.fixture(scope="module")
def memory(bert: kgwb.bert.Bert, graph: kgwb.KnowledgeGraph, questions: Questions) -> kgwb.bert.Bert:
    model = kgwb.inject(bert, kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8), mode="memory")
    for _ in kgwb.tune(model, kgwb.MaskedAnswers(questions), epochs=2, batch=2):
        pass
    return model


def test_the_weights_of_facts_are_those_of_the_last_layer(bert, memory, graph, questions) -> None:
    reading = kgwb.read(memory, questions[0].text)
    given = doors_in_use.list_fact_weights(reading, graph)

    def mass(reading: kgwb.bert.Reading, layer: int, fact: tuple[int, int, int]) -> float:
        assert reading.slots is not None
        square = reading.slots[0, layer, :, reading.tokens[0].index("[MASK]")].tolist()  # [head][slot]
        slots = [slot for slot, held in enumerate(reading.facts[0]) if held == fact]
        return sum(row[slot] for row in square for slot in slots) / len(square)

    assert [case[1] for case in given["cases"].values()] == [2] * len(given["cases"])
    table = use_answer(mass, **given)
    assert table["yours"].tolist() == pytest.approx(table["kgwb"].tolist(), abs=1e-6)
    assert max(table["kgwb"]) > 0 and "Ada speaks Ket" in table.index
    with pytest.raises(ValueError, match=r"has no memory\. Type kgwb\.inject"):
        doors_in_use.list_fact_weights(kgwb.read(bert, questions[0].text), graph)


def test_an_edit_is_tried_apart_and_the_model_keeps_its_facts(memory, graph, questions) -> None:
    facts, question = memory.injector.facts.clone(), questions[0]
    before = kgwb.learn.answer_questions(memory, questions)
    seen: list[int] = []

    def forget(model: kgwb.bert.Bert, head: str, relation: str, tail: str) -> None:
        assert model.injector is not None
        model.injector.withdraw(model.injector.facts[:3].tolist())
        seen.append(len(model.injector.facts))

    given = doors_in_use.list_edits(memory, question)
    assert list(given["cases"].values()) == [("Ruo",), ("Sol",)] and set(given["beside"].values()) <= {
        "Ket",
        "Sol",
        "Ruo",
    }
    assert doors_in_use.edit_apart(forget, memory, question)("Sol") in ("Ket", "Sol", "Ruo")
    assert seen == [len(facts) - 3] and memory.injector.facts.equal(facts)
    pd.testing.assert_frame_equal(kgwb.learn.answer_questions(memory, questions), before)


def test_the_support_of_an_answer_is_the_pointers_own(bert, graph, questions) -> None:
    pointing = kgwb.inject(bert, kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8), mode="pointer")
    for _ in kgwb.tune(pointing, kgwb.MaskedAnswers(questions), epochs=5, batch=2):
        pass
    given = doors_in_use.list_supports(pointing, questions)

    def support(scores: list[float], answers: list[str], none: float) -> tuple[str, float]:
        shares = torch.tensor([*scores, none]).softmax(0).tolist()
        totals = dict.fromkeys((*answers, "the graph does not say"), 0.0)
        for name, share in zip((*answers, "the graph does not say"), shares, strict=True):
            totals[name] += share
        best = max(totals, key=lambda name: totals[name])
        return best, totals[best]

    table = use_answer(doors_in_use.spell_support(support), **given)
    assert (table["yours"] == table["kgwb"]).all() and len(table) == 4
    with pytest.raises(ValueError, match=r"has no pointer\. Type kgwb\.inject"):
        doors_in_use.list_supports(bert, questions)


def test_a_move_is_to_a_town_of_another_island(graph) -> None:
    old, new = doors_in_use.plan_move(graph, graph.entity_id("Ada"))
    assert doors_in_use.spell_birth(graph, old) == "born in Pem on Isle"
    assert doors_in_use.spell_birth(graph, new) == "born in Rul on Reef"


def test_answers_are_counted_for_the_one_linked_and_the_one_written(bert, memory, questions) -> None:
    table = doors_in_use.compare_links({"plain": bert, "memory": memory}, questions)
    assert list(table.columns) == ["of the one linked", "of the one written", "chance", "questions"]
    exchanged = doors_in_use.relink_heads(questions)
    answers = kgwb.learn.answer_questions(memory, exchanged)
    truly = dict(SPOKEN)
    written = [truly[question.text.split()[0].strip(",")] for question in exchanged]
    linked = [truly[questions.graph.labels[question.head]] for question in exchanged]
    for column, right in (("of the one linked", linked), ("of the one written", written)):
        expected = sum(a == b for a, b in zip(answers["given"], right, strict=True)) / len(right)
        assert table.loc["memory", column] == pytest.approx(expected)
