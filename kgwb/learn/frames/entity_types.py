"""Which types an entity has where a text names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import chain
from typing import Any, ClassVar

import pandas as pd
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert
from kgwb.bert.task_head import Label, TaskHead
from kgwb.graph import Sentence
from kgwb.learn.frames.columns import read_label, read_list, read_span, read_texts
from kgwb.learn.frames.frame_task import FrameTask
from kgwb.learn.frames.starting import fit_regression
from kgwb.learn.frames.texts import Examples, encode_spans


@dataclass(frozen=True, eq=False, repr=False)
class EntityTypes(FrameTask):
    """Say which types the entity has that a span of text names; several may be right.

    P(type) = σ(w · [s / ‖s‖; m / ‖m‖] + b): the mean hidden states of the span's word pieces, and of all. A type is given
    from 1/2 on, and where none reaches it, the most probable one (Choi et al., 2018, "Ultra-fine entity typing"). The loss is
    the sum over types of the binary cross-entropy; W and b start at its minimum before tuning. Of a text that is too long
    what stands around the span is read, which the log says.

    Args:
        frame: a text, a span and a list of types in each row; a text may be a `kgwb.graph.Sentence`, at whose mentions a
            door acts.
        text: the column of texts.
        span: the column of spans, each as (start, end) in characters.
        types: the column of lists of types.
        labels: what may be answered; by default the types of the frame, sorted.
        name: of the head in `model.heads`.

    Raises:
        TypeError: for what is no data frame.
        ValueError: for a frame without rows or the columns.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.learn import predict
        >>> rows = [("Ada sings.", (0, 3), ["person", "artist"]), ("Rome is old.", (0, 4), ["place"])]
        >>> frame = pd.DataFrame(rows, columns=["text", "span", "types"])
        >>> bert = load_bert()
        >>> _ = EntityTypes(frame).prepare(bert)
        >>> [sorted(given) for given in predict(bert, frame)["given"]]
        [['artist', 'person'], ['place']]
    """

    kind: ClassVar[str] = "entity types"
    inputs: ClassVar[tuple[str, ...]] = ("text", "span")
    answers: ClassVar[str] = "types"
    stretches: ClassVar[int] = 2

    frame: pd.DataFrame
    text: str = "text"
    span: str = "span"
    types: str = "types"
    _: KW_ONLY
    labels: Sequence[Label] | None = None
    name: str = "entity_types"

    @classmethod
    def read(cls, bert: Bert, frame: pd.DataFrame, settings: Mapping[str, Any]) -> Examples:
        """The pieces of the span, and of all of the text."""
        texts, column = read_texts(frame, settings["text"]), settings["span"]
        plain = [text.text if isinstance(text, Sentence) else text for text in texts]
        spans = [
            [read_span(value, text, row, column)]
            for row, (value, text) in enumerate(zip(frame[column], plain, strict=True))
        ]
        return encode_spans(bert, texts, spans, pooled=True)

    @classmethod
    def loss(cls, logits: Float[Tensor, "unit label"], targets: Float[Tensor, "unit label"]) -> Float[Tensor, ""]:
        """The binary cross-entropy, summed over types, averaged over spans."""
        return binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(-1).mean()

    @classmethod
    def start(cls, head: TaskHead, states: Float[Tensor, "unit width"], targets: Tensor) -> None:
        """Set a new head to the logistic regression."""
        fit_regression(head, states, targets, cls.loss)

    @classmethod
    def read_answers(cls, frame: pd.DataFrame, settings: Mapping[str, Any]) -> list[Any]:
        """The types of each row."""
        column = settings[cls.answers]
        return [
            list(dict.fromkeys(read_label(one, row, column) for one in read_list(value, row, column, "types")))
            for row, value in enumerate(frame[column])
        ]

    @classmethod
    def encode(cls, labels: Sequence[Label], right: Sequence[Any], examples: Examples) -> list[Tensor]:
        """1 for each type that is right, else 0."""
        return [torch.tensor([[float(label in right[row]) for label in labels]]) for row in examples.rows]

    @classmethod
    def answer(cls, labels: Sequence[Any], logits: Float[Tensor, "unit label"]) -> tuple[Any, Any]:
        """The types from 1/2 on, or the most probable one, the most probable first."""
        found, order = logits[0].sigmoid().sort(descending=True, stable=True)
        count = max(1, int((found >= 0.5).sum()))
        return [labels[i] for i in order[:count].tolist()], found[:count].tolist()

    @classmethod
    def split_answer(cls, answer: Any) -> tuple[list[Any], set[tuple[Label, Any]]]:
        """One decision, right if all types are, and an item for each type."""
        return [frozenset(answer)], {(each, 0) for each in answer}

    @classmethod
    def list_labels(cls, right: Sequence[Any]) -> Iterable[Label]:
        """Every type of every row."""
        return chain.from_iterable(right)
