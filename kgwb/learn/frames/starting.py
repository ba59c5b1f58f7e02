"""Where a head starts: at the logistic regression on what the model says before it is tuned."""

from __future__ import annotations

from collections.abc import Callable

import torch

from kgwb.axes import Float, Tensor
from kgwb.bert.task_head import TaskHead

PENALTY = 1 / 30  # of squared weights, per example; chosen on Banking77's training texts
MOST = 50_000  # units that the start looks at; beyond, they are taken at even distances


def start_head(
    head: TaskHead,
    states: Float[Tensor, "unit width"],
    targets: Tensor,
    loss: Callable[[Tensor, Tensor], Float[Tensor, ""]],
) -> None:
    """Set a head to the logistic regression on fixed states, so that tuning goes on from there.

    min over W, b of mean loss + λ‖W‖² / 2n, by L-BFGS. A head that starts from zero first pulls the states out of shape
    (Kumar et al., 2022, "Fine-tuning can distort pretrained features and underperform out-of-distribution").

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
