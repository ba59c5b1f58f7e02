"""How near a query vector is to a candidate: the inner product or a distance, by one matmul where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch

from kgwb.axes import Float, Tensor

# Where a squared distance is below this share of |q|² + |e|², most of its bits have cancelled in the matmul.
NEAR = 1 / 8
PAIRS = 1 << 14  # pairs of vectors that are gathered at a time
TINY = 1e-30  # of a squared distance, so that the root has a gradient


@runtime_checkable
class Comparison(Protocol):
    """What compares queries with candidates that stay the same."""

    def __call__(
        self, query: Float[Tensor, "query dim"], out: Float[Tensor, "query candidate"] | None = None
    ) -> Float[Tensor, "query candidate"]:
        """The score of every candidate for every query.

        Args:
            query: the vectors that are compared.
            out: a matrix that the scores may be written on, where no gradient is asked for.
        """
        ...


@dataclass(frozen=True)
class Measure:
    """One way of comparing queries with candidates; higher is nearer.

    Attributes:
        compare: every query with every candidate, [query, dim] and [candidate, dim] to [query, candidate].
        match: each query with its own candidate, [..., dim] twice to [...].
        matmul: what one matmul gives: the "product" itself, or the square of the "distance"; None where it takes more.
        prepare: from the candidates to what compares queries with them, with every entry as near to the truth as `match`
            has it, wherever the vectors lie; None where `compare` is, and nothing can be done beforehand.
    """

    compare: Callable[[Tensor, Tensor], Tensor]
    match: Callable[[Tensor, Tensor], Tensor]
    matmul: Literal["product", "distance"] | None = None
    prepare: Callable[[Tensor], Comparison] | None = None

    def against(self, candidates: Float[Tensor, "candidate dim"]) -> Comparison:
        """What compares any queries with these candidates, closely."""
        if self.prepare is not None:
            return self.prepare(candidates)
        return lambda query, out=None: self.compare(query, candidates)


def _all_products(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    return _prepare_products(candidates)(query)


def _each_product(query: Tensor, candidate: Tensor) -> Tensor:
    return (query * candidate).sum(-1)


def _all_distances(query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]) -> Tensor:
    lengths = candidates.square().sum(-1)

    def compare(query: Float[Tensor, "query dim"], out: Tensor | None = None) -> Float[Tensor, "query candidate"]:
        own = query.square().sum(-1, keepdim=True)
        root = _add_squares(query, candidates, own, lengths).clamp_min_(1e-12).sqrt_()
        return root.neg() if root.requires_grad else root.neg_()  # the root's own gradient needs the root

    return _at_least_two(compare)(query)


def _add_squares(query: Tensor, candidates: Tensor, own: Tensor, lengths: Tensor) -> Float[Tensor, "query candidate"]:
    """|e|² − 2qe + |q|², without a second matrix of this size for the sums of squares."""
    return torch.addmm(lengths, query, candidates.T, alpha=-2).add_(own)


def _prepare_products(candidates: Float[Tensor, "candidate dim"]) -> Comparison:
    return _at_least_two(lambda query, out=None: torch.mm(query, candidates.T, out=out))


def _prepare_distances(candidates: Float[Tensor, "candidate dim"]) -> Comparison:
    centre, lengths = _find_centre(candidates), candidates.square().sum(-1)
    if centre is not None:
        moved = candidates - centre
        lengths = moved.square().sum(-1)
    keys = torch.cat([candidates if centre is None else moved, lengths[:, None], torch.ones_like(lengths)[:, None]], 1)

    def compare(query: Float[Tensor, "query dim"], out: Tensor | None = None) -> Float[Tensor, "query candidate"]:
        asked = query if centre is None else query - centre
        own = asked.square().sum(-1, keepdim=True)  # [query, 1]
        # (-2q, 1, |q|²) times (e, |e|², 1): the squares are added by the matmul itself, [query, candidate].
        squared = torch.mm(torch.cat([-2 * asked, torch.ones_like(own), own], 1), keys.T, out=out)
        row, column = _find_near(squared.detach(), own.detach(), lengths.detach())
        if len(row):
            squared[row, column] = torch.cat(
                [
                    (query.index_select(0, one) - candidates.index_select(0, other)).square().sum(-1).clamp_min(TINY)
                    for one, other in zip(row.split(PAIRS), column.split(PAIRS), strict=True)
                ]
            )
        root = squared.sqrt_()  # whatever is no more than nothing lies near, so its square was taken closely
        return root.neg() if root.requires_grad else root.neg_()

    return _at_least_two(compare)


def _find_centre(candidates: Float[Tensor, "candidate dim"]) -> Float[Tensor, " dim"] | None:
    """Where the candidates lie, to move them by, which changes no distance; None where they spread further than that."""
    candidates = candidates.detach()
    centre = candidates.mean(0)
    if not 2 * centre.square().sum() > candidates.square().sum(-1).mean():
        return None
    spread = float((candidates - centre).square().mean().sqrt())
    grid = 2.0 ** math.frexp(spread)[1]  # so coarse that nothing is rounded off and equal distances stay equal
    return (centre / grid).round() * grid


def _find_near(
    squared: Float[Tensor, "query candidate"], own: Float[Tensor, "query 1"], lengths: Float[Tensor, " candidate"]
) -> tuple[Tensor, Tensor]:
    """The pairs whose squared distance is a small part of |q|² + |e|²: row and column of each."""
    if not squared.numel():
        return torch.empty(2, 0, dtype=torch.int64).unbind()  # type: ignore[return-value]
    highest = own[:, 0] + lengths.max()  # [query]
    rows = (squared.amin(1) <= NEAR * highest).nonzero()[:, 0]  # few rows hold any, so few are compared
    place, column = (squared[rows] <= NEAR * (own[rows] + lengths)).nonzero().T
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


def _at_least_two(compare: Comparison) -> Comparison:
    """One query is compared twice: alone it would meet a kernel for vectors, which rounds equal candidates differently."""

    def compare_two(query: Float[Tensor, "query dim"], out: Tensor | None = None) -> Float[Tensor, "query candidate"]:
        return compare(query.expand(2, -1))[:1] if len(query) == 1 else compare(query, out)

    return compare_two


PRODUCT = Measure(_all_products, _each_product, "product", _prepare_products)
DISTANCE = Measure(_all_distances, _each_distance, "distance", _prepare_distances)
SQUARED_DISTANCE = Measure(_all_squares, _each_square, "distance")  # what a softmax trains distances by
CITY_DISTANCE = Measure(_all_city_distances, _each_city_distance, None)
