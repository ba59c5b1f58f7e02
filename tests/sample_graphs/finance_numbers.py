"""The numbers of the invented market's entities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parents[2] / "sample_graphs" / "finance_zh"
NUMBERS = ("yield", "volatility", "size", "coupon", "term", "fee", "growth", "spread", "experience")


def read_numbers(entities: pd.DataFrame) -> pd.DataFrame:
    """The numeric columns, NaN where a type has none, the logarithm of the size, and the type."""
    found = entities[list(NUMBERS)].apply(pd.to_numeric)
    return found.assign(log_size=np.log10(found["size"]), type=entities["type"])
