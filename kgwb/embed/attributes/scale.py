"""The scale on which an attribute is even: as it is, or by its logarithm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgwb.axes import Float

_TAILS = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Scale:
    """A monotone transform of an attribute's values, so medians and quantiles pass through it unchanged.

    Attributes:
        logarithm: whether the natural logarithm is taken.
    """

    logarithm: bool = False

    def forward(self, values: Float[np.ndarray, "*axes"]) -> Float[np.ndarray, "*axes"]:
        """From the attribute's unit to the even scale."""
        return np.log(values) if self.logarithm else values

    def back(self, values: Float[np.ndarray, "*axes"]) -> Float[np.ndarray, "*axes"]:
        """From the even scale to the attribute's unit."""
        with np.errstate(over="ignore"):  # the end of an interval may lie beyond all numbers
            return np.exp(values) if self.logarithm else values

    def __str__(self) -> str:
        return "logarithm" if self.logarithm else "none"


def choose_scale(values: Float[np.ndarray, " known"]) -> Scale:
    """The logarithm where all values are positive and it makes their two tails more alike.

    Tails are compared by quantiles, (q₉₅ + q₅ − 2 q₅₀) / (q₉₅ − q₅) (Hinkley, 1975, "On power transformations to
    symmetry"), so that one outlier decides nothing. Populations get their logarithm, years and heights do not.

    Example:
        >>> str(choose_scale(np.array([1.0, 10.0, 100.0, 1000.0]))), str(choose_scale(np.array([1950.0, 1990.0, 2000.0])))
        ('logarithm', 'none')
    """
    if values.min() <= 0:
        return Scale()
    return Scale(_lopsidedness(np.log(values)) < _lopsidedness(values) - 1e-9)


def _lopsidedness(values: Float[np.ndarray, " known"]) -> float:
    low, middle, high = np.quantile(values, _TAILS)
    return float(abs(high + low - 2 * middle) / (high - low)) if high > low else 0.0
