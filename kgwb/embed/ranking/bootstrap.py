"""How far a mean would move had other triples been drawn: the bootstrap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgwb.axes import Float
from kgwb.checks import expect_at_least, expect_number, expect_seed
from kgwb.memory import within_memory

BLOCK = 1 << 20  # numbers drawn at once


def resample_means(
    values: Float[np.ndarray, "unit figure"], *, samples: int, seed: int
) -> Float[np.ndarray, "sample figure"]:
    """The means of as many units as there are, drawn with replacement, again and again (Efron, 1979).

    Args:
        values: one row per unit that is drawn as a whole, [unit, figure].
        samples: how often to draw.
        seed: the same seed draws the same units from as many.
    """
    random, (units, figures) = np.random.default_rng(seed), values.shape
    with within_memory(f"samples={samples}", usual="samples=1000"):
        means = np.empty((samples, figures))
    at_once = max(1, BLOCK // max(1, units))  # samples
    for start in range(0, samples, at_once):
        drawn = random.integers(0, units, (min(at_once, samples - start), units))  # [sample, unit]
        for sample, chosen in enumerate(drawn, start):
            means[sample] = np.bincount(chosen, minlength=units) @ values / units  # [figure]
    return means


def bootstrap_intervals(
    values: Float[np.ndarray, "unit figure"], names: list[str], *, level: int | float, samples: int, seed: int
) -> pd.DataFrame:
    """The mean of each figure and the percentile interval of its bootstrap: columns value, low, high.

    Args:
        values: one row per unit that is drawn as a whole, [unit, figure].
        names: what the figures are called, the frame's index.
        level: the share of resampled means inside the interval, between 0 and 1.
        samples: how often to draw.
        seed: of the draws.

    Raises:
        ValueError: no level between 0 and 1, or no samples.

    Example:
        >>> values = np.array([[0.0], [1.0], [1.0], [1.0]])
        >>> bootstrap_intervals(values, ["accuracy"], level=0.5, samples=200, seed=0)
                  value   low  high
        accuracy   0.75  0.75  1.0
    """
    expect_number("level", level, usual=0.95, above=0, below=1)
    expect_at_least("samples", samples, 1, whole=True)
    seed = expect_seed(seed)
    means = resample_means(values, samples=samples, seed=seed)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pd.DataFrame({"value": values.mean(0), "low": low, "high": high}, index=names)
