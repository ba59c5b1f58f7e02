"""The additions of a saved model, made anew from their recipes and then filled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kgwb.axes import Tensor
from kgwb.bert.additions.adapter import Adapter
from kgwb.bert.additions.experts import Experts
from kgwb.bert.additions.lora import LoRA
from kgwb.bert.additions.prefix import Prefix
from kgwb.bert.model import Bert

_KINDS = {kind.name: kind for kind in (LoRA, Adapter, Prefix, Experts)}


def restore_additions(bert: Bert, described: Mapping[str, Mapping[str, Any]], tensors: Mapping[str, Tensor]) -> None:
    """Give a BERT the additions of a saved model, in place.

    Args:
        bert: without any.
        described: by name, in their order, the options of each.
        tensors: their weights.

    Raises:
        ValueError: if the tensors are not those of the additions, or one is of no known kind.
    """
    for name, options in described.items():
        if name not in _KINDS:
            raise ValueError(f"the addition {name!r} is none of {', '.join(_KINDS)}. Type model.save(folder) again.")
        _KINDS[name](**options).attach(bert)
    missing = bert.additions.state_dict().keys() ^ tensors.keys()
    if missing:
        raise ValueError(f"{min(missing)} is on one side only. Type model.save(folder) to save the model anew.")
    # In the memory of modules made here: where in a file a weight lies decides the last bit of a product.
    bert.additions.load_state_dict(dict(tensors))
