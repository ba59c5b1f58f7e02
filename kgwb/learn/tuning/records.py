"""What a model is to keep of a tuning that begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kgwb.bert.tunings import Tuning
from kgwb.citation import note_machine, show_setting
from kgwb.learn.questions import Questions
from kgwb.learn.tasks import Task
from kgwb.learn.tuning.run import TuningRun


def note_tuning(
    run: TuningRun, tasks: Sequence[Task], held_out: Sequence[Task], options: Mapping[str, object]
) -> Tuning:
    """What is to be kept of a tuning: its tasks, options, and what it is computed with.

    Args:
        run: before its first step.
        tasks: as they were given.
        held_out: those whose loss is measured.
        options: of `tune`.
    """
    valid = {"valid": ", ".join(type(task).__name__ + _hash_questions(task) for task in held_out)} if held_out else {}
    sized = zip(run.names, tasks, run.tasks, strict=True)
    return {
        "tasks": [f"{name}, {len(prepared):,} examples{_hash_questions(task)}" for name, task, prepared in sized],
        "settings": {name: show_setting(value) for name, value in {**options, **valid}.items()},
        "numbers": str(run.precision).removeprefix("torch."),
        "of": run.total,
        "machine": note_machine(run.berts[0].device),
        "steps": 0,
    }


def _hash_questions(task: Task) -> str:
    questions = getattr(task, "questions", None)
    return f", SHA-256 of the questions {questions.fingerprint}" if isinstance(questions, Questions) else ""
