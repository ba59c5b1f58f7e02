"""How many numbers the parts of a BERT hold, and how many of them learn."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from torch import nn

from kgwb.bert.model import Bert
from kgwb.checks import expect_kind


def count_parameters(bert: Bert) -> pd.DataFrame:
    """The parameters of each part of a BERT, each counted once.

    Args:
        bert: plain, injected or extended.

    Returns:
        A row per part: "words" (the word embeddings, which the masked-language head shares), "embeddings" (positions,
        segments, norms outside the layers), "layer 0" and on, "masked-language head", and of what it has besides "heads"
        (of tasks), "injector", and each addition by its name; `parameters`, `learning` (those that ask for a gradient) and
        `share` of all.

    Raises:
        TypeError: it is not a BERT.

    Example:
        >>> from kgwb import load_bert
        >>> count_parameters(load_bert()).head(3)[["part", "parameters"]]
                 part  parameters
        0       words    11720448
        1  embeddings      198144
        2     layer 0     1774464
    """
    expect_kind(bert, Bert, "A BERT", call="kgwb.bert.count_parameters(kgwb.load_bert())")
    groups: dict[str, Iterable[nn.Parameter]] = {name: added.parameters() for name, added in bert.additions.items()}
    groups["words"] = bert.words.parameters()
    groups |= {f"layer {i}": layer.parameters() for i, layer in enumerate(bert.stack)}
    groups["embeddings"] = bert.model.base_model.parameters()
    groups["masked-language head"] = bert.model.parameters()
    groups["heads"] = bert.heads.parameters()
    groups["injector"] = () if bert.injector is None else bert.injector.parameters()
    seen: set[nn.Parameter] = set()
    counts = {}
    for part, parameters in groups.items():  # what stands in several counts in the first
        own = set(parameters) - seen
        seen |= own
        counts[part] = (sum(p.numel() for p in own), sum(p.numel() for p in own if p.requires_grad))
    layers = [f"layer {i}" for i in range(bert.layers)]
    order = ["words", "embeddings", *layers, "masked-language head", "heads", "injector", *bert.additions]
    frame = pd.DataFrame([(part, *counts[part]) for part in order], columns=["part", "parameters", "learning"])
    frame = frame[frame.parameters > 0].reset_index(drop=True)
    return frame.assign(share=frame.parameters / frame.parameters.sum())
