"""Settings that are known to work, as plain dicts."""

from __future__ import annotations

from typing import Any

from kgwb.embed.errors import expect_choice

_PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "transe": {
        "default": {"dim": 256, "epochs": 60, "batch": 200, "learning_rate": 0.1, "dropout": 0.3},
        "fb15k-237": {"dim": 256, "epochs": 40, "batch": 1000, "learning_rate": 0.1},
        "wn18rr": {"dim": 256, "epochs": 40, "batch": 500, "learning_rate": 0.1},
        "small": {"dim": 64, "epochs": 40, "batch": 250, "learning_rate": 0.1},
    },
    "distmult": {
        "default": {"dim": 256, "epochs": 60, "batch": 200, "learning_rate": 0.1, "dropout": 0.5},
        "fb15k-237": {"dim": 256, "epochs": 40, "batch": 1000, "learning_rate": 0.1, "dropout": 0.3},
        "wn18rr": {"dim": 256, "epochs": 40, "batch": 500, "learning_rate": 0.1, "regularisation": 0.1},
        "small": {"dim": 64, "epochs": 40, "batch": 250, "learning_rate": 0.1},
    },
    "complex": {
        "default": {"dim": 256, "epochs": 60, "batch": 200, "learning_rate": 0.1, "dropout": 0.5},
        "fb15k-237": {"dim": 256, "epochs": 40, "batch": 1000, "learning_rate": 0.1, "regularisation": 0.05},
        "wn18rr": {"dim": 256, "epochs": 40, "batch": 500, "learning_rate": 0.1, "regularisation": 0.1},
        "small": {"dim": 64, "epochs": 40, "batch": 250, "learning_rate": 0.1, "regularisation": 0.01},
    },
    "rotate": {
        "default": {"dim": 256, "epochs": 60, "batch": 200, "learning_rate": 0.1, "dropout": 0.3},
        "fb15k-237": {"dim": 256, "epochs": 40, "batch": 1000, "learning_rate": 0.1},
        "wn18rr": {"dim": 256, "epochs": 40, "batch": 500, "learning_rate": 0.1},
        "small": {"dim": 64, "epochs": 40, "batch": 250, "learning_rate": 0.1},
    },
}


def preset(scorer: str, data_set: str = "default") -> dict[str, Any]:
    """Settings for a scorer on a data set: `dim`, and arguments of `train_embedding`.

    All of them train with reciprocal relations, which rank better; see `train_embedding` for what that changes.

    Args:
        scorer: "transe", "distmult", "complex" or "rotate", in any case.
        data_set: "fb15k-237", "wn18rr", "small" (some hundreds of entities, to be fitted within seconds),
            or "default" for a graph that nobody tuned for.

    Returns:
        A dict of your own to change.

    Raises:
        ValueError: there are no such settings; the message holds those that there are.

    Example:
        >>> options = preset("complex", "fb15k-237")
        >>> options.pop("dim"), options["regularisation"]
        (256, 0.05)
    """
    expect_choice("scorer", scorer.lower(), tuple(_PRESETS))
    settings = _PRESETS[scorer.lower()]
    expect_choice("data_set", data_set, tuple(settings))
    return {**settings[data_set], "reciprocal": True}
