"""Which relation a text states between two mentions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import pandas as pd

from kgwb.bert import Bert
from kgwb.bert.task_head import Label
from kgwb.graph import Sentence
from kgwb.learn.frames.columns import read_span, read_texts
from kgwb.learn.frames.frame_task import FrameTask
from kgwb.learn.frames.texts import Examples, encode_spans


@dataclass(frozen=True, eq=False, repr=False)
class RelationClasses(FrameTask):
    """Classify the relation that a text states between a head and a tail.

    logits = W [h / ‖h‖; t / ‖t‖; m / ‖m‖] + b: the mean hidden states of the head's word pieces, of the tail's, and of all
    (after Baldini Soares et al., 2019, "Matching the blanks", whose mentions are pooled as well). W starts at
    the means of the classes. Of a text that is too long what stands around both mentions is read, which the
    log says.

    Args:
        frame: a text, its two mentions and its relation in each row; a text may be a `kgwb.graph.Sentence`, at whose
            mentions a door acts.
        text: the column of texts.
        head: the column of heads, each as (start, end) in characters.
        tail: the column of tails.
        label: the column of relations.
        labels: what may be answered; by default the relations of the frame, sorted.
        name: of the head in `model.heads`.

    Raises:
        TypeError: for what is no data frame.
        ValueError: for a frame without rows or the columns.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.learn import predict
        >>> rows = [("Ada lives in Rome.", (0, 3), (13, 17), "home"), ("Ada married Bo.", (0, 3), (12, 14), "spouse")]
        >>> frame = pd.DataFrame(rows, columns=["text", "head", "tail", "label"])
        >>> bert = load_bert()
        >>> _ = RelationClasses(frame).prepare(bert)
        >>> predict(bert, frame)["given"].tolist()
        ['home', 'spouse']
    """

    kind: ClassVar[str] = "relation classes"
    inputs: ClassVar[tuple[str, ...]] = ("text", "head", "tail")
    stretches: ClassVar[int] = 3

    frame: pd.DataFrame
    text: str = "text"
    head: str = "head"
    tail: str = "tail"
    label: str = "label"
    _: KW_ONLY
    labels: Sequence[Label] | None = None
    name: str = "relation_classes"

    @classmethod
    def read(cls, bert: Bert, frame: pd.DataFrame, settings: Mapping[str, Any]) -> Examples:
        """The pieces of both mentions, and of all of the text."""
        texts = read_texts(frame, settings["text"])
        plain = [text.text if isinstance(text, Sentence) else text for text in texts]
        ends = [
            [
                read_span(value, text, row, settings[which])
                for row, (value, text) in enumerate(zip(frame[settings[which]], plain, strict=True))
            ]
            for which in ("head", "tail")
        ]
        return encode_spans(bert, texts, list(zip(*ends, strict=True)), pooled=True)
