"""An alarm for what changes: evidence is summed up as it comes, and never falls below zero."""

from __future__ import annotations

import numpy as np

from kgwb.axes import Float
from kgwb.checks import expect_kind, expect_number
from kgwb.words import quote_value

_CALL = "kgwb.learn.run_cusum(weights, alarm_at=4.0)"


def run_cusum(
    weights: Float[np.ndarray, "time ..."], *, alarm_at: int | float | None = None
) -> Float[np.ndarray, "time ..."]:
    """The cumulative sum of evidence for a change, which starts again whenever it would fall below zero.

    Sₜ = max(0, Sₜ₋₁ + wₜ), S₀ = 0, and an alarm where Sₜ ≥ h (Page, 1954, "Continuous inspection schemes"). Of a yes or no
    with the share p₀ that would become p₁, w = ln p₁/p₀ for a yes and ln (1 − p₁)/(1 − p₀) for a no (Reynolds and Stoumbos,
    1999, "A CUSUM chart for monitoring a proportion when inspecting continuously"); of a standard normal value z that would
    move up by 2k, w = z − k.

    Args:
        weights: of each observation, in order of time; further axes are series of their own.
        alarm_at: h; the observation after an alarm starts from zero. By default no alarm is given.

    Returns:
        S at each observation, as many as there are weights; an alarm is where it is at least h.

    Raises:
        TypeError: for what is no array.
        ValueError: for weights that are no real numbers, an array without axes, or h of 0 or less.

    Example:
        >>> run_cusum(np.array([-1.0, 2.0, 2.0, -1.0, 2.0]), alarm_at=4.0)
        array([0., 2., 4., 0., 2.])
    """
    expect_kind(weights, np.ndarray, "An array of weights", call=_CALL)
    if not weights.ndim or weights.dtype.kind != "f" or np.isnan(weights).any():
        call = _CALL.replace("weights", "weights.astype(float)")
        raise ValueError(
            f"weights={quote_value(weights)} came. Expected a real number for each observation; type {call}."
        )
    if alarm_at is not None:
        expect_number("alarm_at", alarm_at, usual=4.0, above=0)
    height = np.inf if alarm_at is None else float(alarm_at)
    sums, before = np.empty(weights.shape), np.zeros(weights.shape[1:])
    for time, weight in enumerate(weights):
        sums[time] = np.maximum(0.0, before + weight)
        before = np.where(sums[time] >= height, 0.0, sums[time])
    return sums
