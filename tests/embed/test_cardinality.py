"""How many facts of a relation an entity takes: counted as stated, and worth something only where it says something."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from rules_by_hand import make_split, take_by_hand

import kgwb
from kgwb.embed import CardinalityRanker, fit_cardinality, join_rankers, mine_rules, rank_triples
from kgwb.graph import KnowledgeGraph, Split

ENTITIES, RELATIONS = 7, 3
facts_of = some.sets(
    some.tuples(some.integers(0, ENTITIES - 1), some.integers(0, RELATIONS - 1), some.integers(0, ENTITIES - 1)),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(facts=facts_of, relation=some.integers(0, RELATIONS - 1), known=some.integers(0, ENTITIES - 1))
def test_scores_are_those_counted_by_hand(facts: set[tuple[int, int, int]], relation: int, known: int) -> None:
    ranker = fit_cardinality(make_split(sorted(facts), ENTITIES, RELATIONS))
    asked = torch.tensor([known, known]), torch.tensor([relation, relation])
    tails, heads = ranker.score_answers(*asked, tails=1)
    for found, place in ((tails, 1), (heads, 0)):
        expected = [take_by_hand(facts, relation, place, entity, ENTITIES) for entity in range(ENTITIES)]
        assert found.tolist() == pytest.approx(expected, abs=1e-6)
    frame = ranker.frame
    assert len(frame) == 2 * RELATIONS and ((frame["first"] > 0) & (frame["second"] < 1)).all()
    assert (np.diff(frame[frame["entities"] > 0].eval("second / first")) >= -1e-12).all()


@pytest.fixture(scope="module")
def capitals() -> Split:
    """Of every country all towns lie in it, one is its capital; which one, nothing says. Some capitals are withheld."""
    rows = [(f"country {c}", "has town", f"town {c}.{i}") for c in range(120) for i in range(4)]
    rows += [(f"country {c}", "has capital", f"town {c}.0") for c in range(120)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), name="capitals")
    capital = graph.triples[:, 1] == graph.relation_id("has capital")
    order = np.flatnonzero(capital)[np.random.default_rng(0).permutation(120)]
    rest = np.concatenate([np.flatnonzero(~capital), order[60:]])
    return Split(graph, graph.triples[rest], graph.triples[order[:30]], graph.triples[order[30:60]])


def test_who_is_taken_is_held_back(capitals: Split) -> None:
    """By counts alone, countries with a capital stand behind whatever has none."""
    counts = fit_cardinality(capitals)
    heads = rank_triples(counts, capitals.test, known=capitals.train).frame.query("side == 'head'")["rank"]
    towns = len(capitals.graph.entities) - 120
    assert (heads > 1).all() and heads.max() <= towns + 60  # whoever has a capital comes last, with half of the ties
    rows = counts.frame.query("most == 1")  # each town is in one country, and each capital is one country's
    assert (rows["second"] < 0.01).all() and (rows["first"] > 0.09).all() and len(rows) == 3


def test_joined_it_helps_where_relations_are_functional_and_shuffled_it_does_not(capitals: Split) -> None:
    counts = fit_cardinality(capitals)

    class Shuffled:
        graph = counts.graph

        def score_answers(self, known: torch.Tensor, relation: torch.Tensor, *, tails: int) -> torch.Tensor:
            order = torch.randperm(len(self.graph.entities), generator=torch.Generator().manual_seed(0))
            return counts.score_answers(known, relation, tails=tails)[:, order]

    class Guess:
        """Countries before towns, all alike."""

        graph = counts.graph

        def score_answers(self, known: torch.Tensor, relation: torch.Tensor, *, tails: int) -> torch.Tensor:
            country = torch.tensor([label.startswith("country") for label in self.graph.entities["label"]])
            return country.double().expand(len(known), -1)

    def measure(other: object) -> float:
        joined = join_rankers(Guess(), other, capitals)
        return rank_triples(joined, capitals.test, known=capitals.known).frame.query("side == 'head'")["rank"].mean()

    alone = rank_triples(Guess(), capitals.test, known=capitals.known).frame.query("side == 'head'")["rank"].mean()
    assert measure(counts) < 0.6 * alone < 0.8 * measure(Shuffled())


def test_it_says_what_it_counted_and_is_cited(capitals: Split) -> None:
    counts = fit_cardinality(capitals)
    assert repr(counts).startswith(
        "CardinalityRanker of 'capitals': 2 relations; the rarer a second fact beside a first:\n"
    )
    assert "has capital, as the head: first" in repr(counts)
    assert "60 entities, at most 1 fact each" in repr(counts)
    said = kgwb.cite(join_rankers(counts, mine_rules(capitals, longest=1), capitals))
    assert "how many facts of a relation an entity takes, counted in 540 triples" in str(said)


def test_a_graph_where_nobody_is_taken() -> None:
    """Everyone who has a fact has many: a second one is likelier than a first, and the repr says so."""
    split = make_split([(0, 0, t) for t in range(6)] + [(1, 0, t) for t in range(6)], 40, 1)
    said = repr(fit_cardinality(split))
    assert said.endswith("1 relation; whoever has a fact is likelier to get one more")


def test_a_graph_without_train_facts(capitals: Split) -> None:
    empty = fit_cardinality(Split(capitals.graph, capitals.train[:0], capitals.valid, capitals.test))
    assert repr(empty) == "CardinalityRanker of 'capitals': 2 relations, and no fact in train"
    scores = empty.score_answers(torch.tensor([0, 1]), torch.tensor([0, 1]), tails=1)
    assert len(set(scores.flatten().tolist())) == 1  # nobody is likelier than another


def test_a_relation_that_train_does_not_have() -> None:
    split = make_split([(0, 0, 1), (1, 0, 2)], 4, 2)
    scores = fit_cardinality(split).score_answers(torch.tensor([0]), torch.tensor([1]), tails=1)
    assert len(set(scores[0].tolist())) == 1 and scores.isfinite().all()
    assert isinstance(fit_cardinality(split), CardinalityRanker)
