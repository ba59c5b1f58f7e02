"""One step's gradient from those of its tasks: weighed, kept from conflict, and pulled together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert
from kgwb.learn.policies.policy import Gradients
from kgwb.learn.strategies.agreement import Agreement, compare_gradients, project_conflicts
from kgwb.learn.strategies.balances import Weighing
from kgwb.learn.strategies.joint import Joint


@dataclass(frozen=True, eq=False)
class JoinedStep:
    """What a step learns from several tasks.

    Attributes:
        loss: Σ λ_i L_i.
        weights: λ of each task.
        gradients: of that, and of the pull, for each parameter.
        agreement: of the tasks' gradients, before they were weighed.
    """

    loss: Float[Tensor, ""]
    weights: Float[Tensor, " task"]
    gradients: Gradients
    agreement: tuple[Agreement, ...]


def join_gradients(
    strategy: Joint,
    weighing: Weighing,
    names: Sequence[str],
    losses: Sequence[Tensor],
    gradients: Sequence[Gradients],
    trained: Sequence[nn.Parameter],
    *,
    places: Mapping[int, str],
    progress: float,
    seed: int,
) -> JoinedStep:
    """The gradient of Σ λ_i L_i from those of the tasks; the weights' own parameters are given theirs."""
    weights = weighing(progress)  # [task]
    found = torch.stack([loss.detach().cpu() for loss in losses])  # [task]
    objective = weighing.objective(found)
    if objective is not None:
        own = list(weighing.parameters())
        for parameter, gradient in zip(own, torch.autograd.grad(objective, own), strict=True):
            parameter.grad = gradient
    agreement = compare_gradients(names, gradients, trained, places)
    each: Sequence[Sequence[Tensor | None]] = gradients
    if strategy.surgery:
        each = project_conflicts(gradients, torch.Generator().manual_seed(seed))
    joined = [_weigh(of_parameter, weights.tolist()) for of_parameter in zip(*each, strict=True)]
    return JoinedStep((weights * found).sum(), weights, joined, agreement)


def pull_together(
    berts: Sequence[Bert], trained: Sequence[nn.Parameter], gradients: Gradients, pull: int | float
) -> Gradients:
    """Gradients with those of pull · Σ_{i<j} ‖θ_i − θ_j‖² added, over what two models both have and train.

    Args:
        berts: a model for each task.
        trained: the parameters of all.
        gradients: of these.
        pull: how strongly models are drawn to one another.
    """
    place = {id(parameter): i for i, parameter in enumerate(trained)}
    pulled = list(gradients)
    named = [{name: p for name, p in bert.named_parameters() if id(p) in place} for bert in berts]
    for one, other in combinations(named, 2):
        for name in one.keys() & other.keys():
            a, b = one[name].detach(), other[name].detach()
            if a is not b and a.shape == b.shape:
                apart = 2 * pull * (a - b)
                for parameter, added in ((one[name], apart), (other[name], -apart)):
                    before = pulled[place[id(parameter)]]
                    pulled[place[id(parameter)]] = added if before is None else before + added
    return pulled


def _weigh(gradients: Sequence[Tensor | None], weights: Sequence[float]) -> Tensor | None:
    there = [weight * gradient for weight, gradient in zip(weights, gradients, strict=True) if gradient is not None]
    return torch.stack(there).sum(0) if len(there) > 1 else (there[0] if there else None)
