"""Candidate facts under review: what is decided from Python and from the browser comes back as data."""

from __future__ import annotations

import xml.etree.ElementTree as Tree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.graph import KnowledgeGraph
from kgwb.learn import find_threshold, grow_graph
from kgwb.see import ReviewView, show_review
from kgwb.see.review.scene import SOURCES

NAMES = ("Oslo", "Norway", "Rome", "Italy", "Bern")


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    facts = pd.DataFrame([("Rome", "capital of", "Italy")], columns=["head", "relation", "tail"])
    return KnowledgeGraph.from_pandas(facts, pd.DataFrame({"entity": NAMES, "type": "place"}), name="places")


def propose(graph: KnowledgeGraph, *rows: tuple[str, str, float]) -> pd.DataFrame:
    """Candidates as propose_facts gives them, in the order given."""
    found = []
    for head, tail, probability in rows:
        text = f"{head} is the capital of {tail}."
        known = (head, tail) == ("Rome", "Italy")
        ids = [graph.entity_id(name) if name in graph.labels else -1 for name in (head, tail)]
        found.append(
            {
                "head": ids[0],
                "relation": 0,
                "tail": ids[1],
                "head_label": head,
                "relation_label": "capital of",
                "tail_label": tail,
                "head_type": "place",
                "tail_type": "place",
                "probability": probability,
                **dict.fromkeys(SOURCES, np.nan),
                "by_text": probability,
                "support": 1,
                "known": known,
                "sentence": text,
                "head_start": 0,
                "contradicts": "Italy" if head == "Rome" and not known else "",
                "head_end": len(head),
                "tail_start": text.index(tail),
                "tail_end": text.index(tail) + len(tail),
                "stated_in": (0,),
            }
        )
    return pd.DataFrame(found)


@pytest.fixture
def view(graph: KnowledgeGraph) -> ReviewView:
    rows = [("Bern", "Italy", 0.2), ("Oslo", "Norway", 0.95), ("Rome", "Italy", 0.9), ("Rome", "Norway", 0.85)]
    return show_review(propose(graph, *rows, ("Quito", "Norway", 0.8)), graph, threshold=0.5)


def test_the_most_probable_stands_first_and_nothing_is_decided(view: ReviewView) -> None:
    assert view.frame["head_label"].tolist() == ["Oslo", "Rome", "Rome", "Quito", "Bern"]
    assert (view.frame["verdict"] == "").all() and len(view.accepted) == len(view.rejected) == 0
    assert view.selection["head_label"].tolist() == ["Oslo"]
    assert repr(view) == "ReviewView: 5 candidate facts: 0 accepted, 0 rejected"


def test_verdicts_are_given_changed_and_taken_back_a_step_at_a_time(view: ReviewView) -> None:
    view.accept([0, 3])
    view.reject(4)
    assert view.accepted.index.tolist() == [0, 3] and view.rejected.index.tolist() == [4]
    view.reject(0)
    assert view.frame["verdict"].tolist() == ["rejected", "", "", "accepted", "rejected"]
    view.undo()
    view.undo()
    assert view.accepted.index.tolist() == [0, 3] and len(view.rejected) == 0
    view.undo()
    view.undo()  # there is nothing left
    assert len(view.accepted) == 0


def test_together_are_accepted_only_those_that_ask_for_no_person(view: ReviewView) -> None:
    assert view.scene.above == [0]  # known, against the graph, with a new name, below the line: the others
    view.accept_above()
    view.accept_above()
    assert view.accepted["head_label"].tolist() == ["Oslo"] and view.scene.above == []
    view.undo()
    assert len(view.accepted) == 0


def test_what_the_browser_says_comes_back_as_data_and_is_heard(view: ReviewView) -> None:
    heard: list[object] = []
    view.observe(heard.append, names="decided")
    view.widget.decided = [[1, 1, 1], [9, 1, 2], ["x"], [2, 7, 3], [0, 0, 4]]  # some about no row, some no verdict
    assert view.accepted.index.tolist() == [1] and view.rejected.index.tolist() == [0] and len(heard) == 1
    view.widget.at = 99
    assert view.selection.index.tolist() == [4]


def test_a_new_entity_is_called_as_a_person_says(view: ReviewView, graph: KnowledgeGraph) -> None:
    view.accept([0, 3])
    view.rename(3, head="San Francisco de Quito")
    assert view.accepted["head_label"].tolist() == ["Oslo", "San Francisco de Quito"]
    grown = grow_graph(graph, view.accepted)
    assert ("San Francisco de Quito", "capital of", "Norway") in set(map(tuple, grown.to_pandas().to_numpy()))
    assert len(grown) == 3
    with pytest.raises(
        ValueError, match=r"head='Roma' came for row 1, whose head is 'Rome'\. .*Type view\.rename\(1, head="
    ):
        view.rename(1, head="Roma")


def test_the_threshold_may_be_one_that_was_found_or_none(graph: KnowledgeGraph) -> None:
    candidates = propose(graph, ("Oslo", "Norway", 0.9), ("Bern", "Italy", 0.1))
    right = candidates.loc[[0], ["head", "relation", "tail"]].to_numpy()
    found = find_threshold(candidates, right, precision=0.9, confidence=0.5)
    assert show_review(candidates, graph, threshold=found).threshold == 0.9
    unsure = show_review(candidates, graph, threshold=find_threshold(candidates, right))
    assert unsure.threshold is None and "threshold" not in unsure.caption
    with pytest.raises(
        ValueError, match=r"There is no threshold, so nothing can be accepted together\. Type show_review\("
    ):
        unsure.accept_above()


def test_the_picture_shows_verdicts_the_line_and_the_sentence(view: ReviewView) -> None:
    view.accept(0)
    texts = [node.text for node in Tree.fromstring(view.picture).iter("{http://www.w3.org/2000/svg}text")]
    assert "✓" in texts and "Oslo is the capital of Norway." in texts and "0.95" in texts
    assert view.picture.count("stroke-dasharray") == 1
    assert any("5 candidate facts: 1 accepted, 0 rejected" in str(text) for text in texts)


def test_no_candidate_is_a_view_too(graph: KnowledgeGraph, tmp_path: Path) -> None:
    view = show_review(propose(graph, ("Oslo", "Norway", 0.9))[:0], graph, threshold=0.5)
    view.accept_above()
    view.undo()
    assert len(view.selection) == 0 and view.title == "0 candidate facts: 0 accepted, 0 rejected"
    assert view.save(tmp_path / "page.html").stat().st_size > 1000
    Tree.fromstring(view.picture)


def test_neither_the_candidates_nor_the_graph_are_changed(graph: KnowledgeGraph) -> None:
    candidates = propose(graph, ("Bern", "Italy", 0.1), ("Quito", "Norway", 0.9))
    before = candidates.copy()
    view = show_review(candidates, graph)
    view.accept([0, 1])
    view.rename(0, head="Lima")
    pd.testing.assert_frame_equal(candidates, before)


def test_what_does_not_fit_is_said(view: ReviewView, graph: KnowledgeGraph) -> None:
    with pytest.raises(IndexError, match=r"Row 9 came, and there are 5 candidates\. Type view\.accept\(0\)\."):
        view.accept([0, 9])
    assert len(view.accepted) == 0
    candidates = propose(graph, ("Oslo", "Norway", 0.9))
    with pytest.raises(ValueError, match=r"no column 'sentence', or several; .*Type kgwb\.see\.show_review\("):
        show_review(candidates.drop(columns="sentence"), graph)
    with pytest.raises(ValueError, match=r"call entity \d 'Norge'; in 'places' it is 'Norway'\. Propose them anew"):
        show_review(candidates.assign(tail_label="Norge"), graph)


def test_a_graph_that_is_linked_shows_the_two_names(view: ReviewView, graph: KnowledgeGraph) -> None:
    drawn = kgwb.show_graph(graph)
    linked = kgwb.link(view, drawn)
    view.select(entities=["Oslo", "Norway"])
    assert set(drawn.choice.entities) == {graph.entity_id("Oslo"), graph.entity_id("Norway")}
    assert linked is not None
