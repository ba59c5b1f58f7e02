"""How much each task counts in a joint step: L = Σ λ_i L_i."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_kind, expect_number
from kgwb.words import count_things, quote_value

Weights: TypeAlias = Mapping[str, int | float] | Sequence[int | float]
_CALL = "kgwb.learn.FixedWeights([1.0, 0.3])"


class Weighing(nn.Module, ABC):
    """The weights of some tasks while they are learned; the parameters, if it has any, learn at `rate`."""

    rate = 0.0

    @abstractmethod
    def forward(self, progress: float) -> Float[Tensor, " task"]:
        """The weights at a share of the steps, from 0 to 1."""

    def objective(self, losses: Float[Tensor, " task"]) -> Float[Tensor, ""] | None:
        """What its own parameters are trained to make small, given the losses; None where it has none."""
        return None


class Balance(ABC):
    """A recipe for the weights of the tasks in a joint step."""

    @abstractmethod
    def begin(self, names: Sequence[str]) -> Weighing:
        """The weights of the tasks of these names, as a training begins.

        Raises:
            ValueError: for other tasks than it has weights for.
        """


@dataclass(frozen=True)
class FixedWeights(Balance):
    """The same weights from beginning to end; tuned on validation, they are the control of all cleverer ones.

    Args:
        weights: λ of each task, in their order or by their names, each above 0; 1 for all by default.

    Raises:
        ValueError: for a weight of zero or below.
    """

    weights: Weights | None = None

    def __post_init__(self) -> None:
        if self.weights is not None:
            _expect_weights("weights", self.weights)

    def begin(self, names: Sequence[str]) -> Weighing:
        weights = [1.0] * len(names) if self.weights is None else _order(self.weights, names)
        return _Line(weights, weights)


@dataclass(frozen=True)
class ScheduledWeights(Balance):
    """From some weights to others, in a straight line over the training.

    Args:
        first: λ of each task in the first step, in their order or by their names, each above 0.
        last: λ in the last step.

    Raises:
        ValueError: for a weight of zero or below.
    """

    first: Weights
    last: Weights

    def __post_init__(self) -> None:
        _expect_weights("first", self.first)
        _expect_weights("last", self.last)

    def begin(self, names: Sequence[str]) -> Weighing:
        return _Line(_order(self.first, names), _order(self.last, names))


@dataclass(frozen=True)
class UncertaintyWeights(Balance):
    """Weights that are learned, as if each loss had a noise of its own.

    L = Σ exp(−s_i) L_i + s_i / 2, so λ_i = exp(−s_i), with every s_i from 0 (Kendall et al., 2018, "Multi-task learning
    using uncertainty to weigh losses"). Where L_i stays as it is, λ_i ends at 1 / (2 L_i): a large loss counts little.

    Args:
        rate: the learning rate of s; BERT's own would hardly move it in some hundred steps.

    Raises:
        ValueError: for a rate of zero or below.
    """

    rate: int | float = 0.02

    def __post_init__(self) -> None:
        expect_number("rate", self.rate, usual=0.02, above=0)

    def begin(self, names: Sequence[str]) -> Weighing:
        return _Uncertain(len(names), float(self.rate))


class _Line(Weighing):
    def __init__(self, first: Sequence[int | float], last: Sequence[int | float]) -> None:
        super().__init__()
        self.first, self.last = (torch.tensor(list(map(float, each))) for each in (first, last))

    def forward(self, progress: float) -> Float[Tensor, " task"]:
        return self.first + progress * (self.last - self.first)


class _Uncertain(Weighing):
    def __init__(self, tasks: int, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.log_variances = nn.Parameter(torch.zeros(tasks))

    def forward(self, progress: float) -> Float[Tensor, " task"]:
        return self.log_variances.detach().neg().exp().cpu()

    def objective(self, losses: Float[Tensor, " task"]) -> Float[Tensor, ""]:
        s = self.log_variances
        return (s.neg().exp() * losses.to(s) + s / 2).sum()


def _expect_weights(argument: str, weights: object) -> None:
    expect_kind(weights, (Mapping, list, tuple), "Weights, a number for each task,", call=_CALL)
    for weight in weights.values() if isinstance(weights, Mapping) else weights:  # type: ignore[attr-defined]
        expect_number(f"a weight of {argument}", weight, usual=1.0, above=0)


def _order(weights: Weights, names: Sequence[str]) -> list[float]:
    """The weights in the order of the tasks."""
    if not isinstance(weights, Mapping):
        if len(weights) != len(names):
            raise ValueError(
                f"{count_things(len(weights), 'weight')} came for {count_things(len(names), 'task')}: {quote_value(weights)}. "
                f"Type one for each of {', '.join(names)}."
            )
        return [float(weight) for weight in weights]
    other = sorted(set(weights) ^ set(names))
    if other:
        raise ValueError(
            f"Weights came for {', '.join(map(repr, weights))}, and the tasks are {', '.join(map(repr, names))}. Type a weight "
            f"for each: {{{names[0]!r}: 1.0, ...}}."
        )
    return [float(weights[name]) for name in names]
