"""The training loop: BERT, its injector and tasks learn together."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

import torch
from torch import nn

from kgwb.bert import Bert
from kgwb.checks import (
    expect_kind,
)
from kgwb.embed.precision import Precision, choose_precision
from kgwb.learn.policies.groups import group_parameters
from kgwb.learn.policies.named import PolicyName, choose_policy
from kgwb.learn.policies.policy import Policy
from kgwb.learn.tasks import EncodedQuestions, PreparedTask, Task
from kgwb.learn.tuning_options import Strategy, expect_passes, expect_tasks, expect_tuning
from kgwb.words import count_things

log = logging.getLogger(__name__)

# What a stage takes by default, however few the examples: fewer steps leave a door nearly closed.
STEPS = 100
# A loss that ends above this share of what it began with has learnt next to nothing.
LEARNT = 0.95


@dataclass(frozen=True)
class Step:
    """One step of tuning.

    Attributes:
        number: counted from 1.
        loss: the batch's mean loss, in nats.
        seconds: since tuning began.
        gate: how far the injector is open after the step; None for plain BERT.
        total: how many steps there will be.
        task: which task it belongs to, numbered where there are several of a kind: "MaskedAnswers", "MaskedAnswers 2".
        stage: 1, or 2 in the second stage.
    """

    number: int
    loss: float
    seconds: float
    gate: float | None
    total: int
    task: str = ""
    stage: int = 1


def tune(
    bert: Bert,
    tasks: Task | Sequence[Task],
    *,
    strategy: Strategy = "together",
    policy: PolicyName | Policy = "partial",
    epochs: int | Sequence[int] | None = None,
    batch: int = 32,
    learning_rate: float = 5e-5,
    top_layers: int = 2,
    dropout: bool = False,
    precision: Precision = "auto",
    seed: int = 0,
) -> Iterator[Step]:
    """Train a model on one task or several, a step at a time; stop whenever you like.

    Args:
        bert: the model, plain or injected; its weights learn in place (`copy.deepcopy` keeps an untouched one).
        tasks: text (`MaskedWords`, `NextSentences`), as in pre-training, answers (`MaskedAnswers`), as in fine-tuning, a
            `Task` of your own, or several.
        strategy: with several tasks, "together" takes a batch of each in turn; "two-stage" trains the last one after all
            the others, in a stage of its own with its own warm-up.
        policy: which weights learn: "partial" (injector, head, top layers) or "full".
        epochs: passes over each task's examples; for two stages, two numbers may be given. By default as many as make 100
            steps of a stage, and at least 4: a few facts need many passes.
        batch: examples per step.
        learning_rate: of BERT's own layers, AdamW's; what starts from zero takes multiples of it
            (`kgwb.learn.policies`). It rises over the first tenth of a stage's steps, then falls to zero.
        top_layers: how many layers "partial" trains.
        dropout: use BERT's own dropout; on a few thousand short sentences it only slowed learning.
        precision: of the matmuls while tuning: "float32", "bfloat16", or "auto" for the faster one on this machine.
        seed: for the order of examples and for dropout.

    Returns:
        A generator that learns one batch at each `next` and gives its Step. Where it ends and a task's loss is nearly what it
        was, the log says that nothing was learnt.

    Raises:
        ValueError: for numbers that cannot be, an unknown strategy or policy, no task, one task in two stages, or
            numbers of epochs that do not fit the stages.
        TypeError: for what is no task.
        FloatingPointError: if the loss or the gradient is no longer finite; raised while iterating.
    """
    expect_kind(bert, Bert, "A BERT", call="kgwb.tune(bert, kgwb.MaskedAnswers(questions))")
    expect_tuning(
        strategy=strategy,
        policy=policy,
        epochs=epochs,
        batch=batch,
        learning_rate=learning_rate,
        top_layers=top_layers,
        dropout=dropout,
        precision=precision,
        seed=seed,
    )
    batch, seed = int(batch), int(seed)  # numbers of eight bits would run over
    stages = _split_stages(list(tasks) if isinstance(tasks, Sequence) else [tasks], strategy)
    passes = [None] * len(stages) if epochs is None else expect_passes(epochs, len(stages))
    generator = torch.Generator().manual_seed(seed)
    dtype = choose_precision(precision, bert.device, work=batch * bert.model.num_parameters())
    plans = []
    for given, repeats in zip(stages, passes, strict=True):
        prepared = [task.prepare(bert) for task in given]
        for task in prepared:
            if isinstance(task, EncodedQuestions):
                task.begin(bert)
        heads = [task for task in prepared if isinstance(task, nn.Module)]
        parts = choose_policy(policy).list_parts()
        groups = group_parameters(bert, parts, learning_rate=learning_rate, top_layers=top_layers, heads=heads)
        repeats = repeats or _choose_epochs(prepared, batch)
        steps = _plan_steps(prepared, _name_tasks(given), repeats, batch, generator)
        plans.append((steps, torch.optim.AdamW(groups, weight_decay=0.0, fused=True)))
    return _take_steps(bert, plans, dropout=dropout, precision=dtype, seed=seed)


def _split_stages(tasks: list[Task], strategy: Strategy) -> list[list[Task]]:
    expect_tasks(tasks)
    if strategy == "together":
        return [tasks]
    if len(tasks) < 2:
        raise ValueError(
            "strategy='two-stage' came with one task. Expected two or more, of which the last is trained after the others; "
            "type kgwb.tune(model, [kgwb.learn.MaskedWords(sentences), kgwb.MaskedAnswers(questions)], strategy='two-stage')."
        )
    return [tasks[:-1], tasks[-1:]]


def _choose_epochs(tasks: Sequence[PreparedTask], batch: int) -> int:
    """As many passes as make `STEPS` steps, and at least 4."""
    per_pass = sum(-(-len(task) // batch) for task in tasks)
    return max(4, -(-STEPS // max(1, per_pass)))


def _name_tasks(tasks: Sequence[Task]) -> list[str]:
    kinds = [type(task).__name__ for task in tasks]
    return [
        kind if kinds[:i].count(kind) == 0 else f"{kind} {kinds[:i].count(kind) + 1}" for i, kind in enumerate(kinds)
    ]


@dataclass(frozen=True)
class _PlannedStep:
    """One step to come."""

    name: str
    task: PreparedTask
    rows: list[int]


def _plan_steps(
    tasks: Sequence[PreparedTask], names: Sequence[str], epochs: int, batch: int, generator: torch.Generator
) -> list[_PlannedStep]:
    """Batches of all tasks in turn, epoch by epoch."""
    steps = []
    for _ in range(epochs):
        drawn = [list(_draw_batches(len(task), batch, generator)) for task in tasks]
        for turn in zip_longest(*drawn):
            batches = zip(names, tasks, turn, strict=True)
            steps += [_PlannedStep(name, task, rows) for name, task, rows in batches if rows is not None]
    return steps


def _take_steps(
    bert: Bert,
    stages: Sequence[tuple[list[_PlannedStep], torch.optim.Optimizer]],
    *,
    dropout: bool,
    precision: torch.dtype,
    seed: int,
) -> Iterator[Step]:
    total, number = sum(len(steps) for steps, _ in stages), 0
    losses: dict[str, list[float]] = {}
    began = time.perf_counter()
    for stage, (steps, optimizer) in enumerate(stages, start=1):
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(_scale_rate, steps=len(steps)))
        for step in steps:
            number += 1
            step_seed = (int(seed) * total + number) % 2**63
            loss = _take_step(
                bert, step.task, step.rows, optimizer, dropout=dropout, precision=precision, seed=step_seed
            )
            schedule.step()
            losses.setdefault(step.name, []).append(loss)
            gate = bert.injector.gate if bert.injector is not None else None
            yield Step(number, loss, time.perf_counter() - began, gate, total, step.name, stage)

    for name, course in losses.items():
        _say_if_nothing_was_learnt(name, course)


def _say_if_nothing_was_learnt(name: str, losses: Sequence[float]) -> None:
    part = max(1, len(losses) // 10)
    began, ended = sum(losses[:part]) / part, sum(losses[-part:]) / part
    if len(losses) > 1 and ended > LEARNT * began:
        log.warning(
            "Next to nothing was learnt: the loss of %s began at %.3g and ended at %.3g after %s. Type more epochs or a higher "
            "learning rate: kgwb.tune(model, tasks, epochs=20).",
            *(name, began, ended, count_things(len(losses), "step")),
        )


def _take_step(
    bert: Bert,
    task: PreparedTask,
    rows: list[int],
    optimizer: torch.optim.Optimizer,
    *,
    dropout: bool,
    precision: torch.dtype,
    seed: int,
) -> float:
    """One step; dropout draws from the step's own seed, so that the caller's random numbers stay as they were."""
    trained = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    with torch.random.fork_rng(), torch.autocast(bert.device.type, precision, enabled=precision != torch.float32):
        torch.manual_seed(seed)
        loss = task.loss(bert.in_mode(dropout), rows)
    gradients = torch.autograd.grad(loss, trained, allow_unused=True)
    for parameter, gradient in zip(trained, gradients, strict=True):
        parameter.grad = gradient
    norm = torch.nn.utils.clip_grad_norm_(trained, 1.0)
    if not bool(torch.isfinite(loss) & torch.isfinite(norm)):
        rate = optimizer.param_groups[0]["initial_lr"] / 3
        raise FloatingPointError(
            f"The loss became {loss.item()}, with a gradient of norm {norm.item()}. Expected finite numbers; the weights are "
            f"those of the step before. Type a lower learning rate: tune(..., learning_rate={rate:.1g})."
        )
    optimizer.step()
    return loss.item()


def _draw_batches(examples: int, batch: int, generator: torch.Generator) -> Iterator[list[int]]:
    order = torch.randperm(examples, generator=generator).tolist()
    return (order[start : start + batch] for start in range(0, examples, batch))


def _scale_rate(step: int, steps: int) -> float:
    """The factor of the learning rate: up over the first tenth of the steps, then down to zero."""
    warm_up = max(1, steps // 10)
    return min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))
