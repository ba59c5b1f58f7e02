"""VGAE: every entity is a cloud instead of a point, drawn anew at each step of training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_at_least, expect_number
from kgwb.embed.encoders.encoder import Draws, expect_vectors
from kgwb.embed.encoders.message_passing import Mixture, read_training_triples
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split
from kgwb.memory import within_memory


class VariationalEncoder(nn.Module):
    """A graph convolution that gives each entity a mean and a spread; training scores a sample, ranking the mean.

    μ = h + Â h W_μ,  log σ = s + Â h W_σ,  z = μ + σ ∘ ε, ε ~ N(0, 1), with Â = D^−½ (A + I) D^−½ over which entities are
    linked in the training triples (Kipf and Welling, 2016, "Variational graph auto-encoders"; h is added to μ here, so
    that a fresh encoder changes no ranking). The scorer is the decoder, and the loss of its answers plus
    `penalty()`, KL(N(μ, σ²) ‖ N(0, 1)), is the evidence bound. Their own decoder, σ(zᵀz′), is DistMult's with all
    relations one. Picture: a swarm of bees per entity; to be distinguished, swarms draw together or move away,
    and both cost.

    Args:
        split: links are its training triples only; of a graph, all.
        dim: as of the embedding.
        weight: of the penalty; 1 is the evidence bound itself, under which few facts may draw all swarms into one.
        spread: the standard deviation at the start.
        seed: of the samples.

    Raises:
        ValueError: a number out of its range, or no training triples.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
        >>> encoder = VariationalEncoder(KnowledgeGraph.from_pandas(facts), dim=4)
        >>> sample, _ = encoder(torch.ones(2, 4), torch.ones(1, 4))
        >>> mean, _ = encoder.eval()(torch.ones(2, 4), torch.ones(1, 4))
        >>> bool((sample == 1).any()), bool((mean == 1).all())
        (False, True)
    """

    def __init__(
        self,
        split: Split | KnowledgeGraph,
        *,
        dim: int = 128,
        weight: int | float = 0.1,
        spread: int | float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        expect_at_least("dim", dim, 1, whole=True)
        expect_at_least("weight", weight, 0)
        expect_number("spread", spread, usual=0.1, above=0)
        triples = read_training_triples(split)
        graph = split.graph if isinstance(split, Split) else split
        self.dim, self.weight, self.answers = dim, weight, 2 * len(triples)
        self.links = _link(triples, len(graph.entities))
        with within_memory(f"dim={dim}", usual="dim=128"):
            self.to_mean = nn.Parameter(torch.zeros(dim, dim))
            self.to_spread = nn.Parameter(torch.zeros(dim, dim))
            self.spread = nn.Parameter(torch.full((dim,), math.log(spread)))
        self.draws = Draws(seed=seed)
        self._penalty: Tensor | None = None

    def forward(
        self, entities: Float[Tensor, "entity dim"], relations: Float[Tensor, "relation width"]
    ) -> tuple[Float[Tensor, "entity dim"], Float[Tensor, "relation width"]]:
        expect_vectors(self, entities, dim=self.dim, count=self.links.shape[0])
        received = self.links(entities) / math.sqrt(self.dim)  # [entity, dim]
        mean = entities + received @ self.to_mean
        if not (self.training and torch.is_grad_enabled()):
            return mean, relations
        log_spread = (self.spread + received @ self.to_spread).clamp(-10, 10)
        divergence = (mean.square() + (2 * log_spread).exp() - 1 - 2 * log_spread).sum() / 2
        self._penalty = self.weight * divergence / self.answers
        return mean + log_spread.exp() * self.draws.normal(mean), relations

    def penalty(self) -> Float[Tensor, ""]:
        """weight · KL of all entities, in nats per training answer, of the last forward pass in training; asked once.

        Raises:
            RuntimeError: there was no such pass since it was asked last.
        """
        if self._penalty is None:
            raise RuntimeError("There is no penalty before a forward pass in training. Call the encoder first.")
        penalty, self._penalty = self._penalty, None  # kept no longer than its graph is needed
        return penalty

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_penalty": None}  # half a step cannot be copied, and the rest can

    def extra_repr(self) -> str:
        return f"dim={self.dim}, weight={self.weight}"


def _link(triples: np.ndarray, entities: int) -> Mixture:
    head, tail = triples[:, 0], triples[:, 2]
    own = np.arange(entities)
    pairs = np.unique(np.stack([np.concatenate([head, tail, own]), np.concatenate([tail, head, own])]), axis=1)
    degree = np.bincount(pairs[0])
    return Mixture(pairs[0], pairs[1], 1 / np.sqrt(degree[pairs[0]] * degree[pairs[1]]), (entities, entities))
