"""The places of the doors are drawn, and a learner's door is put into BERT beside kgwb's own."""

from __future__ import annotations

from xml.etree import ElementTree

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.lessons import door_places, use_answer


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


@pytest.fixture(scope="module")
def vectors() -> kgwb.GraphEmbedding:
    facts = pd.DataFrame([("Paris", "capital of", "France"), ("Rome", "capital of", "Italy")])
    graph = kgwb.KnowledgeGraph.from_pandas(facts.set_axis(["head", "relation", "tail"], axis=1))
    return kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8)


def test_every_door_and_the_formula_of_attention_are_drawn_apart_and_within_the_page() -> None:
    picture = door_places.draw_door_places()
    page = ElementTree.fromstring(picture.svg)
    texts = [element for element in page.iter() if element.tag.endswith("text")]
    said = " ".join(element.text or "" for element in texts)
    for mode in ("entity", "relation", "graph", "tower", "memory", "pointer"):
        assert mode in said and mode in picture.caption.lower()
    assert "softmax(Q Kᵀ / √d) V" in said
    boxes = []
    for element in texts:
        size, x = float(element.attrib["font-size"]), float(element.attrib["x"])
        width = 0.56 * size * len(element.text or "")
        left = x - {"start": 0, "middle": width / 2, "end": width}[element.attrib["text-anchor"]]
        assert left >= -8 and left + width <= float(page.attrib["width"]) + 8, element.text
        boxes.append((left, left + width, float(element.attrib["y"]) - 0.7 * size, float(element.attrib["y"])))
    for i, (left, right, top, bottom) in enumerate(boxes):
        for other_left, other_right, other_top, other_bottom in boxes[i + 1 :]:
            apart = right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top
            assert apart, (texts[i].text, said)


def test_a_door_by_hand_does_in_bert_what_the_entity_door_does(vectors: kgwb.GraphEmbedding) -> None:
    bert, text = kgwb.load_bert("minilm"), "Paris is in France."
    given = door_places.open_entity_door(bert, vectors, text)

    def right(h: torch.Tensor, e: torch.Tensor, w: torch.Tensor, gate: float) -> torch.Tensor:
        return h + torch.tanh(torch.tensor(gate)) * (w @ e)

    table = use_answer(door_places.put_into_bert(right, bert, vectors, text), **given)
    assert table.loc["gate 0", "yours"] == table.loc["gate 0", "kgwb"] == 0
    assert table["yours"].tolist() == pytest.approx(table["kgwb"].tolist(), abs=1e-4)
    assert table.loc["gate 2", "kgwb"] > table.loc["gate 0.5", "kgwb"] > 0.01

    stub = use_answer(door_places.put_into_bert(lambda h, e, w, gate: h + w @ e, bert, vectors, text), **given)
    assert (stub["yours"] > 0.01).all()  # it is never closed
    broken = use_answer(door_places.put_into_bert(lambda h, e, w, gate: e @ w, bert, vectors, text), **given)
    assert all(isinstance(each, str) and "Error" in each for each in broken["yours"])
