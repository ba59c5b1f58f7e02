"""How to mix two rankers: chosen on valid, filtered by train and valid alone."""

from __future__ import annotations

from itertools import product
from typing import cast

import numpy as np
import torch

from kgwb.axes import Float, Int
from kgwb.checks import expect_at_least, expect_flags, expect_seed
from kgwb.citation import note_machine
from kgwb.embed.ranking.answers import Ranker, expect_ranker
from kgwb.embed.rules.joined_ranker import WAYS, JoinedRanker, prepare_both, scale_scores
from kgwb.embed.rules.validating import ask_both_sides
from kgwb.graph.splitting import Split, expect_split

# Of the other, evenly by their odds, since two ways of scaling differ a hundredfold; 0 and 1 leave one of the two alone.
WEIGHTS = np.concatenate([[0], 1 / (1 + np.exp(-np.linspace(-5, 5, 21))), [1]])
PAIRS = tuple(product(WAYS, WAYS))  # of ways, for one and for the other
_STRENGTH = 100  # what is known of more counts as much as so many ranks of a relation's or a side's own


def join_rankers(
    one: Ranker, other: Ranker, split: Split, *, triples: int = 3000, by_relation: bool = True, seed: int = 0
) -> JoinedRanker:
    """Mix two rankers, such as vectors and rules, by what is best on valid.

    Three ways of scaling each of the two and 23 weights are tried on the same ranks of valid, filtered by train and valid;
    test is not looked at, and 0 and 1 are among the weights. With `by_relation`, the weight of a relation, where its head
    is asked for or its tail, maximises the mean reciprocal rank of these ranks, of both sides of the relation, which count
    as 100 further ranks, and of all, which count as 100 of the relation's; it is taken where it is better on the half of
    valid that it was not chosen on.

    Args:
        one, other: whatever `rank_triples` takes, over the same graph.
        split: ways and weight are chosen on its valid triples.
        triples: how many of them to look at, drawn by the seed.
        by_relation: whether to try a weight for each relation and side.
        seed: of the draw.

    Raises:
        TypeError: one of the two has no scores to rank.
        ValueError: they are of different graphs, or there are no valid triples.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed.graph_embedding import GraphEmbedding
        >>> from kgwb.embed.ranking.baseline import fit_baseline
        >>> from kgwb.embed.scorers.complex import ComplEx
        >>> from kgwb.graph.knowledge_graph import KnowledgeGraph
        >>> facts = [(f"house {i}", "beside", f"house {(i + step) % 8}") for i in range(8) for step in (1, 7)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> split = Split(graph, graph.triples[2:], graph.triples[:1], graph.triples[1:2])
        >>> join_rankers(GraphEmbedding(graph, ComplEx(), dim=8), fit_baseline(split), split).weight > 0
        True
    """
    call = "join_rankers(vectors, mine_rules(split), split)"
    for each in (one, other):
        expect_ranker(each, call)
    expect_split(split, "join_rankers(vectors, rules, {})")
    expect_at_least("triples", triples, 1, whole=True)
    expect_flags(by_relation=by_relation)
    seed = expect_seed(seed)
    _expect_same_graph(one, other, split)
    rows = np.random.default_rng(seed).permutation(len(split.valid))[:triples]
    asked = split.valid[np.sort(rows)]
    figures, group = _try_weights(one, other, asked, np.concatenate([split.train, split.valid]))
    means = figures.mean(1)  # [pair, weight]
    pair = int(means.max(1).argmax())
    best = np.flatnonzero(means[pair] == means[pair].max())
    place = best[len(best) // 2]  # of weights that are equally good, the middle one
    weights = _choose_by_relation(figures[pair], group, len(split.graph.relations), seed) if by_relation else None
    alone = f"one alone {means[0, 0]:.3f}, other alone {means[0, -1]:.3f}"
    return JoinedRanker(
        graph=split.graph,
        one=one,
        other=other,
        ways=PAIRS[pair],
        weight=float(WEIGHTS[place]),
        weights=weights,
        chosen=f"by MRR of {len(asked):,} valid triples: {means.max():.3f} ({alone})",
        made=note_machine(),
    )


def _expect_same_graph(one: Ranker, other: Ranker, split: Split) -> None:
    for each in (one, other):
        if each.graph is not split.graph and each.graph.fingerprint != split.graph.fingerprint:
            raise ValueError(
                f"A ranker of the graph {each.graph.name!r} came with a split of {split.graph.name!r}, whose ids mean "
                "other things. Type join_rankers(vectors, mine_rules(split), split)."
            )
    if not len(split.valid):
        raise ValueError(
            "The split has no valid triples, by which the weight is chosen. Type split_triples(graph, valid=0.1)."
        )


@torch.no_grad()
def _try_weights(
    one: Ranker, other: Ranker, asked: np.ndarray, facts: np.ndarray
) -> tuple[Float[np.ndarray, "pair rank weight"], Int[np.ndarray, " rank"]]:
    """The reciprocal rank of each side of each triple by each pair of ways and weight, and its relation and side in one."""
    score_both, found, groups = prepare_both(one, other), [], []
    for block in ask_both_sides(asked, facts, len(one.graph.entities)):
        both = score_both(block.known, block.relation, block.tails)
        ranks = np.empty((len(PAIRS), len(block.row), len(WEIGHTS)))
        ranks[:, :, 0], ranks[:, :, -1] = (block.rank(scores) for scores in both)
        scaled = [{way: scale_scores(scores, way) for way in WAYS} for scores in both]
        rivals = block.find_rivals(*both)
        for place, (first, second) in enumerate(PAIRS):
            parts = rivals.gather(scaled[0][first]), rivals.gather(scaled[1][second])
            for at, weight in enumerate(WEIGHTS[1:-1], start=1):
                ranks[place, :, at] = rivals.count_ranks((1 - weight) * parts[0] + weight * parts[1])
        found.append(1 / ranks)
        groups.append(2 * block.relation[block.row].numpy() + (block.tails > 0))
    return np.concatenate(found, axis=1), np.concatenate(groups)


def _choose_by_relation(
    figures: Float[np.ndarray, "rank weight"], group: Int[np.ndarray, " rank"], relations: int, seed: int
) -> Float[np.ndarray, "relation side"] | None:
    """The weight of each relation and side, or None where it does not help on the half that it was not chosen on."""
    halves = np.random.default_rng(seed).permutation(len(figures)) % 2
    gains = []
    for half in (0, 1):
        chosen, rest = figures[halves == half], figures[halves != half]
        if not (len(chosen) and len(rest)):
            return None
        own = _weigh(chosen, group[halves == half], relations)[group[halves != half]]
        gains.append(rest[np.arange(len(rest)), own].mean() - rest[:, chosen.mean(0).argmax()].mean())
    if np.mean(gains) <= 0:
        return None
    return cast(np.ndarray, WEIGHTS[_weigh(figures, group, relations)].reshape(relations, 2))


def _weigh(figures: Float[np.ndarray, "rank weight"], group: np.ndarray, relations: int) -> Int[np.ndarray, " group"]:
    """For each relation and side the place of the best weight, shrunk to its relation's, and that to what is best for all."""
    sums, counts = np.zeros((2 * relations, figures.shape[1])), np.bincount(group, minlength=2 * relations)
    np.add.at(sums, group, figures)
    of_both = sums[::2] + sums[1::2] + _STRENGTH * figures.mean(0)  # [relation, weight]
    of_both /= (counts[::2] + counts[1::2] + _STRENGTH)[:, None]
    return (sums + _STRENGTH * of_both.repeat(2, axis=0)).argmax(1)
