"""One probability for a candidate fact from all that speaks for it, fitted where the right facts are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Float
from kgwb.checks import expect_kind
from kgwb.embed.ranking.calibration import logistic
from kgwb.learn.construction.candidate_frame import FactRows as FactRows
from kgwb.learn.construction.candidate_frame import expect_candidates, mark_right
from kgwb.words import count_things

SOURCES = ("by_text", "by_types", "by_vectors", "by_rules")
WIDEST = 0.005  # no source is surer than this leaves open
PENALTY = 1.0  # of squared weights, over all candidates
STEPS = 50  # of Newton's method, which needs about ten
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
    columns = np.stack([*evidence.values(), np.ones(len(new))], axis=1)  # [candidate, source + 1]
    *weights, offset = _fit_logistic(columns, truth).tolist()
    return FactCalibration(dict(zip(evidence, weights, strict=True)), offset, len(new), int(truth.sum()))


def _list_evidence(candidates: pd.DataFrame) -> dict[str, np.ndarray]:
    """The logarithm of the odds of each source, 0 where it is silent, and of how many sentences there are."""
    found = {}
    for name in SOURCES:
        share = candidates[name].to_numpy(np.float64).clip(WIDEST, 1 - WIDEST)
        found[name] = np.nan_to_num(np.log(share) - np.log1p(-share))
    return {**found, "support": np.log2(candidates["support"].to_numpy(np.float64))}


def _fit_logistic(
    columns: Float[np.ndarray, "candidate source"], truth: Bool[np.ndarray, " candidate"]
) -> Float[np.ndarray, " source"]:
    """The weights of a ridge logistic regression, by Newton's method with halved steps; the last column has no ridge."""
    ridge = np.full(columns.shape[1], PENALTY)
    ridge[-1] = 1e-9
    weights = np.zeros(columns.shape[1])

    def measure(at: np.ndarray) -> float:
        odds = columns @ at
        return float((np.logaddexp(0.0, odds) - truth * odds).sum() + ridge @ at**2 / 2)

    for _ in range(STEPS):
        probability = logistic(columns @ weights)
        gradient = columns.T @ (probability - truth) + ridge * weights
        hessian = (columns.T * (probability * (1 - probability))) @ columns + np.diag(ridge)
        step, size, before = np.linalg.solve(hessian, gradient), 1.0, measure(weights)
        while measure(weights - size * step) > before and size > 1e-10:
            size /= 2
        weights = weights - size * step
        if before - measure(weights) <= 1e-10 * abs(before):
            break
    return weights
