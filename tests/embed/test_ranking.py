"""Filtered ranks against brute force, against an independent library, and where they could go wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from kgwb.embed import ComplEx, DistMult, GraphEmbedding, RankReport, TransE, rank_triples, train_embedding
from kgwb.graph import KnowledgeGraph, Split

ENTITIES, RELATIONS = 7, 2
triples_of = some.lists(
    some.tuples(some.integers(0, ENTITIES - 1), some.integers(0, RELATIONS - 1), some.integers(0, ENTITIES - 1)),
    min_size=1,
    max_size=25,
)


def _graph() -> KnowledgeGraph:
    rows = [[f"e{i}", f"r{i % RELATIONS}", f"e{i}"] for i in range(ENTITIES)]
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]))


def _embedding(values: int, seed: int, inverses: bool) -> GraphEmbedding:
    """Whole numbers make scores exact in every order of summation; few of them make ties."""
    embedding = GraphEmbedding(_graph(), DistMult(), dim=3)
    if inverses:
        embedding.add_inverses()
    generator = torch.Generator().manual_seed(seed)
    for table in embedding.parameters():
        table.data = torch.randint(-values, values + 1, table.shape, generator=generator).float()
    return embedding


def _rank_by_hand(embedding: GraphEmbedding, triple: tuple, side: str, known: set, ties: str) -> float:
    place = 2 if side == "tail" else 0
    row = (embedding.score_tails if side == "tail" else embedding.score_heads)(np.array([triple]))[0].tolist()
    better, equal = 0, 0
    for candidate in range(ENTITIES):
        other = tuple(candidate if column == place else triple[column] for column in range(3))
        if other != triple and other not in known:
            better += row[candidate] > row[triple[place]]
            equal += row[candidate] == row[triple[place]]
    return 1 + better + {"mean": equal / 2, "best": 0, "worst": equal}[ties]


@given(
    triples=triples_of,
    facts=triples_of,
    values=some.integers(0, 3),
    seed=some.integers(0, 99),
    ties=some.sampled_from(["mean", "best", "worst"]),
    inverses=some.booleans(),
    memory=some.sampled_from([1e-9, 1.0]),
)
def test_ranks_equal_brute_force(triples, facts, values, seed, ties, inverses, memory) -> None:
    embedding = _embedding(values, seed, inverses)
    report = rank_triples(embedding, np.array(triples), known=np.array(facts), ties=ties, memory=memory)
    expected = [
        _rank_by_hand(embedding, triple, side, set(facts), ties) for side in ("head", "tail") for triple in triples
    ]
    assert report.ranks.tolist() == expected
    assert report.frame["rank"].tolist() == expected
    assert report.mrr == pytest.approx(np.mean(1 / np.array(expected)))
    assert report.hits(3) == pytest.approx(np.mean(np.array(expected) <= 3))


@given(triples=triples_of, values=some.integers(0, 3), seed=some.integers(0, 99))
def test_without_a_filter_every_entity_competes(triples, values, seed) -> None:
    embedding = _embedding(values, seed, inverses=False)
    nothing = np.empty((0, 3), dtype=np.int64)
    raw, empty = (rank_triples(embedding, np.array(triples), known=known).ranks for known in (None, nothing))
    expected = [_rank_by_hand(embedding, triple, s, set(), "mean") for s in ("head", "tail") for triple in triples]
    assert raw.tolist() == empty.tolist() == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("values", [1, 50], ids=["many ties", "few ties"])
def test_ranks_equal_pykeens(seed: int, values: int) -> None:
    pytest.importorskip("pykeen", reason="needs the independent evaluator: pip install pykeen==1.11.1")
    from pykeen.evaluation import RankBasedEvaluator
    from pykeen.models import Model
    from pykeen.triples import CoreTriplesFactory

    class Ours(Model):  # PyKEEN's evaluator asks a PyKEEN model; this one hands out our scores
        def __init__(self, embedding: GraphEmbedding, factory: CoreTriplesFactory) -> None:
            super().__init__(triples_factory=factory, random_seed=0)
            self.embedding = embedding

        def score_t(self, hr_batch, **_: object):
            return self.embedding.score_tails(torch.cat([hr_batch, hr_batch[:, :1]], 1))

        def score_h(self, rt_batch, **_: object):
            return self.embedding.score_heads(torch.cat([rt_batch[:, 1:], rt_batch], 1))

        def score_r(self, *_: object, **__: object) -> None:
            raise NotImplementedError

        score_hrt = collect_regularization_term = _reset_parameters_ = score_r

        def _get_entity_len(self, *, mode: object) -> int:
            return ENTITIES

    random = np.random.default_rng(seed)
    drawn = np.unique(random.integers(0, [ENTITIES, RELATIONS, ENTITIES], (40, 3)), axis=0)
    test, train = np.split(random.permutation(drawn), [12])
    embedding = _embedding(values, seed, inverses=False)
    factory = CoreTriplesFactory(torch.from_numpy(train), num_entities=ENTITIES, num_relations=RELATIONS)
    theirs = RankBasedEvaluator().evaluate(
        Ours(embedding, factory),
        torch.from_numpy(test),
        batch_size=5,
        use_tqdm=False,
        additional_filter_triples=factory.mapped_triples,
    )
    for ties, name in (("mean", "realistic"), ("best", "optimistic"), ("worst", "pessimistic")):
        ours = rank_triples(embedding, test, known=drawn, ties=ties)
        for side in ("head", "tail", "both"):
            part = ours.frame if side == "both" else ours.frame[ours.frame.side == side]
            assert (1 / part["rank"]).mean() == pytest.approx(theirs.get_metric(f"{side}.{name}.mrr"), abs=1e-6)
            for k in (1, 3, 5, 10):
                hits = theirs.get_metric(f"{side}.{name}.hits_at_{k}")
                assert (part["rank"] <= k).mean() == pytest.approx(hits, abs=1e-6)


def test_ranking_changes_nothing(graph: KnowledgeGraph) -> None:
    embedding, triples = GraphEmbedding(graph, ComplEx(), dim=8), graph.triples.copy()
    before = embedding.entity_vectors()
    rank_triples(embedding, triples, known=triples)
    assert embedding.entity_vectors().equal(before) and (triples == graph.triples).all()


def test_repeated_triples_are_ranked_each_time(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, ComplEx(), dim=8)
    once = rank_triples(embedding, graph.triples[:5], known=graph.triples).ranks
    twice = rank_triples(embedding, np.repeat(graph.triples[:5], 2, 0), known=graph.triples).ranks
    assert twice.tolist() == np.repeat(once, 2).tolist()


def test_lists_and_tensors_are_ranked_alike(graph: KnowledgeGraph) -> None:
    embedding, triples = GraphEmbedding(graph, TransE(), dim=8), graph.triples[:5]
    expected = rank_triples(embedding, triples, known=graph.triples).ranks.tolist()
    tensors = torch.from_numpy(triples.copy()), torch.from_numpy(graph.triples.copy())
    for some_triples, known in (tensors, (triples.tolist(), graph.triples.tolist())):
        assert rank_triples(embedding, some_triples, known=known).ranks.tolist() == expected


@pytest.fixture(scope="module")
def report(graph: KnowledgeGraph) -> RankReport:
    train = graph.triples[(graph.triples[:, (0, 2)] != graph.entity_id("place 07")).all(1)]
    test = graph.triples[(graph.triples[:, (0, 2)] == graph.entity_id("place 07")).any(1)]
    split = Split(graph, train, test[:0], test)
    embedding = GraphEmbedding(graph, TransE(), dim=8)
    for _ in train_embedding(embedding, split, epochs=3):
        pass
    return rank_triples(embedding, split.test, known=split.known)


def test_a_report_says_its_protocol(report: RankReport) -> None:
    lines = repr(report).splitlines()
    assert lines[0].startswith(f"RankReport: MRR {report.mrr:.3f}, Hits@1 {report.hits(1):.3f}, Hits@3")
    assert lines[1:] == [
        "  12 ranks: 6 triples, head and tail asked for",
        "  all 68 entities are candidates, filtered by 240 known triples, ties by mean rank",
        "  6 triples hold an entity that training never saw; they are kept",
    ]


def test_an_unfiltered_report_says_so(graph: KnowledgeGraph) -> None:
    report = rank_triples(GraphEmbedding(graph, TransE(), dim=8), graph.triples, known=None)
    assert "candidates, nothing filtered, ties by mean" in repr(report)


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


def test_nothing_to_rank(graph: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match=r"no triples to rank\. Type rank_triples\(embedding, split\.test, known="):
        rank_triples(GraphEmbedding(graph, TransE(), dim=4), graph.triples[:0], known=graph.triples)


def test_ids_of_another_graph(graph: KnowledgeGraph) -> None:
    embedding, stray = GraphEmbedding(graph, TransE(), dim=4), np.array([[0, 0, 68]])
    message = r"holds ids that 'places' does not have: it has 68 entities and 3 relations\. Type read_split"
    with pytest.raises(ValueError, match="triples " + message):
        rank_triples(embedding, stray, known=graph.triples)
    with pytest.raises(ValueError, match="known " + message):
        rank_triples(embedding, graph.triples, known=stray)


def test_vectors_that_are_no_numbers_are_not_ranked(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    embedding.entity_table.data.fill_(1e30)
    embedding.relation_table.data.fill_(1.0)
    with pytest.raises(ValueError, match=r"A score is not finite: the vectors are too large\. Train a fresh one"):
        rank_triples(embedding, graph.triples, known=graph.triples)
    embedding.entity_table.data[5] = torch.nan  # would otherwise come first everywhere
    with pytest.raises(ValueError, match=r"numbers that are not finite\. Train a fresh one with a lower learning_rate"):
        rank_triples(embedding, graph.triples, known=graph.triples)
