"""How near a query vector is to a candidate: the inner product or a distance, by one matmul where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from kgwb.axes import Float, Tensor

# Where a squared distance is below this share of |q|² + |e|², most of its bits have cancelled in the matmul.
NEAR = 1 / 8
PAIRS = 1 << 14  # pairs of vectors that are gathered at a time
TINY = 1e-30  # of a squared distance, so that the root has a gradient


@dataclass(frozen=True)
class Measure:
    """One way of comparing queries with candidates; higher is nearer.

    Attributes:
        compare: every query with every candidate, [query, dim] and [candidate, dim] to [query, candidate].
        match: each query with its own candidate, [..., dim] twice to [...].
        matmul: what one matmul gives: the "product" itself, or the square of the "distance"; None where it takes more.
        compare_closely: as `compare`, with every entry as near to the truth as `match` has it, wherever the vectors lie;
            None where `compare` is.
    """

    compare: Callable[[Tensor, Tensor], Tensor]
    match: Callable[[Tensor, Tensor], Tensor]
    matmul: Literal["product", "distance"] | None = None
    compare_closely: Callable[[Tensor, Tensor], Tensor] | None = None


def _all_products(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    return query @ candidates.T


def _each_product(query: Tensor, candidate: Tensor) -> Tensor:
    return (query * candidate).sum(-1)


def _all_distances(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    own, lengths = query.square().sum(-1, keepdim=True), candidates.square().sum(-1)
    root = _add_squares(query, candidates, own, lengths).clamp_min_(1e-12).sqrt_()
    return root.neg() if root.requires_grad else root.neg_()  # the root's own gradient needs the root


def _add_squares(query: Tensor, candidates: Tensor, own: Tensor, lengths: Tensor) -> Float[Tensor, "query candidate"]:
    """|e|² − 2qe + |q|², without a second matrix of this size for the sums of squares."""
    return torch.addmm(lengths, query, candidates.T, alpha=-2).add_(own)


def _close_distances(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    moved, others, lengths = _centre_both(query, candidates)
    own = moved.square().sum(-1, keepdim=True)  # [query, 1]
    squared = _add_squares(moved, others, own, lengths)  # [query, candidate]
    row, column = _find_near(squared.detach(), own.detach(), lengths.detach())
    if len(row):
        squared[row, column] = torch.cat(
            [
                (query.index_select(0, one) - candidates.index_select(0, other)).square().sum(-1)
                for one, other in zip(row.split(PAIRS), column.split(PAIRS), strict=True)
            ]
        )
    root = squared.clamp_min_(TINY).sqrt_()
    return root.neg() if root.requires_grad else root.neg_()


def _centre_both(query: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Both moved by the candidates' mean, which changes no distance, and |e|²; as they are where the mean is short."""
    lengths, centre = candidates.square().sum(-1), candidates.detach().mean(0)  # [candidate], [dim]
    if not 2 * centre.square().sum() > lengths.detach().mean():  # the candidates spread further than it is long
        return query, candidates, lengths
    spread = float((candidates.detach() - centre).square().mean().sqrt())
    grid = 2.0 ** math.frexp(spread)[1]  # so coarse that nothing is rounded off and equal distances stay equal
    centre = (centre / grid).round() * grid
    moved = candidates - centre
    return query - centre, moved, moved.square().sum(-1)


def _find_near(
    squared: Float[Tensor, "query candidate"], own: Float[Tensor, "query 1"], lengths: Float[Tensor, " candidate"]
) -> tuple[Tensor, Tensor]:
    """The pairs whose squared distance is a small part of |q|² + |e|²: row and column of each."""
    if not squared.numel():
        return torch.empty(2, 0, dtype=torch.int64).unbind()  # type: ignore[return-value]
    highest = own[:, 0] + lengths.max()  # [query]
    rows = (squared.amin(1) < NEAR * highest).nonzero()[:, 0]  # few rows hold any, so few are compared
    place, column = (squared[rows] < NEAR * (own[rows] + lengths)).nonzero().T
    return rows[place], column


def _each_distance(query: Tensor, candidate: Tensor) -> Tensor:
    return -(query - candidate).square().sum(-1).clamp_min(TINY).sqrt()


def _all_squares(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    own, lengths = query.square().sum(-1, keepdim=True), candidates.square().sum(-1)
    return _add_squares(query, candidates, own, lengths).neg()


def _each_square(query: Tensor, candidate: Tensor) -> Tensor:
    return -(query - candidate).square().sum(-1)


def _all_city_distances(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    return -torch.cdist(query, candidates, p=1)  # holds nothing larger than its result, forwards and backwards


def _each_city_distance(query: Tensor, candidate: Tensor) -> Tensor:
    return -(query - candidate).abs().sum(-1)


def _at_least_two(compare: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """One query is compared twice: alone it would meet a kernel for vectors, which rounds equal candidates differently."""

    def compare_two(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
        return compare(query.expand(2, -1), candidates)[:1] if len(query) == 1 else compare(query, candidates)

    return compare_two


PRODUCT = Measure(_at_least_two(_all_products), _each_product, "product")
DISTANCE = Measure(_at_least_two(_all_distances), _each_distance, "distance", _at_least_two(_close_distances))
SQUARED_DISTANCE = Measure(_all_squares, _each_square, "distance")  # what a softmax trains distances by
CITY_DISTANCE = Measure(_all_city_distances, _each_city_distance, None)
