"""A learned prefix: keys and values that every sentence may read, in each layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from kgwb.bert.additions.addition import Addition, settle
from kgwb.bert.families import find_layer_parts
from kgwb.bert.model import Bert
from kgwb.bert.passing import open_attention
from kgwb.bert.prefix_attention import PLACE, PrefixAttention
from kgwb.bert.shape import Shape
from kgwb.checks import expect_at_least, expect_seed


@dataclass(frozen=True)
class Prefix(Addition):
    """Learned keys K and values V in the attention of each layer, in one softmax with the words.

    With P = Σ exp(q · k / √d) over the prefix and Z the same sum over the words, the prefix holds the share
    μ = g P / (g P + Z) of each row, and the output is o' = (1 − μ) o + μ · softmax(q Kᵀ / √d) V (Li & Liang, 2021);
    g = |tanh α|, one for each head, is zero at the start (Zhang et al., 2023, LLaMA-Adapter). `Reading.prefix` shows what
    goes to it. It acts wherever kgwb runs the model; Hugging Face's own call, `bert.model(...)`, does not read it.

    Args:
        length: how many vectors.
        seed: for the first keys and values.

    Raises:
        ValueError: the length is no whole number above 0.

    Example:
        >>> Prefix(length=8)
        Prefix(length=8, seed=0)
    """

    name: ClassVar[str] = "prefix"
    length: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        expect_at_least("length", self.length, 1, whole=True)
        expect_seed(self.seed)
        settle(self)

    def _make_layers(self, bert: Bert, shape: Shape, draw: torch.Generator) -> nn.ModuleList:
        part = shape.width // shape.heads
        return nn.ModuleList(PrefixAttention(i, self.length, shape.heads, part, draw) for i in range(shape.layers))

    def _place(self, bert: Bert, layers: nn.ModuleList) -> nn.ModuleList:
        for layer, added in zip(bert.stack, layers, strict=True):
            layer.get_submodule(find_layer_parts(bert.model).attention).add_module(PLACE, added)
        open_attention(bert.model)
        return layers
