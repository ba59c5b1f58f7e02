"""LiteralE: what is known of an entity beside its triples, numbers and short texts, enters its vector."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_at_least
from kgwb.embed.encoders.literals import read_literals
from kgwb.embed.encoders.mixture import Mixture
from kgwb.embed.encoders.shapes import expect_vectors
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split, expect_source


class LiteralEncoder(nn.Module):
    """Entities hear from their own attributes, as much as a gate lets through.

    h′ = h + σ(W_z [h; l] + b_z) ∘ tanh(W [h; l] + b), with l the attributes (Kristiadi et al., 2019, "Incorporating
    literals into knowledge graph embeddings", LiteralE, where the gate trades h for the rest; here h stays, so that a
    fresh encoder changes nothing). Picture: a card of figures pinned to each entity, read where the vector itself
    leaves a question open. Entities that training never met have attributes too, so they can be ranked better than by
    chance.

    Numbers enter in standard units (by their logarithm where they span more than a factor of 100), texts as hashed
    groups of three letters; what is missing is 0, and a feature of its own says that it is missing. Nothing is read from
    triples; but a description may spell out what a test triple asks, "city in Texas": name the columns to leave it out.

    Args:
        split: whose graph's entities have the attributes, or the graph itself.
        dim: as of the embedding.
        columns: the attributes to read, for example ["area", "population"]; None for every column but names and aliases.
        buckets: features for the texts.

    Raises:
        ValueError: a number out of its range, no such column, or nothing in any of them.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
        >>> areas = pd.DataFrame({"entity": ["Germany"], "area": [357_000]})
        >>> LiteralEncoder(KnowledgeGraph.from_pandas(facts, areas), dim=4, columns=["area"])
        LiteralEncoder(
          dim=4, numbers: area; texts: none
          (literals): Mixture(2 from 2 by 2 weights)
        )
    """

    def __init__(
        self,
        split: Split | KnowledgeGraph,
        *,
        dim: int = 128,
        columns: Sequence[str] | None = None,
        buckets: int = 1024,
    ) -> None:
        super().__init__()
        expect_source(split)
        expect_at_least("dim", dim, 1, whole=True)
        expect_at_least("buckets", buckets, 1, whole=True)
        graph = split.graph if isinstance(split, Split) else split
        found = read_literals(graph.entities, columns, buckets=buckets)
        self.dim, self.numbers, self.texts = dim, found.numbers, found.texts
        self.literals = Mixture(found.rows, found.columns, found.values, (len(graph.entities), found.features))
        self.from_literals = nn.Parameter(torch.zeros(found.features, 2 * dim))  # the gate, then what it lets through
        self.from_entity = nn.Parameter(torch.zeros(dim, 2 * dim))
        self.bias = nn.Parameter(torch.zeros(2 * dim))

    def forward(
        self, entities: Float[Tensor, "entity dim"], relations: Float[Tensor, "relation width"]
    ) -> tuple[Float[Tensor, "entity dim"], Float[Tensor, "relation width"]]:
        expect_vectors(self, entities, dim=self.dim, count=self.literals.shape[0])
        own = entities @ self.from_entity / math.sqrt(self.dim)
        gate, offer = (self.literals(self.from_literals) + own + self.bias).chunk(2, -1)
        return entities + gate.sigmoid() * offer.tanh(), relations

    def extra_repr(self) -> str:
        return f"dim={self.dim}, numbers: {', '.join(self.numbers) or 'none'}; texts: {', '.join(self.texts) or 'none'}"
