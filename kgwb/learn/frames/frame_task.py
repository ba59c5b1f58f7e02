"""What tasks on a data frame have in common: reading it, a head on the model, the loss, answers and their measure."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar

import pandas as pd
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert
from kgwb.bert.task_head import Label, TaskHead, expect_head_name, show_settings
from kgwb.checks import expect_each, expect_kind, expect_text
from kgwb.embed.precision import widen_numbers
from kgwb.fingerprints import fingerprint
from kgwb.learn.frames.columns import expect_frame, read_label
from kgwb.learn.frames.starting import fit_regression, set_class_means
from kgwb.learn.frames.states import pool_states, sweep_units
from kgwb.learn.frames.texts import Examples
from kgwb.learn.tasks import Task
from kgwb.words import count_things, quote_value

log = logging.getLogger(__name__)
PART = 8  # texts of a batch that are read together while tuning on a processor


class FrameTask(Task):
    """A task whose examples are the rows of a data frame, and whose head the model keeps in `model.heads`.

    A subclass is a frozen dataclass with a `frame`, the names of its columns, `labels` and the head's `name`; its other
    fields are kept with the head, because predicting needs them. It says in `read` what the head sees. As it
    stands, a row has one label, and the loss is the cross-entropy; what has other answers overrides the methods below `read`.

    Attributes:
        kind: what the head is called after; no two kinds share it.
        inputs: the fields that name a column which predicting reads.
        answers: the field that names the column of what is right.
        stretches: how many stretches of word pieces a unit has; 0 where the logits are not the head's own.
        arguments: what messages say to type.
    """

    kind: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]] = ("text",)
    answers: ClassVar[str] = "label"
    stretches: ClassVar[int] = 1
    arguments: ClassVar[str] = "frame"

    frame: pd.DataFrame
    labels: Sequence[Label] | None
    name: str

    def __post_init__(self) -> None:
        call = self._call
        for field in (*self.inputs, self.answers):
            expect_text(field, getattr(self, field), usual=field)
        expect_frame(self.frame, [getattr(self, field) for field in self.inputs], call=call)
        expect_head_name(self.name)
        if self.labels is not None:
            expect_each(
                self.labels, (str, int), "A label, a text or a whole number,", call=f"{call[:-1]}, labels=['a'])"
            )

    @property
    def _call(self) -> str:
        return f"kgwb.learn.{type(self).__name__}({self.arguments})"

    @property
    def settings(self) -> dict[str, Any]:
        """What the head keeps: every field but frame, labels and name."""
        names = [field.name for field in fields(self) if field.name not in ("frame", "labels", "name")]  # type: ignore[arg-type]
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        given = {**show_settings(self.settings), "labels": self.labels, "name": self.name}
        options = ", ".join(f"{name}={value!r}" for name, value in given.items())
        return (
            f"{type(self).__name__}({count_things(len(self.frame), 'row')} {fingerprint(self.frame)[:12]}, {options})"
        )

    def prepare(self, bert: Bert) -> PreparedFrame:
        """Cut the texts into word pieces, once; make the head, where the model has none of this name yet.

        Raises:
            ValueError: for a row without a label, or a head of the same name with other labels or settings.
        """
        expect_kind(bert, Bert, "A BERT", call="task.prepare(kgwb.load_bert())")
        expect_frame(self.frame, [getattr(self, self.answers)], call=self._call)
        right = self.read_answers(self.frame, self.settings)
        head, is_new = self._find_head(bert, self._choose_labels(right))
        examples = self.read(bert, self.frame, self.settings)
        prepared = PreparedFrame(self, head, examples, self.encode(head.labels, right, examples))
        if is_new:
            bert.heads[self.name] = head
            if self.stretches:
                self.start(head, prepared.read_states(bert), torch.cat(prepared.targets).to(bert.device))
        return prepared

    def fit_head(self, bert: Bert) -> None:
        """Set the head to the logistic regression on the model as it is: without tuning, or once more after it.

        The head that tuning leaves was learnt on states that were still moving. Nothing else of the model changes.

        Raises:
            ValueError: as for `prepare`, or for a kind of task whose head has no weights of its own.
        """
        if not self.stretches:
            raise ValueError(
                f"A head of {self.kind} has no weights that a regression could fit. Type kgwb.tune(model, task) to train it."
            )
        prepared = self.prepare(bert)
        fit_regression(
            prepared.head, prepared.read_states(bert), torch.cat(prepared.targets).to(bert.device), self.loss
        )

    @classmethod
    @abstractmethod
    def read(cls, bert: Bert, frame: pd.DataFrame, settings: Mapping[str, Any]) -> Examples:
        """What the head sees of each row."""

    @classmethod
    def measure_width(cls, bert: Bert) -> int:
        """How many numbers the head sees of a unit."""
        return cls.stretches * bert.words.embedding_dim

    @classmethod
    def look(cls, bert: Bert, examples: Examples, rows: Sequence[int]) -> Float[Tensor, "unit width"]:
        """What the head sees of each unit of some texts."""
        return pool_states(bert, examples, rows)

    @classmethod
    def score(cls, bert: Bert, head: TaskHead, examples: Examples, rows: Sequence[int]) -> Float[Tensor, "unit label"]:
        """The logits of each unit of some texts."""
        return head(cls.look(bert, examples, rows))

    @classmethod
    def loss(cls, logits: Float[Tensor, "unit label"], targets: Tensor) -> Float[Tensor, ""]:
        """−log softmax of the right label, averaged."""
        return cross_entropy(logits, targets)

    @classmethod
    def count_decisions(cls, targets: Tensor) -> int:
        """How many decisions the loss is the mean of."""
        return len(targets)

    @classmethod
    def start(cls, head: TaskHead, states: Float[Tensor, "unit width"], targets: Tensor) -> None:
        """Set a new head to where tuning begins: the means of the classes."""
        set_class_means(head, states, targets)

    @classmethod
    def read_answers(cls, frame: pd.DataFrame, settings: Mapping[str, Any]) -> list[Any]:
        """What is right for each row."""
        column = settings[cls.answers]
        return [read_label(value, row, column) for row, value in enumerate(frame[column].tolist())]

    @classmethod
    def encode(cls, labels: Sequence[Label], right: Sequence[Any], examples: Examples) -> list[Tensor]:
        """What is right as the loss takes it, for each text of the encoding."""
        places = {label: i for i, label in enumerate(labels)}
        return [torch.tensor([places[right[row]]]) for row in examples.rows]

    @classmethod
    def answer(cls, labels: Sequence[Any], logits: Float[Tensor, "unit label"]) -> tuple[Any, Any]:
        """What is given for a row, and how probable it is."""
        probability, best = logits[0].softmax(-1).max(-1)
        return labels[int(best)], float(probability)

    @classmethod
    def explain(cls, bert: Bert, examples: Examples, logits: Sequence[Tensor], given: Sequence[Any]) -> dict[str, Any]:
        """What predictions say beside: name of a column -> what stands in each row."""
        return {}

    @classmethod
    def split_answer(cls, answer: Any) -> tuple[list[Any], set[tuple[Any, Any]]]:
        """The decisions of an answer, each right or wrong, and its items by label, of which precision and recall are taken."""
        return [answer], {(answer, 0)}

    @classmethod
    def list_labels(cls, right: Sequence[Any]) -> Iterable[Label]:
        """The labels of all answers, as often as each comes."""
        return right

    def _choose_labels(self, right: Sequence[Any]) -> list[Label]:
        """The labels that are declared, or those of the frame, sorted; what has few examples is said in the log."""
        counts = Counter(self.list_labels(right))
        labels = (
            sorted(counts, key=lambda one: (isinstance(one, str), one)) if self.labels is None else list(self.labels)
        )
        undeclared = [label for label in counts if label not in labels]
        if undeclared:
            raise ValueError(
                f"The frame holds the label {quote_value(undeclared[0])}, which is not among labels={quote_value(labels)}. "
                "Type labels=None for those of the frame."
            )
        for number, words in ((1, "a single example"), (0, "no example")):
            few = [label for label in labels if counts[label] == number]
            if few:
                log.warning("%d of %d labels have %s: %s", len(few), len(labels), words, ", ".join(map(str, few[:5])))
        return labels

    def _find_head(self, bert: Bert, labels: list[Label]) -> tuple[TaskHead, bool]:
        """The model's head of this name, or a new one that is not on the model yet."""
        settings = self.settings
        if self.name not in bert.heads:
            new = TaskHead(self.kind, labels, self.measure_width(bert), settings)
            return new.to(bert.device).train(bert.training), True
        head = bert.heads[self.name]
        other = f"Type name='another' for a head of its own: {self._call[:-1]}, name='another')"
        shown = show_settings(settings)
        if not isinstance(head, TaskHead) or head.kind != self.kind or show_settings(head.settings) != shown:
            made = type(head).__name__
            if isinstance(head, TaskHead):
                made = f"{head.kind!r} with {show_settings(head.settings)}"
            raise ValueError(
                f"The head {self.name!r} of {bert.name!r} is {made}, not {self.kind!r} with {shown}. {other}."
            )
        if list(head.labels) != labels:
            unknown, missing = (
                [one for one in a if one not in b] for a, b in ((labels, head.labels), (head.labels, labels))
            )
            raise ValueError(
                f"The frame has {len(labels)} labels, of which the head {self.name!r} of {bert.name!r} does not know "
                f"{quote_value(unknown[:5])}, and lacks {quote_value(missing[:5])}. Expected its {len(head.labels)}; if all "
                f"are among them, type labels=model.heads[{self.name!r}].labels. {other}."
            )
        return head, False


class PreparedFrame(nn.Module):
    """A task's rows as word pieces, with the head that is trained on them.

    Args:
        task: how they are read.
        head: the model's.
        examples: the rows.
        targets: what is right, for each text of the examples.
    """

    def __init__(self, task: FrameTask, head: TaskHead, examples: Examples, targets: Sequence[Tensor]) -> None:
        super().__init__()
        self.task = task
        self.head = head
        self.examples = examples
        self.targets = list(targets)
        self.groups = examples.groups
        self.lengths = examples.encoding.is_token.sum(1)  # [text]

    def __len__(self) -> int:
        return len(self.groups)

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """The mean loss of the units of some texts, or groups of texts."""
        # A processor spends its time on padding: what is of like length is read together, a part at a time.
        ordered = sorted(rows, key=lambda row: int(self.lengths[list(self.groups[row])].max()))
        part = max(1, PART // len(self.groups[ordered[0]])) if bert.device.type == "cpu" else len(ordered)
        texts = [
            [text for row in ordered[start : start + part] for text in self.groups[row]]
            for start in range(0, len(ordered), part)
        ]
        counts = [sum(self.task.count_decisions(self.targets[text]) for text in some) for some in texts]
        losses = [self._loss_of(bert, some) * count for some, count in zip(texts, counts, strict=True)]
        return torch.stack(losses).sum() / max(1, sum(counts))

    def _loss_of(self, bert: Bert, texts: Sequence[int]) -> Float[Tensor, ""]:
        logits = widen_numbers(self.task.score(bert, self.head, self.examples, texts))
        return self.task.loss(logits, torch.cat([self.targets[text] for text in texts]).to(bert.device))

    @torch.no_grad()
    def read_states(self, bert: Bert) -> Float[Tensor, "unit width"]:
        """What the head sees of every unit, by the model as it is."""
        bert = bert.in_mode(training=False)
        return torch.cat(sweep_units(self.examples, lambda texts: self.task.look(bert, self.examples, texts)))
