"""One probability for a candidate fact from all that speaks for it, fitted where the right facts are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.checks import expect_kind
from kgwb.embed.ranking.calibration import logistic
from kgwb.learn.construction.candidate_frame import FactRows as FactRows
from kgwb.learn.construction.candidate_frame import expect_candidates, mark_right
from kgwb.packages import load_package
from kgwb.words import count_things

SOURCES = ("by_text", "by_types", "by_vectors", "by_rules")
WIDEST = 0.005  # no source is surer than this leaves open
PENALTY = 1.0  # of half the squared weights, beside the summed loss of all candidates
_CALL = "kgwb.learn.calibrate_facts(candidates, [(head, relation, tail), ...])"


@dataclass(frozen=True, eq=False, repr=False)
class FactCalibration:
    """How much each source counts; made by `calibrate_facts`.

    P = σ(b + Σ wᵢ logit(pᵢ) + v log₂(support)), a source that is silent adding nothing.

    Attributes:
        weights: of each source that spoke, by its column, and of `support`.
        offset: b.
        candidates: how many it was fitted to.
        right: how many of them were right.
    """

    weights: Mapping[str, float]
    offset: float
    candidates: int
    right: int

    def apply(self, candidates: pd.DataFrame) -> pd.DataFrame:
        """The candidates with the joined `probability`, in the same order.

        Raises:
            ValueError: a column of `propose_facts` is missing.
        """
        expect_candidates(candidates, (*SOURCES, "support"), call="calibration.apply(propose_facts(...))")
        columns = _list_evidence(candidates)
        odds = self.offset + sum(weight * columns[name] for name, weight in self.weights.items())
        return candidates.assign(probability=logistic(np.broadcast_to(odds, len(candidates)).astype(np.float64)))

    def __repr__(self) -> str:
        told = ", ".join(f"{name} {weight:.2f}" for name, weight in self.weights.items())
        return (
            f"FactCalibration: {count_things(self.candidates, 'candidate')}, {self.right:,} right; weights {told}; offset "
            f"{self.offset:.2f}"
        )


def calibrate_facts(candidates: pd.DataFrame, right: FactRows) -> FactCalibration:
    """Learn from candidates of which is known whether they are right how much each source is to be trusted.

    A logistic regression on the logarithms of the odds, with a ridge of 1 on the weights. Rows that the graph holds are left
    out: vectors and rules know them by heart, and so say more for them than for what is new. For the same reason the right
    facts must not be among those that the vectors were trained on.

    Args:
        candidates: as `propose_facts` gives them, of sentences that nothing was tuned on.
        right: the facts that these sentences state, as (head, relation, tail) ids.

    Returns:
        The weights, for `propose_facts(..., calibration=...)`.

    Raises:
        ValueError: among the new candidates none is right, or all are.
        ImportError: scikit-learn is not installed; gives the line that installs it.

    Example:
        >>> rows = {"by_text": [0.9, 0.8, 0.3, 0.2], "by_types": [1.0, 1.0, 0.0, 0.0], "support": 1, "known": False}
        >>> frame = pd.DataFrame({"head": [0, 1, 2, 3], "relation": 0, "tail": 4, **rows}).assign(by_vectors=float("nan"))
        >>> calibration = calibrate_facts(frame.assign(by_rules=float("nan")), [(0, 0, 4), (1, 0, 4)])
        >>> calibration.weights["by_text"] > 0
        True
    """
    expect_candidates(candidates, (*SOURCES, "support", "known"), call=_CALL)
    expect_kind(candidates, pd.DataFrame, "A data frame", call=_CALL)
    new = candidates[~candidates["known"].to_numpy(bool)]
    truth = mark_right(new, right, call=_CALL)
    if not truth.any() or truth.all():
        raise ValueError(
            f"Of {count_things(len(new), 'candidate')} that the graph lacks {int(truth.sum())} are right. Expected some that "
            "are and some that are not: give more sentences, or propose_facts(..., least=0.01)."
        )
    evidence = {name: column for name, column in _list_evidence(new).items() if np.ptp(column) > 0}
    if not evidence:  # nothing tells the candidates apart
        share = truth.mean()
        return FactCalibration({}, float(np.log(share / (1 - share))), len(new), int(truth.sum()))
    columns = np.stack([*evidence.values()], axis=1)  # [candidate, source]
    linear = load_package("sklearn.linear_model", "Weighing what speaks for a fact", install="scikit-learn")
    fitted = linear.LogisticRegression(C=1 / PENALTY, tol=1e-8, max_iter=1000).fit(columns, truth)
    weights = dict(zip(evidence, fitted.coef_[0].tolist(), strict=True))
    return FactCalibration(weights, float(fitted.intercept_[0]), len(new), int(truth.sum()))


def _list_evidence(candidates: pd.DataFrame) -> dict[str, np.ndarray]:
    """The logarithm of the odds of each source, 0 where it is silent, and of how many sentences there are."""
    found = {}
    for name in SOURCES:
        share = candidates[name].to_numpy(np.float64).clip(WIDEST, 1 - WIDEST)
        found[name] = np.nan_to_num(np.log(share) - np.log1p(-share))
    return {**found, "support": np.log2(candidates["support"].to_numpy(np.float64))}
