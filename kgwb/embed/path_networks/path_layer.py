"""One layer of a path network: messages along relations, gathered by each entity, and what it makes of them."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.path_networks.messages import Passing, gather_messages, move_rows, sum_messages

Gathering = Literal["pna", "sum"]
GATHERINGS: tuple[Gathering, Gathering] = ("pna", "sum")
_LEAST = 1e-6  # of a variance, so that its root has a gradient


class PathLayer(nn.Module):
    """What an entity knows of the paths that reach it, after one more step.

    A message along relation r is h_u ∘ w_r(q) with w_r(q) = W_r q + b_r (DistMult's product, Yang et al., 2015; the
    weight that depends on the query is that of Zhu et al., 2021). The given entity receives q itself as one more message,
    every other one zero. They are gathered as mean, highest, lowest and standard deviation, each as it is, times and
    divided by the logarithm of how many there are (Corso et al., 2020, "Principal neighbourhood aggregation"), or as
    their sum. Then h'_v = h_v + relu(norm(W [h_v, gathered])).

    Args:
        steps: relations, and as many inverses.
        dim: numbers per state.
        gathering: "pna" or "sum".
        generator: where the random start comes from.
    """

    def __init__(self, steps: int, dim: int, gathering: Gathering, generator: torch.Generator) -> None:
        super().__init__()
        self.gathering = gathering
        self.factors = start_linear(dim, steps * dim, generator)
        fan = (13 if gathering == "pna" else 2) * dim
        self.own = start_linear(dim, dim, generator, fan=fan)
        width = (4 * dim, 3 * dim) if gathering == "pna" else (dim, dim)
        self.gathered = start_linear(*width, generator, fan=fan, bias=False)  # that of `own` will do
        self.norm = nn.LayerNorm(dim)

    def find_factors(
        self, queries: Float[Tensor, "asked dim"], steps: Int[Tensor, " step"]
    ) -> Float[Tensor, "asked step dim"]:
        """w of each of these steps for each query vector."""
        dim = queries.shape[1]
        weight, bias = self.factors.weight.view(-1, dim, dim)[steps], self.factors.bias.view(-1, dim)[steps]
        return functional.linear(queries, weight.flatten(0, 1), bias.flatten()).view(len(queries), len(steps), dim)

    def forward(
        self,
        states: Float[Tensor, "before dim"],
        factors: Float[Tensor, "asked step dim"],
        passing: Passing,
        *,
        boundary: Float[Tensor, "given dim"],
        strength: Float[Tensor, " message"],
        usual: Float[Tensor, ""],
    ) -> Float[Tensor, "row dim"]:
        """The states after one more step.

        Args:
            states: those before.
            factors: w of each step for each query vector.
            passing: which message goes where.
            boundary: the query vectors of the given entities that have a state.
            strength: ones, see `gather_messages`.
            usual: the mean logarithm of how many messages there are, which the logarithm is divided by.
        """
        plan = passing.plan
        own = move_rows(states, plan.before, plan.after)  # an entity that is reached now had the state zero
        given = torch.zeros_like(own).index_copy(0, plan.known, boundary)  # [row, dim]
        if self.gathering == "sum":
            made = self.gathered(sum_messages(states, factors, passing, strength) + given)
        else:
            four = gather_messages(states, factors, passing, strength)
            made = self._combine(four, (plan.offsets.diff() + 1).to(states)[:, None], given, usual)
        return own + functional.relu(self.norm(self.own(own) + made))

    def _combine(
        self, four: tuple[Tensor, Tensor, Tensor, Tensor], count: Tensor, given: Tensor, usual: Tensor
    ) -> Float[Tensor, "row dim"]:
        """Four features at three scales, from what was gathered and how many messages there are, [row, 1]."""
        total, squares, highest, lowest = four
        mean = (total + given) / count
        spread = ((squares + given.square()) / count - mean.square()).clamp(min=_LEAST).sqrt()
        features = [mean, torch.maximum(highest, given), torch.minimum(lowest, given), spread]
        size = (count + 1).log() / usual  # [row, 1]
        # A product with a number per row may as well come behind the matmul, which then is three times as narrow.
        plain, times, divided = self.gathered(torch.cat(features, 1)).chunk(3, 1)
        return plain + size * times + divided / size


def start_linear(
    inputs: int, outputs: int, generator: torch.Generator, *, fan: int | None = None, bias: bool = True
) -> nn.Linear:
    """A linear map with uniform numbers within ±1/√inputs, or ±1/√fan."""
    made = nn.utils.skip_init(nn.Linear, inputs, outputs, bias=bias)
    limit = 1 / math.sqrt(fan or inputs)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.uniform_(-limit, limit, generator=generator)
    return made
