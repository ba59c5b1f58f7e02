"""Intervals that hold an unseen value as often as they say, whatever the model: CV+."""

from __future__ import annotations

import math

import numpy as np

from kgwb.axes import Float, Int

_AT_ONCE = 1 << 22  # numbers in one block: 32 MB


def bound_values(
    predictions: Float[np.ndarray, "fold asked"],
    spreads: Float[np.ndarray, "fold asked"],
    scores: Float[np.ndarray, " known"],
    fold: Int[np.ndarray, " known"],
    *,
    coverage: float,
) -> tuple[Float[np.ndarray, " asked"], Float[np.ndarray, " asked"]]:
    """Low and high ends by CV+ (Barber, Candès, Ramdas & Tibshirani, 2021, "Predictive inference with the jackknife+").

    With μ₋ₖ and σ₋ₖ learnt without fold k, each of the n known values has a score, its error in units of the spread
    that was expected (Lei, G'Sell, Rinaldo, Tibshirani & Wasserman, 2018, "Distribution-free predictive inference for
    regression", section 5.2), and the interval at x is

        sᵢ = |yᵢ − μ₋ₖ₍ᵢ₎(xᵢ)| / σ₋ₖ₍ᵢ₎(xᵢ)
        low  = the ⌊α (n + 1)⌋-th smallest of { μ₋ₖ₍ᵢ₎(x) − sᵢ σ₋ₖ₍ᵢ₎(x) },        α = 1 − coverage
        high = the ⌈(1 − α)(n + 1)⌉-th smallest of { μ₋ₖ₍ᵢ₎(x) + sᵢ σ₋ₖ₍ᵢ₎(x) }

    Where the asked value and the known ones are exchangeable, it is held with probability about 1 − α, and by proof at
    least 1 − 2α where folds are single values (the jackknife+), and nearly that in others. Fewer than 1 / α − 1 values
    are too few for any end: both are infinite.

    Args:
        predictions: μ₋ₖ(x) of each asked entity.
        spreads: σ₋ₖ(x), above 0.
        scores: sᵢ.
        fold: in which fold each known value was left out.
        coverage: how often the interval should hold the value, above 0 and below 1.

    Example:
        >>> predictions, spreads = np.full((1, 1), 10.0), np.ones((1, 1))
        >>> bound_values(predictions, spreads, np.arange(4.0), np.zeros(4, dtype=int), coverage=0.6)
        (array([8.]), array([12.]))
    """
    count, asked = len(scores), predictions.shape[1]
    rank = math.ceil(coverage * (count + 1) - 1e-9)  # from 1
    if rank > count:
        return np.full(asked, -np.inf), np.full(asked, np.inf)
    low, high, block = np.empty(asked), np.empty(asked), max(1, _AT_ONCE // count)
    for begin in range(0, asked, block):
        part = slice(begin, begin + block)
        middle, reach = predictions[fold, part], scores[:, None] * spreads[fold, part]  # [known, block]
        low[part] = np.partition(middle - reach, count - rank, axis=0)[count - rank]
        high[part] = np.partition(middle + reach, rank - 1, axis=0)[rank - 1]
    return low, high
