"""A large graph opens by type, and without types at its best connected entity."""

from __future__ import annotations

import xml.etree.ElementTree as Tree

import pytest
from islands import make_graph

from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see.graph.view import show_graph


def test_a_large_graph_opens_by_type(many: KnowledgeGraph) -> None:
    view = show_graph(many)
    assert view.by_type and view.entities.empty and view.title == "Graph islands, by type"
    type_of = many.entities["type"]
    table = many.to_pandas(labels=True).assign(
        head=type_of.to_numpy()[many.triples[:, 0]], tail=type_of.to_numpy()[many.triples[:, 2]]
    )
    expected = table.groupby(["head", "relation", "tail"]).size()
    assert view.frame.set_index(["head", "relation", "tail"])["facts"].to_dict() == expected.to_dict()
    assert dict(zip(view.schema.types, view.schema.counts, strict=True)) == type_of.value_counts().to_dict()
    assert f"3 types with 400 entities, and {len(many):,} facts" in view.caption
    assert Tree.fromstring(view.picture) is not None and f"town · {(type_of == 'town').sum()}" in view.picture


def test_a_small_graph_opens_by_type_where_that_is_asked_for(star: KnowledgeGraph, many: KnowledgeGraph) -> None:
    assert show_graph(star, as_schema=True).by_type and not show_graph(star).by_type
    whole = show_graph(many, as_schema=False)
    assert not whole.by_type and len(whole.entities) == 400


def test_a_large_graph_without_types_opens_at_its_best_connected_entity() -> None:
    hub = make_graph(
        [(0, 0, i) for i in range(1, 40)] + [(i, 1, i + 1) for i in range(40, 340)], [f"n{i}" for i in range(341)]
    )
    view = show_graph(hub)
    assert view.scene.centre == (0,) and len(view.entities) == 40
    assert "Of the graph 301 entities and 300 facts more are not drawn" in view.caption


def test_many_types_are_counted_where_they_are_not_drawn() -> None:
    labels = [f"n{i}" for i in range(60)]
    graph = make_graph([(i, 0, i + 1) for i in range(59)], labels, [f"type {i:02}" for i in range(60)])
    schema = show_graph(graph, as_schema=True).schema
    assert len(schema.types) == 40 and schema.types_left == 20
    assert schema.links[:, 3].sum() + schema.facts_left == 59
    assert f"20 smaller types and {schema.facts_left} facts are not drawn" in schema.caption


def test_a_schema_around_an_entity_is_refused(star: KnowledgeGraph) -> None:
    with pytest.raises(
        ValueError, match=r"as_schema=True came beside around.*Type show_graph\(graph, as_schema=True\)"
    ):
        show_graph(star, around="Isle 1", as_schema=True)
