"""A door opened by hand: as far as asked, on the forward pass alone, and the model itself is left as it is."""

from __future__ import annotations

import torch
from torch import nn

from kgwb.bert import Bert
from kgwb.bert.doors.gate import Gate
from kgwb.bert.model import share_weights
from kgwb.checks import expect_kind, expect_share

_SAME = 0.005  # a slider has steps: this close to what was learnt counts as that


def open_gate(model: Bert, openness: float | int) -> Bert:
    """A twin of an injected model whose door stands open as far as asked; it shares all weights but its gates.

    Each gate g = tanh(α) becomes g · openness ÷ max |g|: gates keep their proportions, 0 closes the door, as
    `model.injector.off()` does, and what was learnt is the model itself. Gates that are all closed open alike, through maps
    that learnt nothing.

    Args:
        model: an injected BERT; it is left as it is.
        openness: of the widest gate, from 0 (closed) to 1 (wide open).

    Raises:
        ValueError: the openness is no share, or BERT has no door, or one without a `Gate`.

    Example:
        >>> import pandas as pd
        >>> from kgwb import ComplEx, GraphEmbedding, KnowledgeGraph, inject, load_bert
        >>> facts = pd.DataFrame([["Paris", "capital of", "France"]], columns=["head", "relation", "tail"])
        >>> model = inject(load_bert(), GraphEmbedding(KnowledgeGraph.from_pandas(facts), ComplEx(), dim=8))
        >>> [round(open_gate(model, 0.5).injector.gate, 3), model.injector.gate]
        [0.5, 0.0]
    """
    expect_kind(model, Bert, "A BERT", call="kgwb.see.open_gate(model, 0.5)")
    expect_share("openness", openness, usual=0.5)
    if model.injector is None:
        raise ValueError(f"{model.name!r} has no door. Type kgwb.see.open_gate(kgwb.inject(bert, vectors), 0.5).")
    twin = share_weights(model, training=False)
    assert twin.injector is not None
    gates = [module for module in twin.injector.modules() if isinstance(module, Gate)]
    if not gates:
        raise ValueError(
            f"The {twin.injector.mode} door holds no Gate, so it cannot be opened by hand. Build it with a "
            "kgwb.bert.doors.gate.Gate."
        )
    widest = max(gate.openness for gate in gates)
    if abs(widest - openness) < _SAME:
        return twin
    for gate in gates:
        share = gate.factor.detach() * (float(openness) / widest) if widest else torch.full_like(gate.alpha, openness)
        # tanh reaches 1 only at infinity, which would spoil what it is multiplied with.
        alpha = torch.atanh(share.double().clamp(-1 + 1e-9, 1 - 1e-9)).to(gate.alpha.dtype)
        gate.alpha = nn.Parameter(alpha, requires_grad=False)
    return twin
