"""Gradient checkpointing: layers are computed twice, and what happens inside them is not kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch.utils.checkpoint import checkpoint

from kgwb.bert.model import Bert, share_weights


def recompute_layers(bert: Bert) -> Bert:
    """Modules of their own with the same weights, whose layers keep their inputs only and are computed again backwards.

    Memory falls from all that happens in every layer to one state per layer, and a step takes about a third longer (Chen
    et al., 2016, "Training deep nets with sublinear memory cost"). Gradients are the same, to the bit. Hugging Face's own
    switch acts in training mode only, which also turns dropout on.
    """
    twin = share_weights(bert, bert.training)
    for layer in twin.stack:
        vars(layer)["forward"] = partial(_checkpoint, layer.forward)
    return twin


def _checkpoint(forward: Callable[..., Any], *given: Any, **options: Any) -> Any:
    return checkpoint(forward, *given, use_reentrant=False, **options)
