"""Calibration: every figure by brute force, the temperature by a grid, and what a temperature cannot change."""

from __future__ import annotations

import logging
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

import kgwb
from kgwb.learn import CandidateScores, fit_temperature, measure_calibration, score_candidates

ROWS = st.lists(
    st.tuples(st.lists(st.floats(-6, 6), min_size=3, max_size=3), st.integers(0, 2)), min_size=1, max_size=40
)


def hold(rows, names=("a", "b", "c")):
    return CandidateScores(
        (names,) * len(rows), tuple(np.array(row) for row, _ in rows), tuple(place for _, place in rows)
    )


def draw_rows(count, truth=1.0, seed=0, candidates=3):
    """Scores, and right answers drawn from softmax(truth · scores): 1 / truth is the temperature that fits."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(count, candidates)) * 2
    chances = np.exp(truth * scores)
    chances /= chances.sum(1, keepdims=True)
    right = [int(generator.choice(candidates, p=row)) for row in chances]
    return hold(list(zip(scores.tolist(), right, strict=True)), tuple("abcdefgh"[:candidates]))


def soften(row):
    exps = [math.exp(each) for each in row]
    return [each / sum(exps) for each in exps]


@given(ROWS, st.integers(1, 20))
def test_each_figure_is_what_its_equation_says(rows, bins):
    report = measure_calibration(hold(rows), bins=bins)
    chances = [soften(row) for row, _ in rows]
    places = [place for _, place in rows]
    confidence = [max(each) for each in chances]
    correct = [each.index(max(each)) == place for each, place in zip(chances, places, strict=True)]
    expected = 0.0
    for number in range(bins):
        inside = [i for i, c in enumerate(confidence) if number / bins < c <= (number + 1) / bins]
        gap = sum(correct[i] for i in inside) - sum(confidence[i] for i in inside)
        expected += abs(gap) / len(rows)
    # A confidence that lies on a border to the last bit may fall on either side of it.
    on_border = any(abs(c * bins - round(c * bins)) < 1e-9 for c in confidence)
    assert on_border or report.ece == pytest.approx(expected, abs=1e-9)
    assert report.brier == pytest.approx(
        np.mean(
            [
                sum((p - (i == place)) ** 2 for i, p in enumerate(each))
                for each, place in zip(chances, places, strict=True)
            ]
        )
    )
    assert report.nll == pytest.approx(
        np.mean([-math.log(each[place]) for each, place in zip(chances, places, strict=True)])
    )
    assert report.accuracy == pytest.approx(np.mean(correct)) and report.confidence == pytest.approx(
        np.mean(confidence)
    )
    for frame in (report.frame, report.adaptive):
        assert frame["questions"].sum() == len(rows) == report.questions
        assert (frame["questions"] * frame["accuracy"]).sum() == pytest.approx(sum(correct))
    assert report.adaptive["questions"].max() - report.adaptive["questions"].min() <= 1 or len(rows) < bins


def test_the_bins_and_scores_are_scikit_learns():
    scores = draw_rows(500, truth=0.6, candidates=2)
    report = measure_calibration(scores, bins=10)
    frame = scores.frame
    share, mean = calibration_curve(frame["correct"], frame["confidence"], n_bins=10)
    assert report.frame["accuracy"].tolist() == pytest.approx(share.tolist())
    assert report.frame["confidence"].tolist() == pytest.approx(mean.tolist())
    chances, right = np.stack(scores.probabilities), np.array(scores.right)
    assert report.nll == pytest.approx(log_loss(right, chances))
    assert report.brier == pytest.approx(2 * brier_score_loss(right, chances[:, 1]))


def test_adaptive_bins_hold_equally_many_whatever_the_order():
    scores = draw_rows(101, truth=0.5)
    order = np.random.default_rng(1).permutation(101)
    turned = CandidateScores(
        *(tuple(part[i] for i in order) for part in (scores.candidates, scores.scores, scores.right))
    )
    one, other = measure_calibration(scores), measure_calibration(turned)
    assert set(one.adaptive["questions"]) == {6, 7}
    assert one.adaptive_ece == pytest.approx(other.adaptive_ece) and one.ece == pytest.approx(other.ece)
    assert (one.adaptive["low"] <= one.adaptive["confidence"]).all() and one.adaptive["low"].is_monotonic_increasing
    by_hand = np.array_split(
        scores.frame.sort_values(["confidence", "correct"])[["confidence", "correct"]].to_numpy(float), 15
    )
    expected = sum(abs(part[:, 0].sum() - part[:, 1].sum()) for part in by_hand) / 101
    assert one.adaptive_ece == pytest.approx(expected)


def test_the_calibrated_lie_at_their_floor_and_others_above_it():
    fitting = [measure_calibration(draw_rows(400, seed=seed)) for seed in range(12)]
    assert np.mean([each.ece for each in fitting]) == pytest.approx(np.mean([each.floor for each in fitting]), rel=0.15)
    assert measure_calibration(draw_rows(4000, truth=0.4)).ece > 5 * measure_calibration(draw_rows(4000)).floor
    assert fitting[0].floor > measure_calibration(draw_rows(6400)).floor > 0  # the fewer, the more by chance


@given(st.floats(0.2, 4), st.integers(0, 99))
@settings(max_examples=25)
def test_the_temperature_is_the_best_of_a_grid(truth, seed):
    scores = draw_rows(60, truth=truth, seed=seed)
    found = fit_temperature(scores)
    best = measure_calibration(scores.soften(found)).nll
    grid = np.geomspace(0.011, 99, 200)
    logits = np.stack(scores.scores)[None] / grid[:, None, None]  # [temperature, question, candidate]
    chosen = logits[:, np.arange(60), list(scores.right)]
    losses = (np.logaddexp.reduce(logits, axis=2) - chosen).mean(1)
    assert best <= min(losses) + 1e-9
    assert 0.9 * grid[int(np.argmin(losses))] < found < 1.1 * grid[int(np.argmin(losses))]


def test_the_temperature_finds_the_truth_and_mends_the_error():
    scores, test = (draw_rows(5000, truth=0.4, seed=seed) for seed in (0, 1))
    found = fit_temperature(scores)
    assert found == pytest.approx(2.5, rel=0.08)
    before, after = measure_calibration(test), measure_calibration(test.soften(found))
    assert after.ece < 0.2 * before.ece and after.nll < before.nll and after.accuracy == before.accuracy
    assert "overconfident" in repr(before) and repr(before).startswith("CalibrationReport: 5,000 questions, accuracy ")
    table = pd.DataFrame({"before": before.summary, "after": after.summary})
    assert table.loc["ece"].tolist() == [before.ece, after.ece] and "Brier" in before._repr_html_()


def test_questions_with_different_candidates_count_alike():
    few, many = draw_rows(50, truth=0.5), draw_rows(50, truth=0.5, candidates=6, seed=2)
    both = CandidateScores(few.candidates + many.candidates, few.scores + many.scores, few.right + many.right)
    losses = {t: measure_calibration(both.soften(t)).nll for t in (1.0, fit_temperature(both), 6.0)}
    assert min(losses, key=losses.get) == fit_temperature(both)
    assert repr(both).startswith("CandidateScores of 100 questions, 3 to 6 candidates each")


def test_at_the_end_of_the_range_the_log_says_so(caplog):
    caplog.set_level(logging.WARNING)
    always = hold([([3.0, 0.0, 0.0], 0)] * 4)
    assert fit_temperature(always) == 0.01
    assert "at the end of what is tried, 0.01: nearly all answers are right. Type more questions" in caplog.text
    never = hold([([3.0, 0.0, 0.0], 1)] * 4)
    assert fit_temperature(never) == 100 and "100: the scores say nothing of what is right" in caplog.text


def test_a_model_is_measured_on_its_answers(small_bert, town, sentences):
    questions = kgwb.make_questions(sentences, town)
    scores = score_candidates(small_bert, questions)
    assert measure_calibration(small_bert, questions).summary.equals(measure_calibration(scores).summary)
    assert fit_temperature(small_bert, questions) == fit_temperature(scores)


def test_without_a_right_answer_nothing_is_measured():
    scores = hold([([1.0, 0.0, 0.0], 0), ([1.0, 0.0, 0.0], -1)])
    for call, name in ((measure_calibration, "measure_calibration"), (fit_temperature, "fit_temperature")):
        with pytest.raises(
            ValueError, match=rf"1 of 2 have no right answer .* type kgwb\.learn\.{name}\(kgwb\.learn\.sc"
        ):
            call(scores)
    with pytest.raises(ValueError, match=r"bins=0 came\. It must be at least 1; type bins=1"):
        measure_calibration(hold([([1.0, 0.0, 0.0], 0)]), bins=0)
