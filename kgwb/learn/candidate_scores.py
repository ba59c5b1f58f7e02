"""Scores of every candidate of some questions, or of every label of some texts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
import pandas as pd

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_each, expect_kind, expect_number
from kgwb.words import count_things, quote_value

_CALL = "kgwb.learn.CandidateScores((('Ket', 'Sol'),), ([0.3, 1.2],), (1,))"


@dataclass(frozen=True, eq=False, repr=False)
class CandidateScores:
    """A score of each candidate of each question, or of each label of each text.

    Scores are logits: the probability of candidate c is exp s(c) / Σ exp s. `score_candidates` and `score_labels` make
    them.

    Args:
        candidates: of each question, the names to choose from, each once.
        scores: of each question, one number for each name.
        right: of each question, the place of the right name; −1 where none is right, or it is not known.

    Raises:
        TypeError: for what are no names, no numbers, or no places.
        ValueError: if there is no question, the parts differ in length, a name comes twice, or a number is not finite.

    Example:
        >>> scores = CandidateScores((("Ket", "Sol"),), (np.log([0.75, 0.25]),), (1,))
        >>> scores.frame.round(2).to_dict("records")
        [{'answer': 'Sol', 'given': 'Ket', 'confidence': 0.75, 'probability': 0.25, 'correct': False}]
        >>> scores.soften(2.0).probabilities[0].round(3)
        array([0.634, 0.366])
    """

    candidates: tuple[tuple[Hashable, ...], ...]
    scores: tuple[np.ndarray, ...]  # each [candidate]; questions have as many as they have
    right: tuple[int, ...]

    def __post_init__(self) -> None:
        names = [tuple(expect_each(each, object, "A name", call=_CALL)) for each in _list(self.candidates)]
        scores = [read_numbers(each, row) for row, each in enumerate(_list(self.scores))]
        right = expect_each(self.right, Integral, "The place of a right name", call=_CALL)
        lengths = {"candidates": len(names), "scores": len(scores), "right": len(right)}
        if not names or len(set(lengths.values())) > 1:
            came = ", ".join(f"{count} {part}" for part, count in lengths.items())
            raise ValueError(f"{came} came. Expected one of each for at least one question; type {_CALL}.")
        for row, (one, numbers, place) in enumerate(zip(names, scores, right, strict=True)):
            _expect_row(row, one, numbers, int(place))
        object.__setattr__(self, "candidates", tuple(names))
        object.__setattr__(self, "scores", tuple(scores))
        object.__setattr__(self, "right", tuple(map(int, right)))

    def __len__(self) -> int:
        return len(self.right)

    @property
    def probabilities(self) -> tuple[np.ndarray, ...]:
        """Of each question, the softmax of its scores."""
        return tuple(np.exp(each) for each in self.logarithms)

    @property
    def logarithms(self) -> tuple[np.ndarray, ...]:
        """Of each question, the logarithms of its probabilities."""
        return tuple(each - np.logaddexp.reduce(each) for each in self.scores)

    @property
    def accuracy(self) -> float:
        """The share of questions whose right name scores highest; among equals, each is given as often as the others."""
        return float(np.mean([_win(each, place) for each, place in zip(self.scores, self.right, strict=True)]))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per question: `answer` (the right one, missing without), `given` (of the highest score, the first of equals),
        `confidence` (its probability), `probability` (that of the right one, NaN without), `correct`."""
        rows = []
        for names, chances, place in zip(self.candidates, self.probabilities, self.right, strict=True):
            best = int(chances.argmax())
            answer, chance = (names[place], float(chances[place])) if place >= 0 else (None, float("nan"))
            rows.append((answer, names[best], float(chances[best]), chance, best == place))
        columns = ["answer", "given", "confidence", "probability", "correct"]
        return pd.DataFrame(rows, columns=columns)

    def soften(self, temperature: int | float) -> CandidateScores:
        """All scores divided by a temperature: above 1, probabilities come nearer to one another (Guo et al., 2017).

        Args:
            temperature: above 0.

        Raises:
            ValueError: it is not.
        """
        expect_number("temperature", temperature, usual=2.0, above=0)
        return replace(self, scores=tuple(each / float(temperature) for each in self.scores))

    def __repr__(self) -> str:
        told = "" if min(self.right) < 0 else f", accuracy {self.accuracy:.3f}"
        most, least = (pick(map(len, self.candidates)) for pick in (max, min))
        choices = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        return f"CandidateScores of {count_things(len(self), 'question')}, {choices} candidates each{told}"


def read_numbers(values: object, row: int) -> Float[np.ndarray, " candidate"]:
    """Scores as they came, as an array of its own that cannot be written on.

    Raises:
        TypeError: they are no numbers.
        ValueError: one of them is not finite.
    """
    values = values.detach().cpu().double().numpy() if isinstance(values, Tensor) else values
    try:
        found = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.array(None)
    if found.ndim != 1:
        raise TypeError(f"The scores of question {row} came as {quote_value(values)}. Expected numbers; type {_CALL}.")
    if not np.isfinite(found).all():
        raise ValueError(
            f"The scores of question {row} hold {found[~np.isfinite(found)][0]}. Expected finite numbers: a candidate that is "
            "ruled out scores far below the others; type np.nan_to_num(scores, neginf=-100)."
        )
    found.flags.writeable = False
    return found


def gather_names(
    names: Sequence[Hashable], scores: Float[np.ndarray, " candidate"]
) -> tuple[tuple[Hashable, ...], Float[np.ndarray, " name"]]:
    """Each name once: where candidates share it, the logarithm of the sum of their exp, so that probabilities add up.

    Example:
        >>> gather_names(("a", "b", "a"), np.log([0.5, 0.2, 0.3]))[1].round(3).tolist() == np.log([0.8, 0.2]).round(3).tolist()
        True
    """
    distinct = tuple(dict.fromkeys(names))
    if len(distinct) == len(names):
        return distinct, scores
    places = {name: i for i, name in enumerate(distinct)}
    found = np.full(len(distinct), -np.inf)
    np.logaddexp.at(found, [places[name] for name in names], scores)
    return distinct, found


def expect_right(scores: object, call: str) -> CandidateScores:
    """Scores of questions that all have a right answer among their candidates.

    Args:
        scores: what came.
        call: the call that works, with {} for the scores.

    Raises:
        TypeError: for what are no scores.
        ValueError: some question has no right answer.
    """
    usual = call.format("kgwb.learn.score_candidates(model, questions)")
    expect_kind(scores, CandidateScores, "A CandidateScores", call=usual)
    assert isinstance(scores, CandidateScores)  # so mypy knows it too
    without = sum(place < 0 for place in scores.right)
    if without:
        raise ValueError(
            f"{without} of {len(scores)} have no right answer among their candidates. Expected one for each: give the column "
            f"of labels, or leave those rows out; type {call.format('kgwb.learn.score_labels(model, frame)')}."
        )
    return scores


def _list(values: object) -> list[object]:
    if isinstance(values, np.ndarray) and values.ndim:
        return list(values)
    return expect_each(values, object, "", call=_CALL)


def _expect_row(row: int, names: tuple[Hashable, ...], numbers: np.ndarray, place: int) -> None:
    if not names or len(names) != len(numbers) or not -1 <= place < len(names):
        raise ValueError(
            f"Question {row} came with {len(names)} candidates, {len(numbers)} scores and the right one at {place}. Expected "
            f"as many scores as candidates, and a place among them or −1; type {_CALL}."
        )
    try:
        distinct = len(set(names))
    except TypeError:
        raise TypeError(
            f"The candidates of question {row} came as {quote_value(list(names))}. Expected names; type {_CALL}."
        ) from None
    if distinct < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise ValueError(
            f"Question {row} holds the candidate {quote_value(twice)} twice. Expected each once; type {_CALL}."
        )


def _win(scores: np.ndarray, place: int) -> float:
    best = scores == scores.max()
    return float(best[place]) / int(best.sum()) if place >= 0 else 0.0
