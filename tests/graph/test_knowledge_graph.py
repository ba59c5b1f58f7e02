"""Entities are found by whatever they are called, and a graph shows itself in a few short lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kgwb.graph import KnowledgeGraph, UnknownNameError


def test_an_entity_is_found_by_id_name_label_language_and_alias(countries: KnowledgeGraph) -> None:
    germany = countries.entity_id("germany")
    assert {countries.entity_id(spelling) for spelling in (germany, "Germany", "德国", "BRD", "Deutschland")} == {
        germany
    }
    assert set(countries.spellings(germany)) == {"germany", "Germany", "德国", "BRD", "Deutschland"}
    assert countries.relation_id("is the capital of") == countries.relation_id("capital_of") == 1


def test_a_name_goes_before_a_label_and_a_label_before_an_alias() -> None:
    facts = pd.DataFrame([("x", "r", "y"), ("z", "r", "y")], columns=["head", "relation", "tail"])
    entities = pd.DataFrame({"entity": ["x", "y", "z"], "label": ["y", "why", "zed"], "aliases": ["zed", "", ""]})
    graph = KnowledgeGraph.from_pandas(facts, entities)
    assert graph.entity_id("y") == 1
    assert graph.entity_id("zed") == 2


def test_of_several_with_one_label_the_best_connected_is_meant() -> None:
    facts = pd.DataFrame([("g1", "r", "a"), ("g2", "r", "a"), ("g2", "r", "b")], columns=["head", "relation", "tail"])
    entities = pd.DataFrame({"entity": ["g1", "g2"], "label": ["Georgia", "Georgia"]})
    graph = KnowledgeGraph.from_pandas(facts, entities)
    assert graph.entities["entity"][graph.entity_id("Georgia")] == "g2"


def test_an_unknown_name_is_answered_with_the_nearest_labels(countries: KnowledgeGraph) -> None:
    with pytest.raises(UnknownNameError) as error:
        countries.entity_id("Germny")
    text = "Unknown entity 'Germny'. The nearest labels are 'Germany', "
    assert str(error.value).startswith(text)
    assert str(error.value).count("'") == 8
    assert str(error.value).endswith("Type graph.entities to see all of them.")
    with pytest.raises(UnknownNameError, match=r"Unknown relation 'border'. The nearest labels are 'borders', 'is the"):
        countries.relation_id("border")
    with pytest.raises(
        UnknownNameError, match=r"Unknown entity 99\. A number is an id, from 0 to \d+\. Type graph\.entities"
    ):
        countries.entity_id(99)
    with pytest.raises(UnknownNameError, match="Unknown entity -1"):
        countries.entity_id(-1)


def test_a_number_is_an_id_and_nothing_else() -> None:
    graph = KnowledgeGraph(
        np.array([[0, 0, 1], [1, 0, 2]]),
        pd.DataFrame({"entity": ["", "10", "True"], "label": ["", "10", "True"], "aliases": [("",)] * 3}),
        pd.DataFrame({"relation": ["7"], "label": ["7"]}),
    )
    assert [graph.entity_id(name) for name in ("", "10", 1, np.int64(2))] == [0, 1, 1, 2]
    message = r"Unknown entity 10\. A number is an id, from 0 to 2\. To mean the name, type graph\.entity_id\('10'\)\."
    with pytest.raises(UnknownNameError, match=message):
        graph.entity_id(10)
    with pytest.raises(UnknownNameError, match=r"Unknown entity True\. .* type graph\.entity_id\('True'\)\."):
        graph.entity_id(True)
    with pytest.raises(UnknownNameError, match=r"Unknown relation 7\. .* type graph\.relation_id\('7'\)\."):
        graph.relation_id(7)


def test_an_unknown_name_in_an_empty_graph_says_so() -> None:
    graph = KnowledgeGraph.from_pandas(pd.DataFrame({"head": [], "relation": [], "tail": []}))
    with pytest.raises(UnknownNameError, match=r"This graph has no entities\. Type graph\.entities"):
        graph.entity_id("Germany")


def test_a_huge_unknown_name_in_a_large_graph_is_answered_briefly() -> None:
    names = [f"entity number {number}" for number in range(20_000)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame({"head": names, "relation": "r", "tail": names}))
    with pytest.raises(UnknownNameError) as error:
        graph.entity_id("entity numbre 77" + "x" * 1_000_000)
    assert len(str(error.value)) < 600


def test_a_graph_shows_itself_briefly() -> None:
    facts = pd.DataFrame([("a\nb" * 200, "r", "c")], columns=["head", "relation", "tail"])
    lines = repr(KnowledgeGraph.from_pandas(facts, name="long")).split("\n")
    assert lines[0] == "KnowledgeGraph 'long': 1 triple, 2 entities, 1 relation"
    assert len(lines) == 2
    assert len(lines[1]) < 120


def test_a_label_cannot_steer_the_terminal() -> None:
    facts = pd.DataFrame([("\x1b[31mred", "r", "\u202eback")], columns=["head", "relation", "tail"])
    text = repr(KnowledgeGraph.from_pandas(facts))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_degrees_and_frames(countries: KnowledgeGraph) -> None:
    assert countries.degrees[countries.entity_id("germany")] == 2
    assert countries.degrees[countries.entity_id("atlantis")] == 0
    assert countries.to_pandas(labels=True).iloc[0].tolist() == ["Berlin", "is the capital of", "Germany"]
    assert countries.to_pandas().columns.tolist() == ["head", "relation", "tail"]
