"""What `tune` takes, and what it answers to anything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from kgwb.bert import Bert
from kgwb.checks import (
    expect_at_least,
    expect_choice,
    expect_each,
    expect_flags,
    expect_kind,
    expect_number,
    expect_path,
    expect_seed,
    expect_share,
    expect_text,
)
from kgwb.embed.precision import PRECISIONS
from kgwb.learn.policies.named import choose_policy
from kgwb.learn.policies.policy import Policy
from kgwb.learn.strategies.joint import Joint
from kgwb.learn.strategies.named import choose_strategy
from kgwb.learn.strategies.strategy import Strategy
from kgwb.learn.tasks import Task
from kgwb.words import count_things, quote_value

_CALL = "kgwb.tune(model, kgwb.MaskedAnswers(questions))"


def expect_tuning(
    *,
    strategy: object,
    policy: object,
    epochs: object,
    batch: object,
    accumulate: object,
    learning_rate: object,
    warm_up: object,
    top_layers: object,
    dropout: object,
    recompute: object,
    precision: object,
    valid: object,
    patience: object,
    check_every: object,
    checkpoint: object,
    checkpoint_every: object,
    seed: object,
) -> None:
    """The options of `tune`.

    Raises:
        ValueError: one is out of its range; the message says what to type.
        TypeError: dropout is neither True nor False, epochs is no number and no list of them, or valid is no task.
    """
    choose_strategy(strategy)
    choose_policy(policy)
    expect_choice("precision", precision, PRECISIONS)
    given = epochs if isinstance(epochs, Sequence) and not isinstance(epochs, str) else [epochs]
    for each in given if epochs is not None else ():
        expect_at_least("epochs", each, 1, whole=True)
    for name, count in (("batch", batch), ("accumulate", accumulate), ("patience", patience)):
        expect_at_least(name, count, 1, whole=True)
    expect_at_least("checkpoint_every", checkpoint_every, 1, whole=True)
    if check_every is not None:
        expect_at_least("check_every", check_every, 1, whole=True)
    expect_number("learning_rate", learning_rate, usual=5e-5, above=0)
    expect_share("warm_up", warm_up, usual=0.1)
    expect_at_least("top_layers", top_layers, 0, whole=True)
    expect_flags(dropout=dropout, recompute=recompute)
    if valid is not None:
        list_tasks(valid)
    if checkpoint is not None:
        expect_path(checkpoint, call=f"{_CALL[:-1]}, checkpoint='run')")
    expect_seed(seed)


def expect_learners(bert: object) -> tuple[Bert, ...]:
    """The models that learn: one, or one for each task.

    Raises:
        TypeError: for what is no model.
        ValueError: for none, or one that comes twice.
    """
    if isinstance(bert, Bert) or not isinstance(bert, (list, tuple)):
        expect_kind(bert, Bert, "A BERT", call="kgwb.tune(bert, kgwb.MaskedAnswers(questions))")
        assert isinstance(bert, Bert)
        return (bert,)
    berts = expect_each(
        bert, Bert, "A BERT", call="kgwb.tune([text_model, graph_model], [text, graph], strategy='joint')"
    )
    if not berts or len({id(one) for one in berts}) < len(berts):
        raise ValueError(
            f"{count_things(len(berts), 'model')} came, and soft sharing takes a model of its own for each task. Type "
            "kgwb.tune([bert, copy.deepcopy(bert)], [text, graph], strategy='joint')."
        )
    return tuple(berts)


def list_tasks(given: object) -> tuple[list[str | None], list[Task]]:
    """The tasks, and the names that came with them.

    Raises:
        ValueError: for none.
        TypeError: for what is no task.
    """
    if isinstance(given, Mapping):
        for name in given:
            expect_text("the name of a task", name, usual="text")
        names, tasks = [*given], [*given.values()]
    else:
        tasks = list(given) if isinstance(given, Sequence) else [given]
        names = [None] * len(tasks)
    expect_tasks(tasks)
    return names, tasks


def expect_tasks(given: Sequence[object]) -> None:
    """At least one task, and nothing else.

    Raises:
        ValueError: for none.
        TypeError: for what is no task.
    """
    if not given:
        raise ValueError("No task came. Expected at least one; type kgwb.tune(model, kgwb.MaskedAnswers(questions)).")
    for task in given:
        expect_kind(task, Task, "A task", call=_CALL)


def name_tasks(
    names: Sequence[str | None], tasks: Sequence[Task], berts: Sequence[Bert], strategy: Strategy
) -> list[str]:
    """A name for each task, numbered where several of a kind have none of their own.

    Raises:
        ValueError: two tasks would train one head, or there are several models and not one for each task.
    """
    if len(berts) > 1 and (len(berts) != len(tasks) or not isinstance(strategy, Joint)):
        raise ValueError(
            f"{count_things(len(berts), 'model')} came for {count_things(len(tasks), 'task')}, with strategy={strategy!r}. "
            "Soft sharing takes a model for each task and joint steps: type kgwb.tune([model, other], [text, graph], "
            "strategy='joint')."
        )
    heads = Counter(getattr(task, "name", None) for task in tasks) if len(berts) == 1 else Counter()
    twice = [name for name, count in heads.items() if name is not None and count > 1]
    if twice:
        raise ValueError(
            f"Two tasks share the name {twice[0]!r}, and would train one head. Give each its own: {type(tasks[0]).__name__}("
            f"frame, name='{twice[0]}_2')."
        )
    kinds = [type(task).__name__ for task in tasks]
    counts = [kinds[:i].count(kind) + 1 for i, kind in enumerate(kinds)]
    numbered = [kind if count == 1 else f"{kind} {count}" for kind, count in zip(kinds, counts, strict=True)]
    return [own or usual for own, usual in zip(names, numbered, strict=True)]


def expect_something(groups: Sequence[Mapping[str, Any]], policy: Policy) -> None:
    """Something learns.

    Raises:
        ValueError: nothing does.
    """
    if not groups:
        raise ValueError(
            f"policy={policy!r} leaves nothing to learn: this model has no such part, or it is frozen, and the task brings no "
            "head. Type policy='partial'."
        )


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
