"""Probing: runs and their controls answer the same questions, and a long probe goes on where it was stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import pandas as pd

from kgwb.bert import Bert
from kgwb.checks import expect_at_least, expect_choice, expect_flags, expect_kind, expect_path, expect_text
from kgwb.embed.precision import PRECISIONS, Precision
from kgwb.files import expect_folder, write_whole
from kgwb.learn.answers import answer_encoded
from kgwb.learn.questions import Questions
from kgwb.learn.report import ProbeReport
from kgwb.learn.report_files import expect_writable
from kgwb.learn.runs import ProbeRun, describe_source
from kgwb.learn.summing import summarise_answers
from kgwb.learn.tasks import EncodedQuestions, encode_questions
from kgwb.words import describe_kind

ModelSource: TypeAlias = Bert | Callable[[int], Bert]
_KEPT = ["kept", "facts"]  # how many of the graph's facts a control still states; −1 for what is no control
_ANSWER_COLUMNS = ["question", "relation", "answer", "given", "probability", "correct", "distinct", "indistinct"]
_ANSWER_KINDS = {"probability": "float32", "correct": bool, "distinct": "int64", "indistinct": bool}
_ANSWER_KINDS |= dict.fromkeys(_KEPT, "int64")


class AnswerFileError(ValueError):
    """A file of answers is broken, or of another probe."""


def probe(
    runs: Mapping[str, ModelSource],
    questions: Questions,
    *,
    seeds: int = 3,
    progress: bool = False,
    folder: str | Path | None = None,
    precision: Precision = "auto",
) -> ProbeReport:
    """Accuracy of each run on the same questions, over seeds, beside chance; `.gains()` is what each door gained.

    Args:
        runs: name -> a model, or a function from a seed to a model (`plan_runs` makes them).
        questions: about entities that no run was tuned on (`split_questions` splits them).
        seeds: how often each function is run, with seeds 0, 1, 2, ...; a ready model is probed once.
        progress: show a bar.
        folder: keep each run's answers here as soon as they are given, and take from here those that were given
            before, for the same questions by the same plan. A function of one's own is known by its code
            and by what it takes from around it; lists, dicts and global names do not count.
        precision: of the matmuls: "float32", "bfloat16", or "auto" for the faster one on this machine.

    Returns:
        A report: `.frame` has a row for each run, `.counts` one for each run, seed and relation.

    Raises:
        TypeError: if the runs have no names, or for what are no questions.
        ValueError: if there is no run or `seeds` is below 1.
        AnswerFileError: if the folder holds another probe.
    """
    call = "kgwb.probe({'plain': bert}, questions)"
    expect_kind(runs, Mapping, "A mapping of names to models", call=call)
    expect_kind(questions, Questions, "A set of questions", call=call)
    expect_at_least("seeds", seeds, 1, whole=True)
    expect_flags(progress=progress)
    expect_choice("precision", precision, PRECISIONS)
    if not runs:
        raise ValueError(f"No run came. Expected at least one; type {call}.")
    for name, run in runs.items():
        expect_text("the name of a run", name, usual="plain")
        if not callable(run):
            raise TypeError(
                f"The run {name!r} is {describe_kind(run)}. Expected a BERT, or a function that makes one; type {call}."
            )
        expect_writable(name)  # before hours of tuning, not after them
    rows = list(_plan_rows(runs, questions, seeds))
    place = None if folder is None else expect_path(folder, call="kgwb.probe(runs, questions, folder='probe')")
    if place is not None:
        expect_folder(place, "the answers of a probe")
    # All of them before the first model is tuned: another probe's folder should be refused at once.
    origins = [{} if place is None else row.describe(precision) for row in rows]
    kept = [
        None if place is None else _read_answers(place, origin, len(row.questions))
        for row, origin in zip(rows, origins, strict=True)
    ]
    answers = _answer_rows(rows, origins, kept, place, precision)
    if progress:
        from tqdm.auto import tqdm

        answers = tqdm(answers, desc="probe", total=len(rows), unit="run")
    return summarise_answers(pd.concat(answers, ignore_index=True), list(runs), questions)


@dataclass(frozen=True, eq=False)
class _Row:
    """One run and seed: whose model answers, and which questions."""

    name: str
    seed: int
    source: ModelSource
    questions: Questions
    closed: bool
    noise: float

    def describe(self, precision: Precision) -> dict[str, Any]:
        """All that decides its answers, by name."""
        here = {"run": self.name, "seed": self.seed, "questions": self.questions.fingerprint}
        here |= {"precision of answers": precision, "closed": self.closed, "noise": self.noise}
        source = describe_source(self.source)
        assert not here.keys() & source.keys()  # one would hide the other
        return here | source


def _plan_rows(runs: Mapping[str, ModelSource], questions: Questions, seeds: int) -> Iterator[_Row]:
    """Rows with the same model come one after the other, so that each is tuned once and none is kept."""
    rewritten: dict[object, Questions] = {}
    lenders = {name: run.lender or name if isinstance(run, ProbeRun) else name for name, run in runs.items()}
    sources = {name: lender if _can_lend(runs.get(lender), runs[name]) else name for name, lender in lenders.items()}
    for source in dict.fromkeys(sources.values()):
        for seed in range(1 if isinstance(runs[source], Bert) else seeds):
            for name in (name for name in runs if sources[name] == source):
                run, given = runs[name], questions
                if isinstance(run, ProbeRun):
                    # Runs that rewrite alike share the questions, and then their word pieces.
                    key = (run.rewrite, run.noise, seed if run.noise else 0)
                    given = rewritten[key] = rewritten.get(key) or run.rewrite_questions(questions, seed)
                closed, noise = (run.closed, float(run.noise)) if isinstance(run, ProbeRun) else (False, 0.0)
                yield _Row(name, seed, runs[source], given, closed, noise)


def _can_lend(lender: object, run: object) -> bool:
    """Whether a run's model is another's as well: of another plan, one of that name may be tuned otherwise.

    A model of the user's own in a door's place was put there to be the door.
    """
    if not isinstance(lender, ProbeRun) or not isinstance(run, ProbeRun):
        return lender is not None
    same = (lender.recipe is run.recipe, lender.vectors is run.vectors, lender.rewrite is run.rewrite)
    return all(same) and (lender.mode, lender.control, lender.door) == (run.mode, run.control, run.door)


def _answer_rows(
    rows: Sequence[_Row],
    origins: Sequence[Mapping[str, Any]],
    kept: Sequence[pd.DataFrame | None],
    folder: Path | None,
    precision: Precision,
) -> Iterator[pd.DataFrame]:
    made: tuple[ModelSource, int] | None = None
    cache: dict[tuple[str, int], EncodedQuestions] = {}
    for row, origin, found in zip(rows, origins, kept, strict=True):
        answers = found
        if answers is None:
            if made != (row.source, row.seed):
                model = row.source if isinstance(row.source, Bert) else row.source(row.seed)
                made = (row.source, row.seed)
            encoded = _encode_row(model, row, cache)
            with model.injector.off() if row.closed and model.injector is not None else nullcontext():
                answers = answer_encoded(model, row.questions, encoded, precision=precision)
            injector = model.injector
            told = (-1, -1) if injector is None or injector.kept is None else (injector.kept, len(injector.graph))
            answers = answers.assign(**dict(zip(_KEPT, told, strict=True)))
            if folder is not None:
                _write_answers(folder, origin, answers)
        yield answers.assign(run=row.name, seed=row.seed)


def _encode_row(model: Bert, row: _Row, cache: dict[tuple[str, int], EncodedQuestions]) -> EncodedQuestions:
    """The questions in word pieces; the cache serves all runs of one plan, whose models share a tokenizer."""
    if not isinstance(row.source, ProbeRun):
        return encode_questions(model, row.questions)
    key = (row.questions.fingerprint, id(row.source.recipe.bert))
    if key not in cache:
        cache[key] = encode_questions(model, row.questions)
    return cache[key]


def _write_answers(folder: Path, origin: Mapping[str, Any], answers: pd.DataFrame) -> None:
    """Keep the answers of one run and seed: a line with their origin, then one line per question."""
    lines = [json.dumps(line, ensure_ascii=False) for line in (dict(origin), *answers.to_dict("records"))]
    with write_whole(_name_file(folder, origin)) as path:
        path.write_text("\n".join([*lines, _sign(lines)]) + "\n", encoding="utf-8", newline="\n")


def _sign(lines: Sequence[str]) -> str:
    """The last line, which says whether those before it are whole."""
    return json.dumps({"lines": len(lines), "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()})


def _read_answers(folder: Path, origin: Mapping[str, Any], count: int) -> pd.DataFrame | None:
    """The answers that were kept for this origin, one for each of so many questions; None where there are none yet.

    Raises:
        AnswerFileError: if another model gave them, or to other questions, or the file is broken.
    """
    path = _name_file(folder, origin)
    if not path.exists():
        return None
    try:
        *lines, signature = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
        if signature != _sign(lines):
            raise ValueError("its lines are not those that were written")
        found, *rows = map(json.loads, lines)
        found = dict(found)
        # As JSON has them: tuples are lists there.
        given = json.loads(json.dumps(origin))
        other = [
            name for name in (*given, *found) if name not in given or name not in found or found[name] != given[name]
        ]
        answers = pd.DataFrame(rows)[[*_ANSWER_COLUMNS, *_KEPT]].astype(_ANSWER_KINDS)
        texts = all(isinstance(row[name], str) for row in rows for name in _ANSWER_COLUMNS[:4])
        if not texts or (not other and len(answers) != count):
            raise ValueError("it does not answer each question")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise AnswerFileError(f"{path} holds no answers, or is broken. Remove it to have them given anew.") from error
    if other:
        raise AnswerFileError(
            f"{folder} holds another probe: {origin['run']!r}, seed {origin['seed']}, differs in its {other[0]} "
            f"({found.get(other[0])!r:.40} there, {given.get(other[0])!r:.40} here). "
            'Type another folder, probe(..., folder="probe-2"), or remove this one to start anew.'
        )
    return answers


def _name_file(folder: Path, origin: Mapping[str, Any]) -> Path:
    return folder / f"{quote(str(origin['run']), safe=' +')}, seed {origin['seed']}.jsonl"
