"""Probabilities against independent judges, and whether they hold."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.embed import DistMult, GraphEmbedding, Scorer, train_embedding
from kgwb.embed.ranking.calibration import Calibration, calibrate_scores, fit_platt, logistic
from kgwb.embed.ranking.labelled import Labelled
from kgwb.graph import KnowledgeGraph, Split

JUDGE = "needs an independent judge: pip install scikit-learn"


def _labelled(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose probability is known: 1 / (1 + exp(−2 s + 1))."""
    random = np.random.default_rng(seed)
    scores = random.normal(size=count)
    return scores, random.random(count) < 1 / (1 + np.exp(1 - 2 * scores))


@settings(max_examples=30)
@given(seed=some.integers(0, 99), count=some.integers(2, 300), scale=some.sampled_from([1e-3, 1.0, 1e3]))
def test_the_fit_equals_scikit_learns(seed: int, count: int, scale: float) -> None:
    calibration = pytest.importorskip("sklearn.calibration", reason=JUDGE)
    scores, truth = _labelled(count, seed)
    truth[:2] = True, False
    theirs = calibration._SigmoidCalibration().fit(scores * scale, truth)
    ours = logistic(np.array(fit_platt(scores * scale, truth)) @ np.stack([scores * scale, np.ones(count)]))
    assert ours == pytest.approx(theirs.predict(scores * scale), abs=2e-3)


def test_the_fit_is_the_same_wherever_zero_is() -> None:
    scores, truth = _labelled(50, 0)
    near = logistic(np.array(fit_platt(scores, truth)) @ np.stack([scores, np.ones(50)]))
    for far in (1e4, -1e6, 1e7):
        coefficient, offset = fit_platt(scores + far, truth)
        assert logistic(coefficient * (scores + far) + offset) == pytest.approx(near, abs=1e-5)


def test_the_fit_finds_the_curve_that_made_the_labels() -> None:
    coefficient, offset = fit_platt(*_labelled(40_000, 0))
    assert (coefficient, offset) == pytest.approx((2.0, -1.0), abs=0.06)


@pytest.mark.parametrize(
    "scores", [[0.0, 0.0, 0.0, 0.0], [-2.0, -1.0, 1.0, 2.0], [2.0, 1.0, -1.0, -2.0], [-1e30, 0, 0, 1e30]]
)
def test_scores_that_say_nothing_or_everything(scores: list[float]) -> None:
    coefficient, offset = fit_platt(np.array(scores), np.array([False, False, True, True]))
    probability = logistic(coefficient * np.array(scores) + offset)
    assert np.isfinite([coefficient, offset]).all() and ((probability > 0.01) & (probability < 0.99)).all()
    assert np.sign(coefficient) == np.sign(scores[-1] - scores[0])


def test_the_logistic_curve_has_no_end() -> None:
    assert logistic(np.array([-1000.0, -1.0, 0.0, 1000.0])) == pytest.approx([0.0, 0.268941421, 0.5, 1.0])


@pytest.fixture(scope="module")
def calibration(split: Split) -> Calibration:
    """Half of train is asked for, so that scores say something."""
    learnt = Split(split.graph, split.train, split.train[::2], split.train[1::2])
    embedding = GraphEmbedding(split.graph, DistMult(), dim=16)
    for _ in train_embedding(embedding, learnt, epochs=40):
        pass
    return calibrate_scores(embedding, learnt)


def test_probabilities_rise_with_the_score_within_a_relation(calibration: Calibration) -> None:
    test = calibration.test
    for relation in range(3):
        rows = test.triples[:, 1] == relation
        order = np.argsort(test.scores[rows])
        assert (np.diff(calibration.test_probability[rows][order]) >= 0).all()
    assert calibration.coefficient > 0
    assert (calibration.test_probability[test.truth].mean() - calibration.test_probability[~test.truth].mean()) > 0.5


def test_probabilities_of_any_triple(calibration: Calibration) -> None:
    test = calibration.test
    for triples in (test.triples, torch.from_numpy(test.triples), test.triples.tolist()):
        assert calibration.probability(triples) == pytest.approx(calibration.test_probability)
    assert calibration.probability([]).tolist() == []


def test_a_relation_without_valid_triples_is_centred_on_all(split: Split) -> None:
    others = split.valid[split.valid[:, 1] != 0]
    embedding = GraphEmbedding(split.graph, DistMult(), dim=8, seed=1)
    embedding.entity_table.data.mul_(1e3)
    calibration = calibrate_scores(embedding, Split(split.graph, split.train, others, split.test))
    again = calibrate_scores(embedding, Split(split.graph, split.train, np.repeat(others, 50, 0), split.test))
    assert calibration.centres[0] == pytest.approx(calibration_mean(embedding, split, others))
    assert again.centres[0] != again.centres[1]


def calibration_mean(embedding: GraphEmbedding, split: Split, valid: np.ndarray) -> float:
    from kgwb.embed.ranking.labelled import label_triples

    return label_triples(embedding, Split(split.graph, split.train, valid, split.test), "valid", seed=0).scores.mean()


def test_reliability_equals_scikit_learns(calibration: Calibration) -> None:
    judge = pytest.importorskip("sklearn.calibration", reason=JUDGE)
    table = calibration.reliability(7)
    shares, means = judge.calibration_curve(calibration.test.truth, calibration.test_probability, n_bins=7)
    assert table["true"].tolist() == pytest.approx(shares.tolist())
    assert table["probability"].tolist() == pytest.approx(means.tolist())
    assert table.triples.sum() == len(calibration.test.truth)
    assert ((table.low <= table.probability) & (table.probability <= table.high)).all()


def _judged(probability: np.ndarray, truth: np.ndarray, split: Split) -> Calibration:
    """A calibration whose test probabilities are these."""
    scores, count = np.log(probability) - np.log1p(-probability), len(truth)
    test = Labelled(np.zeros((count, 3), dtype=np.int64), truth, np.arange(count), scores, ())
    return Calibration(GraphEmbedding(split.graph, DistMult(), dim=2), 1.0, 0.0, np.zeros(3), test, 0)


def test_probabilities_that_hold_have_no_error(split: Split) -> None:
    probability, random = np.repeat([0.05, 0.35, 0.85], 20), np.random.default_rng(0)
    holding = np.concatenate([np.arange(20) < share * 20 for share in (0.05, 0.35, 0.85)])
    assert _judged(probability, holding, split).expected_calibration_error == pytest.approx(0.0)
    assert _judged(probability, ~holding, split).expected_calibration_error == pytest.approx((0.9 + 0.3 + 0.7) / 3)
    sure = _judged(random.uniform(0.9, 1.0, 60), np.arange(60) < 30, split)
    assert sure.expected_calibration_error == pytest.approx(sure.test_probability.mean() - 0.5)


def test_a_calibration_says_what_it_holds_for(calibration: Calibration) -> None:
    lines = repr(calibration).splitlines()
    error = calibration.expected_calibration_error
    assert lines == [
        f"Calibration: expected calibration error {error:.3f} on 200 test triples, half of them false",
        f"  Platt scaling (coefficient {calibration.coefficient:.3g}, offset {calibration.offset:.3g}) of scores relative "
        "to their relation's mean, fitted on valid, seed 0",
        "  a probability holds where half of the triples asked about are true; where fewer are, it is too high",
        "  100 of 100 true test triples were trained on; train on split, not on graph",
    ]
    assert error < 0.2


def test_a_calibration_of_scores_that_say_nothing_says_so(split: Split) -> None:
    embedding = GraphEmbedding(split.graph, DistMult(), dim=2)
    torch.nn.init.zeros_(embedding.entity_table)
    calibration = calibrate_scores(embedding, split)
    assert repr(calibration).splitlines()[-1] == (
        "  the coefficient is not positive: these scores do not separate true from false"
    )
    assert calibration.test_probability.tolist() == [0.5] * 40


def test_every_scorer_is_calibrated(scorer: Scorer, split: Split) -> None:
    calibration = calibrate_scores(GraphEmbedding(split.graph, scorer, dim=8), split)
    assert ((calibration.test_probability > 0) & (calibration.test_probability < 1)).all()


def test_no_bins(calibration: Calibration) -> None:
    with pytest.raises(ValueError, match=r"bins=0 came\. It must be at least 1"):
        calibration.reliability(0)


def test_ids_of_no_triple(calibration: Calibration, graph: KnowledgeGraph) -> None:
    with pytest.raises(
        ValueError, match="triples holds ids that 'places' does not have: it has 68 entities and 3 relations"
    ):
        calibration.probability([[0, 0, len(graph.entities)]])
