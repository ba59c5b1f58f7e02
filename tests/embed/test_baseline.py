"""The baseline of rules against brute force, what it reaches on the published sets, and scores by leaky and clean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from kgwb.embed import rank_triples
from kgwb.embed.ranking.baseline import TRIVIAL, RuleBaseline, fit_baseline
from kgwb.embed.ranking.leaks import score_leaks
from kgwb.graph import KnowledgeGraph, Split, find_leakage, read_split

ENTITIES, RELATIONS = 6, 2
KINDS = (*TRIVIAL, "composition")
triples_of = some.lists(
    some.tuples(some.integers(0, ENTITIES - 1), some.integers(0, RELATIONS - 1), some.integers(0, ENTITIES - 1)),
    min_size=1,
    max_size=30,
)


def _split(triples: list[tuple[int, int, int]]) -> Split:
    names = pd.DataFrame({"entity": [f"e{i}" for i in range(ENTITIES)]})
    relations = pd.DataFrame({"relation": [f"r{i}" for i in range(RELATIONS)]})
    frame = pd.DataFrame([(f"e{h}", f"r{r}", f"e{t}") for h, r, t in triples], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(frame, names, relations=relations)
    return Split(graph, graph.triples, graph.triples[:0], graph.triples[:0])


def _score_by_hand(baseline: RuleBaseline, train: set, known: int, relation: int, side: str) -> list[float]:
    def follow(step: int, start: int) -> set[int]:
        if step < RELATIONS:
            return {t for h, r, t in train if (h, r) == (start, step) and t != start}
        return {h for h, r, t in train if (t, r) == (start, step - RELATIONS) and h != start}

    pairs = [(h, t) if side == "tail" else (t, h) for h, r, t in train if r == relation]
    scores = []
    for entity in range(ENTITIES):
        share = sum(end == entity for _, end in pairs) / max(1, len({start for start, _ in pairs}))
        head, tail = (known, entity) if side == "tail" else (entity, known)
        trust = 0.0
        for row in baseline.rules.itertuples():
            if row.implied == relation and head != tail:
                first, *second = row.path
                reached = follow(first, head)
                if second:
                    reached = {y for z in reached for y in follow(second[0], z)}
                trust = max(trust, row.trust * (tail in reached))
        scores.append(1 - (1 - trust) * (1 - share))
    return scores


@given(triples=triples_of, kinds=some.sets(some.sampled_from(KINDS)), seed=some.integers(0, 99))
def test_scores_equal_brute_force(triples: list[tuple[int, int, int]], kinds: set[str], seed: int) -> None:
    baseline = fit_baseline(_split(triples), kinds=sorted(kinds), min_support=1)
    random = np.random.default_rng(seed)
    known, relation = random.integers(0, ENTITIES, 5), random.integers(0, RELATIONS, 5)
    scores = baseline.score_answers(torch.from_numpy(known), torch.from_numpy(relation), tails=2)
    assert scores.dtype == torch.float32 and scores.shape == (5, ENTITIES)
    for row, (entity, asked) in enumerate(zip(known.tolist(), relation.tolist(), strict=True)):
        expected = _score_by_hand(baseline, set(triples), entity, asked, "tail" if row < 2 else "head")
        assert scores[row].tolist() == pytest.approx(expected, abs=1e-6)


def test_a_graph_without_regularity_leaves_frequency(split: Split) -> None:
    baseline = fit_baseline(split, kinds=[])
    assert repr(baseline) == "RuleBaseline of 'places': 0 rules, then frequency"
    assert rank_triples(baseline, split.test, known=split.known).unseen is not None
    shares = baseline.score_answers(torch.tensor([0]), torch.tensor([split.graph.relation_id("in_region")]), tails=1)
    tails = split.train[split.train[:, 1] == split.graph.relation_id("in_region")][:, 2]
    assert shares[0].argmax() == np.bincount(tails).argmax()


def test_what_was_not_learnt_from_is_not_known(split: Split) -> None:
    baseline = fit_baseline(split)
    seen = np.unique(split.train[:, (0, 2)])
    assert baseline.trained_on.nonzero()[:, 0].tolist() == seen.tolist()


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        (["constant"], r"kinds came with 'constant', whose conclusions frequency covers\. Type kinds=\['symmetric'"),
        (["rules"], r"kinds came with 'rules'\. Type some of"),
    ],
)
def test_kinds_that_make_no_baseline(kinds: list[str], message: str, split: Split) -> None:
    with pytest.raises(ValueError, match=message):
        fit_baseline(split, kinds=kinds)


def test_scores_by_leaky_and_clean(split: Split) -> None:
    ranks = rank_triples(fit_baseline(split), split.test, known=split.known)
    leakage = find_leakage(split)
    table = score_leaks(ranks, leakage)
    leaky = np.concatenate([leakage.leaky, leakage.leaky])
    assert table.columns.tolist() == ["triples", "share", "MRR", "Hits@1", "Hits@3", "Hits@10"]
    assert table.loc[["leaky", "clean"], "triples"].tolist() == [leakage.leaky.sum(), (~leakage.leaky).sum()]
    assert table.loc["clean", "MRR"] == pytest.approx((1 / ranks.ranks[~leaky]).mean())
    assert table.loc["all", "MRR"] == pytest.approx(ranks.mrr)
    assert table.loc["all", "Hits@10"] == pytest.approx(ranks.hits(10))
    shares, scores = table.loc[["leaky", "clean"], "share"], table.loc[["leaky", "clean"], "MRR"]
    assert (shares * scores.fillna(0)).sum() == pytest.approx(ranks.mrr)


def test_some_of_the_test_triples_in_another_order(split: Split) -> None:
    some_triples = split.test[::-2]
    ranks = rank_triples(fit_baseline(split), some_triples, known=split.known)
    table = score_leaks(ranks, find_leakage(split))
    assert table.loc["leaky", "triples"] == find_leakage(split).leaky[::-2].sum()


def test_triples_of_another_split_cannot_be_divided(split: Split) -> None:
    ranks = rank_triples(fit_baseline(split), split.valid, known=split.known)
    with pytest.raises(
        ValueError, match=r"40 of 40 ranks belong to triples that are no test .*Type score_leaks\(rank_t"
    ):
        score_leaks(ranks, find_leakage(split))


@pytest.mark.parametrize(("name", "mrr"), [("wn18rr", 0.372), ("umls", 0.745), ("kinship", 0.621), ("nations", 0.808)])
def test_what_rules_alone_reach(name: str, mrr: float, benchmark_data: Path) -> None:
    split = read_split(benchmark_data / name)
    ranks = rank_triples(fit_baseline(split), split.test, known=split.known)
    assert ranks.mrr == pytest.approx(mrr, abs=1e-3)
    if name == "wn18rr":  # WordNet's symmetric relations: what is leaky is answered, and nothing else
        table = score_leaks(ranks, find_leakage(split))
        assert table.loc["leaky", "MRR"] > 0.99 and table.loc["clean", "MRR"] < 0.04


@pytest.mark.parametrize("train", [[], [(0, 0, 0)], [(0, 0, 1)]], ids=["no fact", "a loop", "one fact"])
def test_almost_nothing_to_learn_from(train: list[tuple[int, int, int]]) -> None:
    baseline = fit_baseline(_split(train), kinds=KINDS, min_support=1)
    ranks = rank_triples(baseline, np.array([[0, 0, 1]]), known=None).ranks
    assert np.isfinite(ranks).all() and repr(baseline).endswith("0 rules, then frequency")
