"""Several models answering together: the mean of their probabilities, over seeds or doors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kgwb.bert import Bert
from kgwb.checks import expect_at_least, expect_each, expect_kind
from kgwb.embed.precision import Precision
from kgwb.learn.candidate_scores import CandidateScores
from kgwb.learn.frames.frame_task import FrameTask
from kgwb.learn.frames.label_scores import score_labels
from kgwb.learn.frames.states import BATCH as ROWS
from kgwb.learn.questions import Questions
from kgwb.learn.tasks import encode_questions
from kgwb.learn.teachers import BATCH, list_scores, score_encoded
from kgwb.words import quote_value

_TOGETHER = "kgwb.learn.answer_together([one, other], questions)"
_AVERAGE = "kgwb.learn.average_scores([kgwb.learn.score_candidates(model, questions) for model in models])"
_PREDICT = "kgwb.learn.predict_together([one, other], frame)"


def average_scores(scores: Sequence[CandidateScores]) -> CandidateScores:
    """The logarithm of the mean probability that several give each candidate.

    s(c) = log (1/M) Σ_m softmax(s_m)(c) (Lakshminarayanan, Pritzel and Blundell, 2017, "Simple and scalable predictive
    uncertainty estimation using deep ensembles"). Of each its own temperature, where one was fitted:
    average_scores([each.soften(temperature), ...]).

    Args:
        scores: of the same questions, by each of the models; the order of candidates is the first one's.

    Raises:
        TypeError: for what are no scores.
        ValueError: for none, or where questions, candidates or right answers differ.

    Example:
        >>> one, other = (CandidateScores((("Ket", "Sol"),), (np.log(each),), (0,)) for each in ([0.9, 0.1], [0.5, 0.5]))
        >>> average_scores([one, other]).probabilities[0].round(3)
        array([0.7, 0.3])
    """
    several = expect_each(scores, CandidateScores, "A CandidateScores", call=_AVERAGE)
    if not several:
        raise ValueError(f"No scores came. Expected those of one model at least; type {_AVERAGE}.")
    first = several[0]
    turned = [_turn(first, each, number) for number, each in enumerate(several)]
    means = [np.logaddexp.reduce(rows, axis=0) - np.log(len(several)) for rows in zip(*turned, strict=True)]
    return CandidateScores(first.candidates, tuple(means), first.right)


def answer_together(
    models: Sequence[Bert], questions: Questions, *, batch: int = BATCH, precision: Precision = "float32"
) -> pd.DataFrame:
    """The answers of several models together: the candidate with the highest mean of their probabilities.

    Args:
        models: tuned with several seeds, or with several doors.
        questions: with a closed set of candidates each.
        batch: questions at a time.
        precision: of the matmuls: "float32", "bfloat16", or "auto" for the faster one on this machine.

    Returns:
        What `answer_questions` gives; `distinct` and `indistinct` are those of the tokenizer that tells least apart.

    Raises:
        TypeError: for what are no models, or no questions.
        ValueError: if no model came.

    Example:
        >>> from kgwb import load_bert, make_questions, verbalise
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = [("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol")]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> questions = make_questions(verbalise(graph), graph)
        >>> list(answer_together([load_bert(), load_bert()], questions).columns)
        ['question', 'relation', 'answer', 'given', 'probability', 'correct', 'distinct', 'indistinct']
    """
    several = expect_each(models, Bert, "A BERT", call=_TOGETHER)
    expect_kind(questions, Questions, "A set of questions", call=_TOGETHER)
    expect_at_least("batch", batch, 1, whole=True)
    if not several:
        raise ValueError(f"No model came. Expected one at least; type {_TOGETHER}.")
    encoded = [encode_questions(model, questions) for model in several]
    found = [
        list_scores(questions, each, score_encoded(model, each, batch=int(batch), precision=precision))
        for model, each in zip(several, encoded, strict=True)
    ]
    frame = average_scores(found).frame
    relations = questions.graph.relation_labels
    return pd.DataFrame(
        {
            "question": [question.text for question in questions],
            "relation": [relations[question.relation] for question in questions],
            "answer": frame["answer"],
            "given": frame["given"],
            "probability": frame["probability"].astype("float32"),
            "correct": frame["correct"],
            "distinct": np.min([each.distinct.numpy() for each in encoded], axis=0),
            "indistinct": np.any([each.indistinct.numpy() for each in encoded], axis=0),
        }
    )


def predict_together(
    models: Sequence[Bert],
    frame: pd.DataFrame,
    *,
    head: str | None = None,
    batch: int = ROWS,
    tasks: Sequence[type[FrameTask]] = (),
) -> pd.DataFrame:
    """The labels that several models give together: that with the highest mean of their probabilities.

    Args:
        models: each with a head of this name.
        frame: as for `predict`.
        head: as for `predict`.
        batch: texts at a time.
        tasks: as for `predict`.

    Returns:
        One row per row, under the same index: `given` and `probability`, as `predict` gives them.

    Raises:
        TypeError: for what are no models, or no data frame.
        ValueError: if no model came, their labels differ, or as for `score_labels`.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.learn.frames.text_classes import TextClasses
        >>> bert = load_bert()
        >>> frame = pd.DataFrame({"text": ["It rains.", "We won."], "label": ["weather", "sport"]})
        >>> _ = TextClasses(frame).prepare(bert)
        >>> predict_together([bert, bert], frame)["given"].tolist()
        ['weather', 'sport']
    """
    several = expect_each(models, Bert, "A BERT", call=_PREDICT)
    if not several:
        raise ValueError(f"No model came. Expected one at least; type {_PREDICT}.")
    found = average_scores([score_labels(each, frame, head=head, batch=batch, tasks=tasks) for each in several]).frame
    columns = {"given": found["given"].tolist(), "probability": found["confidence"].tolist()}
    return pd.DataFrame(columns, index=frame.index)


def _turn(first: CandidateScores, other: CandidateScores, number: int) -> list[np.ndarray]:
    """The logarithms of the other's probabilities, in the order of the first one's candidates."""
    if len(first) != len(other):
        raise ValueError(
            f"Scores of {len(first)} and of {len(other)} questions came. Expected the same questions of all; type {_AVERAGE}."
        )
    turned = []
    rows = zip(first.candidates, other.candidates, other.logarithms, first.right, other.right, strict=True)
    for row, (names, others, values, one, another) in enumerate(rows):
        right, right_too = (each[place] if place >= 0 else None for each, place in ((names, one), (others, another)))
        if set(names) != set(others) or right != right_too:
            strange = [name for name in others if name not in names] or [right_too]
            raise ValueError(
                f"Scores number {number} are of other candidates, or of another right one, than the first in question {row}: "
                f"{quote_value(strange[:3])}. Expected the same questions of all; type {_AVERAGE}."
            )
        places = {name: i for i, name in enumerate(others)}
        turned.append(values if names == others else values[[places[name] for name in names]])
    return turned
