"""Whether attention follows a graph: pairs of mentions that a fact links, beside pairs as far apart that none links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Float, Int
from kgwb.bert.evidence import Adjacency
from kgwb.bert.reading import Reading
from kgwb.checks import expect_at_least, expect_kind, expect_seed
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.graph.knowledge_graph import expect_graph

_AT_ONCE = 100  # permutations


@dataclass(frozen=True, eq=False)
class MentionPairs:
    """The ordered pairs of mentions of some sentences that name different entities.

    Attributes:
        sentence: of each pair.
        queries, keys: its word pieces, (first, one past last), of the mention that looks and of the one looked at.
        linked: whether a triple of the graph links the two entities, in either direction.
    """

    sentence: Int[np.ndarray, " pair"]
    queries: Int[np.ndarray, "pair 2"]
    keys: Int[np.ndarray, "pair 2"]
    linked: Bool[np.ndarray, " pair"]

    @property
    def distance(self) -> Int[np.ndarray, " pair"]:
        """How many word pieces the mention looked at begins after the one that looks; negative where it begins before."""
        return self.keys[:, 0] - self.queries[:, 0]


@dataclass(frozen=True, eq=False, repr=False)
class LinkScore:
    """How far attention follows the edges of a graph; the last head is the mean of heads.

    Attributes:
        linked: mean attention on linked pairs, [layer, head].
        matched: on pairs at the same distances that no triple links, each distance counted as often as among the linked.
        twin: what linked pairs would hold on average, over permutations of the links among pairs of one distance.
        twin_spread: the standard deviation of that over the permutations.
        p_value: the share of permutations that give linked pairs at least as much; one-sided, never below
            1 / (permutations + 1).
        pairs: linked pairs that were compared: those with pairs at their distance that no triple links.
        left_out: linked pairs without any such.
        permutations: how many.
    """

    linked: Float[np.ndarray, "layer head"]
    matched: Float[np.ndarray, "layer head"]
    twin: Float[np.ndarray, "layer head"]
    twin_spread: Float[np.ndarray, "layer head"]
    p_value: Float[np.ndarray, "layer head"]
    pairs: int
    left_out: int
    permutations: int

    @property
    def frame(self) -> pd.DataFrame:
        """One row per layer and head, the mean of heads included."""
        layers, heads = self.linked.shape
        names = ("linked", "matched", "twin", "twin_spread", "p_value")
        layer, head = (axis.ravel() for axis in np.indices((layers, heads)))
        named = np.where(head == heads - 1, "mean", head.astype(object))
        return pd.DataFrame({"layer": layer, "head": named, **{name: getattr(self, name).ravel() for name in names}})

    def __repr__(self) -> str:
        layers, heads = self.linked.shape
        beyond = f", {self.left_out} without pairs to compare with" if self.left_out else ""
        return f"LinkScore of {layers} layers and {heads - 1} heads over {self.pairs} linked pairs{beyond}"


def score_links(reading: Reading, graph: KnowledgeGraph, *, permutations: int = 1000, seed: int = 0) -> LinkScore:
    """Compare attention between mentions that the graph links with attention between others at the same distance.

    The attention of a pair is what the word pieces of one mention give to those of the other: the mean over the former,
    the sum over the latter. Its mean over linked pairs is compared with what it is when the links are permuted among all
    pairs of mentions whose first pieces lie equally far apart in the same direction: a permutation test within strata. Two
    mentions of one entity are no pair; a distance at which all pairs are linked, or none, tells nothing and is left out.

    Args:
        reading: with mentions, as `kgwb.read` gives it.
        graph: whose ids the mentions hold.
        permutations: how often the links are permuted.
        seed: of the permutations.

    Raises:
        TypeError: something is not a Reading, or not a graph.
        ValueError: permutations is no whole number above 0.

    Example:
        >>> from kgwb import load_bert, read_graph, read
        >>> from kgwb.graph import read_sentences
        >>> graph = read_graph("sample_graphs/archipelago")
        >>> sentences = read_sentences("sample_graphs/archipelago", graph)[:40]
        >>> score_links(read(load_bert(), sentences), graph, permutations=100).linked.shape
        (6, 13)
    """
    call = "score_links(kgwb.read(bert, sentences), graph)"
    expect_kind(reading, Reading, "A Reading", call=call)
    expect_graph(graph, "score_links(reading, {})")
    expect_at_least("permutations", permutations, 1, whole=True)
    seed = expect_seed(seed)
    pairs = list_mention_pairs(reading.mentions, graph)
    weights = [
        weigh_pairs(reading.attention[i].numpy(), pairs, np.flatnonzero(pairs.sentence == i))
        for i in np.unique(pairs.sentence)
    ]
    layers, heads = reading.attention.shape[1:3]
    joined = np.concatenate([np.empty((0, layers, heads)), *weights])
    return permute_links(joined, pairs, permutations=permutations, seed=seed)


def list_mention_pairs(mentions: Sequence[Sequence[Mention]], graph: KnowledgeGraph) -> MentionPairs:
    """All ordered pairs of mentions of different entities, sentence by sentence."""
    found = [
        (i, *one.pieces, *other.pieces, one.entity, other.entity)
        for i, named in enumerate(mentions)
        for one in named
        for other in named
        if one.pieces and other.pieces and one.entity != other.entity
    ]
    table = np.array(found, np.int64).reshape(-1, 7)
    known = (table[:, 5:] >= 0).all(1) & (table[:, 5:] < len(graph.entities)).all(1)
    table = table[known]
    linked = Adjacency.of(graph).are_linked(table[:, 5:])
    return MentionPairs(table[:, 0], table[:, 1:3], table[:, 3:5], linked)


def weigh_pairs(
    attention: Float[np.ndarray, "layer head query key"], pairs: MentionPairs, rows: Int[np.ndarray, " row"]
) -> Float[np.ndarray, "row layer head"]:
    """Of one sentence, the attention of each pair: the mean over its queries of the sum over its keys."""
    return np.stack(
        [
            attention[:, :, slice(*pairs.queries[row]), slice(*pairs.keys[row])].sum(-1, dtype=np.float64).mean(-1)
            for row in rows
        ]
    )


def permute_links(
    weights: Float[np.ndarray, "pair layer head"], pairs: MentionPairs, *, permutations: int, seed: int
) -> LinkScore:
    """The comparison itself, from the attention of all pairs, in the order of `pairs`."""
    layers, heads = weights.shape[1] if weights.ndim == 3 else 0, weights.shape[2] + 1
    table = np.concatenate([weights, weights.mean(2, keepdims=True)], 2).reshape(len(weights), layers * heads)
    _, stratum = np.unique(pairs.distance, return_inverse=True)
    sizes, linked_sizes = np.bincount(stratum), np.bincount(stratum, pairs.linked)
    telling = ((linked_sizes > 0) & (linked_sizes < sizes))[stratum] if len(stratum) else np.zeros(0, bool)
    linked, stratum, table = pairs.linked[telling], stratum[telling], table[telling]
    count, left_out = int(linked.sum()), int(pairs.linked.sum() - linked.sum())
    if not count:
        nothing = np.full((layers, heads), np.nan)
        return LinkScore(nothing, nothing, nothing, nothing, nothing, 0, left_out, permutations)
    seen = linked @ table / count
    drawn = _sum_permuted(linked, stratum, table, permutations, seed) / count  # [permutation, layer · head]
    p_value = (1 + (drawn >= seen - 1e-12).sum(0)) / (permutations + 1)
    weight = linked_sizes[stratum] / count  # of a pair's distance among the linked
    matched = (weight / (sizes - linked_sizes)[stratum] * ~linked) @ table
    twin = (weight / sizes[stratum]) @ table
    shape = (layers, heads)
    return LinkScore(
        linked=seen.reshape(shape),
        matched=matched.reshape(shape),
        twin=twin.reshape(shape),
        twin_spread=drawn.std(0).reshape(shape),
        p_value=p_value.reshape(shape),
        pairs=count,
        left_out=left_out,
        permutations=permutations,
    )


def _sum_permuted(
    linked: Bool[np.ndarray, " pair"],
    stratum: Int[np.ndarray, " pair"],
    table: Float[np.ndarray, "pair head"],
    permutations: int,
    seed: int,
) -> Float[np.ndarray, "permutation head"]:
    """The sum over linked pairs, each time with the links in other places of their stratum."""
    draw, in_order = np.random.default_rng(seed), linked[np.argsort(stratum, kind="stable")]
    sums = []
    for start in range(0, permutations, _AT_ONCE):
        count = min(_AT_ONCE, permutations - start)
        labels = np.empty((count, len(linked)))
        for row in labels:
            row[np.lexsort((draw.random(len(linked)), stratum))] = in_order
        sums.append(labels @ table)
    return np.concatenate(sums)
