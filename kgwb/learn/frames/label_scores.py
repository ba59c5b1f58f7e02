"""The scores of every label of each row, not only of the one that is given."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kgwb.bert import Bert
from kgwb.learn.candidate_scores import CandidateScores, gather_names
from kgwb.learn.frames.frame_task import FrameTask
from kgwb.learn.frames.predicting import score_rows
from kgwb.learn.frames.states import BATCH


def score_labels(
    model: Bert,
    frame: pd.DataFrame,
    *,
    head: str | None = None,
    batch: int = BATCH,
    tasks: Sequence[type[FrameTask]] = (),
) -> CandidateScores:
    """How likely each label of each row is, as logits, by a head of the model: what `predict` gives the best of.

    Where rows name answers of their own to choose from, these are scored.

    Args:
        model: as for `predict`.
        frame: as for `predict`; with the column of what is right, that is noted.
        head: as for `predict`.
        batch: texts at a time.
        tasks: as for `predict`.

    Returns:
        Scores of each row, for `measure_calibration`, `fit_temperature`, `average_scores`; the place of what is right is −1
        where the frame does not say it, or the head does not know it.

    Raises:
        TypeError: for what is no model, or no data frame.
        ValueError: as for `predict`, or for a head that gives a row several labels, or tags.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.learn.frames.text_classes import TextClasses
        >>> bert = load_bert()
        >>> frame = pd.DataFrame({"text": ["It rains.", "We won."], "label": ["weather", "sport"]})
        >>> _ = TextClasses(frame).prepare(bert)
        >>> score_labels(bert, frame)
        CandidateScores of 2 questions, 2 candidates each, accuracy 1.000
    """
    scored = score_rows(model, frame, head=head, batch=batch, tasks=tasks)
    task, settings = scored.task, scored.head.settings
    if isinstance(task.answer(scored.offered[0], scored.logits[0])[1], list):
        raise ValueError(
            f"A head of {scored.head.kind} answers a row with several labels, each of which has a probability of its own. "
            "Expected one that gives one label; type kgwb.learn.predict(model, frame)."
        )
    # Whose rows have answers of their own has one number for each of them; else a row has one for each label.
    of_rows = [logits[:, 0] if scored.examples.offered else logits[0] for logits in scored.logits]
    pairs = [gather_names(names, row.double().numpy()) for names, row in zip(scored.offered, of_rows, strict=True)]
    right: list[object] = [_UNKNOWN] * len(frame)
    if settings[task.answers] in frame:
        right = list(task.read_answers(frame, settings))
    places = tuple(names.index(one) if one in names else -1 for one, (names, _) in zip(right, pairs, strict=True))
    return CandidateScores(tuple(names for names, _ in pairs), tuple(row for _, row in pairs), places)


_UNKNOWN = object()
