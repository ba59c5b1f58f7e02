"""Probing: runs and their controls answer the same questions, and a long probe goes on where it was stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.bert import Bert
from kgwb.checks import expect_at_least, expect_choice, expect_flags, expect_path
from kgwb.embed.precision import PRECISIONS, Precision
from kgwb.environment import count_cores
from kgwb.files import expect_folder
from kgwb.learn.answering.answer_files import keep_answers, read_answers
from kgwb.learn.probing.records import note_probe
from kgwb.learn.probing.report import ProbeReport
from kgwb.learn.probing.rows import ModelSource, ProbeRow, RowAnswers, Runs, plan_rows
from kgwb.learn.probing.runs import ProbeRun
from kgwb.learn.probing.seed_plans import is_of_seed, plan_seeds
from kgwb.learn.probing.summing import summarise_answers
from kgwb.learn.probing.workers import Work, share_work, why_not_fork
from kgwb.learn.questions import Questions
from kgwb.memory import find_free_memory

_BESIDE = 1 << 29  # bytes that tuning takes beside the weights, about
_USUAL = 110_000_000  # weights of a BERT of the usual size
_log = logging.getLogger(__name__)


def probe(
    runs: Runs | Callable[[int], Runs],
    questions: Questions | Callable[[int], Questions],
    *,
    seeds: int = 3,
    progress: bool = False,
    folder: str | Path | None = None,
    precision: Precision = "auto",
    processes: int | None = None,
) -> ProbeReport:
    """Accuracy of each run on the same questions, over seeds, beside chance; `.gains()` is what each door gained.

    Args:
        runs: name -> a model, or a function from a seed to a model (`plan_runs` makes them); or a function from a seed to all
            of that, so that what tuning starts from varies as well (vectors, the split of the questions). It is
            called for all seeds before the first model is tuned.
        questions: about entities that no run was tuned on (`split_questions` splits them); or a function from a seed to them,
            where runs are one as well.
        seeds: how often each function is run, with seeds 0, 1, 2, ...; a ready model is probed once.
        progress: show a bar: runs and seeds done, and the time left.
        folder: keep each run's answers here as soon as they are given, and take from here those that were given
            before, for the same questions by the same plan. A function of one's own is known by its code
            and by what it takes from around it; lists, dicts and global names do not count.
        precision: of the matmuls: "float32", "bfloat16", or "auto" for the faster one on this machine.
        processes: how many share the runs; each has its part of torch's threads. By default one for each core, as far as
            there are models to tune, and memory for them. It is 1 on a GPU, without Linux, and for functions of
            one's own, which may leave something behind in this process (a number that is typed holds for them too).

    The spread over seeds is that of all that the seed decides. In `plan_runs(bert, vectors, kgwb.MaskedAnswers(seen))` it
    is tuning (the door's first weights, the order of examples, what a control shuffles). To vary vectors and split too:

        split = lambda seed: kgwb.split_questions(questions, seed=seed)
        runs = lambda seed: kgwb.plan_runs(bert, train(graph, seed), kgwb.MaskedAnswers(split(seed)[0]))
        kgwb.probe(runs, lambda seed: split(seed)[1])

    Ctrl-C stops all processes; what was answered until then is in `folder`. Answers are the same to the bit for any
    number of processes with as many threads each, as long as a run draws its random numbers by its seed; with other
    numbers of threads sums are rounded otherwise.

    Returns:
        A report: `.frame` has a row for each run, `.counts` one for each run, seed and relation.

    Raises:
        TypeError: if the runs have no names, or for what are no questions.
        ValueError: if there is no run or `seeds` is below 1.
        AnswerFileError: if the folder holds another probe.
        ChildProcessError: if one of several processes died, as where memory runs out.
    """
    expect_at_least("seeds", seeds, 1, whole=True)
    expect_flags(progress=progress)
    expect_choice("precision", precision, PRECISIONS)
    if processes is not None:
        expect_at_least("processes", processes, 1, whole=True)
    plans = plan_seeds(runs, questions, range(seeds))
    rows = [row for plan in plans for row in plan_rows(plan.runs, plan.questions, plan.seeds)]
    sets = [plan.questions for plan in plans] if is_of_seed(questions) else [plans[0].questions]
    place = None if folder is None else expect_path(folder, call="kgwb.probe(runs, questions, folder='probe')")
    if place is not None:
        expect_folder(place, "the answers of a probe")
    # All of them before the first model is tuned: another probe's folder should be refused at once.
    origins = [{} if place is None else row.describe(precision) for row in rows]
    answers: dict[int, pd.DataFrame] = {}
    for number, (row, origin) in enumerate(zip(rows, origins, strict=True)):
        kept = None if place is None else read_answers(place, origin, len(row.questions))
        if kept is not None:
            answers[number] = kept
    taken = len(answers)
    given, shared_by = _answer_missing(rows, origins, answers, place, precision, processes, progress)
    answers |= given
    whole = [
        answers[number].assign(run=row.name, seed=row.seed, set=row.seed if len(sets) > 1 else 0)
        for number, row in enumerate(rows)
    ]
    report = summarise_answers(pd.concat(whole, ignore_index=True), list(plans[0].runs), sets)
    made = note_probe(rows, precision, taken=taken, processes=shared_by, varied=is_of_seed(runs), sets=len(sets))
    return replace(report, made=made)


def _answer_missing(
    rows: Sequence[ProbeRow],
    origins: Sequence[Mapping[str, Any]],
    answered: Mapping[int, pd.DataFrame],
    folder: Path | None,
    precision: Precision,
    processes: int | None,
    progress: bool,
) -> tuple[dict[int, pd.DataFrame], int]:
    """The answers of the rows that have none yet, by number, and how many processes gave them."""
    missing = [number for number in range(len(rows)) if number not in answered]
    by_model: dict[tuple[int, int], list[int]] = {}  # rows of one tuned model stay together: it is tuned once
    for number in missing:
        by_model.setdefault((id(rows[number].source), rows[number].seed), []).append(number)
    parts = list(by_model.values())
    count = choose_processes([rows[part[0]] for part in parts], processes)
    answering = RowAnswers(rows, precision)
    if count > 1:
        answering.prepare(missing)

    def keep(number: int, given: pd.DataFrame) -> None:
        if folder is not None:
            keep_answers(folder, origins[number], given)

    kept = "Its answers so far are not kept: type kgwb.probe(runs, questions, folder='probe', processes=1)."
    if folder is not None:
        kept = f"What was answered is kept: type kgwb.probe(runs, questions, folder={str(folder)!r}, processes=1)."
    work = Work(answering.give, keep, lambda number: str(rows[number]), kept)
    given = {}
    with (
        _show_bar(progress, len(rows), len(answered)) as bar,
        closing(share_work(parts, work, processes=count, tick=bar.refresh)) as results,
    ):
        for number, answers in results:
            given[number] = answers
            bar.update()
    return given, count


def choose_processes(models: Sequence[ProbeRow], wanted: int | None) -> int:
    """How many processes share the runs.

    Args:
        models: a row of each model that is still to be made or asked.
        wanted: the number that was typed, if one was.
    """
    tuned = [row.source for row in models if not isinstance(row.source, Bert)]
    most = len(models) if wanted is not None else min(count_cores(), len(tuned))
    count = max(1, min(wanted or most, most))
    if count == 1:
        return 1
    reason = why_not_fork() or (_find_hindrance(tuned) if wanted is None else "")
    if reason:
        _log.log(logging.INFO if wanted is None else logging.WARNING, "One process answers for all runs: %s.", reason)
        return 1
    return count if wanted is not None else min(count, _count_with_room(models))


def _find_hindrance(tuned: Sequence[ModelSource]) -> str:
    homes = [getattr(source, "func", source).__module__ for source in tuned]  # of a partial, its function's
    if all(home.partition(".")[0] == "kgwb" for home in homes):
        return ""
    return "functions of one's own may leave something behind here; type processes=2 to share them"


def _count_with_room(models: Sequence[ProbeRow]) -> int:
    """How many of the largest model can be tuned at a time: weights, gradients and the optimizer's two moments each."""
    berts = [row.source.recipe.bert if isinstance(row.source, ProbeRun) else row.source for row in models]
    weights = 4 * max((bert.model.num_parameters() for bert in berts if isinstance(bert, Bert)), default=_USUAL)
    free = find_free_memory()
    count = len(models) if free is None else max(1, free // (4 * weights + _BESIDE))
    _log.info("%s bytes of memory are free: room for %d models", free, count)
    return count


def _show_bar(shown: bool, total: int, answered: int) -> Any:
    """A bar over all processes; its clock goes on between two runs."""
    if not shown:
        return nullcontext(_NoBar())
    from tqdm.auto import tqdm

    return tqdm(desc="probe", total=total, initial=answered, unit="run", smoothing=0)  # time left by the mean so far


class _NoBar:
    def update(self) -> None:
        """Nothing is shown."""

    refresh = update
