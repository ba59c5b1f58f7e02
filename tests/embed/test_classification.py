"""True or false: thresholds against brute force, false triples of the right kind, and reports that add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from kgwb.embed import DistMult, GraphEmbedding, Scorer, TransE, train_embedding
from kgwb.embed.ranking.classification import (
    ClassificationReport,
    choose_threshold,
    choose_thresholds,
    classify_triples,
)
from kgwb.embed.ranking.labelled import Labelled
from kgwb.graph import KnowledgeGraph, Split

labelled_scores = some.lists(some.tuples(some.integers(-3, 3), some.booleans()), min_size=1, max_size=15)


@given(labelled=labelled_scores)
def test_a_threshold_equals_brute_force(labelled: list[tuple[int, bool]]) -> None:
    scores, truth = (np.array(column) for column in zip(*labelled, strict=True))
    places = [-9.0, *(score + 0.5 for score in range(-4, 4))]
    best = max(((scores >= place) == truth).sum() for place in places)
    threshold = choose_threshold(scores.astype(float), truth)
    assert ((scores >= threshold) == truth).sum() == best
    assert threshold not in scores  # half-way between, so that rounding decides nothing
    called = {int((scores >= place).sum()) for place in places if ((scores >= place) == truth).sum() == best}
    nearest = min(abs(2 * count - len(scores)) for count in called)
    assert abs(2 * int((scores >= threshold).sum()) - len(scores)) == nearest


@pytest.mark.parametrize("upper", [np.nextafter(1.0, 2.0), np.nextafter(1.0, 2.0) + 2**-52, 1.7e308])
def test_a_threshold_parts_scores_without_a_number_between(upper: float) -> None:
    scores = np.array([upper, np.nextafter(upper, 0.0)])
    assert (scores >= choose_threshold(scores, np.array([True, False]))).tolist() == [True, False]


def test_a_relation_without_valid_triples_takes_the_common_threshold() -> None:
    triples, truth = np.array([[0, 0, 1], [1, 0, 0], [0, 2, 1], [1, 2, 0]]), np.array([True, False, True, False])
    valid = Labelled(triples, truth, np.array([0, 0, 1, 1]), np.array([4.0, 2.0, 9.0, 7.0]), ())
    thresholds, own = choose_thresholds(valid, 4)
    assert thresholds.tolist() == [3.0, 8.0, 8.0, 8.0]  # of all four, 8 and 3 are right for three
    assert own.tolist() == [True, False, True, False]


@pytest.fixture(scope="module")
def learnt(split: Split) -> Split:
    """Asks for what was trained on, so that an embedding knows the answers."""
    return Split(split.graph, split.train, split.train[::2], split.train[1::2])


@pytest.fixture(scope="module")
def embedding(split: Split) -> GraphEmbedding:
    embedding = GraphEmbedding(split.graph, DistMult(), dim=16)
    for _ in train_embedding(embedding, split, epochs=40):
        pass
    return embedding


@pytest.fixture(scope="module")
def report(embedding: GraphEmbedding, learnt: Split) -> ClassificationReport:
    return classify_triples(embedding, learnt)


def test_false_triples_are_of_the_right_kind(report: ClassificationReport, learnt: Split) -> None:
    known = {tuple(triple) for triple in learnt.known.tolist()}
    true, false = (report.labelled.triples[report.labelled.truth == truth] for truth in (True, False))
    assert true.tolist() == learnt.test.tolist()
    assert ((true != false).sum(1) == 1).all() and (true[:, 1] == false[:, 1]).all()
    assert 0 < (true[:, 0] != false[:, 0]).sum() < len(true)  # heads and tails
    for head, relation, tail in false.tolist():
        assert (head, relation, tail) not in known
        assert head in learnt.known[learnt.known[:, 1] == relation, 0]
        assert tail in learnt.known[learnt.known[:, 1] == relation, 2]


def test_what_was_learnt_is_classified_correctly(report: ClassificationReport, learnt: Split) -> None:
    assert report.accuracy > 0.9
    again = classify_triples(GraphEmbedding(learnt.graph, DistMult(), dim=16), learnt)
    assert again.labelled.triples.tolist() == report.labelled.triples.tolist()  # the same questions for every embedding
    assert again.accuracy < report.accuracy
    other = classify_triples(GraphEmbedding(learnt.graph, DistMult(), dim=16), learnt, seed=1)
    assert other.labelled.triples.tolist() != report.labelled.triples.tolist()


@pytest.mark.parametrize("at_once", [3, 1000])
def test_scores_are_the_embeddings(embedding: GraphEmbedding, split: Split, at_once: int, monkeypatch) -> None:
    monkeypatch.setattr("kgwb.embed.ranking.labelled.AT_ONCE", at_once)
    frame = classify_triples(embedding, split).frame
    scores = embedding.score(frame[["head", "relation", "tail"]].to_numpy()).detach().numpy()
    assert frame.score.to_numpy() == pytest.approx(scores, abs=1e-5)


def test_tables_add_up(report: ClassificationReport) -> None:
    table = report.by_relation()
    assert table.triples.sum() == len(report.frame) == len(report.labelled.truth)
    assert (table.accuracy * table.triples).sum() / table.triples.sum() == pytest.approx(report.accuracy)
    assert ((table.on_true + table.on_false) / 2).tolist() == pytest.approx(table.accuracy.tolist())
    assert table.triples.is_monotonic_decreasing and table.own_threshold.all()
    frame = report.frame
    assert ((frame.score >= frame.threshold) == frame.true).tolist() == frame.right.tolist()


def test_accuracy_equals_scikit_learns(report: ClassificationReport) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="needs an independent judge: pip install scikit-learn")
    frame = report.frame
    theirs = metrics.accuracy_score(frame.true, frame.score >= frame.threshold)
    assert report.accuracy == pytest.approx(theirs)
    recall = metrics.recall_score(frame.true, frame.score >= frame.threshold)
    assert report.right[report.labelled.truth].mean() == pytest.approx(recall)


def test_pairs_are_drawn_together(report: ClassificationReport) -> None:
    count, random = int(report.labelled.truth.sum()), np.random.default_rng(3)
    drawn = random.integers(0, count, (200, count))
    means = [np.concatenate([report.right[chosen], report.right[count + chosen]]).mean() for chosen in drawn]
    ours = report.interval(0.8, samples=200, seed=3).loc["accuracy"]
    assert ours.tolist() == pytest.approx([report.accuracy, *np.quantile(means, [0.1, 0.9])])


def test_a_report_says_how_it_was_made(report: ClassificationReport) -> None:
    low, high = report.interval().loc["accuracy", ["low", "high"]]
    found = [report.right[report.labelled.truth == truth].mean() for truth in (True, False)]
    assert repr(report).splitlines() == [
        f"ClassificationReport: accuracy {report.accuracy:.3f} ({low:.3f} to {high:.3f}, 95 % bootstrap over triples)",
        f"  of 100 true triples {found[0]:.1%} classified correctly, of 100 false ones {found[1]:.1%}; guessing gives 50 %",
        "  false: head or tail exchanged for another that the relation has there, never a known triple, seed 0",
        "  a threshold per relation, chosen on valid; 0 relations (0 triples) without valid triples take the common one",
        "  100 of 100 true test triples were trained on; train on split, not on graph",
    ]


def test_a_graph_where_everything_is_true(graph: KnowledgeGraph) -> None:
    """Two of three relations are complete; nothing false can be said of them, and that is counted."""
    everything = np.array([(head, 0, tail) for head in range(68) for tail in range(68)])
    some_more = np.array([[0, 1, 1], [2, 1, 3]])
    split = Split(
        graph,
        everything[5:],
        np.concatenate([some_more[:1], everything[:1]]),
        np.concatenate([everything[1:5], some_more[1:]]),
    )
    report = classify_triples(GraphEmbedding(graph, DistMult(), dim=4), split)
    assert report.labelled.truth.tolist() == [True] * 5 + [False]
    assert report.interval().loc["accuracy", "value"] == pytest.approx(report.accuracy)
    assert repr(report).splitlines()[-1] == "  4 true triples without a false one: every entity makes it a known triple"


def test_a_split_of_which_nothing_false_can_be_said() -> None:
    facts = pd.DataFrame([[h, "r", t] for h in "abc" for t in "abc"], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(facts)
    split = Split(graph, graph.triples[:5], graph.triples[5:7], graph.triples[7:])
    message = "No false triple can be made from the 2 valid triples: whatever is exchanged, a known one comes out"
    with pytest.raises(ValueError, match=message):
        classify_triples(GraphEmbedding(graph, DistMult(), dim=4), split)


def test_every_scorer_classifies(scorer: Scorer, split: Split) -> None:
    report = classify_triples(GraphEmbedding(split.graph, scorer, dim=8), split)
    assert 0.2 <= report.accuracy <= 0.8 and len(report.frame) == 2 * len(split.test)


@pytest.mark.parametrize("part", ["valid", "test"])
def test_nothing_to_classify(split: Split, part: str) -> None:
    parts = {"valid": split.valid, "test": split.test} | {part: split.test[:0]}
    message = rf"There are no {part} triples\. Type split_triples\(graph, valid=0\.1, test=0\.1\)"
    with pytest.raises(ValueError, match=message):
        classify_triples(GraphEmbedding(split.graph, TransE(), dim=4), Split(split.graph, split.train, **parts))


def test_a_split_of_another_graph(split: Split) -> None:
    other = KnowledgeGraph.from_pandas(split.graph.to_pandas().head(9), name="another")
    message = r"of the graph 'another', but a split of 'places' came, whose ids mean other things\. Type GraphEmbedding"
    with pytest.raises(ValueError, match=message):
        classify_triples(GraphEmbedding(other, TransE(), dim=4), split)


def test_scores_that_are_no_numbers(split: Split) -> None:
    embedding = GraphEmbedding(split.graph, DistMult(), dim=4)
    torch.nn.init.constant_(embedding.entity_table, 1e30)
    torch.nn.init.constant_(embedding.relation_table, 1.0)
    with pytest.raises(ValueError, match=r"A score is not finite: the vectors are too large\. Train a fresh embedding"):
        classify_triples(embedding, split)
