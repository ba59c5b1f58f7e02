"""A roll-up holds what walking the facts by hand holds, whatever the order of the facts, and ends in a circle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.graph import KnowledgeGraph, UnknownNameError, roll_up

COLUMNS = ["head", "relation", "tail"]


def walk(facts: pd.DataFrame, start: str) -> dict[str, int]:
    """Everything that facts lead to, with the fewest steps."""
    reached, fresh, steps = {start: 0}, {start}, 0
    while fresh:
        steps += 1
        fresh = set(facts.loc[facts["head"].isin(fresh), "tail"]) - set(reached)
        reached |= dict.fromkeys(fresh, steps)
    return reached


@pytest.mark.parametrize("seed", range(5))
def test_a_roll_up_is_what_a_walk_reaches(seed: int) -> None:
    draw, names = np.random.default_rng(seed), list("abcdefgh")
    rows = [(draw.choice(names), draw.choice(["in", "of", "by"]), draw.choice(names)) for _ in range(14)]
    facts = pd.DataFrame(rows, columns=COLUMNS).drop_duplicates()
    graph = KnowledgeGraph.from_pandas(facts)
    known = [name for name in ("in", "of") if name in set(facts["relation"])]
    pairs = roll_up(graph, known)
    used = facts[facts["relation"].isin(known)]
    for entity, its in pairs.groupby("entity"):
        assert dict(zip(its["counts_for"], its["steps"], strict=True)) == walk(used, entity)
    assert set(pairs["entity"]) == set(graph.entities["entity"])


def test_without_relations_each_entity_counts_for_itself() -> None:
    graph = kgwb.read_graph(kgwb.sample("shop"))
    pairs = roll_up(graph, [])
    assert (pairs["entity"] == pairs["counts_for"]).all() and len(pairs) == len(graph.entities)


def test_an_unknown_relation_is_told() -> None:
    graph = KnowledgeGraph.from_pandas(pd.DataFrame([["a", "in", "b"]], columns=COLUMNS))
    with pytest.raises(UnknownNameError, match="made_by"):
        roll_up(graph, ["made_by"])
    with pytest.raises(TypeError, match="roll_up"):
        roll_up(graph, "in")
