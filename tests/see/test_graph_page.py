"""What of a graph travels to a page, what the kernel answers, what is chosen, and that labels are text everywhere."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as Tree
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from islands import HOSTILE, make_graph, unpack, unpack_texts

from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see import link
from kgwb.see.graph.state import list_facts, list_found
from kgwb.see.graph.view import show_graph
from kgwb.see.packing import pack_texts
from kgwb.see.page import pack_json

# --- labels -------------------------------------------------------------------------------------------------------------


def test_hostile_labels_stay_text(tmp_path: Path) -> None:
    graph = make_graph([(i, i % 2, (i + 1) % 6) for i in range(6)], list(HOSTILE), [HOSTILE[1]] * 3 + ["town"] * 3)
    for view in (show_graph(graph, around=HOSTILE[0], hops=3), show_graph(graph, as_schema=True)):
        tags = {element.tag.partition("}")[2] for element in Tree.fromstring(view.picture).iter()}
        assert not tags & {"script", "img", "b", "i"}
        page = view.save(tmp_path / "page.html", title=HOSTILE[0]).read_text(encoding="utf-8")
        markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
        assert "<img" not in markup and "<b>" not in markup and "<i>far" not in markup and "<script" not in markup
        assert unpack_texts(view.state["labels"]) == list(HOSTILE)


def test_packed_json_cannot_close_its_element() -> None:
    text = "</script><!--\u2028&"
    assert not set("<>&\u2028") & set(pack_json(text))
    assert json.loads(pack_json(text)) == text


@given(st.lists(st.text(max_size=30), max_size=12))
@settings(max_examples=60, deadline=None)
def test_texts_come_back_as_they_were_packed(texts: list[str]) -> None:
    assert unpack_texts(pack_texts(texts)) == texts


# --- what travels -------------------------------------------------------------------------------------------------------


def test_a_page_holds_everything_it_needs(star: KnowledgeGraph, tmp_path: Path) -> None:
    page = show_graph(star).save(tmp_path / "deep" / "page.html")
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)
    assert "sourceMappingURL" not in text and "cdn" not in text.lower() and "vis-network" not in text
    assert page.stat().st_size < 150_000


def test_all_of_a_graph_travels_and_of_a_larger_one_a_part_that_says_so(
    star: KnowledgeGraph, many: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = show_graph(star, around="Isle 7").state
    rows = np.stack([unpack(state[name]) for name in ("heads", "fact_relations", "tails")], axis=1)
    assert rows.tolist() == star.triples.tolist() and unpack(state["ids"]).tolist() == list(range(9))
    monkeypatch.setattr("kgwb.see.graph.state.MOST_ENTITIES", 50)
    monkeypatch.setattr("kgwb.see.graph.state.MOST_FACTS", 60)
    view = show_graph(many, around="n5")
    state = view.state
    ids, drawn = unpack(state["ids"]), unpack(state["drawn"])
    assert len(ids) == 50 and len(unpack(state["heads"])) <= 60 < state["facts"] == len(many)
    assert ids[drawn].tolist() == view.entities.index.tolist()
    held = ids[np.stack([unpack(state["heads"]), unpack(state["tails"])], axis=1)]
    relation = unpack(state["fact_relations"])
    known = {tuple(fact) for fact in many.triples.tolist()}
    assert all((h, r, t) in known for (h, t), r in zip(held.tolist(), relation.tolist(), strict=True))
    drawn_facts = {tuple(fact) for fact in view.scene.facts.tolist()}
    assert drawn_facts <= {(h, r, t) for (h, t), r in zip(held.tolist(), relation.tolist(), strict=True)}


def test_the_kernel_answers_what_a_page_does_not_hold(many: KnowledgeGraph) -> None:
    answer = show_graph(many, around="n5").answer({"facts_of": 9})
    assert answer is not None
    rows = np.stack([unpack(answer[name]) for name in ("heads", "fact_relations", "tails")], axis=1)
    expected = [fact for fact in many.triples.tolist() if 9 in (fact[0], fact[2])]
    assert rows.tolist() == expected
    assert set(unpack(answer["ids"]).tolist()) == {9} | {end for fact in expected for end in (fact[0], fact[2])}
    found = list_found(many, " N39")
    assert unpack_texts(found["labels"])[0] in {"n39", *(f"n39{i}" for i in range(10))}
    assert len(unpack(list_found(many, "")["ids"])) == 0
    view = show_graph(many, around="n5")
    for message in ({"facts_of": -1}, {"facts_of": 400}, {"facts_of": "9"}, {}):
        assert view.answer(message) is None
    assert len(unpack(list_facts(many, 0)["ids"])) >= 1


# --- what is chosen -----------------------------------------------------------------------------------------------------


def test_what_is_chosen_is_data_whether_it_is_drawn_or_not(star: KnowledgeGraph) -> None:
    view = show_graph(star, around="Isle 7")
    view.select(entities=["Isle 3", "Isle 6"])
    assert view.selection["label"].tolist() == ["Isle 3", "Isle 6"]
    assert view.selection["x"].isna().tolist() == [True, False]
    view.selection = view.entities.loc[[6]]
    assert view.choice.entities == (6,)
    view.select(triples=[("Isle 6", "near", "Isle 7")], relations="near")
    assert view.choice.triples == ((6, 0, 7),) and view.choice.relations == (0,)
    assert view.selection.empty


def test_linked_graphs_follow_one_another(star: KnowledgeGraph) -> None:
    one, other = show_graph(star), show_graph(star, around="Isle 0")
    link(one, other)
    one.select(entities="Isle 7")
    assert other.choice.entities == (7,) and list(other.selection["label"]) == ["Isle 7"]
