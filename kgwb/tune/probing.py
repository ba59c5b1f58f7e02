"""Asking models what they know, with their controls beside them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import pandas as pd
import torch

from kgwb.inject import Bert, inject
from kgwb.inject.controls import Control
from kgwb.inject.door import EntityVectors, Mode
from kgwb.tune.objectives import Task, encode_questions
from kgwb.tune.questions import Questions
from kgwb.tune.tuning import tune

Run: TypeAlias = Bert | Callable[[int], Bert]


def plan_runs(
    bert: Bert,
    vectors: EntityVectors,
    tasks: Task | Sequence[Task],
    *,
    modes: Sequence[Mode] = ("entity",),
    controls: Sequence[Control] = ("shuffled", "random"),
    **options: Any,
) -> dict[str, Callable[[int], Bert]]:
    """The runs that tell knowledge from extra parameters: plain BERT, each door, and each door's controls.

    Args:
        bert: where every run starts; it is left as it is.
        vectors: what the doors inject.
        tasks: what every run is tuned on, plain BERT too.
        modes: the doors.
        controls: the controls of each door.
        **options: passed to `tune`.

    Returns:
        Name -> a function from a seed to a tuned model, as `probe` takes them; nothing runs yet.
    """
    runs: dict[str, Callable[[int], Bert]] = {"plain": partial(_run, bert, None, tasks, options, None, None)}
    for mode in modes:
        for control in (None, *controls):
            name = f"{mode}/{control}" if control else mode
            runs[name] = partial(_run, bert, vectors, tasks, options, mode, control)
    return runs


def _run(
    bert: Bert,
    vectors: EntityVectors | None,
    tasks: Task | Sequence[Task],
    options: Mapping[str, Any],
    mode: Mode | None,
    control: Control | None,
    seed: int,
) -> Bert:
    if vectors is None or mode is None:
        model = copy.deepcopy(bert)
    else:
        model = inject(bert, vectors, mode=mode, control=control, seed=seed)
    for _ in tune(model, tasks, seed=seed, **options):
        pass
    return model


@torch.no_grad()
def answer_questions(bert: Bert, questions: Questions, *, batch: int = 64) -> pd.DataFrame:
    """A model's answer to each question.

    Args:
        bert: plain or injected.
        questions: with a closed set of candidates each.
        batch: questions at a time.

    Returns:
        One row per question: `question`, `relation`, `answer` (the right one), `given` (the model's), `probability`
        (of the right one among the candidates), `correct`.
    """
    encoded = encode_questions(bert, questions)
    was_training = bert.training
    bert.eval()
    rows = [range(start, min(start + batch, len(questions))) for start in range(0, len(questions), batch)]
    chances = torch.cat([encoded.scores(bert, list(block)).softmax(-1).cpu() for block in rows])
    bert.train(was_training)
    best = chances.argmax(1)
    right = chances.gather(1, encoded.answers[:, None])[:, 0]
    names = [question.names[question.candidates.index(question.answer)] for question in questions]
    relations = questions.graph.relation_labels
    return pd.DataFrame(
        {
            "question": [question.text for question in questions],
            "relation": [relations[question.relation] for question in questions],
            "answer": names,
            "given": [encoded.names[i] for i in best.tolist()],
            "probability": right.numpy(),
            "correct": (best == encoded.answers).numpy(),
        }
    )


def probe(runs: Mapping[str, Run], questions: Questions, *, seeds: int = 3, progress: bool = False) -> pd.DataFrame:
    """Accuracy of each run on the same questions, over seeds, beside chance.

    Args:
        runs: name -> a model, or a function from a seed to a model (`plan_runs` makes them).
        questions: about entities that no run was tuned on (`hold_out` parts them).
        seeds: how often each function is run, with seeds 0, 1, 2, ...; a ready model is asked once.
        progress: show a bar.

    Returns:
        One row per run: `accuracy` (mean over seeds), `spread` (standard deviation over seeds, NaN for one),
        `chance`, `seeds`, `questions`, and the mean accuracy per relation. `.attrs["values"]` keeps the accuracy
        of every run and seed.

    Raises:
        TypeError: if the runs have no names.
        ValueError: if there is no run or `seeds` is below 1.
    """
    if not isinstance(runs, Mapping):
        raise TypeError(f"{type(runs).__name__} came instead of named runs. Type probe({{'plain': bert}}, questions).")
    if not runs or seeds < 1:
        raise ValueError(
            f"{len(runs)} runs and {seeds} seeds came. Expected at least one of each: probe(runs, questions)."
        )
    todo = [(name, run, seed) for name, run in runs.items() for seed in range(1 if isinstance(run, Bert) else seeds)]
    if progress:
        from tqdm.auto import tqdm

        todo = tqdm(todo, desc="probe", unit="run")
    answers = []
    for name, run, seed in todo:
        model = run if isinstance(run, Bert) else run(seed)
        answers.append(answer_questions(model, questions).assign(run=name, seed=seed))
    return _summarise(pd.concat(answers, ignore_index=True), list(runs), questions.chance)


def _summarise(answers: pd.DataFrame, order: list[str], chance: float) -> pd.DataFrame:
    values = answers.groupby(["run", "seed"])["correct"].mean()
    by_run = values.groupby("run")
    table = pd.DataFrame({"accuracy": by_run.mean(), "spread": by_run.std(), "chance": chance, "seeds": by_run.size()})
    table["questions"] = len(answers) // len(values)
    relations = answers.groupby(["run", "relation"])["correct"].mean().unstack()
    # A relation may be called "chance": its column then says that it is one.
    relations.columns = [f"{label} (relation)" if label in table else label for label in relations.columns]
    table = table.join(relations).loc[order].rename_axis(index="model", columns=None)
    table.attrs["values"] = {f"{run}, seed {seed}": float(value) for (run, seed), value in values.items()}
    return table
