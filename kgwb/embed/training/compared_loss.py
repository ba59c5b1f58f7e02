"""Any loss over scores that a whole batch shares, block by block, so that memory stays within what was said."""

from __future__ import annotations

from typing import Any

import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.scorers.measure import Measure
from kgwb.embed.training.losses import FAR_BELOW, Loss
from kgwb.embed.training.negatives import find_places
from kgwb.embed.training.workspace import Workspace


def compared_loss(
    query: Float[Tensor, "query dim"],
    candidates: Float[Tensor, "entity dim"],
    rows: Int[Tensor, " answer"],
    answers: Int[Tensor, " answer"],
    *,
    drawn: Int[Tensor, " candidate"] | None,
    loss: Loss,
    measure: Measure,
    slope: Float[Tensor, "entity dim"],
    workspace: Workspace,
) -> Float[Tensor, ""]:
    """The loss of every answer beside the other candidates, summed; the question's other answers do not count.

    Args:
        query: what each distinct question compares with; its gradient flows back as usual.
        candidates: all entities.
        rows: the question of each answer.
        answers: the entities that answer.
        drawn: the entities that answers are compared with, each once; None for all.
        loss: of the scores.
        measure: how queries and candidates are compared.
        slope: the gradient of the candidates is added to it here and now, times the workspace's weight.
        workspace: the precision of products, and how many scores there may be at once.
    """
    return _Compared.apply(query, candidates, rows, answers, drawn, loss, measure, slope, workspace)


class _Compared(torch.autograd.Function):
    """The gradient of each block is made on the way forward, so that no block outlives its turn."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        candidates: Tensor,
        rows: Tensor,
        answers: Tensor,
        drawn: Tensor | None,
        loss: Loss,
        measure: Measure,
        slope: Tensor,
        workspace: Workspace,
    ) -> Tensor:
        total, query_slope = query.new_zeros(()), torch.empty_like(query)
        sample = candidates if drawn is None else candidates.index_select(0, drawn)
        place = answers if drawn is None else find_places(drawn, answers, entities=len(candidates))
        share = 8  # beside the scores stand their gradient and what lies between
        for here, inside, local in workspace.blocks(rows, queries=len(query), width=len(sample), share=share):
            right, clash = answers[inside], place[inside]
            leaves = [
                part.detach().requires_grad_() for part in (query[here], sample, candidates.index_select(0, right))
            ]
            with torch.enable_grad():
                asked, others, gold = leaves
                scores = _compare(asked, others, measure, workspace)
                hidden = (local[clash >= 0], clash[clash >= 0])
                scores = scores.index_put(hidden, scores.new_tensor(FAR_BELOW))
                part = loss(measure.match(asked.index_select(0, local), gold), scores, local)
                slopes = torch.autograd.grad(part, leaves)
            total += part.detach()
            query_slope[here] = slopes[0]
            if drawn is None:
                slope.add_(slopes[1], alpha=workspace.weight)
            else:
                slope.index_add_(0, drawn, slopes[1], alpha=workspace.weight)
            slope.index_add_(0, right, slopes[2], alpha=workspace.weight)
        ctx.save_for_backward(query_slope)
        return total

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (query_slope,) = ctx.saved_tensors
        return query_slope * slopes[0], None, None, None, None, None, None, None, None


def _compare(query: Tensor, candidates: Tensor, measure: Measure, workspace: Workspace) -> Tensor:
    if measure.matmul == "product":
        return measure.compare(query.to(workspace.precision), candidates.to(workspace.precision)).to(query.dtype)
    return measure.compare(query, candidates)  # a difference of squares needs all its bits
