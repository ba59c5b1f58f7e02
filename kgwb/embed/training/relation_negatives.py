"""Negatives of the right kind: drawn from what the relations of a batch have taken at the side asked for."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from kgwb.axes import Int, Tensor
from kgwb.checks import expect_kind, expect_number, expect_seed
from kgwb.embed.candidates import choose_candidates
from kgwb.embed.training.batches import Batch
from kgwb.embed.vectors import Vectors
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split
from kgwb.words import count_things


class RelationNegatives(nn.Module):
    """Negatives that have stood at that side of the relation: towns where a town is asked for.

    A batch shares its negatives, so that they cost one matmul, and of the batch's queries q each weighs the same:

        p(n) = mean_q [n in T(q)] / |T(q)|,

    with T(q) what the relation of q has taken in train at the side that q asks for (type-constrained sampling of Krompaß et
    al., 2015, for a whole batch). `count` entities are drawn from p without repetition; where fewer have stood there at all,
    these. A negative taken by one relation of the batch is compared with the answers of the others, too: batches of few
    relations are purer. Answers of a query are never its negatives.

    Args:
        split: whose training triples say what a relation takes; of a graph, all triples do.
        count: how many entities a batch shares.
        seed: of the draws; which draw it is, is kept in `state_dict()`.

    Raises:
        TypeError: neither a split nor a graph.
        ValueError: a number out of its range.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed import GraphEmbedding, TransE, train_embedding
        >>> facts = [[f"town {i}", "in", f"land {i % 3}"] for i in range(9)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> negatives = RelationNegatives(graph, 3)
        >>> for epoch in train_embedding(GraphEmbedding(graph, TransE(), dim=8), graph, epochs=2, negatives=negatives):
        ...     pass
        >>> negatives
        RelationNegatives(count=3, seed=0)
    """

    members: Tensor
    places: Tensor
    sizes: Tensor
    draws: Tensor

    def __init__(self, split: Split | KnowledgeGraph, count: int, *, seed: int = 0) -> None:
        super().__init__()
        expect_kind(split, (Split, KnowledgeGraph), "A split or a graph", call="RelationNegatives(split, 500)")
        graph = split.graph if isinstance(split, Split) else split
        facts = split.train if isinstance(split, Split) else split.triples
        expect_number("count", count, usual=500, least=1, below=max(2, len(graph.entities)), whole=True)
        taken = choose_candidates(graph, "relation", facts=facts)
        assert taken is not None  # so mypy knows it too
        sizes = np.diff(taken.offsets)
        self.count, self.seed, self.entities = int(count), expect_seed(seed), len(graph.entities)
        self.register_buffer("members", torch.from_numpy(taken.members), persistent=False)  # [member]
        self.register_buffer("places", torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)), persistent=False)
        self.register_buffer("sizes", torch.from_numpy(sizes).clamp_min(1), persistent=False)  # [relation and side]
        self.register_buffer("draws", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def draw(self, vectors: Vectors, batch: Batch) -> Int[Tensor, " candidate"]:
        """The entities that all answers of this batch are compared with."""
        self._expect_same_sizes(vectors)
        self.to(vectors.entities.device)
        self.draws += 1
        chance = self.find_chances(batch)
        random = torch.Generator(chance.device).manual_seed((self.seed * 1_000_003 + int(self.draws)) % 2**31)
        # The first of so many clocks to ring, each at its own rate, are a draw without repetition.
        rings = torch.empty_like(chance).exponential_(generator=random) / chance  # [entity], infinite where never
        return rings.topk(min(self.count, int((chance > 0).sum())), largest=False).indices

    def find_chances(self, batch: Batch) -> Tensor:
        """p(n) of every entity, [entity]."""
        asks_head = torch.arange(len(batch.known), device=self.sizes.device) >= batch.tails
        place = batch.relation + asks_head * (len(self.sizes) // 2)
        asked = torch.bincount(place, minlength=len(self.sizes)).double() / len(batch.known) / self.sizes
        return asked.new_zeros(self.entities).index_add_(0, self.members, asked[self.places])

    def extra_repr(self) -> str:
        return f"count={self.count}, seed={self.seed}"

    def _expect_same_sizes(self, vectors: Vectors) -> None:
        own, came = (self.entities, len(self.sizes) // 2), (len(vectors.entities), len(vectors.relations))
        if own != came:
            message = f"These negatives are of {own[0]:,} entities and {count_things(own[1], 'relation')}"
            raise ValueError(
                f"{message}, but {came[0]:,} and {came[1]:,} came. Type RelationNegatives(split, {self.count})."
            )
