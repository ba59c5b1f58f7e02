"""Four losses that read scores only, and how any of them is taken block by block within the memory allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch.nn.functional import logsigmoid, softplus

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.scorers.measure import Measure
from kgwb.embed.training.batches import find_places
from kgwb.embed.training.workspace import Workspace

LossName = Literal["softmax", "self-adversarial", "margin", "logistic"]
LOSSES = ("softmax", "self-adversarial", "margin", "logistic")
FAR_BELOW = -1e9  # the score of what must not count; unlike −∞ it leaves no NaN where nothing is left

Gold = Float[Tensor, " answer"]
Others = Float[Tensor, "query candidate"]
Rows = Int[Tensor, " answer"]
Weights = Float[Tensor, " answer"] | None  # how often each answer counts; None for once each
Loss = Callable[[Gold, Others, Rows, Weights], Float[Tensor, ""]]


def softmax_loss(gold: Gold, others: Others, rows: Rows, weights: Weights = None) -> Float[Tensor, ""]:
    """Σ_a log(1 + Σ_n exp(s_n − s_a)): the cross-entropy of the answer among itself and the others."""
    return _add_weighted(softplus(others.logsumexp(-1).index_select(0, rows) - gold), weights)


def _add_weighted(each: Gold, weights: Weights) -> Float[Tensor, ""]:
    return each.sum() if weights is None else each @ weights


def make_loss(name: LossName, *, margin: int | float, temperature: int | float) -> Loss:
    """A loss by its name, summed over answers by their weights; others below FAR_BELOW / 2 do not count.

    - "softmax": cross-entropy of the answer among the others.
    - "self-adversarial": −log σ(margin + s_a) − Σ_n p_n log σ(−s_n − margin), with weights p = softmax(temperature · s)
      that no gradient passes (Sun et al., 2019, "RotatE").
    - "margin": the mean of max(0, margin − s_a + s_n) (Bordes et al., 2013, "TransE").
    - "logistic": −log σ(s_a) − the mean of log σ(−s_n) (Trouillon et al., 2016, "ComplEx").

    Args:
        name: which.
        margin: how far right answers should stand above the others, in units of the score.
        temperature: how strongly the self-adversarial weights prefer others with high scores.

    Example:
        >>> hinge = make_loss("margin", margin=1, temperature=1)
        >>> hinge(torch.tensor([2.0]), torch.tensor([[1.5, 0.0]]), torch.tensor([0]))
        tensor(0.2500)
    """

    def self_adversarial(gold: Gold, others: Others, rows: Rows, weights: Weights = None) -> Tensor:
        shares = torch.softmax(temperature * others.detach(), -1)  # [query, candidate], 0 for what must not count
        away = (shares * logsigmoid(-others - margin)).sum(-1)  # [query]
        return -_add_weighted(logsigmoid(margin + gold) + away.index_select(0, rows), weights)

    def hinge(gold: Gold, others: Others, rows: Rows, weights: Weights = None) -> Tensor:
        return _Hinge.apply(gold, others, rows, margin, weights)

    def logistic(gold: Gold, others: Others, rows: Rows, weights: Weights = None) -> Tensor:
        away = softplus(others).sum(-1) / _count(others)  # [query]
        return _add_weighted(softplus(-gold) + away.index_select(0, rows), weights)

    return {"softmax": softmax_loss, "self-adversarial": self_adversarial, "margin": hinge, "logistic": logistic}[name]


class _Hinge(torch.autograd.Function):
    """Σ_a mean_n max(0, margin − s_a + s_n), holding as many answers' differences at a time as there are queries."""

    @staticmethod
    def forward(
        ctx: Any, gold: Tensor, others: Tensor, rows: Tensor, margin: int | float, weights: Tensor | None
    ) -> Tensor:
        total, gold_gradient, others_gradient = gold.new_zeros(()), torch.empty_like(gold), torch.zeros_like(others)
        share = 1 / _count(others).to(others.dtype)  # [query]
        for start in range(0, len(rows), len(others)):
            here = slice(start, start + len(others))
            asked = rows[here]  # [answer here]
            weight = share.index_select(0, asked)
            if weights is not None:
                weight = weight * weights[here]
            excess = others.index_select(0, asked)  # [answer here, candidate]
            excess.add_((margin - gold[here])[:, None]).relu_()
            total += excess.sum(-1) @ weight
            active = excess.sign_().mul_(weight[:, None])  # in place of the excess: the hinge's own gradient
            gold_gradient[here] = -active.sum(-1)
            others_gradient.index_add_(0, asked, active)
        ctx.save_for_backward(gold_gradient, others_gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gold_gradient, others_gradient = ctx.saved_tensors
        return gold_gradient * gradients[0], others_gradient * gradients[0], None, None, None


def _count(others: Others) -> Tensor:
    return (others > FAR_BELOW / 2).sum(-1).clamp_min(1)  # [query]


def compared_loss(
    query: Float[Tensor, "query dim"],
    candidates: Float[Tensor, "entity dim"],
    rows: Int[Tensor, " answer"],
    answers: Int[Tensor, " answer"],
    *,
    drawn: Int[Tensor, " candidate"] | None,
    loss: Loss,
    measure: Measure,
    gradient: Float[Tensor, "entity dim"],
    workspace: Workspace,
    weights: Weights = None,
) -> Float[Tensor, ""]:
    """The loss of every answer beside the other candidates, summed; the query's other answers do not count.

    Args:
        query: what each distinct query compares with; its gradient flows back as usual.
        candidates: all entities.
        rows: the query of each answer.
        answers: the entities that answer.
        drawn: the entities that answers are compared with, each once; None for all.
        loss: of the scores.
        measure: how queries and candidates are compared.
        gradient: that of the candidates is added to it here and now, times the workspace's weight.
        workspace: the precision of products, and how many scores there may be at once.
        weights: how often each answer counts; None for once each.
    """
    return _Compared.apply(query, candidates, rows, answers, drawn, loss, measure, gradient, workspace, weights)


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
        gradient: Tensor,
        workspace: Workspace,
        weights: Tensor | None,
    ) -> Tensor:
        total, query_gradient = query.new_zeros(()), torch.empty_like(query)
        sample = candidates if drawn is None else candidates.index_select(0, drawn)  # [candidate, dim]
        place = answers if drawn is None else find_places(drawn, answers, entities=len(candidates))  # [answer]
        share = 8  # beside the scores stand their gradient and what lies between
        for here, inside, local in workspace.blocks(rows, queries=len(query), width=len(sample), share=share):
            right, clash = answers[inside], place[inside]
            leaves = [
                part.detach().requires_grad_() for part in (query[here], sample, candidates.index_select(0, right))
            ]
            with torch.enable_grad():
                asked, others, gold = leaves  # [query here, dim], [candidate, dim], [answer here, dim]
                scores = compare_narrowly(asked, others, measure, workspace)  # [query here, candidate]
                hidden = (local[clash >= 0], clash[clash >= 0])  # the right answers among the candidates
                scores = scores.index_put(hidden, scores.new_tensor(FAR_BELOW))
                counted = None if weights is None else weights[inside]
                part = loss(measure.match(asked.index_select(0, local), gold), scores, local, counted)
                parts = torch.autograd.grad(part, leaves)
            total += part.detach()
            query_gradient[here] = parts[0]
            if drawn is None:
                gradient.add_(parts[1], alpha=workspace.weight)
            else:
                gradient.index_add_(0, drawn, parts[1], alpha=workspace.weight)
            gradient.index_add_(0, right, parts[2], alpha=workspace.weight)
        ctx.save_for_backward(query_gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (query_gradient,) = ctx.saved_tensors
        return query_gradient * gradients[0], None, None, None, None, None, None, None, None, None


def compare_narrowly(
    query: Float[Tensor, "query dim"],
    candidates: Float[Tensor, "candidate dim"],
    measure: Measure,
    workspace: Workspace,
) -> Float[Tensor, "query candidate"]:
    """Every query with every candidate, products in the workspace's precision; a difference of squares needs all its bits."""
    if measure.matmul == "product":
        return measure.compare(query.to(workspace.precision), candidates.to(workspace.precision)).to(query.dtype)
    return measure.compare(query, candidates)
