"""A graph that changes: it is the graph that all facts together give, and nothing has no effect in silence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from kgwb.graph import GraphFileError, KnowledgeGraph, compare_graphs

COLUMNS = ["head", "relation", "tail"]
facts = some.lists(
    some.tuples(some.sampled_from("abcdef"), some.sampled_from("rs"), some.sampled_from("abcdef")), max_size=9
)


def build(rows: list[tuple[str, str, str]], name: str = "graph") -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=COLUMNS, dtype=object), name=name)


@given(facts, facts, facts, some.randoms(use_true_random=False))
def test_it_is_the_graph_built_anew_from_all_facts_in_any_order(
    before: list, added: list, removed: list, order: object
) -> None:
    graph = build(before)
    triples, entities = graph.triples.copy(), graph.entities.copy()
    changed = graph.with_facts(added, removed)
    named = pd.DataFrame({"entity": sorted({name for fact in before for name in fact[::2]})}, dtype=object)
    linked = pd.DataFrame({"relation": sorted({fact[1] for fact in before})}, dtype=object)
    left = [*(set(before) - set(removed)), *added]
    anew = KnowledgeGraph.from_pandas(pd.DataFrame(left, columns=COLUMNS, dtype=object), named, relations=linked)
    assert changed.content_hash == anew.content_hash
    pd.testing.assert_frame_equal(changed.entities, anew.entities)
    order.shuffle(added)
    order.shuffle(removed)
    again = graph.with_facts(pd.DataFrame(added, columns=COLUMNS, dtype=object), removed)
    assert (again.content_hash, again.notes) == (changed.content_hash, changed.notes)
    np.testing.assert_array_equal(graph.triples, triples)
    pd.testing.assert_frame_equal(graph.entities, entities)


@given(facts, facts)
def test_what_changed_is_the_difference_of_the_sets_of_facts(before: list, after: list) -> None:
    one, other = build(before), build(after)
    changes = compare_graphs(one, other)
    assert {*changes.added.itertuples(index=False, name=None)} == set(after) - set(before)
    assert {*changes.removed.itertuples(index=False, name=None)} == set(before) - set(after)
    assert bool(changes) == (one.content_hash != other.content_hash)
    names = [*one.entities["entity"], None]
    carried = [names[place] for place in changes.entity_places]
    assert [name or new for name, new in zip(carried, other.entities["entity"], strict=True)] == [
        *other.entities["entity"]
    ]
    assert {name for name, place in zip(other.entities["entity"], changes.entity_places, strict=True) if place < 0} == {
        *changes.new_entities
    }


def test_a_change_taken_back_gives_the_same_facts(countries: KnowledgeGraph) -> None:
    facts = [("berlin", "borders", "paris")]
    back = countries.with_facts(facts).with_facts(removed=facts)
    assert back.content_hash == countries.content_hash
    pd.testing.assert_frame_equal(back.entities, countries.entities)


def test_labels_mean_what_has_them_and_of_several_the_best_connected(countries: KnowledgeGraph) -> None:
    changed = countries.with_facts([("Berlin", "is the capital of", "France")])
    assert compare_graphs(countries, changed).added.to_numpy().tolist() == [["berlin", "capital_of", "france"]]
    twins = pd.DataFrame({"entity": ["a", "b", "c"], "label": ["Twin", "Twin", "C"]})
    graph = KnowledgeGraph.from_pandas(pd.DataFrame([("b", "r", "c")], columns=COLUMNS), twins)
    assert graph.with_facts([("Twin", "s", "c")]).to_pandas().iloc[1].tolist() == ["b", "s", "c"]


def test_a_name_and_its_label_are_one_fact(countries: KnowledgeGraph) -> None:
    changed = countries.with_facts([("berlin", "borders", "paris"), ("Berlin", "borders", "paris")])
    assert len(changed) == len(countries) + 1
    assert not changed.notes


def test_a_name_that_the_table_describes_is_new_even_if_something_is_called_so(countries: KnowledgeGraph) -> None:
    table = pd.DataFrame({"entity": ["Berlin"], "label": ["Berlin, Maryland"], "population": [5000]})
    changed = countries.with_facts([("Berlin", "lies_in", "usa")], entities=table)
    assert compare_graphs(countries, changed).new_entities == ("Berlin", "usa")
    assert changed.labels[changed.entity_id("Berlin")] == "Berlin, Maryland"
    assert changed.entities.set_index("entity").loc["berlin", "area"] == 891


def test_a_graph_comes_with_what_it_knows_of_its_names(
    countries: KnowledgeGraph, same: Callable[[KnowledgeGraph, KnowledgeGraph], None]
) -> None:
    names = pd.DataFrame({"entity": ["Berlin"], "description": ["a town in Maryland"]})
    other = KnowledgeGraph.from_pandas(pd.DataFrame([("Berlin", "capital_of", "x")], columns=COLUMNS), names)
    changed = countries.with_facts(other)
    assert changed.entities.set_index("entity").loc["Berlin", "description"] == "a town in Maryland"
    same(changed.with_facts(), changed)
    assert len(countries.with_facts(removed=countries)) == 0


def test_what_had_no_effect_is_counted(countries: KnowledgeGraph) -> None:
    here, away, put = ("paris", "capital_of", "france"), ("paris", "borders", "mars"), ("paris", "borders", "berlin")
    said = pd.DataFrame({"entity": ["germany", "berlin"], "label": ["Germania", "Berlin"]})
    changed = countries.with_facts([here, put, put], removed=[away, put], entities=said)
    assert changed.notes == (
        ("duplicate triples", 1),
        ("added facts that were there already", 1),
        ("facts to remove that were not there", 1),
        ("facts both added and removed, which are there now", 1),
        ("descriptions of entities that had one, left as it was", 1),
    )
    assert "counted while reading: 1 facts to remove that were not there" in repr(changed)
    assert changed.labels[changed.entity_id("germany")] == "Germany"


def test_a_note_about_names_is_made_of_those_that_there_are_now() -> None:
    graph = build([("a", "r", "a ")])
    changed = graph.with_facts([("a", "r", " a")])
    assert [count for _, count in graph.notes] == [2]
    assert [count for _, count in changed.notes] == [3]


def test_an_entity_without_facts_stays_and_is_named() -> None:
    graph = build([("a", "r", "b"), ("b", "r", "c")])
    changes = compare_graphs(graph, graph.with_facts(removed=[("a", "r", "b")]))
    assert changes.bare_entities == ("a",)
    assert "1 entity left without a fact: a" in repr(changes)
    assert repr(compare_graphs(graph, graph)) == "GraphChanges: none"


@pytest.mark.parametrize(
    ("added", "problem", "said"),
    [
        (
            [("a", "r")],
            ValueError,
            r"\['a', 'r'\] came as a fact\. Expected head, relation and tail; type graph\.with_facts",
        ),
        ("a r b", TypeError, r"Type graph\.with_facts\(\[\(\"Berlin\", \"capital_of\", \"Germany\"\)\]\)"),
        (pd.DataFrame({"head": ["a"]}), GraphFileError, "Say which columns hold head, relation and tail"),
        ([("a", None, "b")], GraphFileError, "holds no name in row 0"),
    ],
)
def test_what_is_no_fact_is_said(added: object, problem: type[Exception], said: str) -> None:
    with pytest.raises(problem, match=said):
        build([("a", "r", "b")]).with_facts(added)


def test_a_graph_needs_no_table_beside_it() -> None:
    graph = build([("a", "r", "b")])
    with pytest.raises(
        ValueError, match=r"A graph came beside a table of names, and has its own\. Type graph\.with_facts"
    ):
        graph.with_facts(graph, entities=graph.entities)
