"""What a door must know of the BERT it is built for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

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

    def pick_layers(self, layers: tuple[int, ...] | None, default: tuple[int, ...]) -> tuple[int, ...]:
        """The layers asked for, counted from 0, or a default.

        Raises:
            ValueError: if this BERT has no such layer.
        """
        chosen = default if layers is None else tuple(layers)
        if not chosen or not all(0 <= layer < self.layers for layer in chosen):
            raise ValueError(
                f"layers={layers!r} came; this BERT has layers 0 to {self.layers - 1}. Type layers=({self.layers - 1},)."
            )
        return chosen


def measure_shape(model: PreTrainedModel, words: nn.Embedding) -> Shape:
    """Measure a Hugging Face BERT."""
    config: Any = model.config
    norms = [module for module in model.base_model.modules() if isinstance(module, nn.LayerNorm)]
    lengths = [(norm.weight.square() + norm.bias.square()).sum().sqrt().item() for norm in norms]
    return Shape(
        width=int(words.weight.shape[1]),
        heads=int(config.num_attention_heads),
        layers=int(config.num_hidden_layers),
        word_length=words.weight.detach().float().norm(dim=1).mean().item(),
        hidden_length=sum(lengths) / len(lengths),
        dtype=words.weight.dtype,
    )
