"""A mixture of adapters: which of them act, the sentence decides, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from kgwb.bert.additions.addition import Addition, settle
from kgwb.bert.expert_layer import PLACE, ExpertLayer
from kgwb.bert.model import Bert
from kgwb.bert.shape import Shape
from kgwb.checks import expect_at_least, expect_seed


@dataclass(frozen=True)
class Experts(Addition):
    """Several adapters behind each layer, mixed by a learned gate.

    h' = h + Σ_e g_e W_up,e gelu(W_down,e h), g = softmax(W_g m / √d), m the mean of the states of the sentence that enter
    the layer, d their width; W_up and W_g are zero at the start, so that all count alike (the mixture follows Jacobs et al.,
    1991, its members Houlsby et al., 2019; here h is what leaves the layer, where doors act too). `Reading.experts` shows g.
    They act wherever kgwb runs the model; Hugging Face's own call, `bert.model(...)`, does not pass them.

    Args:
        count: of adapters in each layer.
        width: numbers of each bottleneck.
        seed: for the first W_down.

    Raises:
        ValueError: the count is no whole number above 1, or the width none above 0.

    Example:
        >>> Experts(count=2)
        Experts(count=2, width=16, seed=0)
    """

    name: ClassVar[str] = "experts"
    count: int = 4
    width: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        expect_at_least("count", self.count, 2, whole=True)
        expect_at_least("width", self.width, 1, whole=True)
        expect_seed(self.seed)
        settle(self)

    def _make_layers(self, bert: Bert, shape: Shape, draw: torch.Generator) -> nn.ModuleList:
        return nn.ModuleList(ExpertLayer(shape.width, self.count, self.width, draw) for _ in range(shape.layers))

    def _place(self, bert: Bert, layers: nn.ModuleList) -> nn.ModuleList:
        for layer, added in zip(bert.stack, layers, strict=True):
            layer.add_module(PLACE, added)
        return layers
