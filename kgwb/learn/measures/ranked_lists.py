"""What a ranking of passages is worth: nDCG and recall of its first places, query by query."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Float, Int
from kgwb.checks import expect_at_least
from kgwb.packages import load_package
from kgwb.words import describe_kind

# The gain of each passage: 1 and 0, True and False, or more than one grade.
Gains: TypeAlias = (
    Float[np.ndarray, "query passage"] | Int[np.ndarray, "query passage"] | Bool[np.ndarray, "query passage"]
)
_CALL = "kgwb.learn.score_rankings(scores, relevant)"


def score_rankings(scores: Float[np.ndarray, "query passage"], relevant: Gains, *, k: int = 10) -> pd.DataFrame:
    """The nDCG and the recall of the first k places, a row for each query.

    nDCG@k = Σ_{p ≤ k} g_p / log₂(p + 1), divided by that of the best order there could be, g_p being the gain of the passage
    at place p (Järvelin and Kekäläinen, 2002; scikit-learn's `ndcg_score`). Recall@k is the share of the relevant
    passages among the first k. Passages of one score share their places by mean.

    Args:
        scores: the higher, the earlier, [query, passage].
        relevant: the gain of each passage, 0 for what does not answer the query, [query, passage].
        k: places that are looked at.

    Returns:
        Columns nDCG, recall and relevant (how many there are); without any the first two are missing.

    Raises:
        TypeError: for what is no table of numbers.
        ValueError: the two have not the same shape, a gain is below 0, or k is no whole number above 0.
        ImportError: scikit-learn is not installed; gives the line that installs it.

    Example:
        >>> score_rankings(np.array([[3.0, 2.0, 1.0]]), np.array([[0, 1, 1]]), k=2).round(2)
           nDCG  recall  relevant
        0  0.39     0.5         2
    """
    values, gains = expect_judged(scores, relevant, call=_CALL)
    expect_at_least("k", k, 1, whole=True)
    metrics = load_package("sklearn.metrics", "Measuring a ranking", install="scikit-learn")
    rows = []
    for row, gain in zip(values, gains, strict=True):
        its = row[gain > 0]
        found = np.array([[(row > each).sum() + 1, (row >= each).sum()] for each in its]).reshape(-1, 2)
        within = np.clip((k + 1 - found[:, 0]) / (found[:, 1] - found[:, 0] + 1), 0, 1)  # of a tie, a part
        ndcg = np.nan if not len(its) else 1.0 if len(row) < 2 else metrics.ndcg_score(gain[None], row[None], k=k)
        rows.append({"nDCG": ndcg, "recall": within.mean() if len(its) else np.nan, "relevant": len(its)})
    return pd.DataFrame(rows, columns=["nDCG", "recall", "relevant"])


def expect_judged(
    scores: object, relevant: object, *, call: str
) -> tuple[Float[np.ndarray, "query passage"], Float[np.ndarray, "query passage"]]:
    """Scores and gains, as tables of one shape.

    Raises:
        TypeError: for what is no table of numbers.
        ValueError: their shapes differ, or a gain is below 0.
    """
    values, gains = expect_numbers("scores", scores, call=call), expect_numbers("relevant", relevant, call=call)
    if values.shape != gains.shape:
        raise ValueError(
            f"The scores have the shape {values.shape} and the gains {gains.shape}. Expected one gain for each score; "
            f"type {call}."
        )
    if (gains < 0).any():
        raise ValueError(
            f"A gain of {gains.min():g} came. Expected 0 for what is not relevant, and more else; type {call}."
        )
    return values, gains


def expect_numbers(argument: str, value: object, *, call: str) -> Float[np.ndarray, "row column"]:
    """An argument that takes a table of finite numbers, as floats, [row, column].

    Raises:
        TypeError: it is no such table; the message holds the call.
        ValueError: a number is missing or infinite.
    """
    if not isinstance(value, np.ndarray) or value.ndim != 2 or value.dtype.kind not in "biuf":
        raise TypeError(f"{argument} came as {describe_kind(value)}. Expected a table of numbers; type {call}.")
    table = value.astype(np.float64)
    if not np.isfinite(table).all():
        raise ValueError(f"{argument} holds a number that is missing or infinite. Expected finite ones; type {call}.")
    return table
