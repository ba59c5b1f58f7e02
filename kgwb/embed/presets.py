"""Settings that are known to work, as plain dicts."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgwb.checks import expect_at_least, expect_choice, expect_text
from kgwb.embed.scorers import SCORERS

# What all settings of a scorer share stands first; each data set says what differs. The figures that they reach are in
# tests/benchmarks/README.md.
_SHARED: dict[str, Any] = {"dim": 256, "epochs": 60, "batch": 1000, "learning_rate": 0.1, "reciprocal": True}
_SMALL: dict[str, Any] = {"dim": 64, "epochs": 40, "batch": 250}
_HUNDREDS: dict[str, Any] = {"epochs": 100, "batch": 200}
_LARGE: dict[str, Any] = {"dim": 128, "epochs": 20, "batch": 4000, "negatives": 4000}
# Rank 1000 with relation prediction, as published for a GPU (Chen et al., 2021, test MRR .388 and .488 after 500 epochs). A
# batch there is of triples and here of queries, which have 3.6 answers on FB15k-237 and 1.7 on WN18RR; relations are asked
# for there in both directions, and here from head to tail.
_WIDE: dict[str, Any] = {"dim": 2000, "epochs": 100}
_UNTUNED: dict[str, dict[str, Any]] = {  # a scorer without settings of its own: a little of what helps all others
    "default": {"dropout": 0.2},
    "hundreds": _HUNDREDS | {"dropout": 0.3},
    "large": _LARGE | {"dropout": 0.1},
    "small": _SMALL,
}
_PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "transe": {
        "default": {"dropout": 0.3},
        "hundreds": _HUNDREDS | {"epochs": 60, "dropout": 0.3},
        "large": _LARGE | {"dropout": 0.1},
        "small": _SMALL,
        "fb15k-237": {"dropout": 0.3},
        "wn18rr": {"batch": 500},
    },
    "distmult": {
        "default": {"regularisation": 0.05},
        "hundreds": _HUNDREDS | {"regularisation": 0.005, "dropout": 0.5},
        "large": _LARGE | {"regularisation": 0.02},
        "small": _SMALL,
        "fb15k-237": {"regularisation": 0.05},
        "wn18rr": {"batch": 500, "regularisation": 0.1},
    },
    "complex": {
        "default": {"regularisation": 0.05},
        "hundreds": _HUNDREDS | {"regularisation": 0.005, "dropout": 0.5},
        "large": _LARGE | {"regularisation": 0.02},
        "small": _SMALL | {"regularisation": 0.01},
        "fb15k-237": {
            "dim": 768,
            "epochs": 40,
            "cool_down": 20,
            "batch": 500,
            "regularisation": 0.05,
            "relation_weight": 1.0,
        },
        "wn18rr": {"dim": 512, "epochs": 32, "cool_down": 16, "regularisation": 0.1},
        "fb15k-237-gpu": _WIDE | {"batch": 250, "regularisation": 0.05, "relation_weight": 4.0},
        "wn18rr-gpu": _WIDE | {"batch": 100, "regularisation": 0.1, "relation_weight": 0.05},
        "umls": _HUNDREDS | {"dim": 1024, "epochs": 150, "cool_down": 75, "regularisation": 0.01, "dropout": 0.2},
        "kinship": _HUNDREDS | {"dim": 512, "epochs": 130, "dropout": 0.7, "relation_weight": 4.0},
        "nations": _HUNDREDS | {"epochs": 80, "dropout": 0.7},
    },
    "rotate": {
        "default": {"dropout": 0.2, "regularisation": 0.5},
        "hundreds": _HUNDREDS | {"dropout": 0.3},
        "large": _LARGE | {"dropout": 0.1, "regularisation": 0.1},
        "small": _SMALL,
        "fb15k-237": {"dropout": 0.2, "regularisation": 0.5},
        "wn18rr": {"negatives": 2000, "dropout": 0.1, "regularisation": 1.0},
    },
    "rescal": {
        "default": {"dim": 64, "regularisation": 0.05},
        "hundreds": _HUNDREDS | {"dim": 64, "regularisation": 0.01, "dropout": 0.2},
        "large": _LARGE | {"dim": 32, "regularisation": 0.02},
        "small": _SMALL | {"dim": 32},
    },
}


def preset(scorer: str, data_set: str | int | np.integer = "default") -> dict[str, Any]:
    """Settings for a scorer on a data set: `dim`, and arguments of `train_embedding`.

    All of them train with reciprocal relations, which rank better; see `train_embedding` for what that changes.

    Args:
        scorer: the name of one of kgwb's scorers, in any case; one that nothing was tuned for gets moderate settings.
        data_set: one that the settings were tuned for, such as "fb15k-237"; or, for a graph that nothing was tuned for, how
            many entities it has: below 1,000 stands for "hundreds", up to 50,000 for "default", above for "large",
            which samples negatives. "fb15k-237-gpu" and "wn18rr-gpu" hold ComplEx's widest published settings,
            meant for a GPU; a processor takes hours. "small" fits what it is given within seconds, whatever that is worth
            elsewhere.

    Returns:
        A dict of your own to change.

    Raises:
        ValueError: there are no such settings; the message holds those that there are.

    Example:
        >>> options = preset("complex", "fb15k-237")
        >>> options.pop("dim"), options["regularisation"]
        (768, 0.05)
        >>> preset("complex", 135) == preset("complex", "hundreds")
        True
    """
    expect_text("scorer", scorer, usual="complex")
    expect_choice("scorer", scorer.lower(), tuple(name.lower() for name in SCORERS))
    settings = _PRESETS.get(scorer.lower(), _UNTUNED)
    if not isinstance(data_set, str):
        expect_at_least("data_set", data_set, 1, whole=True)
        data_set = "hundreds" if data_set < 1_000 else "default" if data_set <= 50_000 else "large"
    expect_choice("data_set", data_set.lower(), tuple(settings))
    return {**_SHARED, **settings[data_set.lower()]}
