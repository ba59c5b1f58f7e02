"""What a rank hides: what training saw of a query, the two sides, who was a candidate, and whether a difference is chance."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.embed import AffineEncoder, DistMult, GraphEmbedding, RankReport, Scorer, TransE, fit_baseline, rank_triples
from kgwb.embed.candidates import choose_candidates
from kgwb.embed.ranking.randomisation import randomise_signs
from kgwb.graph import KnowledgeGraph, Split

facts_of = some.lists(
    some.tuples(some.integers(0, 5), some.integers(0, 2), some.integers(0, 5)), min_size=2, max_size=25, unique=True
)


def _embed(facts: list[tuple[int, int, int]], scorer: Scorer | None = None) -> GraphEmbedding:
    """An embedding whose numbers are so few that many scores tie; the first half of its facts are called trained."""
    rows = [(f"e{head}", f"r{between}", f"e{tail}") for head, between, tail in facts]
    frame = pd.DataFrame(rows, columns=["head", "relation", "tail"])
    names = sorted({*frame["head"], *frame["tail"]})
    kinds = pd.DataFrame({"entity": names, "type": [f"type {int(name[1:]) % 2}" for name in names]})
    graph = KnowledgeGraph.from_pandas(frame, kinds)
    vectors = GraphEmbedding(graph, scorer or DistMult(), dim=4)
    generator = torch.Generator().manual_seed(len(facts))
    for table in (vectors.entity_table, vectors.relation_table):
        table.data = torch.randint(-1, 2, table.shape, generator=generator).float()
    vectors.trained_facts = graph.triples[: max(1, len(graph.triples) // 2)]
    return vectors


def _rank_by_hand(vectors: GraphEmbedding, among: object, place: int) -> tuple[float, int, bool]:
    """Rank, number of candidates, and whether the answer is outside, of one row of a report on all triples."""
    graph, triples = vectors.graph, vectors.graph.triples.tolist()
    tail_asked = place >= len(triples)
    head, relation, tail = triples[place % len(triples)]
    row = (vectors.score_tails if tail_asked else vectors.score_heads)([(head, relation, tail)])[0].tolist()
    answer, side = (tail, "tail") if tail_asked else (head, "head")
    sets = choose_candidates(graph, among, facts=vectors.trained_facts)  # type: ignore[arg-type]
    assert sets is not None
    candidates = sets.find(relation, side).tolist()  # type: ignore[arg-type]
    make = (lambda entity: (head, relation, entity)) if tail_asked else (lambda entity: (entity, relation, tail))
    known = set(map(tuple, triples))
    left = [entity for entity in candidates if entity != answer and make(entity) not in known]
    if answer not in candidates:
        return 1.0 + len(left), len(candidates), True
    above = sum(row[entity] > row[answer] for entity in left)
    return 1.0 + above + sum(row[entity] == row[answer] for entity in left) / 2, len(candidates), False


@settings(max_examples=25)
@given(facts=facts_of, among=some.sampled_from(["relation", "type", "a type", "a list"]))
def test_ranks_among_candidates_are_those_of_a_loop(facts: list[tuple[int, int, int]], among: str) -> None:
    vectors = _embed(facts)
    graph = vectors.graph
    chosen = {"a type": graph.entities["type"][0], "a list": list(graph.labels[:2])}.get(among, among)
    report = rank_triples(vectors, graph.triples, known=graph.triples, among=chosen, outranked_by=2)
    expected = [_rank_by_hand(vectors, chosen, place) for place in range(len(report.ranks))]
    assert report.candidates is not None and report.outside is not None and report.outranked_by is not None
    assert list(zip(report.ranks, report.candidates, report.outside, strict=True)) == expected
    assert ((report.outranked_by >= 0).sum(1) == np.minimum(report.better, 2)).all()
    plain = rank_triples(vectors, graph.triples, known=graph.triples)
    assert (report.ranks <= plain.ranks)[~report.outside].all()


def test_all_entities_as_a_list_rank_as_no_list(graph: KnowledgeGraph, scorer: Scorer) -> None:
    for encoder in (None, AffineEncoder(dim=8)):
        vectors = GraphEmbedding(graph, scorer, dim=8, encoder=encoder)
        vectors.add_inverses()
        plain = rank_triples(vectors, graph.triples[::5], known=graph.triples)
        listed = rank_triples(vectors, graph.triples[::5], known=graph.triples, among=list(graph.labels))
        assert listed.ranks.tolist() == plain.ranks.tolist() and listed.outside is not None and not listed.outside.any()


def test_a_report_says_who_was_a_candidate(split: Split) -> None:
    vectors = GraphEmbedding(split.graph, TransE(), dim=8)
    vectors.trained_facts = split.train
    report = rank_triples(vectors, split.test, known=split.known, among="relation")
    assert report.candidates is not None and report.outside is not None
    fewest, most, mean = report.candidates.min(), report.candidates.max(), report.candidates.mean()
    lines = repr(report).splitlines()
    assert lines[3].startswith(
        f"  candidates are what the relation has taken there in train: {fewest} to {most}, {mean:.1f} on average, of 68 "
        "entities for each query, filtered by 240 known triples"
    )
    assert (
        lines[4]
        == f"  {report.outside.sum()} of {len(report.ranks)} right answers are no candidates and rank behind all of them"
    )
    baseline = rank_triples(fit_baseline(split), split.test, known=split.known, among="relation")
    assert (baseline.candidates == report.candidates).all() and (baseline.outside == report.outside).all()


def test_who_does_not_know_its_training_cannot_say_what_a_relation_takes(split: Split) -> None:
    with pytest.raises(
        ValueError, match=r"among='relation' came, and what this was trained on is not known, .* among="
    ):
        rank_triples(GraphEmbedding(split.graph, TransE(), dim=8), split.test, known=split.known, among="relation")


@settings(max_examples=25)
@given(facts=facts_of)
def test_ranks_by_what_training_saw_are_those_of_a_loop(facts: list[tuple[int, int, int]]) -> None:
    vectors = _embed(facts)
    graph, train = vectors.graph, vectors.trained_facts
    report = rank_triples(vectors, graph.triples, known=graph.triples)
    table = report.by_seen(train)
    pairs = {(head, relation) for head, relation, _ in train.tolist()}, {(r, tail) for _, r, tail in train.tolist()}
    groups: dict[tuple[str, str], list[float]] = {}
    for (head, relation, tail), side, rank in zip(report.triples.tolist(), report.sides, report.ranks, strict=True):
        first, second = (head, relation) in pairs[0], (relation, tail) in pairs[1]
        kind = {(1, 1): "both", (1, 0): "(head, relation)", (0, 1): "(relation, tail)", (0, 0): "neither"}[
            first, second
        ]
        if relation not in train[:, 1]:
            kind = "not even the relation"
        groups.setdefault((kind, side), []).append(1 / rank)
    assert dict(zip(table.index, table.ranks, strict=True)) == {name: len(each) for name, each in groups.items()}
    for name, each in groups.items():
        assert table.loc[name, "MRR"] == pytest.approx(np.mean(each))


def test_heads_and_tails_stand_beside_each_other(split: Split) -> None:
    report = rank_triples(GraphEmbedding(split.graph, TransE(), dim=8), split.test, known=split.known)
    frame = report.frame.assign(share=1 / report.ranks)
    for table, column in ((report.by_relation(), "relation"), (report.by_degree(split.train), None)):
        assert table.columns.tolist()[-2:] == ["MRR head", "MRR tail"]
        if column:
            expected = frame.pivot_table(index=column, columns="side", values="share")
            np.testing.assert_allclose(table["MRR tail"], expected["tail"][table.index])
            np.testing.assert_allclose(table["MRR head"], expected["head"][table.index])


@given(values=some.lists(some.tuples(some.integers(-3, 3), some.integers(-2, 4)), min_size=1, max_size=8))
def test_p_is_the_share_of_all_signs_that_go_as_far(values: list[tuple[int, int]]) -> None:
    differences = np.array(values) / 7
    expected = [
        np.mean(
            [
                abs(np.dot(signs, column)) >= abs(column.sum()) - 1e-9
                for signs in itertools.product((-1, 1), repeat=len(column))
            ]
        )
        for column in differences.T
    ]
    assert randomise_signs(differences, samples=1000, seed=0).tolist() == pytest.approx(expected)


def test_drawn_signs_come_near_to_all_signs_and_to_scipys(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = pytest.importorskip("scipy.stats", reason="the judge comes with scikit-learn")
    differences = np.random.default_rng(0).normal(0.4, 1, (12, 1))
    exact = randomise_signs(differences, samples=5000, seed=0)[0]
    drawn = randomise_signs(differences, samples=4095, seed=0)[0]
    theirs = stats.permutation_test(
        (differences[:, 0],), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert exact == pytest.approx(theirs) and drawn == pytest.approx(exact, abs=0.02) and drawn != exact
    monkeypatch.setattr("kgwb.embed.ranking.randomisation.BLOCK", 100)
    assert randomise_signs(differences, samples=5000, seed=0)[0] == exact


def test_a_ranking_that_is_always_better_is_no_chance() -> None:
    rows = [[f"e{i}", "next", f"e{(i + 1) % 40}"] for i in range(40)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]))
    sides, zeros = np.repeat(["head", "tail"], 40), np.zeros(80, dtype=np.int64)
    good, poor = (
        RankReport(graph, np.concatenate([graph.triples] * 2), sides, zeros + better, zeros, "mean", None, None)
        for better in (0, 1)
    )
    assert good.compare(poor, samples=200).loc["MRR", "p"] == pytest.approx(1 / 201)
    assert good.compare(poor, samples=200).loc["Hits@10", "p"] == 1  # both are always among the first ten
