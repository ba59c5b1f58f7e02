"""Two rankers as one: how they are mixed is chosen on valid alone, and the mix is what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_by_hand import make_split

import kgwb
from kgwb.embed import GraphEmbedding, JoinedRanker, join_rankers, mine_rules, train_embedding
from kgwb.embed.rules.joined_ranker import Way
from kgwb.embed.rules.joining import PAIRS, WEIGHTS
from kgwb.embed.rules.validating import ask_both_sides
from kgwb.graph import Split


@pytest.fixture(scope="module")
def split() -> Split:
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, limit, 120).tolist() for limit in (16, 3, 16)]
    whole = make_split(sorted(set(zip(*columns, strict=True))), 16, 3)
    order = rng.permutation(len(whole.train))
    train, valid, test = np.split(whole.train[order], [len(order) - 30, len(order) - 12])
    return Split(whole.graph, train, valid, test)


@pytest.fixture(scope="module")
def vectors(split: Split) -> GraphEmbedding:
    found = GraphEmbedding(split.graph, kgwb.ComplEx(), dim=8)
    for _ in train_embedding(found, split, epochs=3, precision="float32"):
        pass
    return found


@pytest.fixture(scope="module")
def joined(split: Split, vectors: GraphEmbedding) -> JoinedRanker:
    return join_rankers(vectors, mine_rules(split, top=3), split)


@pytest.mark.parametrize("ways", PAIRS)
def test_scores_are_mixed_as_stated(split: Split, vectors: GraphEmbedding, ways: tuple[Way, Way]) -> None:
    rules = mine_rules(split, top=3)
    mix = JoinedRanker(split.graph, vectors, rules, ways, 0.3)
    known, relation = torch.tensor([0, 1, 2]), torch.tensor([0, 1, 2])
    found = mix.score_answers(known, relation, tails=2).numpy()
    with torch.no_grad():
        one = vectors.encode().score_answers(known, relation, tails=2).double().numpy()
    other = rules.score_answers(known, relation, tails=2).numpy()

    def scale(scores: np.ndarray, way: Way) -> np.ndarray:
        if way == "softmax":
            return scores - np.log(np.exp(scores).sum(1, keepdims=True))
        share = (scores - scores.min(1, keepdims=True)) / np.ptp(scores, axis=1, keepdims=True)
        return share if way == "range" else np.log(1 + 99 * share) / np.log(100)

    assert found == pytest.approx(0.7 * scale(one, ways[0]) + 0.3 * scale(other, ways[1]), abs=1e-6)


def test_weights_at_the_ends_rank_as_one_of_the_two_alone(split: Split, vectors: GraphEmbedding) -> None:
    rules = mine_rules(split, top=3)
    for weight, alone in ((0.0, vectors), (1.0, rules)):
        mix = JoinedRanker(split.graph, vectors, rules, ("range", "log"), weight)
        one, other = (kgwb.rank_triples(each, split.test, known=split.known) for each in (mix, alone))
        assert one.mrr == pytest.approx(other.mrr, abs=1e-9)


def test_way_and_weight_are_the_best_on_valid(split: Split, vectors: GraphEmbedding) -> None:
    rules = mine_rules(split, top=3)
    chosen = join_rankers(vectors, rules, split, by_relation=False)
    known = np.concatenate([split.train, split.valid])
    figures = {}
    for ways in PAIRS:
        for weight in WEIGHTS[::3].tolist():
            mix = JoinedRanker(split.graph, vectors, rules, ways, weight)
            figures[ways, weight] = kgwb.rank_triples(mix, split.valid, known=known).mrr
    best = JoinedRanker(split.graph, vectors, rules, chosen.ways, chosen.weight)
    reached = kgwb.rank_triples(best, split.valid, known=known).mrr
    assert reached >= max(figures.values()) - 1e-9
    assert f"{reached:.3f}" in chosen.chosen


def test_test_is_never_looked_at(split: Split, vectors: GraphEmbedding, joined: JoinedRanker) -> None:
    blind = Split(split.graph, split.train, split.valid, split.test[:0])
    other = join_rankers(vectors, mine_rules(blind, top=3), blind)
    assert (other.ways, other.weight, other.chosen) == (joined.ways, joined.weight, joined.chosen)


def test_an_answer_shows_both_scores_and_the_reasons(joined: JoinedRanker, vectors: GraphEmbedding) -> None:
    found = joined.predict(head=0, relation=1, k=3, why=True)
    assert list(found.columns)[-4:] == ["rules", "confidence", "because", "facts"]
    whole = vectors.predict(head=0, relation=1, k=16).set_index("entity")["score"]
    assert found["one"].tolist() == pytest.approx(whole[found["entity"]].tolist(), abs=1e-5)
    assert joined.predict(head=0, relation=1, k=3).equals(found.iloc[:, :4])


def test_weights_by_relation_and_side_are_used(split: Split, vectors: GraphEmbedding) -> None:
    rules = mine_rules(split, top=3)
    weights = np.array([[0.3, 0.0], [0.25, 1.0], [0.75, 0.5]])  # [relation, head or tail asked for]
    mix = JoinedRanker(split.graph, vectors, rules, ("range", "log"), 0.5, weights)
    known, relation = torch.tensor([3, 3, 3, 4, 5]), torch.tensor([0, 1, 2, 2, 0])
    each = [
        JoinedRanker(split.graph, vectors, rules, ("range", "log"), w).score_answers(known, relation, tails=3)
        for w in (0.0, 1.0, 0.5, 0.75, 0.3)
    ]
    assert torch.equal(mix.score_answers(known, relation, tails=3), torch.stack([each[i][i] for i in range(5)]))
    assert "0.00 to 1.00 of other by relation and side" in repr(mix)


@given(st.integers(0, 10**6))
@settings(max_examples=60)
def test_ranks_of_mixes_are_those_among_all_entities(seed: int) -> None:
    rng = np.random.default_rng(seed)
    entities, facts = 12, np.unique(rng.integers(0, [12, 2, 12], (30, 3)), axis=0)
    asked = facts[rng.permutation(len(facts))[:6]]
    for block in ask_both_sides(asked, facts, entities):
        # Few distinct scores, so that many are equal.
        one, other = (torch.from_numpy(rng.integers(0, 4, (len(block.known), entities)) / 2) for _ in range(2))
        rivals = block.find_rivals(one, other)
        for weight in (0.1, 0.5, 0.75):
            parts = rivals.gather(one), rivals.gather(other)
            found = rivals.count_ranks((1 - weight) * parts[0] + weight * parts[1])
            assert found.tolist() == block.rank((1 - weight) * one + weight * other).tolist()


def test_it_says_what_it_is(joined: JoinedRanker, split: Split) -> None:
    report = kgwb.rank_triples(joined, split.test, known=split.known)
    assert report.unseen is not None and report.trained == 0
    said = kgwb.cite(joined).frame.set_index("part")["value"]
    assert "scaled by" in said["mixed"] and "one" in said.index and "other" in said.index
    assert repr(joined).startswith("JoinedRanker of 'graph': one scaled by ")


def test_what_does_not_fit_is_refused(split: Split, vectors: GraphEmbedding) -> None:
    other = make_split([(0, 0, 1), (1, 1, 0)])
    with pytest.raises(ValueError, match=r"A ranker of the graph 'graph' came with a split of 'graph', whose ids"):
        join_rankers(vectors, vectors, other)
    bare = Split(split.graph, split.train, split.valid[:0], split.test)
    with pytest.raises(ValueError, match=r"The split has no valid triples, .* Type split_triples\(graph, valid=0\.1\)"):
        join_rankers(vectors, vectors, bare)


def test_a_ranker_joined_with_itself_has_no_rivals_and_keeps_its_ranks(split: Split, vectors: GraphEmbedding) -> None:
    alone = kgwb.rank_triples(vectors, split.test, known=split.known)
    for block in ask_both_sides(split.valid, split.known, len(split.graph.entities)):
        scores = vectors.encode().score_answers(block.known, block.relation, tails=block.tails).detach()
        rivals = block.find_rivals(scores, scores)
        assert not len(rivals.rank)
        assert rivals.count_ranks(rivals.gather(scores)).tolist() == block.rank(scores).tolist()
    mixed = kgwb.rank_triples(join_rankers(vectors, vectors, split), split.test, known=split.known)
    assert mixed.mrr == pytest.approx(alone.mrr, abs=1e-6)
