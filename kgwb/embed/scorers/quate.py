"""QuatE: a relation is a rotation in four dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from kgwb.axes import Float, Tensor
from kgwb.embed.scorers.scorer import Entities, Keys, Relations, Scorer, expect_multiple

_TINY = 1e-12  # of a squared length, so that a relation of length zero has a gradient


@dataclass(frozen=True)
class QuatE(Scorer):
    """Turning in four dimensions: a relation multiplies each quaternion of the head by one of length one.

    score = Σᵢ ⟨hᵢ ⊗ rᵢ / |rᵢ|, tᵢ⟩ over quaternions, ⊗ being Hamilton's product (Zhang et al., 2019, "Quaternion knowledge
    graph embeddings"). Picture: ComplEx's clock hands in four dimensions, where turns no longer commute, i ⊗ j = k but
    j ⊗ i = −k; so the mother's brother need not be the brother's mother. Lengths stay, which ComplEx's do not. Vectors hold
    all real parts, then all parts of i, of j and of k.

    Example:
        >>> import torch
        >>> _, i, j, k = torch.eye(4)
        >>> QuatE().query_tail(i, 5 * j), QuatE().score(i, j, k), QuatE().score(j, i, k)
        (tensor([0., 0., 0., 1.]), tensor(1.), tensor(-1.))
    """

    def query_tail(self, head: Entities, relation: Relations) -> Entities:
        return _multiply(head, _unit(relation))  # h r

    def query_head(self, relation: Relations, tail: Entities) -> Entities:
        return _multiply(tail, _conjugate(_unit(relation)))  # t r̄

    def query_relation(self, head: Entities, tail: Entities) -> Keys:
        return _multiply(_conjugate(head), tail)  # h̄ t

    def relation_keys(self, relation: Relations) -> Keys:
        return _unit(relation)

    def relation_width(self, dim: int) -> int:
        expect_multiple("QuatE", dim, 4)
        return dim

    def magnitudes(self, vectors: Entities) -> Float[Tensor, "*rows part"]:
        return _lengths(vectors)[..., 0, :]

    def relation_magnitudes(self, relation: Relations) -> Float[Tensor, "*rows part"]:
        return torch.zeros_like(relation)  # of length one whatever the numbers: nothing to keep small

    def start_relations(self, count: int, dim: int, generator: torch.Generator) -> Float[Tensor, "relation width"]:
        return torch.randn(count, self.relation_width(dim), generator=generator)  # every direction is as likely


def _lengths(vectors: Tensor) -> Float[Tensor, "*rows 1 quaternion"]:
    return vectors.unflatten(-1, (4, -1)).square().sum(-2, keepdim=True).clamp_min(_TINY).sqrt()


def _unit(relation: Relations) -> Relations:
    return (relation.unflatten(-1, (4, -1)) / _lengths(relation)).flatten(-2)


def _conjugate(vectors: Tensor) -> Tensor:
    real, *others = vectors.chunk(4, -1)
    return torch.cat([real, *(-part for part in others)], -1)


def _multiply(left: Tensor, right: Tensor) -> Tensor:
    """Hamilton's product, i² = j² = k² = ijk = −1, of each quaternion with its own."""
    a, b, c, d = left.chunk(4, -1)
    e, f, g, h = right.chunk(4, -1)
    parts = [
        a * e - b * f - c * g - d * h,
        a * f + b * e + c * h - d * g,  # i
        a * g - b * h + c * e + d * f,  # j
        a * h + b * g - c * f + d * e,  # k
    ]
    return torch.cat(parts, -1)
