"""What a path network is trained by: its answers should stand above all candidates, or above hard ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch.nn.functional import softplus

from kgwb.axes import Bool, Float, Int, Tensor

PathLossName = Literal["softmax", "self-adversarial"]
PATH_LOSSES: tuple[PathLossName, PathLossName] = ("softmax", "self-adversarial")
PathLoss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def make_path_loss(name: PathLossName, *, temperature: int | float) -> PathLoss:
    """A loss of (scores, candidates, asked, answers), summed over the answers."""
    return softmax_above if name == "softmax" else partial(adversarial_above, temperature=temperature)


def softmax_above(
    scores: Float[Tensor, "query entity"],
    candidates: Bool[Tensor, "query entity"],
    asked: Int[Tensor, " answer"],
    answers: Int[Tensor, " answer"],
) -> Float[Tensor, ""]:
    """−log of each answer's share beside the candidates: Σ_a log(1 + Σ_c exp(s_c − s_a)).

    Example:
        >>> cells = torch.tensor([[False, True]])
        >>> softmax_above(torch.zeros(1, 2), cells, torch.tensor([0]), torch.tensor([0])).exp().item()
        2.0
    """
    lowest = torch.finfo(scores.dtype).min / 4  # a query without candidates has no infinite number in its gradient
    others = scores.masked_fill(~candidates, lowest).logsumexp(1)  # [query]
    return softplus(others[asked] - scores[asked, answers]).sum()


def adversarial_above(
    scores: Float[Tensor, "query entity"],
    candidates: Bool[Tensor, "query entity"],
    asked: Int[Tensor, " answer"],
    answers: Int[Tensor, " answer"],
    *,
    temperature: int | float,
) -> Float[Tensor, ""]:
    """Binary cross-entropy of each answer and of the candidates, hard ones weighing more (Sun et al., 2019).

    loss = ½ Σ_a [−log σ(s_a) − Σ_c p_c log σ(−s_c)] with p = softmax(s / temperature), through which no gradient flows.
    """
    lowest = torch.finfo(scores.dtype).min / 4
    weights = (scores.detach() / temperature).masked_fill(~candidates, lowest).softmax(1) * candidates
    others = (weights * softplus(scores)).sum(1)  # [query]
    return 0.5 * (softplus(-scores[asked, answers]) + others[asked]).sum()
