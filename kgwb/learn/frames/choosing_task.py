"""What tasks have in common whose rows have answers of their own to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.bert.task_head import Label, TaskHead
from kgwb.learn.frames.frame_task import FrameTask
from kgwb.learn.frames.starting import fit_regression
from kgwb.learn.frames.texts import Examples


class ChoosingTask(FrameTask):
    """A task whose rows offer answers of their own, one of which is right: each gets one number, the row's their softmax.

    A unit is an answer that a row offers; `read` says in `Examples.offered` which it is.
    """

    @property
    def labels(self) -> tuple[Label, ...]:  # type: ignore[override]
        """What the head's one number is called: the answers are the rows' own."""
        return ("choice",)

    @classmethod
    def loss(cls, logits: Float[Tensor, "unit 1"], targets: Int[Tensor, "unit 2"]) -> Float[Tensor, ""]:
        """−log softmax of the right answer among those of its row, averaged over rows that have a right one.

        Args:
            logits: of each answer.
            targets: its row, and 1 if it is right, else 0.
        """
        scores = logits[:, 0]
        rows, group = targets[:, 0].unique(return_inverse=True)
        most = scores.detach().new_full((len(rows),), -torch.inf).scatter_reduce(0, group, scores.detach(), "amax")
        total = torch.zeros_like(most).index_add(0, group, (scores - most[group]).exp()).log() + most  # [row]
        missed = (total[group] - scores)[targets[:, 1] > 0]
        return missed.sum() / max(1, len(missed))

    @classmethod
    def count_decisions(cls, targets: Int[Tensor, "unit 2"]) -> int:
        """One for each right answer."""
        return int(targets[:, 1].sum())

    @classmethod
    def start(cls, head: TaskHead, states: Float[Tensor, "unit width"], targets: Tensor) -> None:
        """Set a new head to the logistic regression, conditional on what each row offers."""
        fit_regression(head, states, targets, cls.loss)

    @classmethod
    def encode(cls, labels: Sequence[Label], right: Sequence[Any], examples: Examples) -> list[Tensor]:
        """The row of each answer, and whether it is right."""
        targets = []
        for row, start, units in zip(examples.rows, examples.starts, examples.units, strict=True):
            offered = examples.offered[row][start : start + len(units)]
            targets.append(torch.tensor([[row, int(one == right[row])] for one in offered]))
        return targets

    @classmethod
    def answer(cls, labels: Sequence[Any], logits: Float[Tensor, "unit 1"]) -> tuple[Any, Any]:
        """The most probable answer of those that the row offers."""
        probability, best = logits[:, 0].softmax(0).max(0)
        return labels[int(best)], float(probability)

    @classmethod
    def list_labels(cls, right: Sequence[Any]) -> Iterable[Label]:
        """None that the head would have to know."""
        return ()

    def _choose_labels(self, right: Sequence[Any]) -> list[Label]:
        return list(self.labels)
