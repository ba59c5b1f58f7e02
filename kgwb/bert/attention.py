"""Hugging Face's attention, with a place for doors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from kgwb.axes import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "kgwb_doors"


def open_attention(model: PreTrainedModel) -> None:
    """Let doors take part in a model's attention: without a passage it is Hugging Face's eager attention.

    The function is registered under a name of its own, with the mask of eager attention: without a mask function
    padding would be attended to in silence.
    """
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, eager_mask)
    model.set_attn_implementation(NAME)


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    kgwb_passage: Any = None,
    **options: Any,
) -> tuple[Tensor, Tensor]:
    """Attention for one layer; `kgwb_passage` travels here untouched from the call of the model."""
    if kgwb_passage is None:
        from transformers.models.bert.modeling_bert import eager_attention_forward

        return eager_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **options
        )
    return kgwb_passage.attend(module, query, key, value, attention_mask, scaling or query.shape[-1] ** -0.5, dropout)
