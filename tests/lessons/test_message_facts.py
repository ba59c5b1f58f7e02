"""A path leads where walking it fact by fact leads, and the facts it keeps are those of some walk."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgwb.graph import KnowledgeGraph, UnknownNameError
from kgwb.lessons.message_facts import find_message_facts

FACTS = [("kettle", "made_of", "steel"), ("mug", "made_of", "glass"), ("glass", "cared_for_by", "hand")]


def make_graph(facts: list[tuple[str, str, str]], entities: pd.DataFrame | None = None) -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), entities)


names = st.sampled_from("abcd")
facts = st.lists(st.tuples(names, st.sampled_from("rs"), names), min_size=1, max_size=12, unique=True)
steps = st.lists(st.sampled_from(["r", "s", "^r", "^s"]), min_size=1, max_size=3)


@given(facts=facts, path=steps)
def test_it_ends_where_walking_ends(facts: list[tuple[str, str, str]], path: list[str]) -> None:
    graph = make_graph([*facts, ("a", "r", "a"), ("a", "s", "z")])
    rows = [*{*facts, ("a", "r", "a"), ("a", "s", "z")}]
    walks: list[list[tuple[str, str, str]]] = [[]]
    ends = ["a"]
    for step in path:
        moves = [
            (walk, fact, fact[0] if step[0] == "^" else fact[2])
            for (walk, here), fact in itertools.product(zip(walks, ends, strict=True), rows)
            if fact[1] == step.strip("^") and (fact[2] if step[0] == "^" else fact[0]) == here
        ]
        walks, ends = [[*walk, fact] for walk, fact, _ in moves], [end for _, _, end in moves]
    found = find_message_facts(graph, "a", "/".join(path))
    assert found.ends == tuple(sorted({*ends}))
    assert found.facts == tuple(sorted({fact for walk in walks for fact in walk}))


def test_a_number_is_its_own_end_and_a_missing_one_is_silence() -> None:
    entities = pd.DataFrame({"entity": ["mug", "kettle"], "price": [12.5, np.nan], "stock": [3, 0]})
    graph = make_graph(FACTS, entities)
    assert find_message_facts(graph, "mug", "price").ends == ("12.5",)
    assert find_message_facts(graph, "kettle", "stock").facts == (("kettle", "stock", "0"),)
    assert find_message_facts(graph, "kettle", "price").ends == find_message_facts(graph, "kettle", "price").facts == ()


def test_what_no_path_is_is_said() -> None:
    graph = make_graph(FACTS)
    with pytest.raises(UnknownNameError, match="made_of"):
        find_message_facts(graph, "mug", "made_off")
    with pytest.raises(UnknownNameError, match="mug"):
        find_message_facts(graph, "mugg", "made_of")
