"""Distillation of classes: a head learns what a teacher thinks of every label, also of texts that no one has labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
import torch
from torch import nn

from kgwb.axes import Float, Int, Tensor
from kgwb.bert import Bert
from kgwb.checks import expect_kind, expect_number, expect_share
from kgwb.fingerprints import fingerprint
from kgwb.learn.candidate_scores import CandidateScores
from kgwb.learn.distillation.distilled_answers import distil
from kgwb.learn.frames.cloze_classes import ClozeClasses
from kgwb.learn.frames.columns import expect_frame
from kgwb.learn.frames.frame_task import FrameTask, PreparedFrame
from kgwb.learn.frames.label_scores import score_labels
from kgwb.learn.frames.relation_classes import RelationClasses
from kgwb.learn.frames.text_classes import TextClasses
from kgwb.learn.frames.texts import Examples
from kgwb.learn.tasks import Task
from kgwb.words import count_things, quote_value

_CALL = "kgwb.learn.DistilledClasses(kgwb.learn.TextClasses(frame), teacher)"


@dataclass(frozen=True, eq=False, repr=False)
class DistilledClasses(Task):
    """Classify texts as a teacher would, and as the labels say where there are some.

    The loss is that of `DistilledAnswers`, over the labels of the task: (1 − w) · cross-entropy on the task's own rows, and on
    all rows w · T² · KL(softmax(t / T) ‖ softmax(s / T)) (Hinton, Vinyals and Dean, 2015).

    Args:
        task: `TextClasses`, `RelationClasses` or `ClozeClasses` on the rows that have labels.
        teacher: a BERT with a head of the task's name; or `CandidateScores` over the labels, of the task's rows and then of
            the unlabelled ones, as of a regression. It is asked once, here.
        unlabelled: more rows, without the column of labels, on which the teacher alone has a say.
        temperature: above 0.
        weight: of the teacher, from 0 (labels alone) to 1 (the teacher alone).

    Raises:
        TypeError: for what is no such task, or no teacher.
        ValueError: if the teacher has other labels than the head, or scored more rows or fewer; for numbers that cannot be.

    Example:
        >>> import kgwb
        >>> rows = [("It rains.", "weather"), ("It snows.", "weather"), ("We won.", "sport"), ("They lost.", "sport")]
        >>> frame = pd.DataFrame(rows, columns=["text", "label"])
        >>> teacher, student = kgwb.load_bert(), kgwb.load_bert()
        >>> _ = TextClasses(frame).prepare(teacher)
        >>> task = DistilledClasses(TextClasses(frame), teacher, unlabelled=pd.DataFrame({"text": ["The sun shines."]}))
        >>> [step.task for step in kgwb.tune(student, task, epochs=1)]
        ['DistilledClasses']
    """

    task: FrameTask
    teacher: Bert | CandidateScores
    unlabelled: pd.DataFrame | None = field(default=None, kw_only=True)
    temperature: int | float = field(default=2.0, kw_only=True)
    weight: int | float = field(default=0.5, kw_only=True)

    def __post_init__(self) -> None:
        expect_kind(self.task, (TextClasses, RelationClasses, ClozeClasses), "A task of classes", call=_CALL)
        expect_kind(self.teacher, (Bert, CandidateScores), "A teacher, a BERT or CandidateScores,", call=_CALL)
        expect_number("temperature", self.temperature, usual=2.0, above=0)
        expect_share("weight", self.weight, usual=0.5)
        frames = [self.task.frame]
        if self.unlabelled is not None:
            columns = [getattr(self.task, name) for name in self.task.inputs]
            expect_frame(self.unlabelled, columns, call=f"{_CALL[:-1]}, unlabelled=frame)")
            frames.append(self.unlabelled)
        rows = sum(map(len, frames))
        if isinstance(self.teacher, Bert):
            label = getattr(self.task, self.task.answers)  # a teacher is not told it
            found = [
                score_labels(self.teacher, each.drop(columns=label, errors="ignore"), head=self.task.name)
                for each in frames
            ]
            parts = [
                tuple(one for each in found for one in getattr(each, name))
                for name in ("candidates", "scores", "right")
            ]
            object.__setattr__(self, "teacher", CandidateScores(*parts))
        assert isinstance(self.teacher, CandidateScores)
        if len(self.teacher) != rows:
            raise ValueError(
                f"The teacher scored {count_things(len(self.teacher), 'row')}, and {rows:,} came: those of the task, then the "
                f"unlabelled ones. Expected one for each; type {_CALL}."
            )

    def prepare(self, bert: Bert) -> DistilledRows:
        """Cut the texts into word pieces, once; make the head, where the model has none of this name yet.

        Raises:
            ValueError: the teacher has other labels than the head, or as for the task.
        """
        labelled = self.task.prepare(bert)
        settings = self.task.settings
        examples = None if self.unlabelled is None else self.task.read(bert, self.unlabelled, settings)
        assert isinstance(self.teacher, CandidateScores)
        labels = labelled.head.labels
        softened = self.teacher.soften(self.temperature)
        beliefs = torch.empty(len(softened), len(labels))
        for row, (names, chances) in enumerate(zip(softened.candidates, softened.probabilities, strict=True)):
            if set(names) != set(labels):
                strange, lacking = ([one for one in a if one not in b] for a, b in ((names, labels), (labels, names)))
                raise ValueError(
                    f"The teacher scored other labels than those of the head {self.task.name!r} in row {row}: "
                    f"{quote_value(strange[:3])} are none of them, {quote_value(lacking[:3])} are missing. Expected the same; "
                    f"type {_CALL}."
                )
            beliefs[row, [labels.index(name) for name in names]] = torch.from_numpy(chances).float()
        return DistilledRows(labelled, examples, beliefs, float(self.temperature), float(self.weight))

    def __repr__(self) -> str:
        more = "none" if self.unlabelled is None else fingerprint(self.unlabelled)[:12]
        told = f"{self.task!r}, teacher {fingerprint(self.teacher)[:12]}, unlabelled {more}"
        return f"DistilledClasses({told}, temperature={self.temperature}, weight={self.weight})"


class DistilledRows(nn.Module):
    """Rows as word pieces, those with labels first, with what a teacher believes.

    Args:
        labelled: the task's own rows, with its head.
        unlabelled: the others.
        beliefs: the teacher's probabilities at the temperature, in the order of the head's labels, [row, label].
        temperature: T.
        weight: of the teacher.
    """

    def __init__(
        self,
        labelled: PreparedFrame,
        unlabelled: Examples | None,
        beliefs: Float[Tensor, "row label"],
        temperature: float,
        weight: float,
    ) -> None:
        super().__init__()
        self.labelled = labelled  # a module: its head is trained with the model
        self.unlabelled = unlabelled
        self.beliefs = beliefs
        self.temperature, self.weight = temperature, weight
        self.right: Int[Tensor, " row"] = torch.full((len(beliefs),), -1)
        self.right[: len(labelled)] = torch.cat(labelled.targets)

    def __len__(self) -> int:
        return len(self.beliefs)

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """The mean of (1 − w) cross-entropy and w T² KL over the given rows."""
        count = len(self.labelled)
        own, others = [row for row in rows if row < count], [row - count for row in rows if row >= count]
        head, task = self.labelled.head, self.labelled.task
        scores = [task.score(bert, head, self.labelled.examples, own)] if own else []
        scores += [task.score(bert, head, self.unlabelled, others)] if others and self.unlabelled is not None else []
        ordered = [*own, *(row + count for row in others)]
        logits = torch.cat(scores).float()  # [row, label]
        beliefs, right = self.beliefs[ordered].to(logits), self.right[ordered].to(bert.device)
        return distil(logits, beliefs, right, temperature=self.temperature, weight=self.weight)
