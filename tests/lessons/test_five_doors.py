"""What notebook 06 measures and draws, and what it tells its learners."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import Reading
from kgwb.bert.tiny import train_tiny
from kgwb.graph import Mention
from kgwb.learn import Question, Questions
from kgwb.lessons import five_doors
from kgwb.lessons.five_doors import join_gates

FACTS = [("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Cy", "speaks", "Ruo")]


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


@pytest.fixture
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))


@pytest.fixture
def questions(graph: kgwb.KnowledgeGraph) -> Questions:
    ada, bo, ket, sol, ruo = (graph.entity_id(name) for name in ("Ada", "Bo", "Ket", "Sol", "Ruo"))
    rows = [("Ada", ada, ket, (ket, sol)), ("Bo", bo, sol, (sol, ruo))]
    items = tuple(
        Question(
            f"{name} speaks [MASK].",
            (Mention(0, len(name), head),),
            head,
            0,
            answer,
            candidates,
            tuple(graph.labels[one] for one in candidates),
        )
        for name, head, answer, candidates in rows
    )
    return Questions(graph, items)


@pytest.fixture
def reading() -> Reading:
    slots = torch.zeros(1, 3, 2, 3, 3)  # the first layer has no memory
    slots[0, 1, :, 2] = torch.tensor([[0.2, 0.1, 0.4], [0.0, 0.1, 0.2]])
    slots[0, 2, :, 2] = torch.tensor([[0.4, 0.0, 0.0], [0.2, 0.0, 0.0]])
    return Reading(
        sentences=("Ada speaks [MASK].",),
        tokens=(("ada", "speaks", "[MASK]"),),
        mentions=((),),
        attention=torch.zeros(1, 3, 2, 3, 3),
        hidden=torch.zeros(1, 4, 3, 4),
        injected=((True, True, True),),
        name="tiny/memory",
        gates={"entity": torch.eye(4, 3)[None], "memory": torch.full((1, 4, 3), 0.25)},
        slots=slots,
        facts=(((0, 0, 2), (1, 0, 4), (0, 0, 2)),),
    )


def test_attention_to_facts_is_of_the_layers_that_read_them(reading: Reading, graph: kgwb.KnowledgeGraph) -> None:
    weights = five_doors.measure_fact_attention(reading, graph)
    first, second = (f"{graph.labels[head]} speaks {graph.labels[tail]}" for head, tail in ((0, 2), (1, 4)))
    assert list(weights.index) == [first, second]
    # Mean over heads: .1 + .3 and .3 + 0 in the two layers with a memory.
    assert weights[first] == pytest.approx(0.35)
    assert weights[second] == pytest.approx(0.05)


def test_without_a_memory_no_fact_gets_attention(reading: Reading, graph: kgwb.KnowledgeGraph) -> None:
    with pytest.raises(
        ValueError, match=r"'tiny/memory' has no memory\. Type kgwb\.inject\(bert, vectors, mode='memory'\)"
    ):
        five_doors.measure_fact_attention(replace(reading, slots=None), graph)


def test_an_unread_memory_gets_no_attention(reading: Reading, graph: kgwb.KnowledgeGraph) -> None:
    assert not five_doors.measure_fact_attention(replace(reading, slots=torch.zeros(1, 3, 2, 3, 3)), graph).any()


def test_a_head_is_relinked_where_the_other_answer_is_a_candidate(questions: Questions) -> None:
    relinked = five_doors.relink_heads(questions)
    ada, bo = questions
    # Ada may become Bo, for Sol is among her choices; Ket, Ada's own, is not among Bo's.
    assert [question.text for question in relinked] == [ada.text]
    assert relinked[0].head == relinked[0].mentions[0].entity == bo.head
    assert relinked[0].answer == bo.answer
    assert relinked[0].candidates == ada.candidates


def test_doors_are_drawn_where_they_stand_open(reading: Reading) -> None:
    other = replace(reading, gates={}, name="closed")
    picture = five_doors.draw_gates({"both": reading, "closed": other})
    assert repr(picture) == "Picture: how far doors stand open in one sentence; at most both 1.00, closed 0.00."
    cells = [mark for mark in ElementTree.fromstring(picture.svg).iter() if mark.get("class") == "injected"]
    assert sorted({cell.get("fill-opacity") for cell in cells}) == ["0.25", "1.00"]
    assert len(cells) == reading.gates["memory"].numel()


def test_of_two_doors_the_wider_counts(reading: Reading) -> None:
    assert join_gates(reading, 0)[0].tolist() == [1.0, 0.25, 0.25]


def test_readings_of_different_sentences_are_not_drawn_together(reading: Reading) -> None:
    other = replace(reading, tokens=(("bo", "speaks", "[MASK]"),))
    with pytest.raises(
        ValueError, match=r"2 readings of 2 sentences came\. Expected one or more, of the same sentence"
    ):
        five_doors.draw_gates({"one": reading, "other": other})
    with pytest.raises(ValueError, match="0 readings of 0 sentences came"):
        five_doors.draw_gates({})


def test_a_fact_in_two_slots_counts_twice() -> None:
    def first_slot_only(reading: Reading, layer: int, fact: five_doors.Triple) -> float:
        assert reading.slots is not None
        query = reading.tokens[0].index("[MASK]")
        return float(reading.slots[0, layer, :, query, reading.facts[0].index(fact)].mean())

    assert "expected  0.625" in repr(five_doors.check_memory_mass(first_slot_only))


def test_who_never_refuses_or_counts_single_slots_has_not_understood_pointing() -> None:
    def best_slot(scores: list[float], answers: list[str], none: float) -> tuple[str, float]:
        shares = torch.tensor([*scores, none]).softmax(0)
        return [*answers, "the graph does not say"][int(shares.argmax())], float(shares.max())

    def never_silent(scores: list[float], answers: list[str], none: float) -> tuple[str, float]:
        shares = torch.tensor([*scores, none]).softmax(0)[:-1]
        best = max(answers, key=lambda each: sum(s for s, a in zip(shares, answers, strict=True) if a == each))
        return best, float(sum(s for s, a in zip(shares, answers, strict=True) if a == best))

    said = repr(five_doors.check_supported(best_slot))
    assert "['Ruo', 'Ket', 'Vim', 'Ruo']" in said and "expected  ('Ruo', " in said  # where one answer has two slots
    assert "expected  ('the graph does not say', 0.66" in repr(five_doors.check_supported(never_silent))


def test_doors_are_compared_by_what_they_change_and_learn(graph: kgwb.KnowledgeGraph, tmp_path: Path) -> None:
    said = kgwb.verbalise(graph)
    folder = train_tiny(said, layers=3, width=32, vocabulary=200, steps=1, cache=tmp_path, progress=False)
    bert, vectors = kgwb.load_bert(folder), kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4)
    models = {mode: kgwb.inject(bert, vectors, mode=mode) for mode in ("entity", "pointer")}
    readings = {mode: kgwb.read(model, "Ada speaks [MASK].") for mode, model in models.items()}
    table = five_doors.compare_doors(models, readings, kgwb.read(bert, "Ada speaks [MASK]."))
    assert table["largest difference"].tolist() == [0, 0]
    counts = [sum(w.numel() for w in model.injector.parameters()) for model in models.values()]
    assert table["numbers to learn"].tolist() == counts
    reached, pieces = (int(part) for part in table.loc["entity", "word pieces reached"].split(" of "))
    assert 0 < reached < pieces and table.loc["pointer", "word pieces reached"] == f"{pieces} of {pieces}"
    assert table.loc["entity", "after layers"] == () and len(table.loc["pointer", "after layers"]) == 1


def test_an_added_fact_is_not_an_edited_one() -> None:
    def add(model: kgwb.bert.Bert, head: str, relation: str, tail: str) -> None:
        assert model.injector is not None
        graph = model.injector.graph
        model.injector.add([[graph.entity_id(head), graph.relation_id(relation), graph.entity_id(tail)]])

    verdict = five_doors.check_edit(add)
    assert "the facts after edit('Ada', 'speaks', 'Sol')" in repr(verdict)
    assert not verdict.passed
