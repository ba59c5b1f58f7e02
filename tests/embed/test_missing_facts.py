"""The best unknown triples of the whole graph: those of a table of all triples, found without making one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.embed import (
    AffineEncoder,
    DistMult,
    GraphEmbedding,
    Scorer,
    TransE,
    find_missing_facts,
    train_embedding,
)
from kgwb.embed.candidates import choose_candidates
from kgwb.embed.ranking.best_triples import BestTriples
from kgwb.graph import KnowledgeGraph, Split, UnknownNameError, split_triples


def _list_by_hand(vectors: GraphEmbedding, trained: np.ndarray, among: object, relations: list[int]) -> pd.DataFrame:
    """Every triple that training never saw, best first, relative to its relation's mean over the trained facts."""
    graph, known = vectors.graph, set(map(tuple, vectors.graph.triples.tolist()))
    scores = vectors.score(trained).double().detach().numpy()
    sets = choose_candidates(graph, among, facts=trained)  # type: ignore[arg-type]
    rows, seen = [], set(map(tuple, trained.tolist()))
    for relation in relations:
        own = scores[trained[:, 1] == relation]
        centre = own.mean() if len(own) else scores.mean()
        heads, tails = (
            range(len(graph.entities)) if sets is None else sets.find(relation, side).tolist()
            for side in ("head", "tail")
        )
        for head in heads:
            table = vectors.score_tails([(head, relation, 0)])[0].double().detach().numpy()
            for tail in tails:
                if (head, relation, tail) not in seen:
                    score = table[tail]
                    rows.append((head, relation, tail, score, score - centre, (head, relation, tail) in known))
    frame = pd.DataFrame(rows, columns=["head", "relation", "tail", "score", "value", "known"]).astype(
        {"score": float, "value": float, "known": bool}
    )
    return frame.sort_values(["value"], ascending=False, kind="stable", ignore_index=True)


def _make(facts: list[tuple[int, int, int]], trained: int) -> GraphEmbedding:
    rows = [(f"e{head}", f"r{between}", f"e{tail}") for head, between, tail in facts]
    frame = pd.DataFrame(rows, columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(frame)
    vectors = GraphEmbedding(graph, DistMult(), dim=4)
    generator = torch.Generator().manual_seed(len(facts))
    for table in (vectors.entity_table, vectors.relation_table):
        table.data = torch.randint(-2, 3, table.shape, generator=generator).float()
    vectors.trained_facts = graph.triples[:trained]
    return vectors


facts_of = some.lists(
    some.tuples(some.integers(0, 5), some.integers(0, 2), some.integers(0, 5)), min_size=3, max_size=9, unique=True
)


@settings(max_examples=30)
@given(facts=facts_of, k=some.integers(1, 300), among=some.sampled_from([None, "relation", "e0"]), few=some.booleans())
def test_the_best_are_those_of_a_table_of_all(
    facts: list[tuple[int, int, int]], k: int, among: str | None, few: bool
) -> None:
    """Many scores are equal here: of equals those come first whose relation, head and tail do."""
    vectors = _make(facts, trained=2)
    chosen = ["e0", "e1"] if among == "e0" and "e1" in vectors.graph.labels and "e0" in vectors.graph.labels else among
    chosen = None if chosen == "e0" else chosen
    relations = [0] if few else list(range(len(vectors.graph.relations)))
    expected = _list_by_hand(vectors, vectors.trained_facts, chosen, relations)
    memory = 1e-7 if few else 0.5  # one head at a time, or all of them
    found = find_missing_facts(vectors, k, among=chosen, relations=relations, memory=memory)
    new = expected[~expected["known"]]
    assert found.possible == len(new) and found.withheld == int(expected["known"].sum())
    assert found.triples.tolist() == new.iloc[:k][["head", "relation", "tail"]].to_numpy().tolist()
    np.testing.assert_allclose(found.scores, new.iloc[:k]["score"])
    assert found.found == int(expected.iloc[:k]["known"].sum())
    assert np.isnan(found.probability).all() and len(found) == min(k, len(new)) == len(found.frame)


@settings(max_examples=40)
@given(
    values=some.lists(some.lists(some.integers(-3, 3), min_size=4, max_size=4), min_size=1, max_size=8),
    count=some.integers(1, 12),
)
def test_blocks_leave_what_a_sort_leaves(values: list[list[int]], count: int) -> None:
    best = BestTriples(count)
    for relation, row in enumerate(values):
        scores = torch.tensor([row[:2], row[2:]], dtype=torch.float32)
        scores[0, 0] = -torch.inf
        best.consider(scores, heads=np.array([3, 5]), relation=relation, tails=np.array([1, 4]), centre=0.5 * relation)
    places = [(r, h, t) for r in range(len(values)) for h, t in ((3, 4), (5, 1), (5, 4))]
    flat = [values[r][{(3, 4): 1, (5, 1): 2, (5, 4): 3}[h, t]] - 0.5 * r for r, h, t in places]
    order = sorted(range(len(flat)), key=lambda place: (-flat[place], places[place]))[:count]
    assert best.values.tolist() == [flat[place] for place in order]
    assert best.triples.tolist() == [[places[place][1], places[place][0], places[place][2]] for place in order]


@pytest.mark.parametrize("kind", ["plain", "reciprocal", "encoder"])
def test_every_scorer_is_searched_the_same_way(split: Split, scorer: Scorer, kind: str) -> None:
    vectors = GraphEmbedding(split.graph, scorer, dim=8, encoder=AffineEncoder(dim=8) if kind == "encoder" else None)
    list(train_embedding(vectors, split, epochs=2, reciprocal=kind == "reciprocal"))
    found = find_missing_facts(vectors, 20, among="relation")
    assert found.withheld > 0 and ((found.probability > 0) & (found.probability < 1)).all()
    assert (np.diff(found.probability) <= 1e-9).all() or not found.separates
    scores = vectors.score(found.triples).detach().numpy()
    np.testing.assert_allclose(found.scores, scores, rtol=1e-3, atol=1e-4)
    known = set(map(tuple, split.graph.triples.tolist()))
    assert not known & set(map(tuple, found.triples.tolist()))
    again = find_missing_facts(vectors, 20, among="relation", split=split)
    assert again.possible == found.possible and again.withheld == found.withheld
    assert found.triples.tolist() == find_missing_facts(vectors, 20, among="relation").triples.tolist()


def test_a_report_says_what_was_compared_and_how_far_to_trust_it(split: Split) -> None:
    vectors = GraphEmbedding(split.graph, TransE(), dim=16)
    list(train_embedding(vectors, split, epochs=60, batch=50))
    found = find_missing_facts(vectors, 30)
    lines = repr(found).splitlines()
    possible = 68 * 68 * 3 - len(split.graph)
    assert lines[:2] == [
        f"MissingFacts: the 30 best of {possible:,} triples that 'places' does not hold",
        "  3 relations, heads and tails any of the graph's entities",
    ]
    assert lines[2] == (
        f"  of the first 30 that training never saw, {found.found} are among the 40 withheld facts ({found.found / 30:.1%}); "
        f"by counts of heads and tails alone {found.floor}"
    )
    assert lines[3].startswith(f"  their probabilities expect {found.expected:.1f}; only withheld facts count as true")
    assert found.describe_run()["run"] == "the 30 facts most likely missing in the knowledge graph 'places'"


def test_what_was_learnt_finds_more_than_what_is_frequent() -> None:
    """Who knows whom: everybody in a group of six, so that withheld facts follow from the others and counts say nothing."""
    people = [(f"p{i:02}", "knows", f"p{j:02}") for i in range(24) for j in range(24) if i % 4 == j % 4 and i != j]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(people, columns=["head", "relation", "tail"]))
    split = split_triples(graph, valid=0.1, test=0.1)
    vectors = GraphEmbedding(graph, DistMult(), dim=16)
    list(train_embedding(vectors, split, epochs=40, batch=20, precision="float32"))
    found = find_missing_facts(vectors, 48, among="relation")
    assert found.withheld == 24 and found.found >= 16 > 2 * found.floor
    assert found.separates and 5 < found.expected < 24


def test_where_nothing_was_withheld_no_probability_is_given(graph: KnowledgeGraph) -> None:
    vectors = GraphEmbedding(graph, DistMult(), dim=8)
    list(train_embedding(vectors, graph, epochs=1))
    found = find_missing_facts(vectors, 5, relations=["beside"])
    assert np.isnan(found.frame.probability).all() and set(found.frame.relation) == {"beside"}
    assert repr(found).splitlines()[-1] == (
        "  no fact was withheld from training, so how many of these hold is not known; train on split_triples(graph)"
    )


def test_what_is_wrong_is_said(split: Split, graph: KnowledgeGraph) -> None:
    vectors = GraphEmbedding(graph, DistMult(), dim=8)
    other = KnowledgeGraph.from_pandas(pd.DataFrame([["a", "r", "b"]], columns=["head", "relation", "tail"]))
    stranger = Split(other, other.triples, other.triples[:0], other.triples[:0])
    with pytest.raises(UnknownNameError, match=r"Unknown relation 'besides'\. The nearest labels are 'beside'"):
        find_missing_facts(vectors, relations=["besides"])
    with pytest.raises(
        ValueError, match=r"relations came as an empty list, .* Type relations=\['beside', 'has_climate'\]"
    ):
        find_missing_facts(vectors, relations=[])
    with pytest.raises(
        ValueError, match=r"of the graph 'places', but a split of 'graph' came, whose ids mean other things"
    ):
        find_missing_facts(vectors, split=stranger)
    vectors.entity_table.data.fill_(1e30)
    with pytest.raises(ValueError, match=r"A score is not finite"):
        find_missing_facts(vectors)
