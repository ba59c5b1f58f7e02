"""How much each setting had to do with where the trials of a search stood, beside what chance alone would show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.axes import Float
from kgwb.see.drawing import Number

_SHUFFLES = 999


@dataclass(frozen=True)
class Influence:
    """What settings explain of the trials' ranks.

    Attributes:
        shares: of the variance of ranks, by setting, the highest first; 0 where a setting explains no more than chance.
        chance: how often some setting explains as much as the first when ranks are shuffled among trials (p).
    """

    shares: Mapping[str, float]
    chance: float


def measure_influence(trials: pd.DataFrame, settings: Sequence[str]) -> Influence:
    """The share of the ranks' variance that each setting explains.

    adjusted R² = 1 − (1 − R²)(n − 1)/(n − k), of n trials with k values (Ezekiel, 1930). R² alone would grow with every
    further value. That one setting of several explains so much by chance is measured by 999 shuffles.

    Args:
        trials: one row per trial, in the order of its rank or not; the column "rank", and one per setting.
        settings: which of them; each has two values or more.

    Example:
        >>> trials = pd.DataFrame({"rank": [1, 2, 3, 4, 5, 6], "dim": [8, 8, 8, 4, 4, 4], "batch": [1, 2, 1, 2, 1, 2]})
        >>> found = measure_influence(trials, ["batch", "dim"])
        >>> {name: round(share, 3) for name, share in found.shares.items()}, found.chance
        ({'dim': 0.714, 'batch': 0.0}, 0.203)
    """
    ranks = trials["rank"].to_numpy(float)
    spread = float(((ranks - ranks.mean()) ** 2).sum()) if len(ranks) else 0.0
    if not (settings and spread):
        return Influence(dict.fromkeys(settings, 0.0), 1.0)
    shuffled = np.random.default_rng(0).permuted(np.tile(ranks, (_SHUFFLES, 1)), axis=1)
    rows = np.vstack([ranks, shuffled])  # [ranking, trial]
    found = np.stack([_explain(rows, trials[name]) for name in settings])  # [setting, ranking]
    shares = {name: float(found[i, 0]) for i, name in enumerate(settings)}
    highest = found.max(axis=0)
    chance = float((highest >= highest[0] - 1e-12).mean())
    return Influence(dict(sorted(shares.items(), key=lambda item: -item[1])), chance)


def expect_mean_rank(having: int, trials: int) -> tuple[float, float]:
    """The range of the mean rank of `having` trials of `trials`, if which ones they are had nothing to do with rank.

    (N + 1)/2 ± 1.96 √((N + 1)(N − n)/(12 n)), as in the rank-sum test (Wilcoxon, 1945), within 1 and N.

    >>> [round(end, 2) for end in expect_mean_rank(5, 20)]
    [6.01, 14.99]
    """
    middle = (trials + 1) / 2
    reach = 1.96 * math.sqrt((trials + 1) * (trials - having) / (12 * having))
    return max(1.0, middle - reach), min(float(trials), middle + reach)


def _explain(rows: Float[np.ndarray, "ranking trial"], values: pd.Series) -> Float[np.ndarray, " ranking"]:
    """Adjusted R² of each ranking, from 0 on."""
    codes, names = pd.factorize(values)
    count, kinds = len(codes), len(names)
    if count <= kinds:
        return np.zeros(len(rows))
    has = np.eye(kinds)[codes]  # [trial, value]
    middle, spread = rows[0].mean(), ((rows[0] - rows[0].mean()) ** 2).sum()
    between = ((rows @ has / has.sum(axis=0) - middle) ** 2 @ has.sum(axis=0)) / spread
    adjusted = 1 - (1 - between) * (count - 1) / (count - kinds)
    return np.maximum(0.0, adjusted)


def spell_share(share: Number) -> str:
    """A share as whole per cent.

    >>> spell_share(0.714), spell_share(0.004)
    ('71 %', '0 %')
    """
    return f"{100 * share:.0f} %"
