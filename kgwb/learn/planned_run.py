"""One row of a probe table: how its model is made, and how it is asked."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import torch

from kgwb.axes import Tensor
from kgwb.bert import Bert, inject
from kgwb.bert.knowledge import Control, EntityVectors, gather_knowledge
from kgwb.learn.controls import misdirect_mentions
from kgwb.learn.objectives import EncodedQuestions, MaskedAnswers, Task
from kgwb.learn.questions import Questions
from kgwb.learn.tuning import tune

Rewrite: TypeAlias = Callable[[Questions], Questions]


@dataclass(frozen=True, eq=False)
class Recipe:
    """How the models of a grid are made.

    Attributes:
        bert: where each starts.
        tasks: what each is tuned on.
        options: of `tune`.
    """

    bert: Bert
    tasks: tuple[Task, ...]
    options: Mapping[str, Any]

    @cached_property
    def prepared(self) -> tuple[Task, ...]:
        """The tasks, with questions already cut into word pieces: every run of the grid cuts them alike."""
        return tuple(
            CutQuestions(task.prepare(self.bert)) if isinstance(task, MaskedAnswers) else task for task in self.tasks
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of BERT's weights, the tasks and the options."""
        told = [task.questions.fingerprint if isinstance(task, MaskedAnswers) else repr(task) for task in self.tasks]
        return _digest([*told, repr(sorted(self.options.items()))], self.bert.state_dict().values())


@dataclass(frozen=True, eq=False)
class CutQuestions:
    """A task that was prepared before."""

    encoded: EncodedQuestions

    def prepare(self, bert: Bert) -> EncodedQuestions:
        """The questions as they were cut."""
        return self.encoded


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One row of a probe table: a model to be tuned, and how it is asked.

    Attributes:
        recipe: where the model starts, and what it is tuned on.
        vectors: what its door injects; None for plain BERT.
        mode: which door, or doors.
        control: what is taken away from the vectors.
        door: options of `inject`.
        rewrite: what becomes of the questions before they are asked.
        noise: the share of the mentions that are misdirected before they are asked.
        closed: whether the door is closed when it is asked.
        lender: the run whose tuned model it asks; None for its own.
    """

    recipe: Recipe
    vectors: EntityVectors | None = None
    mode: str | tuple[str, ...] | None = None
    control: Control | None = None
    door: Mapping[str, Any] = field(default_factory=dict)
    rewrite: Rewrite | None = None
    noise: int | float = 0.0
    closed: bool = False
    lender: str | None = None

    def __call__(self, seed: int) -> Bert:
        """The model of a seed, tuned."""
        if self.vectors is None:
            model = copy.deepcopy(self.recipe.bert)
        else:
            mode: Any = self.mode
            model = inject(
                self.recipe.bert, self.vectors, mode=mode, control=self.control, seed=seed, **dict(self.door)
            )
        for _ in tune(model, self.recipe.prepared, seed=seed, **self.recipe.options):
            pass
        return model

    def put(self, questions: Questions, seed: int) -> Questions:
        """The questions as this run is asked them."""
        told = questions if self.rewrite is None else self.rewrite(questions)
        return misdirect_mentions(told, self.noise, seed=seed) if self.noise else told

    def rewritten(self, rewrite: Rewrite) -> PlannedRun:
        """This run, tuned on rewritten questions and asked such."""
        tasks = tuple(
            replace(task, questions=rewrite(task.questions)) if isinstance(task, MaskedAnswers) else task
            for task in self.recipe.tasks
        )
        return replace(self, recipe=replace(self.recipe, tasks=tasks), rewrite=rewrite)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides how its model is made, but for the seed."""
        told = [self.recipe.fingerprint, repr((self.mode, self.control)), repr(sorted(self.door.items()))]
        if self.vectors is None:
            return _digest(told, ())
        known = gather_knowledge(self.vectors)
        return _digest([*told, known.graph.fingerprint], [known.entities, known.relations, known.facts])


def fingerprint_model(bert: Bert) -> str:
    """SHA-256 of a model's weights."""
    return _digest([], bert.state_dict().values())


def _digest(told: Sequence[str], tensors: Iterable[Tensor]) -> str:
    digest = hashlib.sha256("\n".join(told).encode())
    for tensor in tensors:
        # As bytes: numpy knows no bfloat16.
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
