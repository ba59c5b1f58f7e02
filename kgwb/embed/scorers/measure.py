"""How near a query vector is to a candidate: the inner product or a distance, by one matmul where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from kgwb.axes import Float, Tensor


@dataclass(frozen=True)
class Measure:
    """One way of comparing queries with candidates; higher is nearer.

    Attributes:
        compare: every query with every candidate, [query, dim] and [candidate, dim] to [query, candidate].
        match: each query with its own candidate, [..., dim] twice to [...].
        matmul: what one matmul gives: the "product" itself, or the square of the "distance"; None where it takes more.
    """

    compare: Callable[[Tensor, Tensor], Tensor]
    match: Callable[[Tensor, Tensor], Tensor]
    matmul: Literal["product", "distance"] | None = None


def _all_products(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    return query @ candidates.T


def _each_product(query: Tensor, candidate: Tensor) -> Tensor:
    return (query * candidate).sum(-1)


def _all_distances(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    squares = query.square().sum(-1, keepdim=True) + candidates.square().sum(-1)
    squared = torch.addmm(squares, query, candidates.T, alpha=-2)  # |q|² + |e|² − 2qe
    root = squared.clamp_min_(1e-12).sqrt_()
    return root.neg() if root.requires_grad else root.neg_()  # the root's own gradient needs the root


def _each_distance(query: Tensor, candidate: Tensor) -> Tensor:
    return -(query - candidate).square().sum(-1).clamp_min(1e-12).sqrt()


def _all_squares(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    squares = query.square().sum(-1, keepdim=True) + candidates.square().sum(-1)
    return torch.addmm(squares, query, candidates.T, alpha=-2).neg()


def _each_square(query: Tensor, candidate: Tensor) -> Tensor:
    return -(query - candidate).square().sum(-1)


def _all_city_distances(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    return -torch.cdist(query, candidates, p=1)  # holds nothing larger than its result, forwards and backwards


def _each_city_distance(query: Tensor, candidate: Tensor) -> Tensor:
    return -(query - candidate).abs().sum(-1)


PRODUCT = Measure(_all_products, _each_product, "product")
DISTANCE = Measure(_all_distances, _each_distance, "distance")
SQUARED_DISTANCE = Measure(_all_squares, _each_square, "distance")  # what a softmax trains distances by
CITY_DISTANCE = Measure(_all_city_distances, _each_city_distance, None)
