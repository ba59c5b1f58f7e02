"""Entities beside their words: which pairs a map is fitted on, which it is judged by, and pairs taken apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.alignment.linear_maps import LinearMap
from kgwb.bert.alignment.word_space import LabelWords
from kgwb.environment import draw_from
from kgwb.graph import KnowledgeGraph


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
    count = round(labels * share) if 0 < share < 1 else 0
    if not 2 <= count <= labels - 2:
        raise ValueError(
            f"held_out={share!r} came for {labels} different labels. It must leave at least 2 of them on either side; "
            "type held_out=0.2 with ten or more."
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
