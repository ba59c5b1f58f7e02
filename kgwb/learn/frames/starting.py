"""What a head is set to without tuning: class means, or the logistic regression, on what the model says as it is."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import normalize

from kgwb.axes import Float, Int, Tensor
from kgwb.bert.task_head import TaskHead

PENALTY = 1 / 30  # of squared weights, per example: scikit-learn's C = 30
MOST = 50_000  # units that the regression looks at; beyond, they are taken at even distances
SHARPNESS = 10.0  # so that a cosine of .5 above the others is nearly sure


def set_class_means(head: TaskHead, states: Float[Tensor, "unit width"], targets: Int[Tensor, " unit"]) -> None:
    """Set a head to the cosine with the mean state of each class: w = 10 m / ‖m‖, b = 0.

    What is tuned from there first draws each state to its own class and away from the others, as contrastive learning does
    (Snell et al., 2017, "Prototypical networks for few-shot learning").

    Args:
        head: is changed; a class without an example gets zero.
        states: of the model as it is.
        targets: the class of each.
    """
    sums = torch.zeros_like(head.weight).index_add_(0, targets.to(states.device), states)  # [label, width]
    with torch.no_grad():
        head.weight.copy_(SHARPNESS * normalize(sums, dim=-1))
        head.bias.zero_()


def fit_regression(
    head: TaskHead,
    states: Float[Tensor, "unit width"],
    targets: Tensor,
    loss: Callable[[Tensor, Tensor], Float[Tensor, ""]],
) -> None:
    """Set a head to the logistic regression on fixed states: min over W, b of mean loss + λ‖W‖² / 2n, by L-BFGS.

    Args:
        head: is changed.
        states: of the model as it is.
        targets: what is right for each unit, as the loss takes it.
        loss: of logits and targets.
    """
    apart = max(1, -(-len(states) // MOST))
    states, targets = states[::apart], targets[::apart]
    weight, bias = (each.detach().clone().requires_grad_() for each in (head.weight, head.bias))
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, tolerance_grad=1e-5, line_search_fn="strong_wolfe")

    def measure() -> Tensor:
        optimizer.zero_grad()
        value = loss(states @ weight.T + bias, targets) + PENALTY * weight.square().sum() / (2 * len(states))
        value.backward()
        return value

    optimizer.step(measure)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)
