"""Asking models what they know, with their controls beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pandas as pd
import torch

from kgwb.bert import Bert
from kgwb.embed.precision import Precision, choose_precision
from kgwb.learn.grid import plan_runs as plan_runs
from kgwb.learn.kept_answers import read_answers, write_answers
from kgwb.learn.objectives import EncodedQuestions, encode_questions
from kgwb.learn.planned_run import PlannedRun, fingerprint_model
from kgwb.learn.questions import Questions

Run: TypeAlias = Bert | Callable[[int], Bert]
_BATCH = 128


def answer_questions(
    bert: Bert, questions: Questions, *, batch: int = _BATCH, precision: Precision = "float32"
) -> pd.DataFrame:
    """A model's answer to each question.

    Args:
        bert: plain or injected.
        questions: with a closed set of candidates each.
        batch: questions at a time.
        precision: of the matmuls: "float32", "bfloat16", or "auto" for the faster one on this machine.

    Returns:
        One row per question: `question`, `relation`, `answer` (the right one), `given` (the model's), `probability`
        (of the right one among the candidates), `correct`.
    """
    return _answer(bert, questions, encode_questions(bert, questions), batch, precision)


@torch.no_grad()
def _answer(
    bert: Bert, questions: Questions, encoded: EncodedQuestions, batch: int, precision: Precision
) -> pd.DataFrame:
    was_training = bert.training
    bert.eval()
    rows = [range(start, min(start + batch, len(questions))) for start in range(0, len(questions), batch)]
    format_ = choose_precision(precision, bert.device, work=batch * bert.model.num_parameters())
    with torch.autocast(bert.device.type, format_, enabled=format_ != torch.float32):
        chances = torch.cat([encoded.scores(bert, block).softmax(-1).cpu() for block in rows])
    bert.train(was_training)
    best = chances.argmax(1)
    right = chances.gather(1, encoded.answers[:, None])[:, 0]
    relations = questions.graph.relation_labels
    return pd.DataFrame(
        {
            "question": [question.text for question in questions],
            "relation": [relations[question.relation] for question in questions],
            "answer": [encoded.names[i] for i in encoded.answers.tolist()],
            "given": [encoded.names[i] for i in best.tolist()],
            "probability": right.numpy(),
            "correct": (best == encoded.answers).numpy(),
        }
    )


def probe(
    runs: Mapping[str, Run],
    questions: Questions,
    *,
    seeds: int = 3,
    progress: bool = False,
    folder: str | Path | None = None,
    precision: Precision = "auto",
) -> pd.DataFrame:
    """Accuracy of each run on the same questions, over seeds, beside chance; `compare_doors` says what each door gained.

    Args:
        runs: name -> a model, or a function from a seed to a model (`plan_runs` makes them).
        questions: about entities that no run was tuned on (`split_questions` parts them).
        seeds: how often each function is run, with seeds 0, 1, 2, ...; a ready model is asked once.
        progress: show a bar.
        folder: keep each run's answers here as soon as they are given, and take from here those that were given
            before, for the same questions by the same plan. A function of one's own is known by its name alone.
        precision: of the matmuls while asking: "float32", "bfloat16", or "auto" for the faster one on this machine.

    Returns:
        One row per run: `accuracy` (mean over seeds), `spread` (standard deviation over seeds, NaN for one),
        `chance`, `seeds`, `questions`, and the mean accuracy per relation. `.attrs["values"]` keeps the accuracy
        of every run and seed, `.attrs["counts"]` right and asked for each relation too.

    Raises:
        TypeError: if the runs have no names.
        ValueError: if there is no run or `seeds` is below 1.
        AnswerFileError: if the folder holds another probe.
    """
    if not isinstance(runs, Mapping):
        raise TypeError(f"{type(runs).__name__} came instead of named runs. Type probe({{'plain': bert}}, questions).")
    if not runs or seeds < 1:
        raise ValueError(
            f"{len(runs)} runs and {seeds} seeds came. Expected at least one of each: probe(runs, questions)."
        )
    rows = list(_plan_rows(runs, questions, seeds))
    place = None if folder is None else Path(folder)
    # All of them before the first model is tuned: another probe's folder should be refused at once.
    kept = [None if place is None else read_answers(place, row.origin) for row in rows]
    answers = _answer_rows(rows, kept, place, precision)
    if progress:
        from tqdm.auto import tqdm

        answers = tqdm(answers, desc="probe", total=len(rows), unit="run")
    return _summarise(pd.concat(answers, ignore_index=True), list(runs), questions)


@dataclass(frozen=True, eq=False)
class _Row:
    """One run and seed: whose model it asks, and what."""

    name: str
    seed: int
    maker: Run
    asked: Questions
    closed: bool

    @property
    def origin(self) -> dict[str, str | int]:
        """All that decides its answers."""
        made = ""
        if isinstance(self.maker, (PlannedRun, Bert)):
            made = fingerprint_model(self.maker) if isinstance(self.maker, Bert) else self.maker.fingerprint
        return {"run": self.name, "seed": self.seed, "questions": self.asked.fingerprint, "model": made}


def _plan_rows(runs: Mapping[str, Run], questions: Questions, seeds: int) -> Iterator[_Row]:
    """Rows that ask the same model come one after the other, so that each is tuned once and none is kept."""
    put: dict[object, Questions] = {}
    lenders = {name: run.lender or name if isinstance(run, PlannedRun) else name for name, run in runs.items()}
    makers = {name: lender if lender in runs else name for name, lender in lenders.items()}
    for maker in dict.fromkeys(makers.values()):
        for seed in range(1 if isinstance(runs[maker], Bert) else seeds):
            for name in (name for name in runs if makers[name] == maker):
                run, asked = runs[name], questions
                if isinstance(run, PlannedRun):
                    # Runs that are asked alike share the questions, and then their word pieces.
                    key = (run.rewrite, run.noise, seed if run.noise else 0)
                    asked = put[key] = put.get(key) or run.put(questions, seed)
                yield _Row(name, seed, runs[maker], asked, isinstance(run, PlannedRun) and run.closed)


def _answer_rows(
    rows: Sequence[_Row], kept: Sequence[pd.DataFrame | None], folder: Path | None, precision: Precision
) -> Iterator[pd.DataFrame]:
    made: tuple[Run, int] | None = None
    cut: dict[tuple[str, int], EncodedQuestions] = {}
    for row, found in zip(rows, kept, strict=True):
        answers = found
        if answers is None:
            if made != (row.maker, row.seed):
                model = row.maker if isinstance(row.maker, Bert) else row.maker(row.seed)
                made = (row.maker, row.seed)
            encoded = _cut(model, row, cut)
            with model.injector.off() if row.closed and model.injector is not None else nullcontext():
                answers = _answer(model, row.asked, encoded, _BATCH, precision)
            if folder is not None:
                write_answers(folder, row.origin, answers)
        yield answers.assign(run=row.name, seed=row.seed)


def _cut(model: Bert, row: _Row, cut: dict[tuple[str, int], EncodedQuestions]) -> EncodedQuestions:
    """The questions in word pieces; `cut` remembers them for the runs of one plan, whose models share a tokenizer."""
    if not isinstance(row.maker, PlannedRun):
        return encode_questions(model, row.asked)
    key = (row.asked.fingerprint, id(row.maker.recipe.bert))
    if key not in cut:
        cut[key] = encode_questions(model, row.asked)
    return cut[key]


def _summarise(answers: pd.DataFrame, order: list[str], questions: Questions) -> pd.DataFrame:
    counts = answers.groupby(["run", "seed", "relation"])["correct"].agg(right="sum", asked="size").reset_index()
    totals = counts.groupby(["run", "seed"])[["right", "asked"]].sum()
    values = totals["right"] / totals["asked"]
    by_run = values.groupby("run")
    table = pd.DataFrame({"accuracy": by_run.mean(), "spread": by_run.std(), "chance": questions.chance})
    table["seeds"], table["questions"] = by_run.size(), len(questions)
    relations = answers.groupby(["run", "relation"])["correct"].mean().unstack()
    # A relation may be called "chance": its column then says that it is one.
    relations.columns = [f"{label} (relation)" if label in table else label for label in relations.columns]
    table = table.join(relations).loc[order].rename_axis(index="model", columns=None)
    table.attrs["values"] = {f"{run}, seed {seed}": float(value) for (run, seed), value in values.items()}
    table.attrs["counts"] = counts.to_dict("records")
    table.attrs["chances"] = _chances(questions)
    return table


def _chances(questions: Questions) -> dict[str, float]:
    """The accuracy of guessing evenly, by relation."""
    guesses: dict[str, list[float]] = {}
    for question in questions:
        label = questions.graph.relation_labels[question.relation]
        guesses.setdefault(label, []).append(1 / len(set(question.names)))
    return {label: sum(found) / len(found) for label, found in guesses.items()}
