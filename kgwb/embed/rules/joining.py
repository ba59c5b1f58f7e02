"""How to mix two rankers: chosen on valid, filtered by train and valid alone."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch

from kgwb.axes import Float
from kgwb.checks import expect_at_least, expect_flags, expect_seed
from kgwb.citation import note_machine
from kgwb.embed.ranking.answers import Ranker, expect_ranker
from kgwb.embed.rules.joined_ranker import WAYS, JoinedRanker, scale_scores, score_both
from kgwb.embed.rules.validating import ask_both_sides
from kgwb.graph.splitting import Split, expect_split

WEIGHTS = np.linspace(0, 1, 21)  # of the other; 0 and 1 leave one of the two alone
_STRENGTH = 100  # the curve of all relations counts as much as so many ranks of a relation's own


def join_rankers(
    one: Ranker, other: Ranker, split: Split, *, triples: int = 1000, by_relation: bool = True, seed: int = 0
) -> JoinedRanker:
    """Mix two rankers, such as vectors and rules, by what is best on valid.

    Both ways of scaling and 21 weights are tried on the same ranks of valid, filtered by train and valid; test is not
    looked at, and 0 and 1 are among the weights. With `by_relation`, the weight of a relation maximises the mean
    reciprocal rank of its own triples and of all, which count as 100 further ranks; it is taken where it is better on
    the half of valid that it was not chosen on.

    Args:
        one, other: whatever `rank_triples` takes, over the same graph.
        split: way and weight are chosen on its valid triples.
        triples: how many of them to look at, drawn by the seed.
        by_relation: whether to try a weight for each relation.
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
    figures, relation = _try_weights(one, other, asked, np.concatenate([split.train, split.valid]))
    means = figures.mean(1)  # [way, weight]
    way = int(means.max(1).argmax())
    best = np.flatnonzero(means[way] == means[way].max())
    place = best[len(best) // 2]  # of weights that are equally good, the middle one
    weights = _choose_by_relation(figures[way], relation, len(split.graph.relations), seed) if by_relation else None
    alone = f"one alone {means[:, 0].max():.3f}, other alone {means[:, -1].max():.3f}"
    return JoinedRanker(
        graph=split.graph,
        one=one,
        other=other,
        way=WAYS[way],
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
) -> tuple[Float[np.ndarray, "way rank weight"], np.ndarray]:
    """The reciprocal rank of each side of each triple by each way and weight, and its relation."""
    found, relations = [], []
    for block in ask_both_sides(asked, facts, len(one.graph.entities)):
        both = score_both(one, other, block.known, block.relation, block.tails)
        ranks = np.empty((len(WAYS), len(block.row), len(WEIGHTS)))
        for place, way in enumerate(WAYS):
            first, second = (scale_scores(scores, way) for scores in both)
            for at, weight in enumerate(WEIGHTS):
                ranks[place, :, at] = block.rank((1 - weight) * first + weight * second)
        found.append(1 / ranks)
        relations.append(block.relation[block.row].numpy())
    return np.concatenate(found, axis=1), np.concatenate(relations)


def _choose_by_relation(
    figures: Float[np.ndarray, "rank weight"], relation: np.ndarray, relations: int, seed: int
) -> Float[np.ndarray, " relation"] | None:
    """The weight of each relation, or None where it does not help on the half that it was not chosen on."""
    halves = np.random.default_rng(seed).permutation(len(figures)) % 2
    gains = []
    for half in (0, 1):
        chosen, rest = figures[halves == half], figures[halves != half]
        if not (len(chosen) and len(rest)):
            return None
        own = _weigh(chosen, relation[halves == half], relations)[relation[halves != half]]
        gains.append(rest[np.arange(len(rest)), own].mean() - rest[:, chosen.mean(0).argmax()].mean())
    if np.mean(gains) <= 0:
        return None
    return cast(np.ndarray, WEIGHTS[_weigh(figures, relation, relations)])


def _weigh(figures: Float[np.ndarray, "rank weight"], relation: np.ndarray, relations: int) -> np.ndarray:
    """For each relation the place of the best weight, shrunk to what is best for all."""
    sums = np.zeros((relations, figures.shape[1]))
    np.add.at(sums, relation, figures)
    return (sums + _STRENGTH * figures.mean(0)).argmax(1)
