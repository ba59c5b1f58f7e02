"""Settings that a search is told, and does not search."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from kgwb.checks import expect_at_least, expect_choice, expect_flags, expect_kind
from kgwb.embed.precision import PRECISIONS
from kgwb.embed.scorers.scorer import Scorer
from kgwb.embed.training.arguments import expect_ranges, make_negatives
from kgwb.embed.training.loop import train_embedding
from kgwb.embed.training.losses import LOSSES

_CALL = "find_settings(split, fixed={'dim': 64})"
# Of train_embedding, what the search itself decides or needs.
_OWN = {"embedding", "split", "epochs", "checkpoint", "checkpoint_every", "shard", "memory", "cool_down"}
_OWN |= {"evaluate_every", "evaluate_on", "plateau", "patience"}
_WORDS = {"optimizer": ("adagrad", "adam"), "loss": LOSSES, "precision": PRECISIONS}


def expect_fixed(fixed: object, entities: int, scorers: Sequence[Scorer]) -> dict[str, Any]:
    """Settings that `GraphEmbedding` and `train_embedding` will take, as a dict of plain values.

    Args:
        fixed: what came; None for nothing.
        entities: how many there are.
        scorers: that will be given them.

    Raises:
        TypeError: it is no mapping.
        ValueError: one is no setting, out of its range, or nothing that a file can hold.
    """
    expect_kind(fixed, (Mapping, type(None)), "A mapping of settings to values, or None,", call=_CALL)
    given = dict(fixed) if isinstance(fixed, Mapping) else {}
    known = ["dim", *(name for name in inspect.signature(train_embedding).parameters if name not in _OWN)]
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"fixed holds {name!r}. Type one of {', '.join(known)}, as in {_CALL}.")
        given[name] = value.item() if isinstance(value, np.generic) else value
    expect_ranges(given)
    for name in given.keys() & _WORDS.keys():
        expect_choice(name, given[name], _WORDS[name])
    if "reciprocal" in given:
        expect_flags(reciprocal=given["reciprocal"])
    if "dim" in given:
        expect_at_least("dim", given["dim"], 1, whole=True)
        for scorer in scorers:
            scorer.relation_width(given["dim"])
    if "negatives" in given:
        if not isinstance(given["negatives"], (str, int)):
            message = f"negatives={given['negatives']!r} came, which trials cannot share"
            raise ValueError(f"{message}. Type fixed={{'negatives': 'all'}}, or a number.")
        make_negatives(given["negatives"], entities, generator=torch.Generator())
    return given
