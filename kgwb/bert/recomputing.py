"""Gradient checkpointing: layers are computed twice, and what happens inside them is not kept."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from torch import nn
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
        layer.__class__ = _make_recomputing(type(layer))  # type: ignore[arg-type]  # mypy takes no class for hashable
    return twin


@cache
def _make_recomputing(kind: type[nn.Module]) -> type[nn.Module]:
    """The kind of layer that is computed twice; a class, because a twin of the twin, with other weights, keeps it."""

    def forward(self: nn.Module, *given: Any, **options: Any) -> Any:
        return checkpoint(partial(kind.forward, self), *given, use_reentrant=False, **options)

    return type(kind.__name__, (kind,), {"forward": forward})
