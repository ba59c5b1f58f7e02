"""ComplEx: DistMult over complex numbers, which lets relations be one-way."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from kgwb.axes import Float, Tensor
from kgwb.embed.scorers.scorer import Entities, Keys, Relations, Scorer, expect_even


@dataclass(frozen=True)
class ComplEx(Scorer):
    """Scaling and turning: a relation multiplies each complex axis, the tail is mirrored.

    score = Re Σᵢ hᵢ rᵢ t̄ᵢ (Trouillon et al., 2016, "Complex embeddings for simple link prediction").
    Picture: one clock hand per axis; the relation turns it and changes its length. Real relations are symmetric,
    imaginary ones antisymmetric. Vectors hold all real parts, then all imaginary parts.

    Example:
        >>> import torch
        >>> one, i = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
        >>> ComplEx().score(one, i, i), ComplEx().score(i, i, one)
        (tensor(1.), tensor(-1.))
    """

    def query_tail(self, head: Entities, relation: Relations) -> Entities:
        real, imaginary = head.chunk(2, -1)
        along, across = relation.chunk(2, -1)
        return torch.cat([real * along - imaginary * across, real * across + imaginary * along], -1)  # h r

    def query_head(self, relation: Relations, tail: Entities) -> Entities:
        real, imaginary = tail.chunk(2, -1)
        along, across = relation.chunk(2, -1)
        return torch.cat([real * along + imaginary * across, imaginary * along - real * across], -1)  # r̄ t

    def query_relation(self, head: Entities, tail: Entities) -> Keys:
        real, imaginary = head.chunk(2, -1)
        along, across = tail.chunk(2, -1)
        return torch.cat([real * along + imaginary * across, real * across - imaginary * along], -1)  # h̄ t

    def relation_width(self, dim: int) -> int:
        expect_even("ComplEx", dim)
        return dim

    def magnitudes(self, vectors: Entities) -> Float[Tensor, "*rows part"]:
        real, imaginary = vectors.chunk(2, -1)
        return (real.square() + imaginary.square()).clamp_min(1e-24).sqrt()  # the root has no gradient at zero
