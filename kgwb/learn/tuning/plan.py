"""From the arguments of `tune` to a training that has not begun: models, tasks, steps and optimizers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from kgwb.bert import Bert
from kgwb.embed.precision import choose_precision
from kgwb.learn.policies.groups import group_parameters
from kgwb.learn.policies.named import choose_policy
from kgwb.learn.policies.policy import Policy
from kgwb.learn.strategies.balances import Weighing
from kgwb.learn.strategies.joint import Joint
from kgwb.learn.strategies.named import choose_strategy
from kgwb.learn.strategies.strategy import PlannedStep, Strategy
from kgwb.learn.tasks import EncodedQuestions, PreparedTask, Task
from kgwb.learn.tuning.early_stopping import EarlyStopping
from kgwb.learn.tuning.options import (
    expect_learners,
    expect_passes,
    expect_something,
    expect_tuning,
    list_tasks,
    name_tasks,
)
from kgwb.learn.tuning.run import TuningRun, TuningStage

# What a stage takes by default, however few the examples: fewer steps leave a door nearly closed.
STEPS = 100


def plan_tuning(
    bert: Bert | Sequence[Bert], tasks: Task | Sequence[Task] | Mapping[str, Task], **options: Any
) -> TuningRun:
    """A training as `tune` is asked for it; nothing is learnt yet, but heads and what a policy adds are on the model.

    Args:
        bert: the model, or one for each task.
        tasks: as for `tune`.
        **options: every keyword of `tune`.

    Raises:
        ValueError: as `tune`.
        TypeError: as `tune`.
    """
    berts, (own_names, given) = expect_learners(bert), list_tasks(tasks)
    expect_tuning(**options)
    strategy, policy = choose_strategy(options["strategy"]), choose_policy(options["policy"])
    names = name_tasks(own_names, given, berts, strategy)
    for one in berts:
        policy.attach(one, seed=int(options["seed"]))
    of_task = berts if len(berts) > 1 else berts * len(given)
    prepared = [task.prepare(one) for task, one in zip(given, of_task, strict=True)]
    for task, one in zip(prepared, of_task, strict=True):
        if isinstance(task, EncodedQuestions):
            task.begin(one)
    policy.expect_tasks(prepared)
    valid = options["valid"]
    held_out = [task.prepare(berts[0]) for task in (() if valid is None else list_tasks(valid)[1])]
    batch = int(options["batch"])  # numbers of eight bits would run over
    stages = []
    for members, steps in _plan_steps(
        strategy, [len(task) for task in prepared], options["epochs"], batch, options["seed"]
    ):
        policy.expect_steps(len(steps))
        its, weighing = [prepared[task] for task in members], None
        if isinstance(strategy, Joint):
            weighing = strategy.balance.begin([names[task] for task in members])
        every = options["check_every"] or max(1, len(steps) // 10)
        stopping = EarlyStopping(held_out, int(options["patience"]), int(every), batch) if held_out else None
        optimizer = _make_optimizer(berts, its, policy, weighing, options["learning_rate"], int(options["top_layers"]))
        stages.append(TuningStage(steps, optimizer, _list_heads(its), weighing, stopping))
    dtype = choose_precision(options["precision"], berts[0].device, work=batch * berts[0].model.num_parameters())
    return TuningRun(
        *(berts, names, prepared, policy, strategy, stages),
        top_layers=int(options["top_layers"]),
        warm_up=options["warm_up"],
        precision=dtype,
        accumulate=int(options["accumulate"]),
        dropout=bool(options["dropout"]),
        recompute=bool(options["recompute"]),
        seed=int(options["seed"]),
    )


def _plan_steps(
    strategy: Strategy, sizes: Sequence[int], epochs: int | Sequence[int] | None, batch: int, seed: int
) -> Iterator[tuple[list[int], list[PlannedStep]]]:
    """Of each stage, its tasks and its steps, in which tasks are numbered as they came."""
    stages = strategy.split_stages(len(sizes))
    passes = [None] * len(stages) if epochs is None else expect_passes(epochs, len(stages))
    generator = torch.Generator().manual_seed(int(seed))
    for members, repeats in zip(stages, passes, strict=True):
        its = [sizes[task] for task in members]
        repeats = repeats or max(4, -(-STEPS // max(1, strategy.count_steps(its, batch))))
        planned = [step for _ in range(repeats) for step in strategy.plan_epoch(its, batch=batch, generator=generator)]
        numbered = [tuple((members[task], rows) for task, rows in step.batches) for step in planned]
        yield members, [replace(step, batches=batches) for step, batches in zip(planned, numbered, strict=True)]


def _make_optimizer(
    berts: Sequence[Bert],
    tasks: Sequence[PreparedTask],
    policy: Policy,
    weighing: Weighing | None,
    learning_rate: float,
    top_layers: int,
) -> torch.optim.Optimizer:
    """AdamW over all that learns in a stage, each group with its full rate under "initial_lr"; the weights' own come last."""
    heads = [task for task in tasks if isinstance(task, nn.Module)]
    groups = [
        group
        for bert, brought in zip(berts, [heads, *[[]] * (len(berts) - 1)], strict=True)
        for group in group_parameters(
            bert, policy.list_parts(), learning_rate=learning_rate, top_layers=top_layers, heads=brought
        )
    ]
    expect_something(groups, policy)
    if weighing is not None and (own := list(weighing.parameters())):
        groups.append({"params": own, "lr": weighing.rate})
    whole = [group | {"initial_lr": group["lr"]} for group in groups]
    return torch.optim.AdamW(whole, weight_decay=0.0, fused=True)


def _list_heads(tasks: Sequence[PreparedTask]) -> list[nn.Parameter]:
    every = [parameter for task in tasks if isinstance(task, nn.Module) for parameter in task.parameters()]
    return list({id(parameter): parameter for parameter in every}.values())
