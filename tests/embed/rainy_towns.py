"""Towns in four lands, and the rain that falls there, for the tests of filled attributes."""

from __future__ import annotations

import numpy as np
import pandas as pd

TOWNS = 60


def make_rain(count: int, start: int = 0) -> pd.DataFrame:
    """The rain of some towns, which their land tells but for a little."""
    noise = np.random.default_rng(0).normal(size=TOWNS)
    rows = [(f"town {i:02}", "rain", 500 + 100 * (i % 4) + 5 * noise[i]) for i in range(start, start + count)]
    return pd.DataFrame(rows, columns=["entity", "attribute", "value"])
