"""How near a query vector is to a candidate: the inner product or the Euclidean distance, each by one matmul."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from kgwb.axes import Float, Tensor


@dataclass(frozen=True)
class Measure:
    """One way of comparing queries with candidates; higher is nearer.

    Attributes:
        compare: every query with every candidate, [query, dim] and [candidate, dim] to [query, candidate].
        match: each query with its own candidate, [..., dim] twice to [...].
        linear: for softmax training, the same order as a product: (scale, bias) so that
            scale · (query · candidate) + bias[candidate] is the logit, up to a constant per query.
    """

    compare: Callable[[Tensor, Tensor], Tensor]
    match: Callable[[Tensor, Tensor], Tensor]
    linear: Callable[[Tensor], tuple[float, Tensor | None]]


def _all_products(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    return query @ candidates.T


def _each_product(query: Tensor, candidate: Tensor) -> Tensor:
    return (query * candidate).sum(-1)


def _product_as_product(candidates: Tensor) -> tuple[float, Tensor | None]:
    return 1.0, None


def _all_distances(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    squares = query.square().sum(-1, keepdim=True) + candidates.square().sum(-1)
    squared = torch.addmm(squares, query, candidates.T, alpha=-2)  # |q|² + |e|² − 2qe
    return squared.clamp_min_(1e-12).sqrt_().neg_()


def _each_distance(query: Tensor, candidate: Tensor) -> Tensor:
    return -(query - candidate).square().sum(-1).clamp_min(1e-12).sqrt()


def _squared_distance_as_product(candidates: Tensor) -> tuple[float, Tensor | None]:
    return 2.0, -candidates.square().sum(-1)  # −|q − e|² = 2qe − |e|² − |q|², and the softmax cancels |q|²


PRODUCT = Measure(_all_products, _each_product, _product_as_product)
DISTANCE = Measure(_all_distances, _each_distance, _squared_distance_as_product)
