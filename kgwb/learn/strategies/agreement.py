"""How far the gradients of several tasks agree, and what is done where they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert

Gradient: TypeAlias = Sequence[Tensor | None]


@dataclass(frozen=True)
class Agreement:
    """The cosines between the gradients of two tasks, in one step.

    Attributes:
        tasks: the names of the two.
        whole: over all parameters that both reach.
        parts: "embeddings", "layer 0", ..., "head", "injector" -> over those of this part; only where both reach it.
    """

    tasks: tuple[str, str]
    whole: float
    parts: Mapping[str, float]


def name_places(bert: Bert) -> dict[int, str]:
    """The part of a model that each parameter, by its `id`, belongs to."""
    places = {id(p): "head" for p in bert.model.parameters()}
    places |= {id(p): "embeddings" for p in bert.model.base_model.parameters()}
    places |= {id(p): f"layer {i}" for i, layer in enumerate(bert.stack) for p in layer.parameters()}
    return places | {id(p): "injector" for p in (() if bert.injector is None else bert.injector.parameters())}


def compare_gradients(
    names: Sequence[str],
    gradients: Sequence[Gradient],
    trained: Sequence[nn.Parameter],
    places: Mapping[int, str],
) -> tuple[Agreement, ...]:
    """The cosine between the gradients of each pair of tasks, as a whole and part by part; 0 where one is all zeros.

    Args:
        names: of the tasks.
        gradients: of each task, one for each parameter, None where it does not reach it.
        trained: the parameters.
        places: the part that each belongs to.
    """
    found = []
    for (name, one), (other_name, other) in combinations(zip(names, gradients, strict=True), 2):
        products: dict[str, Tensor] = {}
        for a, b, parameter in zip(one, other, trained, strict=True):
            if a is not None and b is not None:
                sums = torch.stack([(a * b).sum(), (a * a).sum(), (b * b).sum()]).double()
                place = places.get(id(parameter), "task heads")
                products[place] = products[place] + sums if place in products else sums
        whole = sum(products.values(), torch.zeros(3, dtype=torch.float64))
        parts = {place: _cosine(sums) for place, sums in products.items()}
        found.append(Agreement((name, other_name), _cosine(whole), parts))
    return tuple(found)


def project_conflicts(gradients: Sequence[Gradient], generator: torch.Generator) -> list[list[Tensor | None]]:
    """Gradients without what goes against those of the other tasks (PCGrad).

    For each task i, and each other task j in a drawn order: where g_i·g_j < 0, g_i ← g_i − (g_i·g_j / ‖g_j‖²) g_j, with g_j as
    it came (Yu et al., 2020, "Gradient surgery for multi-task learning").

    Args:
        gradients: of each task, one for each parameter; None counts as zeros.
        generator: for the order.
    """
    projected = []
    for i, gradient in enumerate(gradients):
        own = list(gradient)
        for j in torch.randperm(len(gradients), generator=generator).tolist():
            other = gradients[j]
            product = _dot(own, other)
            if j != i and product < 0:
                share = product / _dot(other, other)
                own = [_subtract(a, b, share) for a, b in zip(own, other, strict=True)]
        projected.append(own)
    return projected


def _dot(one: Gradient, other: Gradient) -> Float[Tensor, ""]:
    products = [(a * b).sum().double() for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return torch.stack(products).sum() if products else torch.zeros(())


def _subtract(a: Tensor | None, b: Tensor | None, share: Tensor) -> Tensor | None:
    if b is None:
        return a
    return -share.to(b) * b if a is None else a - share.to(b) * b


def _cosine(sums: Tensor) -> float:
    product, one, other = sums.tolist()
    return product / (one * other) ** 0.5 if one > 0 and other > 0 else 0.0
