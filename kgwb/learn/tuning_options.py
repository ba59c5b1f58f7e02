"""What `tune` takes, and what it answers to anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from kgwb.checks import expect_at_least, expect_choice, expect_flags, expect_kind, expect_number, expect_seed
from kgwb.embed.precision import PRECISIONS
from kgwb.learn.policies.named import choose_policy
from kgwb.learn.tasks import Task
from kgwb.words import quote_value

Strategy = Literal["together", "two-stage"]


def expect_tuning(
    *,
    strategy: object,
    policy: object,
    epochs: object,
    batch: object,
    learning_rate: object,
    top_layers: object,
    dropout: object,
    precision: object,
    seed: object,
) -> None:
    """The options of `tune`.

    Raises:
        ValueError: one is out of its range; the message says what to type.
        TypeError: dropout is neither True nor False, or epochs is no number and no list of them.
    """
    expect_choice("strategy", strategy, get_args(Strategy))
    choose_policy(policy)
    expect_choice("precision", precision, PRECISIONS)
    given = epochs if isinstance(epochs, Sequence) and not isinstance(epochs, str) else [epochs]
    for each in given if epochs is not None else ():
        expect_at_least("epochs", each, 1, whole=True)
    expect_at_least("batch", batch, 1, whole=True)
    expect_number("learning_rate", learning_rate, usual=5e-5, above=0)
    expect_at_least("top_layers", top_layers, 0, whole=True)
    expect_flags(dropout=dropout)
    expect_seed(seed)


def expect_tasks(given: Sequence[object]) -> None:
    """At least one task, and nothing else.

    Raises:
        ValueError: for none.
        TypeError: for what is no task.
    """
    if not given:
        raise ValueError("No task came. Expected at least one; type kgwb.tune(model, kgwb.MaskedAnswers(questions)).")
    for task in given:
        expect_kind(task, Task, "A task", call="kgwb.tune(model, kgwb.MaskedAnswers(questions))")


def expect_passes(epochs: int | Sequence[int], stages: int) -> list[int]:
    """The passes of each stage.

    Raises:
        ValueError: there are more numbers than stages, or fewer.
    """
    passes = list(epochs) if isinstance(epochs, Sequence) else [epochs] * stages
    if len(passes) != stages:
        raise ValueError(
            f"epochs={quote_value(epochs)} came for {stages} stage{'s' * (stages > 1)}. Type epochs=4, or one for each."
        )
    return passes
