"""What speaks for an entity that a mention may name: how close the graph brings it to the other mentions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int
from kgwb.graph import KnowledgeGraph
from kgwb.graph.joins import expand_ranges, hold

if TYPE_CHECKING:
    from kgwb.embed import GraphEmbedding

_BLIND_PAIRS = 1000
_PAIRS_AT_ONCE = 1 << 16


@dataclass(frozen=True, eq=False)
class Choices:
    """Every candidate of every mention, in the order of the text, the candidates of a mention together.

    Attributes:
        entity: the candidate's id, [candidate].
        mention: the number of its mention, counted over all sentences, [candidate].
        sentence: the number of its sentence, [candidate].
    """

    entity: Int[np.ndarray, " candidate"]
    mention: Int[np.ndarray, " candidate"]
    sentence: Int[np.ndarray, " candidate"]


def weigh_coherence(
    graph: KnowledgeGraph, choices: Choices, vectors: GraphEmbedding | None = None
) -> Float[np.ndarray, " candidate"]:
    """How close the graph brings a candidate to the other mentions of its sentence; NaN where there is no other.

    The mean over the other mentions, of the closest of their candidates; closeness is the mean of
    [a triple links the two], |N ∩ N'| / √(|N| |N'|), where N holds an entity and its neighbours, and with `vectors` of
    the scorer's opinion: how rarely two entities drawn blindly are scored higher by any relation, on a log scale.

    Args:
        graph: whose entities they are.
        choices: the candidates.
        vectors: of the same graph.
    """
    result = np.full(len(choices.entity), np.nan)
    starts, ends = (np.searchsorted(choices.sentence, choices.sentence, side=side) for side in ("left", "right"))
    one = np.repeat(np.arange(len(result)), ends - starts)
    other = expand_ranges(starts, ends - starts)
    apart = choices.mention[one] != choices.mention[other]
    one, other = one[apart], other[apart]
    if not len(one):
        return result
    keys = choices.entity[one] * len(graph.entities) + choices.entity[other]
    pairs, where = np.unique(keys, return_inverse=True)
    close = _measure_closeness(graph, np.stack(np.divmod(pairs, len(graph.entities)), 1), vectors)[where]
    # The pairs of one candidate with the candidates of one other mention stand together.
    first = np.flatnonzero(np.diff(one, prepend=-1) | np.diff(choices.mention[other], prepend=-1))
    closest, of = np.maximum.reduceat(close, first), one[first]
    result[np.unique(one)] = 0.0
    np.add.at(result, of, closest / np.bincount(of)[of])
    return result


def _measure_closeness(
    graph: KnowledgeGraph, pairs: Int[np.ndarray, "pair 2"], vectors: GraphEmbedding | None
) -> Float[np.ndarray, " pair"]:
    near = Neighbourhoods.of(graph)
    seen = [near.are_linked(pairs).astype(np.float64), near.overlap(pairs)]
    if vectors is not None:
        seen.append(_judge_pairs(vectors, pairs))
    return np.mean(seen, axis=0)


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """Each entity with its neighbours, as sorted keys entity · count + neighbour; everyone is their own neighbour."""

    keys: Int[np.ndarray, " key"]
    bounds: Int[np.ndarray, " bound"]

    @classmethod
    def of(cls, graph: KnowledgeGraph) -> Neighbourhoods:
        count = len(graph.entities)
        head, _, tail = graph.triples.T
        own = np.arange(count) * (count + 1)
        keys = np.unique(np.concatenate([own, head * count + tail, tail * count + head]))
        return cls(keys, np.searchsorted(keys, np.arange(count + 1) * count))

    def around(self, entity: int) -> Int[np.ndarray, " neighbour"]:
        return self.keys[self.bounds[entity] : self.bounds[entity + 1]] - entity * (len(self.bounds) - 1)

    def are_linked(self, pairs: Int[np.ndarray, "pair 2"]) -> Bool[np.ndarray, " pair"]:
        return hold(self.keys, pairs[:, 0] * (len(self.bounds) - 1) + pairs[:, 1]) & (pairs[:, 0] != pairs[:, 1])

    def overlap(self, pairs: Int[np.ndarray, "pair 2"]) -> Float[np.ndarray, " pair"]:
        sizes = np.diff(self.bounds)
        count = len(sizes)
        # Walk round the smaller neighbourhood, and look each of its members up in the larger.
        swap = (sizes[pairs[:, 0]] > sizes[pairs[:, 1]])[:, None]
        small, large = np.where(swap, pairs[:, ::-1], pairs).T
        row = np.repeat(np.arange(len(pairs)), sizes[small])
        member = self.keys[expand_ranges(self.bounds[small], sizes[small])] % count
        shared = np.bincount(row[hold(self.keys, large[row] * count + member)], minlength=len(pairs))
        return shared / np.sqrt(sizes[small] * sizes[large])


def _judge_pairs(vectors: GraphEmbedding, pairs: Int[np.ndarray, "pair 2"]) -> Float[np.ndarray, " pair"]:
    """0 for a pair as plausible as the least of the blindly drawn ones, 1 for one above them all, by logarithm."""
    blind = np.random.default_rng(0).integers(0, len(vectors.graph.entities), (_BLIND_PAIRS, 2))
    best = _score_best(vectors, np.concatenate([pairs, blind]))
    above = _BLIND_PAIRS - np.searchsorted(np.sort(best[len(pairs) :]), best[: len(pairs)], side="right")
    return 1 - np.log1p(above) / np.log1p(_BLIND_PAIRS)


@torch.no_grad()
def _score_best(vectors: GraphEmbedding, pairs: Int[np.ndarray, "pair 2"]) -> Float[np.ndarray, " pair"]:
    """The score of the relation that fits each pair best, in whichever direction."""
    seen, scored = vectors.encode(), []
    for some in torch.from_numpy(pairs).split(_PAIRS_AT_ONCE):
        one, other = some.to(vectors.device).unbind(1)
        best = torch.full((len(one),), -torch.inf, device=vectors.device)
        for number in range(len(vectors.graph.relations)):
            relation = torch.full_like(one, number)
            best = best.maximum(seen.score(one, relation, other)).maximum(seen.score(other, relation, one))
        scored.append(best.double().cpu())
    return torch.cat(scored).numpy()
