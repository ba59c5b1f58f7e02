"""What a right answer is compared with, and how: four losses that read scores only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch.nn.functional import logsigmoid, softplus

from kgwb.axes import Float, Int, Tensor

LossName = Literal["softmax", "self-adversarial", "margin", "logistic"]
LOSSES = ("softmax", "self-adversarial", "margin", "logistic")
FAR_BELOW = -1e9  # the score of what must not count; unlike −∞ it leaves no NaN where nothing is left

Gold = Float[Tensor, " answer"]
Others = Float[Tensor, "query candidate"]
Rows = Int[Tensor, " answer"]
Loss = Callable[[Gold, Others, Rows], Float[Tensor, ""]]


def softmax_loss(gold: Gold, others: Others, rows: Rows) -> Float[Tensor, ""]:
    """Σ_a log(1 + Σ_n exp(s_n − s_a)): the cross-entropy of the answer among itself and the others."""
    return softplus(others.logsumexp(-1).index_select(0, rows) - gold).sum()


def make_loss(name: LossName, *, margin: int | float, temperature: int | float) -> Loss:
    """A loss by its name, summed over answers; others below FAR_BELOW / 2 do not count.

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

    def self_adversarial(gold: Gold, others: Others, rows: Rows) -> Tensor:
        weights = torch.softmax(temperature * others.detach(), -1)  # what must not count weighs nothing
        away = (weights * logsigmoid(-others - margin)).sum(-1)
        return -(logsigmoid(margin + gold) + away.index_select(0, rows)).sum()

    def hinge(gold: Gold, others: Others, rows: Rows) -> Tensor:
        return _Hinge.apply(gold, others, rows, margin)

    def logistic(gold: Gold, others: Others, rows: Rows) -> Tensor:
        away = softplus(others).sum(-1) / _count(others)
        return (softplus(-gold) + away.index_select(0, rows)).sum()

    return {"softmax": softmax_loss, "self-adversarial": self_adversarial, "margin": hinge, "logistic": logistic}[name]


class _Hinge(torch.autograd.Function):
    """Σ_a mean_n max(0, margin − s_a + s_n), holding as many answers' differences at a time as there are questions."""

    @staticmethod
    def forward(ctx: Any, gold: Tensor, others: Tensor, rows: Tensor, margin: int | float) -> Tensor:
        total, gold_slope, others_slope = gold.new_zeros(()), torch.empty_like(gold), torch.zeros_like(others)
        share = 1 / _count(others).to(others.dtype)
        for start in range(0, len(rows), len(others)):
            here = slice(start, start + len(others))
            asked = rows[here]
            weight = share.index_select(0, asked)
            excess = others.index_select(0, asked).add_((margin - gold[here])[:, None]).relu_()
            total += excess.sum(-1) @ weight
            active = excess.sign_().mul_(weight[:, None])
            gold_slope[here] = -active.sum(-1)
            others_slope.index_add_(0, asked, active)
        ctx.save_for_backward(gold_slope, others_slope)
        return total

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        gold_slope, others_slope = ctx.saved_tensors
        return gold_slope * slopes[0], others_slope * slopes[0], None, None


def _count(others: Others) -> Tensor:
    return (others > FAR_BELOW / 2).sum(-1).clamp_min(1)
