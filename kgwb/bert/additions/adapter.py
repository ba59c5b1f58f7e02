"""Bottleneck adapters: a narrow detour behind each of a layer's two parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn.functional import gelu, linear

from kgwb.axes import Float, Tensor
from kgwb.bert.additions.addition import Addition, settle
from kgwb.bert.families import find_layer_parts
from kgwb.bert.model import Bert
from kgwb.bert.shape import Shape
from kgwb.checks import expect_at_least, expect_seed

PLACE = "kgwb_adapter"


@dataclass(frozen=True)
class Adapter(Addition):
    """A bottleneck behind attention and behind the feed-forward part of each layer.

    h' = h + W_up gelu(W_down h), W_up zero at the start, h what each part gives before the residual is added and, in BERT
    itself, normed (Houlsby et al., 2019, without their biases).

    Args:
        width: numbers of the bottleneck.
        seed: for the first W_down.

    Raises:
        ValueError: the width is no whole number above 0.

    Example:
        >>> Adapter(width=8)
        Adapter(width=8, seed=0)
    """

    name: ClassVar[str] = "adapter"
    width: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        expect_at_least("width", self.width, 1, whole=True)
        expect_seed(self.seed)
        settle(self)

    def _make_layers(self, bert: Bert, shape: Shape, draw: torch.Generator) -> nn.ModuleList:
        return nn.ModuleList(
            nn.ModuleDict({part: Bottleneck(shape.width, self.width, draw) for part in ("attention", "feed_forward")})
            for _ in range(shape.layers)
        )

    def _place(self, bert: Bert, layers: nn.ModuleList) -> nn.ModuleList:
        for layer, added in zip(bert.stack, layers, strict=True):
            assert isinstance(added, nn.ModuleDict)
            for part, place in find_layer_parts(bert.model).outputs.items():
                module = layer.get_submodule(place)
                module.add_module(PLACE, added[part])
                module.register_forward_hook(pass_bottleneck)
        return layers


class Bottleneck(nn.Module):
    """h + W_up gelu(W_down h).

    Args:
        width: numbers of h.
        narrow: numbers of the bottleneck.
        draw: for the first W_down.
    """

    def __init__(self, width: int, narrow: int, draw: torch.Generator) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(narrow, width, generator=draw) / width**0.5)
        self.up = nn.Parameter(torch.zeros(width, narrow))

    def forward(self, hidden: Float[Tensor, "*tokens width"]) -> Float[Tensor, "*tokens width"]:
        return hidden + linear(gelu(linear(hidden, self.down)), self.up)


def pass_bottleneck(module: nn.Module, given: Any, output: Any) -> Any:
    """A hook that finds its bottleneck in the module itself: modules of their own with the same weights have theirs."""
    bottleneck = module.get_submodule(PLACE)
    return (bottleneck(output[0]), *output[1:]) if isinstance(output, tuple) else bottleneck(output)
