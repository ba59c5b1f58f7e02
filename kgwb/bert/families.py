"""What differs between the families of BERT that Hugging Face has: where layers, heads, positions and masks are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import gelu

from kgwb.axes import Bool, Float, Int, Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FAMILIES = ("bert", "distilbert", "roberta", "xlm-roberta", "camembert", "modernbert")
# What weights of a masked-language head are called, beside those that the word embeddings lend it.
HEAD_NAMES = ("cls.", "lm_head.", "vocab_transform.", "head.")
# They count positions from one past the padding id.
_AFTER_PADDING = ("roberta", "xlm-roberta", "camembert")
# The linear maps of a layer: three into attention and one out of it, two of the feed-forward part.
MAPS = ("query", "key", "value", "output", "up", "down")


@dataclass(frozen=True)
class LayerParts:
    """Where the parts of a layer stand in it.

    Attributes:
        attention: what attends.
        outputs: of "attention" and "feed_forward", what gives the output that is added to the residual.
        maps: of each of `MAPS`, the linear map.
    """

    attention: str
    outputs: Mapping[str, str]
    maps: Mapping[str, str]


_BERT = LayerParts(
    "attention.self",
    {"attention": "attention.output.dropout", "feed_forward": "output.dropout"},
    {name: f"attention.self.{name}" for name in ("query", "key", "value")}
    | {"output": "attention.output.dense", "up": "intermediate.dense", "down": "output.dense"},
)
_DISTILBERT = LayerParts(
    "attention",
    {"attention": "attention", "feed_forward": "ffn"},
    {"query": "attention.q_lin", "key": "attention.k_lin", "value": "attention.v_lin"}
    | {"output": "attention.out_lin", "up": "ffn.lin1", "down": "ffn.lin2"},
)
_MODERNBERT = LayerParts(
    "attn",
    {"attention": "attn", "feed_forward": "mlp"},
    dict.fromkeys(("query", "key", "value"), "attn.Wqkv") | {"output": "attn.Wo", "up": "mlp.Wi", "down": "mlp.Wo"},
)


def find_layers(model: PreTrainedModel) -> nn.ModuleList:
    """The layers, from the first."""
    encoder: Any = model.base_model
    inner = next((getattr(encoder, name) for name in ("transformer", "encoder") if hasattr(encoder, name)), encoder)
    layers = inner.layers if hasattr(inner, "layers") else inner.layer
    assert isinstance(layers, nn.ModuleList)
    return layers


def find_layer_parts(model: PreTrainedModel) -> LayerParts:
    """Where the parts of each layer stand in it."""
    return {"distilbert": _DISTILBERT, "modernbert": _MODERNBERT}.get(model.config.model_type, _BERT)


def find_first_position(model: PreTrainedModel) -> int:
    """The row of the position table where sentences begin."""
    return model.config.pad_token_id + 1 if model.config.model_type in _AFTER_PADDING else 0


def transform_states(model: PreTrainedModel, hidden: Float[Tensor, "... width"]) -> Float[Tensor, "... width"]:
    """Hidden states as the masked-language head's decoder, the last of its maps, takes them."""
    head: Any = model
    if hasattr(head, "cls"):
        return head.cls.predictions.transform(hidden)
    if hasattr(head, "lm_head"):
        return head.lm_head.layer_norm(gelu(head.lm_head.dense(hidden)))
    if hasattr(head, "head"):
        return head.head(hidden)
    return head.vocab_layer_norm(head.activation(head.vocab_transform(hidden)))


def mask_columns(
    model: PreTrainedModel, is_there: Bool[Tensor, "sentence column"], positions: Int[Tensor, "sentence column"]
) -> Tensor | dict[str, Tensor]:
    """The attention mask of columns that do not stand in the order of their positions.

    Layers that look no farther than a window (ModernBERT) measure it in positions: a vector beside a word is as near as
    the word.

    Args:
        model: Hugging Face's.
        is_there: False where there is nothing to attend to.
        positions: of each column.
    """
    window = getattr(model.config, "sliding_window", None)
    if window is None:
        return is_there.long()
    apart = (positions[:, :, None] - positions[:, None]).abs()  # [sentence, query, key]
    seen = is_there[:, None].expand_as(apart)
    shut = torch.finfo(model.dtype).min
    masks = {"full_attention": seen, "sliding_attention": seen & (apart <= window)}
    # [sentence, 1, query, key], added to the scores
    return {
        kind: torch.zeros_like(mask, dtype=model.dtype).masked_fill(~mask, shut)[:, None]
        for kind, mask in masks.items()
    }
