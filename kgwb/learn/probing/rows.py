"""The rows of a probe, one for each run and seed: whose model answers, to which questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd
import torch

from kgwb.bert import Bert
from kgwb.embed.precision import SMALL, Precision, choose_precision
from kgwb.learn.answering.answer_files import KEPT
from kgwb.learn.answering.answers import answer_encoded
from kgwb.learn.probing.runs import ProbeRun, describe_source
from kgwb.learn.questions import Questions
from kgwb.learn.tasks import EncodedQuestions, encode_questions

ModelSource: TypeAlias = Bert | Callable[[int], Bert]
Runs: TypeAlias = Mapping[str, ModelSource]


@dataclass(frozen=True, eq=False)
class ProbeRow:
    """One run and seed: whose model answers, and which questions."""

    name: str
    seed: int
    source: ModelSource
    questions: Questions
    closed: bool
    noise: float

    def __str__(self) -> str:
        return f"the run {self.name!r}, seed {self.seed}"

    def describe(self, precision: Precision) -> dict[str, Any]:
        """All that decides its answers, by name."""
        here = {"run": self.name, "seed": self.seed, "questions": self.questions.fingerprint}
        here |= {"precision of answers": precision, "closed": self.closed, "noise": self.noise}
        source = describe_source(self.source)
        assert not here.keys() & source.keys()  # one would hide the other
        return here | source


def plan_rows(runs: Mapping[str, ModelSource], questions: Questions, seeds: Sequence[int]) -> Iterator[ProbeRow]:
    """Rows with the same model come one after the other, so that each is tuned once and none is kept."""
    rewritten: dict[object, Questions] = {}
    lenders = {name: run.lender or name if isinstance(run, ProbeRun) else name for name, run in runs.items()}
    sources = {name: lender if _can_lend(runs.get(lender), runs[name]) else name for name, lender in lenders.items()}
    for source in dict.fromkeys(sources.values()):
        for seed in seeds[:1] if isinstance(runs[source], Bert) else seeds:
            for name in (name for name in runs if sources[name] == source):
                run, given = runs[name], questions
                if isinstance(run, ProbeRun):
                    # Runs that rewrite alike share the questions, and then their word pieces.
                    key = (run.rewrite, run.noise, seed if run.noise else 0)
                    given = rewritten[key] = rewritten.get(key) or run.rewrite_questions(questions, seed)
                closed, noise = (run.closed, float(run.noise)) if isinstance(run, ProbeRun) else (False, 0.0)
                yield ProbeRow(name, seed, runs[source], given, closed, noise)


def _can_lend(lender: object, run: object) -> bool:
    """Whether a run's model is another's as well: of another plan, one of that name may be tuned otherwise.

    A model of the user's own in a door's place was put there to be the door.
    """
    if not isinstance(lender, ProbeRun) or not isinstance(run, ProbeRun):
        return lender is not None
    same = (lender.recipe is run.recipe, lender.vectors is run.vectors, lender.rewrite is run.rewrite)
    return all(same) and (lender.mode, lender.control, lender.door) == (run.mode, run.control, run.door)


class RowAnswers:
    """Answers rows one after the other; the model of the last one is kept for those that follow and share it."""

    def __init__(self, rows: Sequence[ProbeRow], precision: Precision) -> None:
        self.rows = rows
        self.precision = precision
        self._model: tuple[ModelSource, int, Bert] | None = None
        self._encoded: dict[tuple[str, int], EncodedQuestions] = {}

    def give(self, number: int) -> pd.DataFrame:
        """The answers of a row's model, tuned first where it is not the one at hand."""
        row = self.rows[number]
        model = self._make(row)
        encoded = self._encode(row, model)
        with model.injector.off() if row.closed and model.injector is not None else nullcontext():
            answers = answer_encoded(model, row.questions, encoded, precision=self.precision)
        injector = model.injector
        told = (-1, -1) if injector is None or injector.kept is None else (injector.kept, len(injector.graph))
        return answers.assign(**dict(zip(KEPT, told, strict=True)))

    def prepare(self, numbers: Sequence[int]) -> None:
        """What processes made from this one find done: word pieces, and which number format is the faster."""
        for row in (self.rows[number] for number in numbers):
            if isinstance(row.source, ProbeRun):
                assert row.source.recipe.prepared
                self._encode(row, row.source.recipe.bert)
        choose_precision("auto", torch.device("cpu"), work=SMALL)

    def _make(self, row: ProbeRow) -> Bert:
        if self._model is None or self._model[:2] != (row.source, row.seed):
            self._model = None  # two at a time would take memory for two
            model = row.source if isinstance(row.source, Bert) else row.source(row.seed)
            self._model = (row.source, row.seed, model)
        return self._model[2]

    def _encode(self, row: ProbeRow, model: Bert) -> EncodedQuestions:
        """The questions in word pieces; they serve all runs of one plan, whose models share a tokenizer."""
        if not isinstance(row.source, ProbeRun):
            return encode_questions(model, row.questions)
        key = (row.questions.fingerprint, id(row.source.recipe.bert))
        if key not in self._encoded:
            self._encoded[key] = encode_questions(model, row.questions)
        return self._encoded[key]
