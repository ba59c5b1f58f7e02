"""Two rankers as one: how they are mixed is chosen on valid alone, and the mix is what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from rules_by_hand import make_split

import kgwb
from kgwb.embed import GraphEmbedding, JoinedRanker, join_rankers, mine_rules, train_embedding
from kgwb.embed.rules.joining import WEIGHTS
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


@pytest.mark.parametrize("way", ["range", "softmax"])
def test_scores_are_mixed_as_stated(split: Split, vectors: GraphEmbedding, way: str) -> None:
    rules = mine_rules(split, top=3)
    mix = JoinedRanker(split.graph, vectors, rules, way, 0.3)
    known, relation = torch.tensor([0, 1, 2]), torch.tensor([0, 1, 2])
    found = mix.score_answers(known, relation, tails=2).numpy()
    with torch.no_grad():
        one = vectors.encode().score_answers(known, relation, tails=2).double().numpy()
    other = rules.score_answers(known, relation, tails=2).numpy()

    def scale(scores: np.ndarray) -> np.ndarray:
        if way == "range":
            return (scores - scores.min(1, keepdims=True)) / np.ptp(scores, axis=1, keepdims=True)
        return scores - np.log(np.exp(scores).sum(1, keepdims=True))

    assert found == pytest.approx(0.7 * scale(one) + 0.3 * scale(other), abs=1e-6)


def test_weights_at_the_ends_rank_as_one_of_the_two_alone(split: Split, vectors: GraphEmbedding) -> None:
    rules = mine_rules(split, top=3)
    for weight, alone in ((0.0, vectors), (1.0, rules)):
        mix = JoinedRanker(split.graph, vectors, rules, "range", weight)
        one, other = (kgwb.rank_triples(each, split.test, known=split.known) for each in (mix, alone))
        assert one.mrr == pytest.approx(other.mrr, abs=1e-9)


def test_way_and_weight_are_the_best_on_valid(split: Split, vectors: GraphEmbedding) -> None:
    rules = mine_rules(split, top=3)
    chosen = join_rankers(vectors, rules, split, by_relation=False)
    known = np.concatenate([split.train, split.valid])
    figures = {}
    for way in ("range", "softmax"):
        for weight in WEIGHTS[::5].tolist():
            mix = JoinedRanker(split.graph, vectors, rules, way, weight)
            figures[way, weight] = kgwb.rank_triples(mix, split.valid, known=known).mrr
    best = JoinedRanker(split.graph, vectors, rules, chosen.way, chosen.weight)
    reached = kgwb.rank_triples(best, split.valid, known=known).mrr
    assert reached >= max(figures.values()) - 1e-9
    assert f"{reached:.3f}" in chosen.chosen


def test_test_is_never_looked_at(split: Split, vectors: GraphEmbedding, joined: JoinedRanker) -> None:
    blind = Split(split.graph, split.train, split.valid, split.test[:0])
    other = join_rankers(vectors, mine_rules(blind, top=3), blind)
    assert (other.way, other.weight, other.chosen) == (joined.way, joined.weight, joined.chosen)


def test_an_answer_shows_both_scores_and_the_reasons(joined: JoinedRanker, vectors: GraphEmbedding) -> None:
    found = joined.predict(head=0, relation=1, k=3, why=True)
    assert list(found.columns)[-4:] == ["rules", "confidence", "because", "facts"]
    whole = vectors.predict(head=0, relation=1, k=16).set_index("entity")["score"]
    assert found["one"].tolist() == pytest.approx(whole[found["entity"]].tolist(), abs=1e-5)
    assert joined.predict(head=0, relation=1, k=3).equals(found.iloc[:, :4])


def test_weights_by_relation_are_used(split: Split, vectors: GraphEmbedding) -> None:
    rules = mine_rules(split, top=3)
    mix = JoinedRanker(split.graph, vectors, rules, "range", 0.5, np.array([0.0, 1.0, 0.5]))
    known, relation = torch.tensor([3, 3, 3]), torch.tensor([0, 1, 2])
    each = [
        JoinedRanker(split.graph, vectors, rules, "range", w).score_answers(known, relation, tails=3)
        for w in (0.0, 1.0, 0.5)
    ]
    assert torch.equal(mix.score_answers(known, relation, tails=3), torch.stack([each[i][i] for i in range(3)]))
    assert "0.00 to 1.00 of other by relation" in repr(mix)


def test_it_says_what_it_is(joined: JoinedRanker, split: Split) -> None:
    report = kgwb.rank_triples(joined, split.test, known=split.known)
    assert report.unseen is not None and report.trained == 0
    said = kgwb.cite(joined).frame.set_index("part")["value"]
    assert "scaled by" in said["mixed"] and "one" in said.index and "other" in said.index
    assert repr(joined).startswith("JoinedRanker of 'graph': scaled by ")


def test_what_does_not_fit_is_refused(split: Split, vectors: GraphEmbedding) -> None:
    other = make_split([(0, 0, 1), (1, 1, 0)])
    with pytest.raises(ValueError, match=r"A ranker of the graph 'graph' came with a split of 'graph', whose ids"):
        join_rankers(vectors, vectors, other)
    bare = Split(split.graph, split.train, split.valid[:0], split.test)
    with pytest.raises(ValueError, match=r"The split has no valid triples, .* Type split_triples\(graph, valid=0\.1\)"):
        join_rankers(vectors, vectors, bare)
