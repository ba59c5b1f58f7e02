"""Whether two rankings differ by more than chance: the paired randomisation test."""

from __future__ import annotations

import numpy as np

from kgwb.axes import Float
from kgwb.checks import expect_at_least, expect_seed

BLOCK = 1 << 20  # signs drawn at once
_ROUNDING = 1e-9  # two sums of the same numbers in another order are equal within this share


def randomise_signs(
    differences: Float[np.ndarray, "unit figure"], *, samples: int, seed: int
) -> Float[np.ndarray, " figure"]:
    """How likely a mean difference as large comes about where it is chance which of the two is the better one.

    p = P(|Σ s_i d_i| ≥ |Σ d_i|), each sign s_i = ±1 with even chance (Fisher, 1935; Noreen, 1989), two-sided. All signs are
    gone through where they are no more than `samples`; else so many are drawn, and the signs that came count as one more
    (Phipson & Smyth, 2010), so that p is never 0.

    Args:
        differences: of each unit, one ranking's figures less the other's.
        samples: how many signs to draw.
        seed: of the draws.

    Raises:
        ValueError: no samples, or no seed.

    Example:
        >>> randomise_signs(np.array([[1.0], [1.0], [1.0]]), samples=1000, seed=0)  # 2 of the 8 signs
        array([0.25])
    """
    expect_at_least("samples", samples, 1, whole=True)
    random = np.random.default_rng(expect_seed(seed))
    differences = differences[(differences != 0).any(1)]  # what is equal stays equal under either sign
    units, seen = len(differences), np.abs(differences.sum(0))
    limit = seen - _ROUNDING * np.abs(differences).sum(0)  # [figure]
    exact = units < 63 and 2**units <= samples
    total, hits = 2**units if exact else samples, np.zeros(differences.shape[1])
    at_once = max(1, BLOCK // max(1, units))
    for start in range(0, total, at_once):
        numbers = np.arange(start, min(start + at_once, total))
        if exact:
            bits = numbers[:, None] >> np.arange(units) & 1  # [sample, unit]
        else:
            bits = random.integers(0, 2, (len(numbers), units), dtype=np.int8)
        hits += (np.abs((2.0 * bits - 1) @ differences) >= limit).sum(0)
    return hits / total if exact else (hits + 1) / (total + 1)
