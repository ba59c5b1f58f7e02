"""How often answers are wrong, by how many of the questions are answered at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kgwb.words import quote_value

_CALL = "kgwb.learn.trace_risk([0.9, 0.4], [True, False])"


def trace_risk(confidence: Sequence[float] | np.ndarray, right: Sequence[bool] | np.ndarray) -> pd.DataFrame:
    """Risk and coverage at every threshold of a model that may refuse: the risk-coverage curve of selective answering.

    coverage(t) = #(confidence ≥ t) / #questions; risk(t) = #(confidence ≥ t, wrong) / #(confidence ≥ t) (El-Yaniv and Wiener,
    2010, "On the foundations of noise-free selective classification").

    Args:
        confidence: of each question's answer, from wherever; −∞ for what is refused whatever the threshold.
        right: whether the answer is right, for each question. What has no answer counts as wrong once it is answered.

    Returns:
        A row for each threshold, the highest first: `from`, `coverage`, `risk`, both from 0 to 1; what is equally sure is
        answered together.

    Raises:
        ValueError: for what is no row of numbers, none, one that is not a number, or not as many of both.

    Example:
        >>> trace_risk([0.9, 0.8, 0.8, -np.inf], [True, True, False, False]).round(2)
           from  coverage  risk
        0   0.9      0.25  0.00
        1   0.8      0.75  0.33
    """
    try:
        sure, hits = np.asarray(confidence, dtype=np.float64), np.asarray(right)
    except (TypeError, ValueError):
        raise ValueError(f"{quote_value(confidence)} are no numbers. Type {_CALL}.") from None
    if sure.ndim != 1 or not len(sure) or np.isnan(sure).any():
        raise ValueError(
            f"confidence={quote_value(confidence)} came. Expected a number for each question; type {_CALL}."
        )
    if hits.shape != sure.shape or not np.isin(hits, (0, 1)).all():
        raise ValueError(
            f"right={quote_value(right)} came. Expected true or false for each of {len(sure)} questions; type {_CALL}."
        )
    order = np.argsort(-sure, kind="stable")
    order = order[: int((sure > -np.inf).sum())]
    values, wrong, count = sure[order], np.cumsum(hits[order] == 0), np.arange(1, len(order) + 1)
    ends = np.append(values[1:] < values[:-1], True) if len(order) else np.zeros(0, bool)
    frame = pd.DataFrame({"from": values, "coverage": count / len(sure), "risk": wrong / np.maximum(count, 1)})
    return frame[ends].reset_index(drop=True)
