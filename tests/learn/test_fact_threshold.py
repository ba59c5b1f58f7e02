"""One probability for a candidate, and from which on it is right often enough."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgwb.learn import calibrate_facts, find_threshold


def make_candidates(count: int, **columns: object) -> pd.DataFrame:
    silent = dict.fromkeys(("by_types", "by_vectors", "by_rules"), np.nan)
    first = {"head": range(count), "relation": 0, "tail": count, "by_text": 0.5, "support": 1, "known": False}
    return pd.DataFrame({**first, **silent, **columns})


def draw(seed: int = 0, count: int = 400) -> tuple[pd.DataFrame, list[tuple[int, int, int]]]:
    """Vectors tell right from wrong, the text tells a little, rules nothing at all."""
    rng = np.random.default_rng(seed)
    truth = rng.random(count) < 0.4
    text = np.clip(0.5 + 0.1 * truth + rng.normal(0, 0.2, count), 0.01, 0.99)
    vectors = np.clip(np.where(truth, 0.85, 0.3) + rng.normal(0, 0.15, count), 0, 1)
    frame = make_candidates(count, by_text=text, by_vectors=vectors, by_rules=rng.random(count))
    return frame, [(i, 0, count) for i in np.flatnonzero(truth).tolist()]


def test_each_source_counts_as_far_as_it_tells_right_from_wrong():
    frame, right = draw()
    calibration = calibrate_facts(frame, right)
    weights = calibration.weights
    assert weights["by_vectors"] > 4 * abs(weights["by_rules"]) and weights["by_text"] > 0
    assert set(weights) == {"by_text", "by_vectors", "by_rules"}  # types are silent, and support is the same everywhere
    assert repr(calibration).startswith("FactCalibration: 400 candidates, ")


def test_the_weights_are_where_the_penalised_loss_is_lowest():
    """Beside central differences of Σ log(1 + exp(−y·odds)) + ½ Σ w², written out."""
    frame, right = draw(count=60)
    fitted = calibrate_facts(frame, right)
    truth = np.isin(np.arange(60), [fact[0] for fact in right])
    shares = frame[[*fitted.weights]].to_numpy().clip(0.005, 0.995)
    odds = np.log(shares / (1 - shares))

    def measure(at: np.ndarray) -> float:
        signed = np.where(truth, 1, -1) * (odds @ at[:-1] + at[-1])
        return float(np.logaddexp(0, -signed).sum() + (at[:-1] ** 2).sum() / 2)

    best = np.array([*fitted.weights.values(), fitted.offset])
    gradient = [(measure(best + step) - measure(best - step)) / 2e-4 for step in 1e-4 * np.eye(len(best))]
    assert np.allclose(gradient, 0, atol=1e-3)


def test_where_nothing_tells_them_apart_the_share_is_the_probability():
    frame = make_candidates(4)
    flat = calibrate_facts(frame, [(0, 0, 4)])
    assert flat.weights == {} and np.allclose(flat.apply(frame)["probability"], 0.25)


def test_probabilities_hold_on_candidates_that_were_not_fitted_to():
    frame, right = draw(0)
    other, truth = draw(1, 2_000)
    joined = calibrate_facts(frame, right).apply(other)
    right_there = np.isin(other["head"], [fact[0] for fact in truth])
    for low, high in ((0, 0.2), (0.2, 0.8), (0.8, 1.01)):
        rows = joined["probability"].between(low, high, inclusive="left")
        assert joined.loc[rows, "probability"].mean() == pytest.approx(right_there[rows].mean(), abs=0.08)
    assert joined.index.equals(other.index) and "probability" not in other


def test_what_the_graph_holds_teaches_nothing():
    frame, right = draw()
    misleading = frame[:50].assign(known=True, by_vectors=0.99, head=range(1_000, 1_050))
    both = calibrate_facts(pd.concat([frame, misleading], ignore_index=True), right)
    assert both.weights == calibrate_facts(frame, right).weights and both.candidates == 400


def test_candidates_that_are_all_right_or_all_wrong_cannot_be_calibrated_on():
    frame = make_candidates(3)
    for right, count in ([], 0), ([(i, 0, 3) for i in range(3)], 3):
        with pytest.raises(
            ValueError, match=rf"Of 3 candidates that the graph lacks {count} are right\. Expected some"
        ):
            calibrate_facts(frame, right)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.5, 0.8, 0.9]), st.booleans()), min_size=1, max_size=40))
def test_the_threshold_is_the_lowest_of_those_that_do(rows):
    frame = make_candidates(len(rows), probability=[value for value, _ in rows])
    right = [(i, 0, len(rows)) for i, (_, is_right) in enumerate(rows) if is_right]
    found = find_threshold(frame, right, precision=0.6, confidence=0.5)  # the share itself
    do = []
    for value in {value for value, _ in rows}:
        above = [is_right for other, is_right in rows if other >= value]
        if np.mean(above) >= 0.6:
            do.append((value, np.mean(above), sum(above)))
    assert found.reached == bool(do)
    if do:
        value, precision, count = min(do)
        assert (found.value, found.precision) == (value, pytest.approx(precision))
        assert found.recall == pytest.approx(count / max(1, len(right)))
    else:
        assert found.value == math.inf


def test_three_right_of_three_do_not_make_nine_in_ten_sure():
    frame = make_candidates(3, probability=[0.9, 0.8, 0.7])
    right = [(i, 0, 3) for i in range(3)]
    found = find_threshold(frame, right)
    assert not found.reached and found.precision == 1.0
    assert repr(found) == (
        "FactThreshold: no threshold is 90% sure of precision 0.9; the nearest gives precision 1.000 (at least 0.646, "
        "90% sure), recall 1.000, 3 of 3 candidates. Review by hand, give more validation sentences, or ask for "
        "less: precision=0.65"
    )
    assert find_threshold(frame, right, precision=0.6).reached


def test_recall_counts_right_facts_that_were_never_proposed_but_not_those_the_graph_holds():
    frame = make_candidates(4, probability=[0.9, 0.8, 0.7, 0.2], known=[True, False, False, False])
    right = [(0, 0, 4), (1, 0, 4), (2, 0, 4), (7, 0, 7), (8, 0, 7)]
    found = find_threshold(frame, right, precision=0.9, confidence=0.5)
    assert (found.candidates, found.of, found.recall) == (2, 3, 0.5)


def test_without_a_candidate_there_is_no_threshold():
    assert not find_threshold(make_candidates(0, probability=[]), []).reached


def test_what_is_no_frame_of_candidates_is_refused():
    frame = make_candidates(2, probability=0.5)
    with pytest.raises(
        ValueError, match=r"no column 'probability', or several; their columns are .*Type kgwb\.learn\.f"
    ):
        find_threshold(frame.drop(columns="probability"), [])
    with pytest.raises(
        ValueError, match=r"'head' of the candidates holds 'a'\. Expected ids, as propose_facts gives them"
    ):
        find_threshold(frame.assign(head="a"), [])
    with pytest.raises(TypeError, match=r"right must be an array of ids \[triple, 3\]"):
        find_threshold(frame, [(0, 1)])
    with pytest.raises(
        ValueError, match=r"precision=1 came\. It must be a number from 0 to below 1; type precision=0\.9"
    ):
        find_threshold(frame, [], precision=1)


@pytest.mark.parametrize("right", [np.array("fact"), [[1, 2]]])
def test_what_is_no_rows_of_ids_is_answered_with_what_to_type(right: object) -> None:
    with pytest.raises(
        TypeError, match=r"kgwb\.learn\.find_threshold\(candidates, \[\(head, relation, tail\), \.\.\.\]"
    ):
        find_threshold(make_candidates(3, probability=0.5), right)  # type: ignore[arg-type]
