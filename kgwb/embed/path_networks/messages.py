"""Messages made, added up and compared in one go, with a gradient written by hand: no message outlives its layer."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding_bag

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.path_networks.fact_edges import MessagePlan


def sum_messages(
    states: Float[Tensor, "before dim"],
    factors: Float[Tensor, "factor dim"],
    plan: MessagePlan,
    factor: Int[Tensor, " message"],
    strength: Float[Tensor, " message"],
) -> Float[Tensor, "row dim"]:
    """What every row receives: the sum of its messages h_source ∘ w, [row, dim].

    Args:
        states: of the layer before.
        factors: the vector w of each relation for each query.
        plan: which message goes where.
        factor: which of the factors each message is multiplied by.
        strength: ones; its gradient says how much each message matters.
    """
    return _Sum.apply(states, factors, strength, factor, plan)


def gather_messages(
    states: Float[Tensor, "before dim"],
    factors: Float[Tensor, "factor dim"],
    plan: MessagePlan,
    factor: Int[Tensor, " message"],
    strength: Float[Tensor, " message"],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The sum, the sum of squares, the highest and the lowest of the messages to each row, number by number, each [row, dim].

    Where a row has no messages, its highest is −∞ and its lowest ∞.

    Args:
        states: of the layer before.
        factors: the vector w of each relation for each query.
        plan: which message goes where.
        factor: which of the factors each message is multiplied by.
        strength: ones; its gradient says how much each message matters.
    """
    return _Gather.apply(states, factors, strength, factor, plan)


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, states: Tensor, factors: Tensor, strength: Tensor, factor: Tensor, plan: MessagePlan
    ) -> Tensor:
        ctx.save_for_backward(states, factors, factor)
        ctx.plan = plan
        return _add_up(states.index_select(0, plan.source).mul_(factors.index_select(0, factor)), plan.offsets)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, factors, factor = ctx.saved_tensors
        sent, scale = states.index_select(0, ctx.plan.source), factors.index_select(0, factor)
        reached = gradients[0].index_select(0, ctx.plan.target)  # [message, dim]
        return _pass_back(ctx, reached, sent, scale, factor, states, factors)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, states: Tensor, factors: Tensor, strength: Tensor, factor: Tensor, plan: MessagePlan
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        messages = states.index_select(0, plan.source).mul_(factors.index_select(0, factor))  # [message, dim]
        # An index that is expanded, not stored, is what torch reduces row by row, six times as fast as a bag's maximum.
        target, shape = plan.target[:, None].expand_as(messages), (len(plan.rows), states.shape[1])
        highest = states.new_full(shape, -torch.inf).scatter_reduce_(0, target, messages, "amax")
        lowest = states.new_full(shape, torch.inf).scatter_reduce_(0, target, messages, "amin")
        total = _add_up(messages, plan.offsets)
        squares = _add_up(messages.square_(), plan.offsets)
        ctx.save_for_backward(states, factors, factor, highest, lowest)
        ctx.plan = plan
        return total, squares, highest, lowest

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, factors, factor, highest, lowest = ctx.saved_tensors
        plan, (to_total, to_squares, to_highest, to_lowest) = ctx.plan, gradients
        sent, scale = states.index_select(0, plan.source), factors.index_select(0, factor)
        messages = sent * scale
        reached = to_squares.index_select(0, plan.target).mul_(messages).mul_(2)  # [message, dim]
        reached += to_total.index_select(0, plan.target)
        for best, gradient in ((highest, to_highest), (lowest, to_lowest)):
            hit = (messages == best.index_select(0, plan.target)).to(messages)
            ties = _add_up(hit, plan.offsets).clamp_(min=1)  # messages that are equally high share the gradient
            reached += hit.mul_((gradient / ties).index_select(0, plan.target))
        return _pass_back(ctx, reached, sent, scale, factor, states, factors)


def _pass_back(
    ctx: Any, reached: Tensor, sent: Tensor, scale: Tensor, factor: Tensor, states: Tensor, factors: Tensor
) -> tuple[Tensor | None, ...]:
    """From the gradient of the messages to those of states, factors and strengths."""
    to_strength = (reached * sent * scale).sum(1) if ctx.needs_input_grad[2] else None
    to_factors = _add_by(factor, sent.mul_(reached), len(factors)) if ctx.needs_input_grad[1] else None
    to_states = _add_by(ctx.plan.source, scale.mul_(reached), len(states)) if ctx.needs_input_grad[0] else None
    return to_states, to_factors, to_strength, None, None


def _add_up(messages: Tensor, offsets: Tensor) -> Tensor:
    """The sum of each run of messages, [row, dim]."""
    everything = torch.arange(len(messages), device=messages.device)
    return embedding_bag(everything, messages, offsets, mode="sum", include_last_offset=True)


def _add_by(row: Tensor, messages: Tensor, rows: int) -> Tensor:
    """The sum of the messages of each row, in whatever order they come; always in the same one."""
    ascending, order = row.sort(stable=True)
    offsets = torch.searchsorted(ascending, torch.arange(rows + 1, device=row.device))
    return embedding_bag(order, messages, offsets, mode="sum", include_last_offset=True)


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
