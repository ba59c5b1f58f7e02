"""Filtered ranks against brute force, against an independent library, and where they could go wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import nn

from kgwb.embed import ComplEx, DistMult, GraphEmbedding, Scorer, TransE, rank_triples
from kgwb.embed.ranking.answers import prepare_answers
from kgwb.embed.ranking.counting import FEW_THREADS, count_block
from kgwb.graph import KnowledgeGraph

ENTITIES, RELATIONS = 7, 2
triples_of = some.lists(
    some.tuples(some.integers(0, ENTITIES - 1), some.integers(0, RELATIONS - 1), some.integers(0, ENTITIES - 1)),
    min_size=1,
    max_size=25,
)


def _graph() -> KnowledgeGraph:
    rows = [[f"e{i}", f"r{i % RELATIONS}", f"e{i}"] for i in range(ENTITIES)]
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]))


def _embedding(values: int, seed: int, inverses: bool, scorer: Scorer | None = None) -> GraphEmbedding:
    """Whole numbers make scores exact in every order of summation; few of them make ties."""
    embedding = GraphEmbedding(_graph(), scorer or DistMult(), dim=4)
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


class Table:
    """Something that is no embedding and can be ranked all the same."""

    def __init__(self, graph: KnowledgeGraph, scores: torch.Tensor) -> None:
        self.graph, self.scores, self.asked = graph, scores, 0

    def score_answers(self, known: torch.Tensor, relation: torch.Tensor, *, tails: int) -> torch.Tensor:
        self.asked += len(known)
        return self.scores[known, relation, torch.arange(len(known)).lt(tails).long()]


@settings(max_examples=40)
@given(triples=triples_of, facts=triples_of, values=some.integers(0, 3), seed=some.integers(0, 99))
def test_anything_that_scores_answers_is_ranked(triples, facts, values, seed) -> None:
    embedding = _embedding(values, seed, inverses=False)
    ids = np.stack([*np.indices((ENTITIES, RELATIONS)).reshape(2, -1), np.zeros(ENTITIES * RELATIONS, dtype=int)], 1)
    rows = [embedding.score_heads(ids[:, ::-1].copy()), embedding.score_tails(ids)]
    scores = torch.stack(rows, 1).detach().view(ENTITIES, RELATIONS, 2, ENTITIES)
    table, before = Table(embedding.graph, scores), scores.clone()
    expected = rank_triples(embedding, triples, known=facts, outranked_by=2)
    report = rank_triples(table, triples, known=facts, outranked_by=2)
    assert report.ranks.tolist() == expected.ranks.tolist()
    assert report.frame.equals(expected.frame)
    assert table.scores.equal(before)  # known answers are struck out in a copy
    assert table.asked == len({t[:2] for t in triples}) + len({t[1:] for t in triples})  # each question once


@settings(max_examples=40)
@given(triples=triples_of, facts=triples_of, values=some.integers(0, 3), seed=some.integers(0, 99))
def test_what_outranks_an_answer_equals_brute_force(triples, facts, values, seed) -> None:
    embedding = _embedding(values, seed, inverses=False)
    report = rank_triples(embedding, triples, known=facts, outranked_by=3)
    assert report.ranks.tolist() == rank_triples(embedding, triples, known=facts).ranks.tolist()
    for row, above in enumerate(report.outranked_by.tolist()):
        side, triple = report.sides[row], report.triples[row]
        place = 2 if side == "tail" else 0
        scores = (embedding.score_tails if side == "tail" else embedding.score_heads)(triple[None])[0].tolist()
        others = [tuple(np.where(np.arange(3) == place, entity, triple).tolist()) for entity in range(ENTITIES)]
        open_to = [entity for entity, other in enumerate(others) if other not in set(facts)]
        better = sorted(-scores[entity] for entity in open_to if scores[entity] > scores[triple[place]])
        named = [entity for entity in above if entity >= 0]
        assert above == named + [-1] * (3 - len(named))
        assert [-scores[entity] for entity in named] == better[:3]  # among equals any may be named
        assert set(named) <= set(open_to) and len(set(named)) == len(named)
        assert report.frame.outranked_by[row] == tuple(report.graph.labels[entity] for entity in named)


PYKEEN = "needs the independent evaluator: pip install pykeen==1.11.1"


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*is deprecated:DeprecationWarning")  # PyKEEN's, when imported
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("values", [0, 1, 50, None], ids=["all tied", "many ties", "few ties", "real numbers"])
def test_ranks_equal_pykeens(seed: int, values: int | None, scorer: Scorer) -> None:
    pytest.importorskip("pykeen", reason=PYKEEN)
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
    if values is None:
        embedding = GraphEmbedding(_graph(), scorer, dim=4, seed=seed)
    else:
        embedding = _embedding(values, seed, inverses=False, scorer=scorer)
    factory = CoreTriplesFactory(torch.from_numpy(train), num_entities=ENTITIES, num_relations=RELATIONS)
    theirs = RankBasedEvaluator().evaluate(
        Ours(embedding, factory),
        torch.from_numpy(test),
        batch_size=5,
        use_tqdm=False,
        additional_filter_triples=factory.mapped_triples,
    )
    report = rank_triples(embedding, test, known=drawn)
    for ties, name in (("mean", "realistic"), ("best", "optimistic"), ("worst", "pessimistic")):
        ours = report.with_ties(ties)
        assert ours.ranks.tolist() == rank_triples(embedding, test, known=drawn, ties=ties).ranks.tolist()
        for side in ("head", "tail", "both"):
            part = ours.frame if side == "both" else ours.frame[ours.frame.side == side]
            assert (1 / part["rank"]).mean() == pytest.approx(theirs.get_metric(f"{side}.{name}.mrr"), abs=1e-6)
            assert part["rank"].mean() == pytest.approx(theirs.get_metric(f"{side}.{name}.mean_rank"), abs=1e-6)
            for k in (1, 3, 5, 10):
                hits = theirs.get_metric(f"{side}.{name}.hits_at_{k}")
                assert (part["rank"] <= k).mean() == pytest.approx(hits, abs=1e-6)


class Forgetful(nn.Module):
    """An encoder that counts its calls and drops numbers while training."""

    def __init__(self) -> None:
        super().__init__()
        self.calls, self.dropout = 0, nn.Dropout(0.5)

    def forward(self, entities: torch.Tensor, relations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.calls += 1
        return self.dropout(entities).roll(1, 0), relations


def test_an_encoder_is_asked_once_and_drops_nothing(graph: KnowledgeGraph) -> None:
    encoder = Forgetful()
    embedding = GraphEmbedding(graph, DistMult(), dim=8, encoder=encoder)
    encoder.train()
    encoder.dropout.eval()
    rank_triples(embedding, graph.triples, known=graph.triples, memory=1e-9)
    assert encoder.calls == 1
    assert encoder.training and not encoder.dropout.training  # as it was before
    encoder.dropout.train()
    plain = GraphEmbedding(graph, DistMult(), dim=8)
    plain.entity_table.data = embedding.entity_table.data.roll(1, 0)
    ranks = rank_triples(embedding, graph.triples, known=graph.triples).ranks
    assert ranks.tolist() == rank_triples(plain, graph.triples, known=graph.triples).ranks.tolist()


def test_threads_change_no_rank(graph: KnowledgeGraph) -> None:
    """Few threads compare with NumPy, many with torch."""
    embedding, before = _embedding(2, 0, inverses=False), torch.get_num_threads()
    triples = np.array([(h, r, t) for h in range(ENTITIES) for r in range(RELATIONS) for t in range(ENTITIES)])
    scores = embedding.score_tails(triples).detach()
    cells = torch.arange(len(triples)), torch.from_numpy(triples[:, 2].copy()), *torch.zeros(2, 0, dtype=torch.int64)
    try:
        found = []
        for threads in (1, FEW_THREADS + 1):
            torch.set_num_threads(threads)
            found.append(count_block(scores.clone(), *cells, sizes=[len(triples)]))
    finally:
        torch.set_num_threads(before)
    assert found[0].better.equal(found[1].better) and found[0].equal.equal(found[1].equal)
    assert found[0].better.equal((scores > found[0].score[:, None]).sum(1))


@pytest.mark.parametrize("entities", [1, 255, 256, 257, 65_280, 65_281, 130_561])
def test_counts_hold_for_any_number_of_entities(entities: int) -> None:
    """Bytes add up to 255 at most; where entities are many, more of them stand side by side."""
    scores, first = torch.zeros(2, entities), torch.zeros(2, dtype=torch.int64)
    scores[0, 1:] = 1.0
    counts = count_block(scores, torch.arange(2), first, first[:0], first[:0], sizes=[2])
    assert counts.better.tolist() == [entities - 1, 0]
    assert counts.equal.tolist() == [0, entities - 1]


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
    with pytest.raises(
        ValueError, match=r"A score is not finite: the vectors are too large\. Train a fresh embedding with"
    ):
        rank_triples(embedding, graph.triples, known=graph.triples)
    embedding.entity_table.data[5] = torch.nan  # would otherwise come first everywhere
    with pytest.raises(ValueError, match=r"numbers that are not finite\. Train a fresh one with a lower learning_rate"):
        rank_triples(embedding, graph.triples, known=graph.triples)


def test_what_has_no_scores_cannot_be_ranked() -> None:
    with pytest.raises(
        TypeError, match=r"A GraphEmbedding, or something with .* was expected, but a DistMult came\. Type rank_triples"
    ):
        prepare_answers(DistMult())


@pytest.mark.parametrize(
    ("scores", "came"),
    [
        (torch.zeros(7, 2, 2, 6), r"torch\.float32 of shape \(1, 6\)"),
        (torch.zeros(7, 2, 2, 7, dtype=torch.bfloat16), r"torch\.bfloat16 of shape \(1, 7\)"),
    ],
)
def test_scores_of_the_wrong_kind(scores: torch.Tensor, came: str) -> None:
    message = rf"The scores of Table came as {came}\. Expected torch\.float32 of shape \(1, 7\), queries by entities"
    with pytest.raises(ValueError, match=message):
        rank_triples(Table(_graph(), scores), [(0, 0, 1)], known=None)


def test_half_precision_is_ranked_as_single(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, DistMult(), dim=4).bfloat16()
    ranks = rank_triples(embedding, graph.triples, known=None).ranks
    assert (ranks == rank_triples(embedding.float(), graph.triples, known=None).ranks).all()


def test_fewer_than_no_candidates_above(graph: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match=r"outranked_by=-1 came\. It must be at least 0; type outranked_by=0"):
        rank_triples(GraphEmbedding(graph, TransE(), dim=4), graph.triples, known=None, outranked_by=-1)
