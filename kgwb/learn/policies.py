"""Which weights are trained, and at which learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

from torch import nn

from kgwb.bert import Bert
from kgwb.checks import expect_choice

Policy = Literal["full", "partial"]

# Factors of the learning rate. A new head and a new injector start from zero and have far to go; BERT's own layers do
# not. Measured on the archipelago: at one rate for all, the top layers memorise the sentences before the door opens.
NEW_HEAD = 30
INJECTOR = 300
GATE = 3000


def group_parameters(
    bert: Bert, policy: Policy, *, learning_rate: float, top_layers: int, heads: Sequence[nn.Module] = ()
) -> list[dict[str, Any]]:
    """The parameters that a policy trains, in optimizer groups.

    Args:
        bert: the model; nothing in it is changed.
        policy: "full" trains all; "partial" trains the injector, the masked-language head and the top layers.
        learning_rate: of BERT's own layers; a new head takes 30 times it, the injector 300
            (times its `learning_rate_factor`), its gate 3,000.
        top_layers: how many layers "partial" trains.
        heads: parameters of the tasks themselves; they start from zero, as a new head does.

    Raises:
        ValueError: for another policy, or more layers than there are.
    """
    expect_choice("policy", policy, get_args(Policy))
    if not 0 <= top_layers <= bert.layers:
        raise ValueError(f"top_layers={top_layers} came; this BERT has {bert.layers} layers. Type top_layers=1.")
    encoder = bert.model.base_model
    own = list(encoder.parameters()) if policy == "full" else _parameters_of_top(encoder, bert.layers, top_layers)
    in_encoder = {id(parameter) for parameter in encoder.parameters()}
    # The decoder shares the word embeddings, which stay with the encoder.
    head = [parameter for parameter in bert.model.parameters() if id(parameter) not in in_encoder]
    doors = bert.injector.doors if bert.injector is not None else ()
    brought = {id(parameter): parameter for module in heads for parameter in module.parameters()}
    groups: list[dict[str, Any]] = [
        {"params": own, "lr": learning_rate},
        {"params": head, "lr": learning_rate * (NEW_HEAD if bert.new_head else 1)},
        {"params": list(brought.values()), "lr": learning_rate * NEW_HEAD},
        {"params": [p for door in doors for p in door.parameters() if p.ndim == 0], "lr": learning_rate * GATE},
    ]
    groups += [
        {
            "params": [p for p in door.parameters() if p.ndim > 0],
            "lr": learning_rate * INJECTOR * door.learning_rate_factor,
        }
        for door in doors
    ]
    learning = [group | {"params": [p for p in group["params"] if p.requires_grad]} for group in groups]
    return [group for group in learning if group["params"]]


def _parameters_of_top(encoder: nn.Module, layers: int, top_layers: int) -> list[nn.Parameter]:
    stack = next(m for m in encoder.modules() if isinstance(m, nn.ModuleList) and len(m) == layers)
    return [parameter for layer in list(stack)[layers - top_layers :] for parameter in layer.parameters()]
