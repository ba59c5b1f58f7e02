"""Messages made, added up and compared in one go, with a gradient written by hand: no message outlives its layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.path_networks.fact_edges import FactEdges, MessagePlan
from kgwb.embed.row_sums import find_offsets, sum_runs


@dataclass(frozen=True, eq=False)
class Passing:
    """What messages pass over, and what they are multiplied by.

    Attributes:
        plan: which message goes where.
        edges: the facts that it was made for.
        asked: which of the query vectors is that of each query, [query].
    """

    plan: MessagePlan
    edges: FactEdges
    asked: Int[Tensor, " query"]


def sum_messages(
    states: Float[Tensor, "before dim"],
    factors: Float[Tensor, "asked step dim"],
    passing: Passing,
    strength: Float[Tensor, " message"],
) -> Float[Tensor, "row dim"]:
    """What every row receives: the sum of its messages h_source ∘ w, [row, dim].

    Args:
        states: of the layer before.
        factors: w of each step for each query vector.
        passing: which message goes where.
        strength: ones; its gradient says how much each message matters.
    """
    return _Sum.apply(states, factors, strength, passing)


def gather_messages(
    states: Float[Tensor, "before dim"],
    factors: Float[Tensor, "asked step dim"],
    passing: Passing,
    strength: Float[Tensor, " message"],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The sum, the sum of squares, the highest and the lowest of the messages to each row, number by number, each [row, dim].

    Where a row has no messages, its highest is −∞ and its lowest ∞.

    Args:
        states: of the layer before.
        factors: w of each step for each query vector.
        passing: which message goes where.
        strength: ones; its gradient says how much each message matters.
    """
    return _Gather.apply(states, factors, strength, passing)


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, factors: Tensor, strength: Tensor, passing: Passing) -> Tensor:
        ctx.save_for_backward(states, factors)
        ctx.passing = passing
        sent, scale = _make(states, factors, passing)
        return sum_runs(sent.mul_(scale), None, passing.plan.offsets)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, factors = ctx.saved_tensors
        sent, scale = _make(states, factors, ctx.passing)
        reached = gradients[0].index_select(0, ctx.passing.plan.target)  # [message, dim]
        return _pass_back(ctx, reached, sent, scale)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, states: Tensor, factors: Tensor, strength: Tensor, passing: Passing
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        plan, (sent, scale) = passing.plan, _make(states, factors, passing)
        messages = sent.mul_(scale)  # [message, dim]
        # An index that is expanded, not stored, is what torch reduces row by row, six times as fast as a bag's maximum.
        target, shape = plan.target[:, None].expand_as(messages), (len(plan.rows), states.shape[1])
        highest = states.new_full(shape, -torch.inf).scatter_reduce_(0, target, messages, "amax")
        lowest = states.new_full(shape, torch.inf).scatter_reduce_(0, target, messages, "amin")
        total = sum_runs(messages, None, plan.offsets)
        squares = sum_runs(messages.square_(), None, plan.offsets)
        ctx.save_for_backward(states, factors, highest, lowest)
        ctx.passing = passing
        return total, squares, highest, lowest

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, factors, highest, lowest = ctx.saved_tensors
        plan, (to_total, to_squares, to_highest, to_lowest) = ctx.passing.plan, gradients
        sent, scale = _make(states, factors, ctx.passing)
        messages = sent * scale
        reached = to_squares.index_select(0, plan.target).mul_(messages).mul_(2)  # [message, dim]
        reached += to_total.index_select(0, plan.target)
        for best, gradient in ((highest, to_highest), (lowest, to_lowest)):
            hit = (messages == best.index_select(0, plan.target)).to(messages)
            ties = sum_runs(hit, None, plan.offsets).clamp_(min=1)  # messages that are equally high share the gradient
            reached += hit.mul_((gradient / ties).index_select(0, plan.target))
        return _pass_back(ctx, reached, sent, scale)


def _make(states: Tensor, factors: Tensor, passing: Passing) -> tuple[Tensor, Tensor]:
    """The two parts of each message, [message, dim]; made again for the gradient, so that none is kept."""
    plan, steps = passing.plan, factors.shape[1]
    factor = passing.asked[plan.query] * steps + passing.edges.step[plan.edge]
    return states.index_select(0, plan.source), factors.flatten(0, 1).index_select(0, factor)


def _pass_back(ctx: Any, reached: Tensor, sent: Tensor, scale: Tensor) -> tuple[Tensor | None, ...]:
    """From the gradient of the messages to those of states, factors and strengths."""
    states, factors, *_ = ctx.saved_tensors
    plan, edges, asked = ctx.passing.plan, ctx.passing.edges, ctx.passing.asked
    to_strength = (reached * sent * scale).sum(1) if ctx.needs_input_grad[2] else None
    to_states = to_factors = None
    if ctx.needs_input_grad[0]:
        order = plan.sort(edges.by_start)
        to_states = sum_runs(scale.mul_(reached), order, find_offsets(plan.source[order], len(states)))
    if ctx.needs_input_grad[1]:
        order, steps = plan.sort(edges.by_step), factors.shape[1]
        row = plan.query[order] * steps + edges.step[plan.edge[order]]  # ascending
        each = sum_runs(sent.mul_(reached), order, find_offsets(row, len(asked) * steps))  # [query × step, dim]
        to_factors = torch.zeros_like(factors).index_add_(0, asked, each.view(len(asked), *factors.shape[1:]))
    return to_states, to_factors, to_strength, None


class _Move(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, place: Tensor, back: Tensor) -> Tensor:
        ctx.save_for_backward(back)
        return _pad(rows).index_select(0, place)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (back,) = ctx.saved_tensors
        return _pad(gradients[0]).index_select(0, back), None, None


def move_rows(
    rows: Float[Tensor, "row dim"], place: Int[Tensor, " moved"], back: Int[Tensor, " row"]
) -> Float[Tensor, "moved dim"]:
    """Rows in other places, and zeros between them; no row is taken twice.

    Args:
        rows: what is moved.
        place: which row stands in each new place; one behind the last for zeros.
        back: the new place of each row; one behind the last where it has none.
    """
    return _Move.apply(rows, place, back)


def _pad(rows: Tensor) -> Tensor:
    return torch.cat([rows, rows.new_zeros(1, rows.shape[1])])
