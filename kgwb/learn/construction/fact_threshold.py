"""From which probability on candidate facts are right often enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.checks import expect_number
from kgwb.learn.construction.candidate_frame import IDS, FactRows, expect_candidates, read_facts_that_are_right
from kgwb.words import count_things

_CALL = "kgwb.learn.find_threshold(candidates, [(head, relation, tail), ...], precision=0.9)"


@dataclass(frozen=True, repr=False)
class FactThreshold:
    """The lowest probability from which on the wanted precision is reached; made by `find_threshold`.

    Attributes:
        value: the threshold; infinity where no threshold reaches the precision, so that nothing is accepted.
        wanted: the precision asked for.
        precision: of the candidates from the threshold on; where it is not reached, the best there is.
        least: its lower bound at the confidence asked for.
        recall: the share of the right facts that the graph lacks which are among them.
        candidates: how many they are.
        of: how many candidates there were.
        confidence: how sure the lower bound is.
    """

    value: float
    wanted: float
    precision: float
    least: float
    recall: float
    candidates: int
    of: int
    confidence: float

    @property
    def reached(self) -> bool:
        """Whether there is such a threshold."""
        return self.value < math.inf

    def __repr__(self) -> str:
        figures = (
            f"precision {self.precision:.3f} (at least {self.least:.3f}, {self.confidence:.0%} sure), recall "
            f"{self.recall:.3f}, {self.candidates:,} of {count_things(self.of, 'candidate')}"
        )
        if self.reached:
            return f"FactThreshold {self.value:.3f} for precision {self.wanted:g}: {figures}"
        return (
            f"FactThreshold: no threshold is {self.confidence:.0%} sure of precision {self.wanted:g}; the nearest gives "
            f"{figures}. Review by hand, give more validation sentences, or ask for less: precision={self.least:.2f}"
        )


def find_threshold(
    candidates: pd.DataFrame, right: FactRows, *, precision: int | float = 0.9, confidence: int | float = 0.9
) -> FactThreshold:
    """Find the lowest probability from which on candidates that the graph lacks are right often enough.

    Often enough is meant with a bound: of the k right among the n candidates from a threshold on, Wilson's lower limit
    (Wilson, 1927) of k / n at the confidence asked for must reach the precision. So three right of three do not do for 0.9.

    Args:
        candidates: as `propose_facts` gives them, of sentences on which nothing was tuned or calibrated.
        right: the facts that these sentences state, as (head, relation, tail) ids, also those that were not found.
        precision: the share of right ones that is wanted, from 0 to below 1.
        confidence: how sure the lower limit has to be, from 0.5 (the share itself) to below 1.

    Returns:
        The threshold; `reached` and its repr say where none does.

    Raises:
        ValueError: a share outside its range.

    Example:
        >>> rows = pd.DataFrame({"head": range(40), "relation": 0, "tail": 40, "known": False})
        >>> frame = rows.assign(probability=[1 - i / 40 for i in range(40)])
        >>> find_threshold(frame, [(i, 0, 40) for i in range(30)])
        FactThreshold 0.275 for precision 0.9: precision 1.000 (at least 0.948, 90% sure), recall 1.000, 30 of 40 candidates
    """
    expect_candidates(candidates, ("probability", "known"), call=_CALL)
    expect_number("precision", precision, usual=0.9, least=0, below=1)
    expect_number("confidence", confidence, usual=0.9, least=0.5, below=1)
    precision, confidence = float(precision), float(confidence)
    facts = read_facts_that_are_right(right, call=_CALL)
    known = candidates["known"].to_numpy(bool)
    held = set(map(tuple, candidates.loc[known, [*IDS]].to_numpy().tolist()))
    new = candidates[~known].sort_values("probability", ascending=False, kind="stable")
    truth = np.array([tuple(fact) in facts for fact in new[[*IDS]].to_numpy().tolist()], dtype=bool)
    values = new["probability"].to_numpy(np.float64)
    if not len(values):
        return FactThreshold(math.inf, precision, math.nan, 0.0, 0.0, 0, 0, confidence)
    count = np.arange(1, len(values) + 1)
    share = truth.cumsum() / count
    least = bound_share(share, count, confidence)
    ends = np.append(values[1:] < values[:-1], True)  # of several with one probability all are taken
    reached = np.flatnonzero(ends & (least >= precision))
    at = int(reached[-1]) if len(reached) else int(np.where(ends, least, -1.0).argmax())
    recall = float(truth[: at + 1].sum() / max(1, len(facts - held)))
    value = float(values[at]) if len(reached) else math.inf
    return FactThreshold(value, precision, float(share[at]), float(least[at]), recall, at + 1, len(values), confidence)


def bound_share(share: np.ndarray, count: np.ndarray, confidence: float) -> np.ndarray:
    """Wilson's lower limit of a share of so many, one-sided.

    Example:
        >>> bound_share(np.array([1.0]), np.array([3]), 0.9).round(2)
        array([0.65])
    """
    from statistics import NormalDist

    z = NormalDist().inv_cdf(confidence)
    middle = share + z**2 / (2 * count)
    spread = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return (middle - spread) / (1 + z**2 / count)
