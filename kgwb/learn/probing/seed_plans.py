"""What each seed of a probe decides: tuning alone, or also the runs and the questions themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import FunctionType, MethodType
from typing import TypeGuard

from kgwb.bert import Bert
from kgwb.checks import expect_kind, expect_text, is_function
from kgwb.learn.probing.report_files import expect_writable
from kgwb.learn.probing.rows import ModelSource, Runs
from kgwb.learn.questions import Questions
from kgwb.words import describe_kind

_CALL = "kgwb.probe({'plain': bert}, questions)"
_SPLIT = "kgwb.split_questions(questions, seed=seed)"
_OF_SEED = (
    f"kgwb.probe(lambda seed: kgwb.plan_runs(bert, vectors, kgwb.MaskedAnswers({_SPLIT}[0])), lambda seed: {_SPLIT}[1])"
)


@dataclass(frozen=True, eq=False)
class SeedPlan:
    """Some seeds, and what they share.

    Attributes:
        runs: whose models answer.
        questions: what they are asked.
        seeds: whose.
    """

    runs: Mapping[str, ModelSource]
    questions: Questions
    seeds: Sequence[int]


def is_of_seed(given: object) -> TypeGuard[Callable[[int], object]]:
    """Whether this is a function, to be called with a seed; models can be called as well, but with something else."""
    return isinstance(given, (FunctionType, MethodType, partial))


def plan_seeds(
    runs: Runs | Callable[[int], Runs], questions: Questions | Callable[[int], Questions], seeds: Sequence[int]
) -> list[SeedPlan]:
    """One plan for all seeds or, where runs are a function of the seed, one for each.

    Raises:
        TypeError: the runs have no names, or for what are no questions.
        ValueError: there is no run, the seeds have runs of other names, or questions vary and runs do not.
    """
    if not is_of_seed(runs):
        if is_of_seed(questions):
            raise ValueError(
                "The questions came as a function of the seed, but the runs did not: what a model was tuned on may be what "
                f"another seed asks. Type {_OF_SEED}."
            )
        return [_check_plan(runs, questions, seeds)]
    plans = [_check_plan(runs(seed), questions(seed) if is_of_seed(questions) else questions, [seed]) for seed in seeds]
    names = [", ".join(plan.runs) for plan in plans]
    for plan, found in zip(plans, names, strict=True):
        if found != names[0]:
            raise ValueError(
                f"The runs of seed {plan.seeds[0]} are {found}, those of seed {plans[0].seeds[0]} are {names[0]}. Give each "
                f"seed the same: type {_OF_SEED}."
            )
    return plans


def _check_plan(runs: object, questions: object, seeds: Sequence[int]) -> SeedPlan:
    expect_kind(runs, Mapping, "A mapping of names to models", call=_CALL)
    expect_kind(questions, Questions, "A set of questions", call=_CALL)
    assert isinstance(runs, Mapping) and isinstance(questions, Questions)  # so mypy knows it too
    if not runs:
        raise ValueError(f"No run came. Expected at least one; type {_CALL}.")
    for name, run in runs.items():
        expect_text("the name of a run", name, usual="plain")
        if not (isinstance(run, Bert) or is_function(run)):
            raise TypeError(
                f"The run {name!r} is {describe_kind(run)}. Expected a BERT, or a function that makes one; type {_CALL}."
            )
        expect_writable(name)  # before hours of tuning, not after them
    return SeedPlan(runs, questions, seeds)
