"""Classifying texts by fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import pandas as pd

from kgwb.bert import Bert
from kgwb.bert.task_head import Label
from kgwb.learn.frames.columns import read_texts
from kgwb.learn.frames.frame_task import FrameTask
from kgwb.learn.frames.texts import Examples, encode_spans


@dataclass(frozen=True, eq=False, repr=False)
class TextClasses(FrameTask):
    """Classify texts by the mean of their hidden states.

    logits = W x + b, x = h / ‖h‖, h the mean of the last layer's hidden states (Reimers and Gurevych, 2019,
    "Sentence-BERT"). W starts at the means of the classes. Of a text with more word pieces than BERT has positions only the
    beginning is read, which the log says.

    Of a sentence model as MiniLM, with few examples of each class, all layers learn best, and the head is fitted once more
    afterwards: tune(bert, task, top_layers=bert.layers, epochs=3, learning_rate=2e-4), then
    task.fit_head(bert).

    Args:
        frame: a text and its label in each row; a text may be a `kgwb.graph.Sentence`, at whose mentions a door acts.
        text: the column of texts.
        label: the column of labels, texts or whole numbers.
        labels: what may be answered; by default the labels of the frame, sorted.
        name: of its head in `model.heads`.

    Raises:
        TypeError: for what is no data frame.
        ValueError: for a frame without rows or the columns.

    Example:
        >>> from kgwb import load_bert, tune
        >>> from kgwb.learn import predict
        >>> bert = load_bert()
        >>> rows = [("It rains.", "weather"), ("It snows.", "weather"), ("We won.", "sport"), ("They lost.", "sport")]
        >>> frame = pd.DataFrame(rows, columns=["text", "label"])
        >>> for step in tune(bert, TextClasses(frame), epochs=1):
        ...     pass
        >>> predict(bert, pd.DataFrame({"text": ["The sun shines.", "The match is over."]}))["given"].tolist()
        ['weather', 'sport']
    """

    kind: ClassVar[str] = "text classes"

    frame: pd.DataFrame
    text: str = "text"
    label: str = "label"
    _: KW_ONLY
    labels: Sequence[Label] | None = None
    name: str = "text_classes"

    @classmethod
    def read(cls, bert: Bert, frame: pd.DataFrame, settings: Mapping[str, Any]) -> Examples:
        """All word pieces of each text as one stretch."""
        texts = read_texts(frame, settings["text"])
        return encode_spans(bert, texts, [[]] * len(texts), pooled=True)
