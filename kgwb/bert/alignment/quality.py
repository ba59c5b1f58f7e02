"""How well a map carries entities to their words: which pairs it is fitted on and judged by, and the figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import torch
from torch.nn import functional

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.alignment.linear_maps import LinearMap
from kgwb.bert.alignment.word_space import LabelWords
from kgwb.checks import expect_at_least, is_number
from kgwb.environment import draw_from
from kgwb.graph import KnowledgeGraph
from kgwb.words import quote_value

_ROWS = 512


@dataclass(frozen=True, eq=False)
class Pairs:
    """Entities with a vector, each beside its word vector.

    Attributes:
        entities: their ids [pair].
        inputs: their vectors, float64 [pair, dim].
        answers: the row of `words` that belongs to each; entities whose labels have the same pieces share one [pair].
        words: the distinct word vectors [label, width].
        labels: a label of each word vector.
    """

    entities: Int[Tensor, " pair"]
    inputs: Float[Tensor, "pair dim"]
    answers: Int[Tensor, " pair"]
    words: Float[Tensor, "label width"]
    labels: tuple[str, ...]

    def fit(self, fit: Callable[..., LinearMap], rows: Bool[Tensor, " pair"]) -> LinearMap:
        """The map of some of the pairs."""
        return fit(self.inputs[rows], self.words[self.answers[rows]])


def make_pairs(
    graph: KnowledgeGraph, table: Float[Tensor, "entity dim"], words: LabelWords, usable: Bool[Tensor, " entity"]
) -> Pairs:
    """The usable entities of a graph, each beside its word vector."""
    entities = usable.nonzero()[:, 0]
    first: dict[tuple[int, ...], int] = {}
    for entity in entities.tolist():
        first.setdefault(words.pieces[entity], entity)
    row = {pieces: i for i, pieces in enumerate(first)}
    answers = torch.tensor([row[words.pieces[entity]] for entity in entities.tolist()])
    owners = list(first.values())
    return Pairs(
        entities, table[entities].double(), answers, words.vectors[owners], tuple(graph.labels[i] for i in owners)
    )


def draw_held_out(pairs: Pairs, share: float | int, seed: int) -> Bool[Tensor, " pair"]:
    """Mark a share of the labels, and with them all their entities.

    Raises:
        ValueError: fewer than two labels are left on one side, or the share is no number between 0 and 1.
    """
    labels = len(pairs.words)
    count = round(labels * share) if is_number(share) and 0 < share < 1 else 0
    if not 2 <= count <= labels - 2:
        raise ValueError(
            f"held_out={quote_value(share)} came for {labels} different labels. It must leave at least 2 of them on "
            "either side; type held_out=0.2 with ten or more."
        )
    order = torch.randperm(labels, generator=draw_from(seed, "held out"))
    return torch.isin(pairs.answers, order[:count])


def shuffle_within(pairs: Pairs, group: Int[Tensor, " pair"], seed: int) -> Pairs:
    """Every entity gets the vector of another of its group; one alone in its group keeps its own."""
    generator = draw_from(seed, "shuffled pairs")
    shuffled = pairs.inputs.clone()
    for number in group.unique():
        members = (group == number).nonzero()[:, 0]
        order = members[torch.randperm(len(members), generator=generator)]
        shuffled[order] = pairs.inputs[order.roll(1)]
    return replace(pairs, inputs=shuffled)


@dataclass(frozen=True, eq=False, repr=False)
class AlignmentQuality:
    """A map judged on pairs that it was not fitted on.

    Attributes:
        r2: 1 − Σ‖y − ŷ‖² / Σ‖y − ȳ‖² over the pairs, ȳ their own mean: 1 is perfect, 0 as good as the mean, below 0
            worse.
        ranks: of each pair's own word vector among all, nearest first by cosine, ties by their mean [pair].
        occurrences: how often each word vector is among the `neighbours` nearest of a mapped entity [label].
        labels: a label of each word vector.
        neighbours: how many count as near, 10 unless there are fewer word vectors.
    """

    r2: float
    ranks: Float[Tensor, " pair"]
    occurrences: Int[Tensor, " label"]
    labels: tuple[str, ...]
    neighbours: int

    @property
    def mrr(self) -> float:
        """The mean reciprocal rank of the right word vector."""
        return self.ranks.reciprocal().mean().item()

    def hits(self, k: int) -> float:
        """The share of pairs whose own word vector is among the k nearest."""
        expect_at_least("k", k, 1, whole=True)
        return (self.ranks <= k).double().mean().item()

    @property
    def hubness(self) -> float:
        """The skewness of the occurrences, E(N − μ)³ / σ³ (Radovanović et al., 2010); 0 if all occur equally often.

        Well above that of the shuffled pairs: some few words are near to everything.
        """
        away = self.occurrences.double() - self.occurrences.double().mean()
        spread = away.square().mean().sqrt()
        return 0.0 if spread == 0 else (away.pow(3).mean() / spread.pow(3)).item()

    def hubs(self, k: int = 5) -> pd.DataFrame:
        """The k words that are near to most: `label` and `occurrences`."""
        expect_at_least("k", k, 1, whole=True)
        worst = self.occurrences.argsort(descending=True, stable=True)[:k]
        labels = [self.labels[i] for i in worst.tolist()]
        return pd.DataFrame({"label": labels, "occurrences": self.occurrences[worst].numpy()})

    def __repr__(self) -> str:
        return (
            f"R² {self.r2:.3f}, MRR {self.mrr:.3f}, hits@1 {self.hits(1):.3f}, hubness {self.hubness:.1f} over "
            f"{len(self.ranks):,} pairs and {len(self.occurrences):,} word vectors"
        )


def judge_map(mapping: LinearMap, pairs: Pairs, rows: Bool[Tensor, " pair"]) -> AlignmentQuality:
    """Measure a map on some pairs, among the word vectors of all.

    Cosines are between deviations from the mean word vector of the pairs it was fitted on: raw word embeddings share
    one large common direction, which would decide every neighbour.
    """
    inputs, answers, words = pairs.inputs[rows], pairs.answers[rows], pairs.words
    mapped = mapping(inputs)  # [pair, width]
    targets = words[answers]
    total = (targets - targets.mean(0)).square().sum().clamp_min(torch.finfo(torch.float64).tiny)
    r2 = 1 - ((targets - mapped).square().sum() / total).item()
    nearby = functional.normalize(words - mapping.offset, dim=1)
    directions = functional.normalize(mapped - mapping.offset, dim=1)
    neighbours = min(10, len(words))
    ranks, near = [], []
    for block in torch.arange(len(answers)).split(_ROWS):
        cosines = directions[block] @ nearby.T  # [pair, label]
        right = cosines.gather(1, answers[block, None])  # [pair, 1]
        ranks.append((cosines > right).sum(1) + ((cosines == right).sum(1) + 1) / 2)
        near.append(cosines.topk(neighbours).indices.flatten())
    occurrences = torch.cat(near).bincount(minlength=len(words))
    return AlignmentQuality(r2, torch.cat(ranks).double(), occurrences, pairs.labels, neighbours)


def average_quality(qualities: Sequence[AlignmentQuality]) -> dict[str, float]:
    """The figures of one or more judgements, each averaged."""
    figures = [{"r2": q.r2, "mrr": q.mrr, "hits@1": q.hits(1), "hubness": q.hubness} for q in qualities]
    return {name: sum(row[name] for row in figures) / len(figures) for name in figures[0]}
