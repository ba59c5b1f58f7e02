"""DistMult: a relation stretches or shrinks each axis."""

from __future__ import annotations

from dataclasses import dataclass

from kgwb.embed.scorers.scorer import Entities, Keys, Relations, Scorer


@dataclass(frozen=True)
class DistMult(Scorer):
    """Scaling: a relation weighs each axis, and head and tail should agree on the axes that weigh.

    score = Σᵢ hᵢ rᵢ tᵢ (Yang et al., 2015, "Embedding entities and relations for learning and inference").
    Picture: a mixing desk, one slider per axis. Head and tail may be swapped, so every relation is symmetric.

    Example:
        >>> import torch
        >>> DistMult().score(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 0.5]), torch.tensor([1.0, 1.0]))
        tensor(4.)
    """

    def query_tail(self, head: Entities, relation: Relations) -> Entities:
        return head * relation

    def query_head(self, relation: Relations, tail: Entities) -> Entities:
        return relation * tail

    def query_relation(self, head: Entities, tail: Entities) -> Keys:
        return head * tail
