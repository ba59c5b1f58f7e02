"""Several adapters behind one layer, mixed by what the sentence is about."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import gelu, linear

from kgwb.axes import Bool, Float, Tensor
from kgwb.bert.trace import Hidden

PLACE = "kgwb_experts"


class ExpertLayer(nn.Module):
    """h' = h + Σ_e g_e W_up,e gelu(W_down,e h), g = softmax(W_g m / √d), m the mean of the states that enter the layer.

    Args:
        width: numbers of h.
        count: of adapters.
        narrow: numbers of each bottleneck.
        draw: for the first W_down.
    """

    def __init__(self, width: int, count: int, narrow: int, draw: torch.Generator) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.zeros(count, width))
        self.down = nn.Parameter(torch.randn(count, narrow, width, generator=draw) / width**0.5)
        self.up = nn.Parameter(torch.zeros(count, width, narrow))

    def forward(
        self, hidden: Float[Tensor, "sentence column width"], gates: Float[Tensor, "sentence expert"]
    ) -> Float[Tensor, "sentence column width"]:
        """What leaves the layer, each sentence by its own mixture."""
        inner = gelu(torch.einsum("sth,enh->sten", hidden, self.down))  # [sentence, column, expert, narrow]
        return hidden + torch.einsum("sten,ehn->sth", inner * gates[:, None, :, None], self.up)

    def choose(self, entered: Hidden, is_token: Bool[Tensor, "sentence token"]) -> Float[Tensor, "sentence expert"]:
        """How much each adapter counts in each sentence: a softmax, one over their number each at the start."""
        there = is_token[..., None].to(entered.dtype)
        mean = (entered * there).sum(1) / there.sum(1)  # [sentence, width]
        # Without 1/√d what all sentences share drives the gate to one adapter for every sentence.
        return (linear(mean, self.gate) / mean.shape[-1] ** 0.5).softmax(-1)


def find_experts(layer: nn.Module) -> ExpertLayer | None:
    """The adapters behind a layer, if it has any."""
    found = layer._modules.get(PLACE)
    return found if isinstance(found, ExpertLayer) else None
