"""What a door must know of the BERT it is built for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from kgwb.words import quote_value

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Shape:
    """The measures of a BERT.

    Attributes:
        width: numbers per token.
        heads: attention heads per layer.
        layers: how many layers attend.
        word_length: the mean length of its word embeddings.
        hidden_length: the mean length of its hidden states, as its layer norms set it.
        dtype: of its weights.
    """

    width: int
    heads: int
    layers: int
    word_length: float
    hidden_length: float
    dtype: torch.dtype = torch.float32

    def pick_layers(self, layers: Sequence[int] | None, default: tuple[int, ...]) -> tuple[int, ...]:
        """The layers asked for, counted from 0, or a default.

        Raises:
            ValueError: if this BERT has no such layer, one is named twice, or these are no whole numbers.
        """
        if layers is None:
            return default
        chosen: Sequence[object] = tuple(layers) if _is_list(layers) else ()
        if not chosen or not all(self._has(layer) for layer in chosen) or len(set(chosen)) < len(chosen):
            usual = f"({layers},)" if self._has(layers) else f"({self.layers - 1},)"
            raise ValueError(
                f"layers={quote_value(layers)} came; this BERT has layers 0 to {self.layers - 1}. "
                f"Expected some of them, each once. Type layers={usual}."
            )
        return tuple(int(layer) for layer in chosen if isinstance(layer, Integral))

    def _has(self, layer: object) -> bool:
        return not isinstance(layer, bool) and isinstance(layer, Integral) and 0 <= int(layer) < self.layers


def _is_list(layers: object) -> bool:
    return isinstance(layers, Sequence) or (isinstance(layers, np.ndarray) and layers.ndim == 1)


def _measure_norm(norm: nn.LayerNorm) -> float:
    """How long the states are that it sets; ModernBERT's norms have no bias."""
    squares = norm.weight.square() if norm.bias is None else norm.weight.square() + norm.bias.square()
    return squares.sum().sqrt().item()


def measure_shape(model: PreTrainedModel, words: nn.Embedding) -> Shape:
    """Measure a Hugging Face BERT."""
    config: Any = model.config
    norms = [module for module in model.base_model.modules() if isinstance(module, nn.LayerNorm)]
    lengths = [_measure_norm(norm) for norm in norms]
    return Shape(
        width=int(words.weight.shape[1]),
        heads=int(config.num_attention_heads),
        layers=int(config.num_hidden_layers),
        word_length=words.weight.detach().float().norm(dim=1).mean().item(),
        hidden_length=sum(lengths) / len(lengths),
        dtype=words.weight.dtype,
    )
