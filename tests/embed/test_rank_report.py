"""What a report says of its ranks: protocol, intervals, and tables that add up to the whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from kgwb.embed import GraphEmbedding, RankReport, TransE, rank_triples, train_embedding
from kgwb.embed.queries import name_cardinalities
from kgwb.embed.ranking.bootstrap import bootstrap_intervals, resample_means
from kgwb.embed.ranking.rank_report import bin_degrees
from kgwb.graph import KnowledgeGraph, Split


@pytest.fixture(scope="module")
def report(graph: KnowledgeGraph) -> RankReport:
    train = graph.triples[(graph.triples[:, (0, 2)] != graph.entity_id("place 07")).all(1)]
    test = graph.triples[(graph.triples[:, (0, 2)] == graph.entity_id("place 07")).any(1)]
    split = Split(graph, train, test[:0], test)
    embedding = GraphEmbedding(graph, TransE(), dim=8)
    for _ in train_embedding(embedding, split, epochs=3):
        pass
    return rank_triples(embedding, split.test, known=split.known)


def _report(better: list[int], equal: list[int], known: np.ndarray | None = None) -> RankReport:
    """Ranks of half as many triples, (0, 0, 1), (1, 0, 2), ..., in a ring of ten entities."""
    rows = [[f"e{i}", "next", f"e{(i + 1) % 10}"] for i in range(10)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), name="ring")
    triples = np.concatenate([graph.triples[: len(better) // 2]] * 2)
    sides = np.repeat(["head", "tail"], len(better) // 2)
    return RankReport(graph, triples, sides, np.array(better), np.array(equal), "mean", known, None)


def test_a_report_says_its_protocol(report: RankReport) -> None:
    low, high = report.intervals().loc["MRR", ["low", "high"]]
    heads, tails = report.by_side()["MRR"]
    lines = repr(report).splitlines()
    assert lines == [
        f"RankReport: MRR {report.mrr:.3f} ({low:.3f} to {high:.3f}, 95 % bootstrap over triples), "
        f"Hits@1 {report.hits(1):.3f}, Hits@3 {report.hits(3):.3f}, Hits@10 {report.hits(10):.3f}",
        f"  MRR {heads:.3f} where the head is asked for, {tails:.3f} where the tail is",
        "  12 ranks: 6 triples, head and tail asked for",
        "  all 68 entities are candidates, filtered by 240 known triples",
        "  ties by mean rank, and there are none",
        "  6 triples hold an entity that training never saw; all are kept",
    ]


def test_a_report_says_what_it_does_not_know() -> None:
    lines = repr(_report([0, 0], [0, 2])).splitlines()
    assert lines[1:] == [
        "  MRR 1.000 where the head is asked for, 0.500 where the tail is",
        "  2 ranks: 1 triple, head and tail asked for",
        "  all 10 entities are candidates, nothing filtered",
        "  ties by mean rank: 1 rank tied, MRR 0.667 (worst) to 1.000 (best)",
        "  which entities training saw is not known; all triples are kept",
    ]


def test_a_filter_that_forgets_a_part_of_the_split_is_seen(split: Split) -> None:
    embedding = GraphEmbedding(split.graph, TransE(), dim=8)
    lines = [
        repr(rank_triples(embedding, split.test, known=known)).splitlines()[3] for known in (split.known, split.train)
    ]
    assert lines == [
        "  all 68 entities are candidates, filtered by 240 known triples",
        "  all 68 entities are candidates, filtered by 200 known triples; 40 of the graph's are not among them",
    ]


def test_one_ranking_holds_all_three_ties() -> None:
    report = _report([0, 3], [2, 1])
    assert {ties: report.with_ties(ties).ranks.tolist() for ties in ("mean", "best", "worst")} == {
        "mean": [2.0, 4.5],
        "best": [1.0, 4.0],
        "worst": [3.0, 5.0],
    }
    assert report.with_ties("best").with_ties("mean").ranks.tolist() == report.ranks.tolist()


def test_a_frame_has_one_row_per_triple_and_side(report: RankReport) -> None:
    columns = "head relation tail side rank better equal head_label relation_label tail_label"
    assert report.frame.columns.tolist() == columns.split()
    assert report.frame.side.value_counts().to_dict() == {"head": 6, "tail": 6}
    assert set(report.frame.head_label) <= set(report.graph.labels)


def test_tables_by_relation_and_side_agree_with_the_whole(report: RankReport) -> None:
    for table in (report.by_relation(), report.by_side()):
        assert table["ranks"].sum() == 12
        assert (table["MRR"] * table["ranks"]).sum() / 12 == pytest.approx(report.mrr)
        assert (table["Hits@3"] * table["ranks"]).sum() / 12 == pytest.approx(report.hits(3))
    assert report.by_relation()["label"].tolist()[0] == "beside"
    assert report.by_side().index.tolist() == ["head", "tail"]


def test_a_frame_names_what_outranked_an_answer(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, TransE(), dim=8)
    frame = rank_triples(embedding, graph.triples, known=graph.triples, outranked_by=2).frame
    assert (frame.outranked_by.map(len) == frame.better.clip(upper=2)).all()
    assert set(frame.outranked_by.explode().dropna()) <= set(graph.labels)


facts_of = some.lists(some.tuples(some.integers(0, 5), some.integers(0, 2), some.integers(0, 5)), max_size=30)


@given(facts=facts_of)
def test_cardinalities_equal_brute_force(facts: list[tuple[int, int, int]]) -> None:
    expected = []
    for relation in range(3):
        pairs = {(head, tail) for head, between, tail in facts if between == relation}
        heads_per_tail = len(pairs) / max(1, len({tail for _, tail in pairs}))
        tails_per_head = len(pairs) / max(1, len({head for head, _ in pairs}))
        expected.append(f"{'N' if heads_per_tail >= 1.5 else '1'}-{'N' if tails_per_head >= 1.5 else '1'}")
    distinct = np.array(sorted(set(facts)), dtype=np.int64).reshape(-1, 3)
    assert name_cardinalities(distinct, 3).tolist() == expected


def test_places_are_in_one_region_that_holds_many(report: RankReport) -> None:
    table = report.by_cardinality()
    assert table.index.tolist() == [("N-1", "head"), ("N-1", "tail"), ("N-N", "head"), ("N-N", "tail")]
    assert table.relations.tolist() == [2, 2, 1, 1]  # in_region and has_climate; beside, each place twice
    assert table.ranks.tolist() == [2, 2, 4, 4]
    assert (table["MRR"] * table["ranks"]).sum() / 12 == pytest.approx(report.mrr)


def test_without_a_filter_the_graph_gives_the_cardinality() -> None:
    ring = _report([0, 0, 1, 1], [0, 0, 0, 0])
    star = np.array([[0, 0, tail] for tail in range(1, 9)])
    assert ring.by_cardinality().index.tolist() == [("1-1", "head"), ("1-1", "tail")]
    assert _report([0, 0], [0, 0], known=star).by_cardinality().index.tolist() == [("1-N", "head"), ("1-N", "tail")]


@given(degree=some.integers(0, 2**40))
def test_a_degree_lies_in_its_bin(degree: int) -> None:
    bins = bin_degrees(np.array([degree]))
    first, _, last = bins[0].replace(",", "").partition(" to ")
    assert int(first) <= degree <= int(last or first)
    assert bins.categories[-1] == bins[0] and int(last or first) <= max(1, 2 * int(first) - 1)


def test_tables_by_degree(report: RankReport) -> None:
    place = report.graph.entity_id("place 07")
    train = report.graph.triples[(report.graph.triples[:, (0, 2)] != place).all(1)]
    degrees = np.bincount(train[:, (0, 2)].ravel(), minlength=68)
    for of in ("answer", "known"):
        table = report.by_degree(train, of=of)
        column = np.where((report.sides == "head") == (of == "answer"), 0, 2)
        entities = report.triples[np.arange(12), column]
        assert table["ranks"].sum() == 12
        assert table.loc["0", "ranks"] == (entities == place).sum() == 6
        assert table.loc["0", "MRR"] == pytest.approx((1 / report.ranks[entities == place]).mean())
        several = (degrees[entities] >= 4) & (degrees[entities] <= 7)
        assert table["ranks"].get("4 to 7", 0) == several.sum()
        assert table.index.name == f"degree of the {of}"


def test_intervals_equal_a_bootstrap_by_hand(report: RankReport) -> None:
    """Both ranks of a triple are drawn together."""
    table, random = report.intervals(0.9, samples=300, seed=5), np.random.default_rng(5)
    means = []
    for chosen in random.integers(0, 6, (300, 6)):
        means.append((1 / np.concatenate([report.ranks[chosen], report.ranks[6 + chosen]])).mean())
    assert table.loc["MRR", ["low", "high"]].tolist() == pytest.approx(np.quantile(means, [0.05, 0.95]).tolist())
    assert table.loc["MRR", "value"] == pytest.approx(report.mrr)
    assert table.loc["Hits@3", "value"] == pytest.approx(report.hits(3))
    assert table.equals(report.intervals(0.9, samples=300, seed=5))
    assert not table.equals(report.intervals(0.9, samples=300, seed=6))


def test_intervals_equal_scipys() -> None:
    stats = pytest.importorskip("scipy.stats", reason="the judge comes with scikit-learn")
    values = np.random.default_rng(0).beta(0.3, 0.6, 400)
    ours = bootstrap_intervals(values[:, None], ["MRR"], level=0.95, samples=4000, seed=0).loc["MRR"]
    theirs = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
    assert ours[["low", "high"]].tolist() == pytest.approx([theirs.low, theirs.high], abs=3e-3)


def test_blocks_of_draws_are_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random((50, 2))
    expected = resample_means(values, samples=40, seed=0)
    monkeypatch.setattr("kgwb.embed.ranking.bootstrap.BLOCK", 350)
    assert np.array_equal(resample_means(values, samples=40, seed=0), expected)


def test_two_rankings_are_compared_triple_by_triple() -> None:
    random = np.random.default_rng(0)
    one = _report(random.integers(0, 9, 20).tolist(), [0] * 20)
    worse = _report((one.better + 1).tolist(), [0] * 20)
    table = one.compare(worse)
    assert table.loc["MRR", "value"] == pytest.approx(one.mrr - worse.mrr)
    assert table.loc["MRR", "low"] > 0
    width = table.loc["MRR", "high"] - table.loc["MRR", "low"]
    alone = one.intervals().loc["MRR", "high"] - one.intervals().loc["MRR", "low"]
    assert width < alone  # what is hard for both cancels
    assert one.compare(one).to_numpy().tolist() == [[0, 0, 0, 1]] * 4  # value, low, high, p


def test_rankings_of_different_triples_are_not_compared() -> None:
    with pytest.raises(
        ValueError, match=r"rank different triples\. Type rank_triples\(model, split\.test, known=split"
    ):
        _report([0, 0], [0, 0]).compare(_report([0] * 4, [0] * 4))


@pytest.mark.parametrize(
    ("level", "samples", "message"),
    [(95, 10, r"level=95 came\. .* type level=0\.95"), (0.9, 0, r"samples=0 came\. It must be at least 1")],
)
def test_intervals_out_of_range(level: int | float, samples: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _report([0, 0], [0, 0]).intervals(level, samples=samples)
