"""The parts that doors share: gates, linear maps with first weights of their own, tables of a common length."""

from __future__ import annotations

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_number


class Gate(nn.Module):
    """tanh(α), closed at the start; where the context decides, times 2·σ(w·[h; k] + b) for each token.

    h is what BERT holds at the token, k what the door would bring; w and b start at zero, so that at first every
    token opens alike (the gate per token follows Wang et al., 2020, and Alayrac et al., 2022, for α).

    Args:
        width: numbers of h and of k.
        adaptive: let the context decide.
        dtype: of the weights.
    """

    def __init__(self, width: int, *, adaptive: bool, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros((), dtype=dtype))
        self.adaptive = adaptive
        if adaptive:
            self.weight = nn.Parameter(torch.zeros(2 * width, dtype=dtype))
            self.bias = nn.Parameter(torch.zeros(1, dtype=dtype))

    def forward(
        self, hidden: Float[Tensor, "*tokens width"], knowledge: Float[Tensor, "*tokens width"]
    ) -> Float[Tensor, "*tokens 1"]:
        """How far it is open at each token; the sign is free, for a map behind it may turn it round."""
        return self.factor * self.choice(hidden, knowledge)

    def mass(
        self, hidden: Float[Tensor, "*tokens width"], knowledge: Float[Tensor, "*tokens width"]
    ) -> Float[Tensor, "*tokens 1"]:
        """|tanh(α)|·σ for doors that take a share of attention, which cannot be negative; at most 1.

        At α = 0 the gradient of |α| counts as 1, or the door could never open.
        """
        width = torch.tanh(torch.where(self.alpha >= 0, self.alpha, -self.alpha))
        return (width * self.choice(hidden, knowledge)).clamp_max(1.0)

    def choice(
        self, hidden: Float[Tensor, "*tokens width"], knowledge: Float[Tensor, "*tokens width"]
    ) -> Float[Tensor, "*tokens 1"]:
        """What the context decides: 1 for every token where it does not."""
        if not self.adaptive:
            return hidden.new_ones(*hidden.shape[:-1], 1)
        inputs = torch.cat([hidden, knowledge], -1)  # [*tokens, 2 · width]
        # Scaled by the width, so that one step of the optimizer turns wide and narrow gates alike.
        return 2 * torch.sigmoid((inputs * self.weight).sum(-1, keepdim=True) / len(self.weight) ** 0.5 + self.bias)

    @property
    def factor(self) -> Float[Tensor, ""]:
        """tanh(α), the same for all tokens."""
        return torch.tanh(self.alpha)

    @property
    def openness(self) -> float:
        """|tanh(α)|."""
        return abs(self.factor.item())


def expect_strength(strength: object) -> None:
    """How long what a door brings can get; beyond some length even a closed door would let through 0 · ∞.

    Raises:
        ValueError: it is no number above 0 and below 1,000.
    """
    expect_number("strength", strength, usual=2.0, above=0)
    expect_number("strength", strength, usual=2.0, below=1000)


def gate_at(gates: nn.ModuleList, number: int) -> Gate:
    """One gate of a list."""
    gate = gates[number]
    assert isinstance(gate, Gate)
    return gate


def keep_above_zero(share: Float[Tensor, "*rows 1"]) -> Float[Tensor, "*rows 1"]:
    """A share of attention to divide by, which may have vanished: its inverse, squared, is still a finite gradient."""
    return share.clamp_min(min(torch.finfo(share.dtype).tiny ** 0.5, 1e-4))


def make_map(
    inputs: int, outputs: int, length: float, draw: torch.Generator, dtype: torch.dtype = torch.float32
) -> nn.Linear:
    """A linear map that makes vectors of length one about `length` long, drawn from a stream of its own."""
    # skip_init: the default first weights would draw from, and so move, the caller's random numbers.
    made = nn.utils.skip_init(nn.Linear, inputs, outputs, bias=False, dtype=dtype)
    weight = torch.randn(outputs, inputs, generator=draw, dtype=dtype) / outputs**0.5
    made.weight = nn.Parameter(weight * length)
    return made


def map_at(maps: nn.ModuleList, number: int) -> nn.Linear:
    """One map of a list."""
    found = maps[number]
    assert isinstance(found, nn.Linear)
    return found


def scale_to_one(table: Float[Tensor, "row dim"]) -> Float[Tensor, "row dim"]:
    """The vectors of a table, with a mean length of one."""
    return table / table.norm(dim=1).mean().clamp_min(1e-12)
