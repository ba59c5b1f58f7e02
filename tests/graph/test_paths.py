"""A path leads where a query of SPARQL leads, and its facts are those on the way and no other."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.graph import UnknownNameError, find_paths, follow_path
from kgwb.graph.errors import QueryError
from kgwb.graph.paths import spell_step

FACTS = [
    ("flu", "treated_by", "rest"),
    ("cold", "treated_by", "rest"),
    ("cold", "treated_by", "tea"),
    ("tea", "interacts_with", "iron"),
    ("tea", "loves", "tea"),
]


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))


@pytest.mark.parametrize(
    ("start", "path", "ends", "facts"),
    [
        ("cold", "treated_by", {"rest", "tea"}, 2),
        ("rest", "^treated_by", {"flu", "cold"}, 2),
        ("flu", "treated_by/^treated_by", {"cold"}, 2),
        ("cold", "treated_by / interacts_with", {"iron"}, 2),
        ("iron", "^interacts_with/^treated_by", {"cold"}, 2),
        ("flu", "interacts_with", set(), 0),
        ("tea", "loves", set(), 0),
        ("cold", "treated_by/loves/interacts_with", {"iron"}, 3),
    ],
)
def test_a_path_ends_where_it_leads_and_keeps_the_facts_on_the_way(
    graph: kgwb.KnowledgeGraph, start: str, path: str, ends: set[str], facts: int
) -> None:
    walk = follow_path(graph, start, path)
    assert {graph.labels[end] for end in walk.ends} == ends and len(walk.facts) == facts
    assert set(map(tuple, walk.facts.tolist())) <= set(map(tuple, graph.triples.tolist()))
    drawn = walk.to_graph()
    assert len(drawn) == facts and {start, *ends} <= set(drawn.entities["entity"])


def test_medicine_is_walked_as_sparql_walks_it() -> None:
    pytest.importorskip("pyoxigraph", reason="needs the store: pip install pyoxigraph")
    graph = kgwb.read_graph(kgwb.sample("medicine"))
    for path in ("caused_by/^caused_by", "treated_by/side_effect", "^affects"):
        spelt = "/".join(f"^relation:{each[1:]}" if each[0] == "^" else f"relation:{each}" for each in path.split("/"))
        for start in ("chickenpox", "asthma", "lungs"):
            asked = kgwb.query_graph(graph, f"SELECT ?end {{ entity:{start} {spelt} ?end }}", labels=False)
            names = graph.entities["entity"]
            assert {names[end] for end in follow_path(graph, start, path).ends} == set(asked["end"]) - {start}
            assert {names[end] for end in follow_path(graph, start, path, returning=True).ends} == set(asked["end"])


def test_all_paths_of_an_entity_lead_somewhere_and_no_other_does(graph: kgwb.KnowledgeGraph) -> None:
    steps = [f"{turn}{name}" for name in graph.relations["relation"] for turn in ("", "^")]
    every = [*steps, *(f"{one}/{two}" for one in steps for two in steps)]
    for start in graph.labels:
        found = dict(find_paths(graph, start).itertuples(index=False, name=None))
        counts = {path: len(follow_path(graph, start, path).ends) for path in every}
        assert found == {path: count for path, count in counts.items() if count}
        assert len(find_paths(graph, start, hops=1)) == sum("/" not in path for path in found)


def test_a_walk_says_where_it_leads(graph: kgwb.KnowledgeGraph) -> None:
    assert repr(follow_path(graph, "flu", "treated_by")) == "flu treated_by → rest (1 facts)"
    assert repr(follow_path(graph, "flu", "loves")) == "flu loves → nothing (0 facts)"


def test_what_is_no_path_is_refused(graph: kgwb.KnowledgeGraph) -> None:
    with pytest.raises(QueryError, match=r"'treated_by/' has an empty step.*type follow_path\("):
        follow_path(graph, "flu", "treated_by/")
    with pytest.raises(UnknownNameError, match="treated_by"):
        follow_path(graph, "flu", "treatedby")
    with pytest.raises(ValueError, match=r"hops=9 came. Expected 1 to 4; type find_paths\("):
        find_paths(graph, "flu", hops=9)


@given(names=st.lists(st.text("a/^<é ", min_size=1).filter(str.strip), min_size=2, max_size=4, unique_by=str.strip))
def test_whatever_a_relation_is_called_its_path_is_read_again(names: list[str]) -> None:
    """Freebase's have slashes: /film/film/genre."""
    table = pd.DataFrame([("a", name, "b") for name in names], columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(table)
    found = find_paths(graph, "a", hops=2)
    for path, ends in found.itertuples(index=False, name=None):
        assert len(follow_path(graph, "a", path).ends) == ends == 1
    assert set(found["path"]) >= {spell_step(name) for name in names}
