"""HousE: a relation is a few mirrors, one behind the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from kgwb.axes import Float, Tensor
from kgwb.checks import is_number
from kgwb.embed.scorers.measure import DISTANCE, Measure
from kgwb.embed.scorers.scorer import Entities, Relations, Scorer, expect_multiple
from kgwb.words import quote_value

_TINY = 1e-12  # of a squared length, so that a mirror without a direction changes nothing


@dataclass(frozen=True)
class HousE(Scorer):
    """Reflections: a relation mirrors each block of the head a few times, onto the tail.

    score = −‖H(uₙ) … H(u₁) h − t‖₂ for each block of k numbers, H(u) = 1 − 2 u uᵀ / uᵀu (Li et al., 2022, "HousE:
    knowledge graph embedding with Householder parameterization", the variant HousE-r, which keeps lengths; there the blocks'
    distances are summed, the root of squares makes all candidates one matmul). Picture: a kaleidoscope, two mirrors
    make a rotation by twice the angle between them. Of k mirrors every rotation and every reflection of k numbers can be
    made: RotatE is the case of blocks of 2. From 3 numbers on, the order of rotations counts, so that A's B need not be
    B's A; one mirror is its own inverse, which makes a symmetric relation. A relation vector holds the directions u,
    those of all blocks for the mirror that h meets first, then those of the next: reflections × dim numbers.

    Args:
        block: k, the numbers of an entity that are mirrored together; `dim` is a multiple of it.
        reflections: n, the mirrors of each block. An even number makes rotations.

    Raises:
        ValueError: one of them is no whole number from 1 on.

    Example:
        >>> import torch
        >>> point, flip = torch.tensor([3.0, 1.0]), torch.tensor([1.0, 0.0])
        >>> HousE(block=2, reflections=1).query_tail(point, flip)
        tensor([-3.,  1.])
        >>> two_mirrors = torch.tensor([1.0, 0.0, 1.0, 1.0])
        >>> HousE(block=2, reflections=2).query_tail(point, two_mirrors)
        tensor([-1.,  3.])
    """

    block: int = 4
    reflections: int = 4

    measure: ClassVar[Measure] = DISTANCE

    def __post_init__(self) -> None:
        for name, number in (("block", self.block), ("reflections", self.reflections)):
            if not is_number(number, whole=True) or number < 1:
                came = f"{name}={quote_value(number)} came, where a whole number from 1 on was expected"
                raise ValueError(f"{came}. Type HousE({name}=4).")
            object.__setattr__(self, name, int(number))  # JSON takes no number of numpy's

    def query_tail(self, head: Entities, relation: Relations) -> Entities:
        return self._mirror(head, self._directions(relation))

    def query_head(self, relation: Relations, tail: Entities) -> Entities:
        return self._mirror(tail, self._directions(relation)[::-1])  # each undoes itself, the last one first

    def relation_width(self, dim: int) -> int:
        expect_multiple("HousE", dim, self.block)
        return self.reflections * dim

    def relation_magnitudes(self, relation: Relations) -> Float[Tensor, "*rows part"]:
        return torch.zeros_like(relation)  # only its direction counts: nothing to keep small

    def start_relations(self, count: int, dim: int, generator: torch.Generator) -> Float[Tensor, "relation width"]:
        return torch.randn(count, self.relation_width(dim), generator=generator)  # every direction is as likely

    def _directions(self, relation: Relations) -> tuple[Tensor, ...]:
        """u of each mirror, [..., block, number of the block], in the order in which the head meets them."""
        return relation.unflatten(-1, (self.reflections, -1, self.block)).unbind(-3)

    def _mirror(self, vectors: Entities, directions: tuple[Tensor, ...]) -> Entities:
        seen = vectors.unflatten(-1, (-1, self.block))
        for along in directions:
            length = along.square().sum(-1, keepdim=True).clamp_min(_TINY)
            seen = seen - along * (2 * (seen * along).sum(-1, keepdim=True) / length)
        return seen.flatten(-2)
