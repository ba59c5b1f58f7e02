"""v = W h + b, learnt from facts by one matrix for each relation: the smallest model of notebook 17."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from kgwb.lessons.yields import Market


@dataclass(frozen=True, eq=False)
class AffineModel:
    """v = W h + b, and a matrix W_R for each relation.

    Attributes:
        h: an entity's own numbers, in standard units and 0 where it has none, and its type, [entity, feature].
        weight: W, [dim, feature].
        bias: b, [dim].
        between: W_R, [relation, dim, dim].
    """

    h: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    between: np.ndarray

    @property
    def vectors(self) -> np.ndarray:
        """v of every entity, [entity, dim]."""
        return self.h @ self.weight.T + self.bias

    def loss(self, triples: np.ndarray) -> np.ndarray:
        """-log σ((W_R v)ᵀ v′) of each fact."""
        head, relation, tail = triples.T
        v = self.vectors
        scores = np.einsum("fed,fd,fe->f", self.between[relation], v[head], v[tail])
        return np.logaddexp(0.0, -scores)


def learn_affine(market: Market, *, dim: int = 16, steps: int = 200, seed: int = 0) -> AffineModel:
    """Learn v = W h + b from the facts: -log σ((W_R v)ᵀ v′) of a fact, -log σ(-(W_R v)ᵀ v′) of one with a drawn tail.

    The number b that the formula adds to each score is v's own: v holds the constant b.

    Args:
        market: facts and numbers.
        dim: of v.
        steps: of training.
        seed: of the weights and the draws.
    """
    random = torch.Generator().manual_seed(seed)
    numbers = (market.numbers - market.numbers.mean()) / market.numbers.std()
    types = pd.get_dummies(market.graph.entities.set_index("entity")["type"])
    h = torch.tensor(np.hstack([numbers.fillna(0.0), types]), dtype=torch.float32)  # [entity, feature]
    weight = nn.Parameter(torch.randn(dim, h.shape[1], generator=random) * h.shape[1] ** -0.5)
    bias, facts = nn.Parameter(torch.zeros(dim)), torch.tensor(market.graph.triples)
    between = nn.Parameter(torch.randn(len(market.graph.relations), dim, dim, generator=random) / dim)
    optimizer = torch.optim.Adam([weight, bias, between], lr=0.02)
    head, relation, tail = facts.T
    for _ in range(steps):
        optimizer.zero_grad()
        v, other = h @ weight.T + bias, tail[torch.randperm(len(tail), generator=random)]
        moved = torch.einsum("fed,fd->fe", between[relation], v[head])  # W_R v, [fact, dim]
        true, drawn = (moved * v[tail]).sum(1), (moved * v[other]).sum(1)
        (-nn.functional.logsigmoid(true) - nn.functional.logsigmoid(-drawn)).mean().backward()
        optimizer.step()
    return AffineModel(*(each.detach().numpy() for each in (h, weight, bias, between)))
