"""Whether a model is right as often as it says, and the one number that makes it say less, or more."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Float, Int
from kgwb.checks import expect_at_least
from kgwb.learn.candidate_scores import CandidateScores, expect_right
from kgwb.learn.questions import Questions
from kgwb.learn.teachers import Teacher, score_candidates
from kgwb.words import count_things

BINS = 15
DRAWS = 200  # of answers that are right exactly as often as is said
COLDEST, HOTTEST = 0.01, 100.0
HALVINGS = 100
log = logging.getLogger(__name__)
_MEASURE = "kgwb.learn.measure_calibration({})"
_FIT = "kgwb.learn.fit_temperature({})"


@dataclass(frozen=True, eq=False, repr=False)
class CalibrationReport:
    """How far what is said and what comes true lie apart.

    Attributes:
        frame: a row for each of the bins of equal width that is not empty, right ends included: `low`, `high`,
            `questions`, their mean `confidence`, and the `accuracy` they have.
        adaptive: the same for bins of equally many questions.
        questions: how many there are.
        accuracy: the share of right answers.
        confidence: the mean probability of what is given.
        ece: expected calibration error over the bins of equal width.
        adaptive_ece: that over bins of equally many questions.
        floor: the mean `ece` of answers that are right exactly as often as is said: no smaller one is to be hoped for.
        brier: mean Σ over candidates of (probability − 1 if right, else 0)², from 0 to 2.
        nll: mean −log probability of the right answer, in nats.
    """

    frame: pd.DataFrame
    adaptive: pd.DataFrame
    questions: int
    accuracy: float
    confidence: float
    ece: float
    adaptive_ece: float
    floor: float
    brier: float
    nll: float

    @property
    def summary(self) -> pd.Series:
        """The figures by name, for a table: pd.DataFrame({"before": one.summary, "after": other.summary})."""
        names = ("accuracy", "confidence", "ece", "floor", "adaptive_ece", "brier", "nll")
        return pd.Series({name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        how = "over" if self.confidence > self.accuracy else "under"
        first = (
            f"CalibrationReport: {count_things(self.questions, 'question')}, accuracy {self.accuracy:.3f}, {how}confident "
            f"(mean confidence {self.confidence:.3f}); ECE {self.ece:.3f} (of the perfectly calibrated: {self.floor:.3f}), in "
            f"bins of equally many {self.adaptive_ece:.3f}, Brier {self.brier:.3f}, NLL {self.nll:.3f}"
        )
        return f"{first}\n{self.frame.round(3).to_string(index=False)}"

    def _repr_html_(self) -> str:
        return f"{self.frame.round(3).to_html(index=False)}<p>{self.__repr__().splitlines()[0]}</p>"


def measure_calibration(source: Teacher, questions: Questions | None = None, *, bins: int = BINS) -> CalibrationReport:
    """Whether answers given with probability .7 are right in 70 of 100 cases.

    ECE = Σ over bins of (questions in it / questions) · |accuracy − confidence| (Guo, Pleiss, Sun and Weinberger, 2017, "On
    calibration of modern neural networks"), with 15 bins of equal width, and with as many bins of equally many questions
    (Nguyen and O'Connor, 2015). It is above 0 by chance alone, the more so the fewer questions: `floor` says by how much.

    Args:
        source: `CandidateScores`, also softened ones or those of an ensemble; or a model, and the questions to ask it.
        questions: for a model; none where scores came.
        bins: how many.

    Raises:
        TypeError: for what are no scores, and no model with questions.
        ValueError: if a question has no right answer among its candidates, or bins is below 1.

    Example:
        >>> rows = [np.log([0.9, 0.1])] * 10
        >>> scores = CandidateScores((("yes", "no"),) * 10, tuple(rows), (0,) * 6 + (1,) * 4)
        >>> report = measure_calibration(scores)
        >>> round(report.ece, 3), round(report.confidence, 3), report.accuracy
        (0.3, 0.9, 0.6)
        >>> round(measure_calibration(scores.soften(fit_temperature(scores))).ece, 3)
        0.0
    """
    scores = _read_scores(source, questions, _MEASURE)
    expect_at_least("bins", bins, 1, whole=True)
    chances = scores.probabilities
    confidence = np.array([each.max() for each in chances])
    correct = np.array([each.argmax() == place for each, place in zip(chances, scores.right, strict=True)])
    right = np.array([each[place] for each, place in zip(chances, scores.right, strict=True)])
    squares = np.array([np.square(each).sum() for each in chances])
    even = _place_evenly(confidence, int(bins))
    frame, adaptive = (
        _gather(confidence, correct, even),
        _gather(confidence, correct, _place_alike(confidence, correct, int(bins))),
    )
    frame["low"], frame["high"] = (frame["bin"]) / bins, (frame["bin"] + 1) / bins
    logarithms = [each[place] for each, place in zip(scores.logarithms, scores.right, strict=True)]
    columns = ["low", "high", "questions", "confidence", "accuracy"]
    return CalibrationReport(
        frame[columns],
        adaptive[columns],
        questions=len(scores),
        accuracy=float(correct.mean()),
        confidence=float(confidence.mean()),
        ece=_weigh(frame),
        adaptive_ece=_weigh(adaptive),
        floor=_find_floor(confidence, even),
        brier=float((squares - 2 * right + 1).mean()),
        nll=-float(np.mean(logarithms)),
    )


def fit_temperature(source: Teacher, questions: Questions | None = None) -> float:
    """The temperature under which the right answers are likeliest: T = argmin of mean −log softmax(s / T)[right].

    A single number, so that no answer changes (Guo et al., 2017). The loss is convex in 1 / T, and its minimum is found by
    halving. Fit it to questions that neither tuning nor the test holds; `scores.soften(T)` applies it.

    Args:
        source: `CandidateScores`; or a model, and the questions to ask it.
        questions: for a model; none where scores came.

    Returns:
        T, from 0.01 to 100: above 1 for who is surer than right. At an end of that, as where every answer is right, the log
        says so.

    Raises:
        TypeError: for what are no scores, and no model with questions.
        ValueError: if a question has no right answer among its candidates.

    Example:
        >>> scores = CandidateScores((("a", "b"),) * 4, (np.array([8.0, 0.0]),) * 4, (0, 0, 0, 1))
        >>> round(fit_temperature(scores), 3)  # 8 / log 3
        7.282
    """
    scores = _read_scores(source, questions, _FIT)
    stacks = _stack(scores)

    def rises(inverse: float) -> bool:
        return sum(_find_gradient(block, right, inverse) for block, right in stacks) > 0

    low, high = 1 / HOTTEST, 1 / COLDEST
    if rises(low) or not rises(high):
        found = HOTTEST if rises(low) else COLDEST
        log.warning(
            "The temperature is at the end of what is tried, %g: %s. Type more questions: fit_temperature(scores).",
            *(found, "the scores say nothing of what is right" if found == HOTTEST else "nearly all answers are right"),
        )
        return found
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if rises(middle) else (middle, high)
    return float(1 / (low * high) ** 0.5)


def _stack(scores: CandidateScores) -> list[tuple[np.ndarray, np.ndarray]]:
    """Scores [question, candidate], the highest 0, and right candidates, of all questions with equally many."""
    counts = np.array([len(each) for each in scores.scores])
    found = []
    for count in np.unique(counts):
        rows = np.flatnonzero(counts == count)
        block = np.stack([scores.scores[row] for row in rows])
        found.append((block - block.max(1, keepdims=True), np.array([scores.right[row] for row in rows])))
    return found


def _find_gradient(
    block: Float[np.ndarray, "question candidate"], right: Int[np.ndarray, " question"], inverse: float
) -> float:
    """The gradient of −Σ log softmax(s / T)[right] by 1 / T: the mean score under the probabilities less the right one's."""
    chances = np.exp(inverse * block)
    means = (chances * block).sum(1) / chances.sum(1)
    return float((means - block[np.arange(len(block)), right]).sum())


def _read_scores(source: Teacher, questions: Questions | None, call: str) -> CandidateScores:
    scores = source if questions is None else score_candidates(source, questions)
    return expect_right(scores, call)


def _place_evenly(confidence: Float[np.ndarray, " question"], bins: int) -> Int[np.ndarray, " question"]:
    """The bin of equal width, from above its low end up to its high one."""
    return np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)


def _place_alike(
    confidence: Float[np.ndarray, " question"], correct: Bool[np.ndarray, " question"], bins: int
) -> Int[np.ndarray, " question"]:
    """The bin of as many questions as the others have, but for one, by confidence; the order that came plays no part."""
    places = np.empty(len(confidence), dtype=int)
    for number, rows in enumerate(np.array_split(np.lexsort((correct, confidence)), bins)):
        places[rows] = number
    return places


def _gather(
    confidence: Float[np.ndarray, " question"],
    correct: Bool[np.ndarray, " question"],
    places: Int[np.ndarray, " question"],
) -> pd.DataFrame:
    table = pd.DataFrame({"bin": places, "confidence": confidence, "accuracy": correct.astype(float)})
    grouped = table.groupby("bin")
    found = grouped.mean().assign(questions=grouped.size())
    found["low"], found["high"] = grouped["confidence"].min(), grouped["confidence"].max()
    return found.reset_index()


def _weigh(frame: pd.DataFrame) -> float:
    gaps = (frame["accuracy"] - frame["confidence"]).abs()
    return float((gaps * frame["questions"]).sum() / frame["questions"].sum())


def _find_floor(confidence: Float[np.ndarray, " question"], places: Int[np.ndarray, " question"]) -> float:
    """The mean ECE of answers that are right with the probability that is said."""
    draw = np.random.default_rng(0)
    bins = int(places.max()) + 1
    sums = np.zeros(DRAWS)
    for number in range(bins):
        said = confidence[places == number]
        if len(said):
            right = (draw.random((DRAWS, len(said))) < said).sum(1)
            sums += np.abs(right - said.sum())
    return float(sums.mean() / len(confidence))
