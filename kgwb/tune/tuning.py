"""The loop: BERT, its injector and a task learn together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import torch

from kgwb.embed.precision import Precision, choose_precision
from kgwb.inject import Bert
from kgwb.tune.objectives import Prepared, Task
from kgwb.tune.policies import Policy, group_parameters


@dataclass(frozen=True)
class Step:
    """What one batch taught.

    Attributes:
        number: counted from 1.
        loss: the batch's mean loss, in nats.
        seconds: since tuning began.
        gate: how far the injector is open after the step; None for plain BERT.
        total: how many steps there will be.
    """

    number: int
    loss: float
    seconds: float
    gate: float | None
    total: int


def tune(
    bert: Bert,
    tasks: Task | Sequence[Task],
    *,
    policy: Policy = "partial",
    epochs: int = 4,
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
        tasks: what to learn; with several, each step takes a batch of one of them in turn.
        policy: which weights learn: "partial" (injector, head, top layers) or "full".
        epochs: passes over each task's examples.
        batch: examples per step.
        learning_rate: of BERT's own layers, AdamW's; what starts from nothing takes multiples of it
            (`kgwb.tune.policies`). It rises over the first tenth of the steps, then falls to zero.
        top_layers: how many layers "partial" trains.
        dropout: use BERT's own dropout; on a few thousand short sentences it only slowed learning.
        precision: of the matmuls while tuning: "float32", "bfloat16", or "auto" for the faster one on this machine.
        seed: for the order of examples and for dropout.

    Returns:
        A generator that learns one batch at each `next` and gives its Step.

    Raises:
        ValueError: for an unknown policy or no task.
        TypeError: for what is no task.
        FloatingPointError: if the loss is no longer a number; raised while iterating.
    """
    given = [tasks] if not isinstance(tasks, Sequence) else tasks
    expect_tasks(given)
    groups = group_parameters(bert, policy, learning_rate=learning_rate, top_layers=top_layers)
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0, fused=True)
    number_format = choose_precision(precision, bert.device, work=batch * bert.model.num_parameters())
    prepared = [task.prepare(bert) for task in given]
    generator = torch.Generator().manual_seed(seed)
    plan = [
        (prepared[task], rows)
        for _ in range(epochs)
        for task, rows in _interleave([list(_draw_batches(len(t), batch, generator)) for t in prepared])
    ]
    return _run(bert, plan, optimizer, dropout=dropout, precision=number_format, seed=seed)


def expect_tasks(given: Sequence[object]) -> None:
    """At least one task, and nothing else.

    Raises:
        ValueError: for none.
        TypeError: for what is no task.
    """
    if not given:
        raise ValueError("No task came. Expected at least one: kgwb.tune(model, kgwb.MaskedAnswers(questions)).")
    for task in given:
        if not isinstance(task, Task):
            raise TypeError(f"{type(task).__name__} is no task. Type kgwb.tune(model, kgwb.MaskedAnswers(questions)).")


def _run(
    bert: Bert,
    plan: list[tuple[Prepared, list[int]]],
    optimizer: torch.optim.Optimizer,
    *,
    dropout: bool,
    precision: torch.dtype,
    seed: int,
) -> Iterator[Step]:
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(plan)))
    began = time.perf_counter()
    for number, (task, rows) in enumerate(plan, start=1):
        step_seed = seed * len(plan) + number
        loss = _learn(bert, task, rows, optimizer, dropout=dropout, precision=precision, seed=step_seed)
        schedule.step()
        gate = bert.injector.gate if bert.injector is not None else None
        yield Step(number, loss, time.perf_counter() - began, gate, len(plan))


def _learn(
    bert: Bert,
    task: Prepared,
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
        bert.train(dropout)
        loss = task.loss(bert, rows)
        bert.eval()
    gradients = torch.autograd.grad(loss, trained, allow_unused=True)
    if not bool(torch.isfinite(loss)):
        raise FloatingPointError(
            f"The loss became {loss.item()}. Expected a finite number; type a lower rate: tune(..., learning_rate=1e-4)."
        )
    for parameter, gradient in zip(trained, gradients, strict=True):
        parameter.grad = gradient
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    return loss.item()


def _draw_batches(examples: int, batch: int, generator: torch.Generator) -> Iterator[list[int]]:
    order = torch.randperm(examples, generator=generator).tolist()
    return (order[start : start + batch] for start in range(0, examples, batch))


def _interleave(batches: list[list[list[int]]]) -> Iterator[tuple[int, list[int]]]:
    """Batches of all tasks in turn: (task, rows)."""
    for turn in zip_longest(*batches):
        yield from ((task, rows) for task, rows in enumerate(turn) if rows is not None)


def _rate(step: int, steps: int) -> float:
    """Up over the first tenth, then down to zero."""
    warm = max(1, steps // 10)
    return min((step + 1) / warm, (steps - step) / max(1, steps - warm))
