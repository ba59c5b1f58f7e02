"""How far tuning has moved a model's weights, layer by layer."""

from __future__ import annotations

import pandas as pd
import torch
from torch import nn

from kgwb.bert import Bert
from kgwb.checks import expect_kind
from kgwb.learn.strategies.agreement import name_places


@torch.no_grad()
def compare_weights(before: Bert, after: Bert) -> pd.DataFrame:
    """How far weights have moved, by the part of the model and the kind of weight.

    moved = ‖W′ − W‖ / ‖W‖, with Frobenius norms over all weights of a row; a weight that only one of the models has, such as
    a head's that tuning made, counts as moved from zero.

    Args:
        before: a model; `copy.deepcopy(model)` keeps one.
        after: the same one, tuned.

    Returns:
        One row per part ("embeddings", "layer 0", ..., "head", "injector", "task heads") and kind of weight ("attention",
        "feed-forward", "norms", "added", "other"): `numbers`, `changed` (of them, those that differ at all), `distance`,
        ‖W′ − W‖, and `moved`, infinite where W was zero.

    Raises:
        TypeError: for what is no model.

    Example:
        >>> import copy
        >>> from kgwb import load_bert, tune
        >>> from kgwb.learn import MaskedWords
        >>> bert = load_bert()
        >>> before = copy.deepcopy(bert)
        >>> for step in tune(bert, MaskedWords(["The sea is wide."]), epochs=1, top_layers=1):
        ...     pass
        >>> changes = compare_weights(before, bert)
        >>> sorted(changes.loc[changes["changed"] > 0, "part"].unique())
        ['head', 'layer 5']
    """
    call = "kgwb.learn.compare_weights(before, after)"
    expect_kind(before, Bert, "A BERT", call=call)
    expect_kind(after, Bert, "A BERT", call=call)
    old, places, rows = _name_weights(before), name_places(after), []
    for name, weight in _name_weights(after).items():
        known = name in old and old[name].shape == weight.shape
        start = old[name].detach().to(weight.device) if known else torch.zeros_like(weight)
        difference = weight - start
        rows.append(
            {
                "part": places.get(id(weight), "task heads"),
                "kind": _name_kind(name),
                "numbers": weight.numel(),
                "changed": int((difference != 0).sum()),
                "distance": float(difference.double().square().sum()),
                "size": float(start.double().square().sum()),
            }
        )
    summed = pd.DataFrame(rows).groupby(["part", "kind"], sort=False).sum().reset_index()
    summed["distance"] **= 0.5
    summed["moved"] = summed["distance"] / (summed.pop("size") ** 0.5)
    return summed


def _name_weights(bert: Bert) -> dict[str, nn.Parameter]:
    """Every weight once; LoRA puts the map that it stands beside one level down, which does not count."""
    return {name.replace(".base_layer.", "."): weight for name, weight in bert.named_parameters()}


def _name_kind(name: str) -> str:
    parts = name.lower()
    if "lora_" in parts or "kgwb_" in parts:
        return "added"
    if "norm" in parts:
        return "norms"
    if any(word in parts for word in ("attention", "attn", "q_lin", "k_lin", "v_lin", "out_lin")):
        return "attention"
    return "feed-forward" if any(word in parts for word in ("intermediate", "output.dense", "ffn", "mlp")) else "other"
