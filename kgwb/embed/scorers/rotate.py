"""RotatE: a relation is a rotation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch

from kgwb.axes import Float, Tensor
from kgwb.embed.scorers.measure import DISTANCE, Measure
from kgwb.embed.scorers.scorer import Entities, Keys, Relations, Scorer, expect_even


@dataclass(frozen=True)
class RotatE(Scorer):
    """Rotation: a relation turns each complex axis of the head by its own angle, onto the tail.

    score = −‖h ∘ e^{iθ} − t‖₂ (Sun et al., 2019, "RotatE: knowledge graph embedding by relational rotation in
    complex space", where the moduli are summed instead; the root of squares makes all candidates one matmul).
    Picture: a dial per axis. Half a turn is symmetric, turning back is the inverse, angles add up in composition.
    Vectors hold all real parts, then all imaginary parts; a relation holds dim/2 angles in radians.

    Example:
        >>> import math, torch
        >>> east, quarter_turn = torch.tensor([1.0, 0.0]), torch.tensor([math.pi / 2])
        >>> RotatE().query_tail(east, quarter_turn).round(decimals=3).abs()
        tensor([0., 1.])
    """

    measure: ClassVar[Measure] = DISTANCE

    def query_tail(self, head: Entities, relation: Relations) -> Entities:
        return _turn(head, relation.cos(), relation.sin())

    def query_head(self, relation: Relations, tail: Entities) -> Entities:
        return _turn(tail, relation.cos(), -relation.sin())

    def query_relation(self, head: Entities, tail: Entities) -> Keys:
        real, imaginary = head.chunk(2, -1)
        return _turn(tail, real, -imaginary)  # h̄ t

    def relation_keys(self, relation: Relations) -> Keys:
        return torch.cat([relation.cos(), relation.sin()], -1)

    def relation_width(self, dim: int) -> int:
        expect_even("RotatE", dim)
        return dim // 2

    def magnitudes(self, vectors: Entities) -> Float[Tensor, "*rows part"]:
        real, imaginary = vectors.chunk(2, -1)
        return (real.square() + imaginary.square()).clamp_min(1e-24).sqrt()

    def relation_magnitudes(self, relation: Relations) -> Float[Tensor, "*rows part"]:
        return torch.zeros_like(relation)  # a rotation has size one whatever its angle: nothing to keep small

    def start_relations(self, count: int, dim: int, generator: torch.Generator) -> Float[Tensor, "relation width"]:
        return math.pi * (2 * torch.rand(count, self.relation_width(dim), generator=generator) - 1)


def _turn(vectors: Entities, cosine: Relations, sine: Relations) -> Entities:
    real, imaginary = vectors.chunk(2, -1)
    return torch.cat([real * cosine - imaginary * sine, real * sine + imaginary * cosine], -1)
