"""RESCAL: a relation is a table of how much each axis of the head speaks for each axis of the tail."""

from __future__ import annotations

from dataclasses import dataclass

from kgwb.axes import Float, Tensor
from kgwb.embed.scorers.scorer import Entities, Relations, Scorer


@dataclass(frozen=True)
class RESCAL(Scorer):
    """Mixing: a relation is a whole matrix, which makes every axis of the tail out of all axes of the head.

    score = hᵀ R t (Nickel et al., 2011, "A three-way model for collective learning on multi-relational data").
    Picture: a switchboard, a wire from every axis of the head to every axis of the tail, each with a strength of its
    own. DistMult has the straight wires only; a symmetric switchboard is a symmetric relation. A relation vector is R
    row by row, dim² numbers, so a wide RESCAL needs memory: 237 relations of dim 128 take 16 MB, of dim 512 a quarter
    of a GB. Regularisation counts each wire on its own, so that a diagonal R costs what the same DistMult costs.

    Example:
        >>> import torch
        >>> east, north, turn_left = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1, -1, 0])
        >>> RESCAL().query_tail(east, turn_left)
        tensor([0., 1.])
        >>> RESCAL().score(east, turn_left, north), RESCAL().score(north, turn_left, east)
        (tensor(1.), tensor(-1.))
    """

    def query_tail(self, head: Entities, relation: Relations) -> Entities:
        return (head[..., None, :] @ _as_matrix(relation, head.shape[-1]))[..., 0, :]  # hᵀ R

    def query_head(self, relation: Relations, tail: Entities) -> Entities:
        return (_as_matrix(relation, tail.shape[-1]) @ tail[..., None])[..., 0]  # R t

    def query_relation(self, head: Entities, tail: Entities) -> Float[Tensor, "*rows key"]:
        return (head[..., :, None] * tail[..., None, :]).flatten(-2)  # h tᵀ, row by row

    def relation_width(self, dim: int) -> int:
        return dim * dim


def _as_matrix(relation: Relations, dim: int) -> Float[Tensor, "*rows dim dim"]:
    return relation.unflatten(-1, (dim, dim))
