"""All that decides what a model answers, for whoever asks whether two models are the same."""

from __future__ import annotations

from typing import Any

from kgwb.bert import Bert
from kgwb.bert.added import list_base_weights
from kgwb.bert.origin import describe_config
from kgwb.fingerprints import fingerprint, hash_tensors


def describe_model(bert: Bert) -> dict[str, Any]:
    """All that decides what a model answers, by name."""
    injector, state = bert.injector, list_base_weights(bert.model, bert.additions)
    parts = {
        "weights": hash_tensors(state[name] for name in sorted(state)),
        "kind": [type(bert.model).__name__, bert.new_head],
        "config": fingerprint(describe_config(bert.model)),
        "tokenizer": fingerprint(bert.tokenizer),
    }
    if bert.heads:
        parts["heads"] = fingerprint(bert.heads)
    if bert.additions:
        parts["additions"] = fingerprint(bert.additions)
    if injector is None:
        return parts
    doors = injector.state_dict()
    recipe = {name: value for name, value in injector.recipe.items() if name != "bert"}
    return parts | {**recipe, "injector": hash_tensors(doors[name] for name in sorted(doors)), "is_on": injector.is_on}
