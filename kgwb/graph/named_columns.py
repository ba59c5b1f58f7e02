"""Columns of names in which each different name stands once, beside the number of the one in each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np
import pandas as pd


class NamedColumn(NamedTuple):
    """A column of names: which of the different ones stands in each row, and those."""

    codes: np.ndarray
    names: list[str]

    def look_up(self, ids: Mapping[str, int]) -> np.ndarray:  # [row]
        """The id of the name in each row; each different name is looked up once."""
        return np.fromiter(map(ids.__getitem__, self.names), dtype=np.int64, count=len(self.names))[self.codes]

    def drop_unused(self) -> NamedColumn:
        """The same without names that stand in no row."""
        used = np.zeros(len(self.names), dtype=bool)
        used[self.codes] = True
        if used.all():
            return self
        return NamedColumn((np.cumsum(used) - 1)[self.codes], list(compress(self.names, used)))

    def respell(self, spelling: Mapping[str, str]) -> NamedColumn:
        """The same with other names, of which two may come out alike."""
        codes, distinct = pd.factorize(np.array([spelling[name] for name in self.names], dtype=object))
        return NamedColumn(codes[self.codes], distinct.tolist())


def hold_columns(columns: Sequence[np.ndarray], names: list[str]) -> list[pd.Series]:
    """Columns of categories as pandas has them, from the number of each row's name; below 0 there is none."""
    kind = pd.CategoricalDtype(pd.Index(names, dtype=object))
    return [pd.Series(pd.Categorical.from_codes(codes, dtype=kind)) for codes in columns]
