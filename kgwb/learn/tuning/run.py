"""The training loop behind `tune`: stages of steps, each the gradient of one batch or of several."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from kgwb.axes import Tensor
from kgwb.bert import Bert
from kgwb.bert.recomputing import recompute_layers
from kgwb.learn.policies.parts import find_parts
from kgwb.learn.policies.policy import Gradients, Policy, TaskBatch
from kgwb.learn.steps import Step
from kgwb.learn.strategies.agreement import name_places
from kgwb.learn.strategies.balances import Weighing
from kgwb.learn.strategies.joint import Joint
from kgwb.learn.strategies.strategy import PlannedStep, Strategy
from kgwb.learn.tasks import PreparedTask
from kgwb.learn.tuning.early_stopping import EarlyStopping
from kgwb.learn.tuning.joining import JoinedStep, join_gradients, pull_together
from kgwb.words import count_things

log = logging.getLogger(__name__)

# A loss that ends above this share of what it began with has learnt next to nothing.
LEARNT = 0.95


@dataclass(eq=False)
class TuningStage:
    """Steps with an optimizer of their own.

    Attributes:
        steps: what is learned in each.
        optimizer: of all that is free in some of them; each group has its full rate under "initial_lr".
        heads: parameters that the stage's tasks bring along.
        weighing: of its tasks, where steps learn from several.
        stopping: what is held out; None to take every step.
    """

    steps: list[PlannedStep]
    optimizer: torch.optim.Optimizer
    heads: list[nn.Parameter]
    weighing: Weighing | None
    stopping: EarlyStopping | None

    @property
    def trained(self) -> list[nn.Parameter]:
        """The models' and heads' parameters, in the optimizer's order; those of the weights are the last group."""
        own = set() if self.weighing is None else {id(parameter) for parameter in self.weighing.parameters()}
        return [p for group in self.optimizer.param_groups for p in group["params"] if id(p) not in own]


@dataclass(eq=False)
class TuningRun:
    """A tuning under way.

    Attributes:
        berts: the model, or one for each task.
        names: of the tasks.
        tasks: made ready.
        policy: what is free, and how a gradient is taken.
        strategy: how tasks come.
        stages: of steps.
        top_layers: how many layers the part "top" has.
        warm_up: the share of a stage's steps over which the learning rate rises.
        accumulate: in how many parts a batch is read.
        dropout: whether BERT's own dropout is on.
        recompute: whether layers are computed twice to save memory.
        precision: of the matmuls.
        seed: of dropout and all that tasks draw.
        number: the steps taken.
        spent: seconds, before this process went on.
        seconds: spent in all.
        losses: of each task, the loss of each of its steps.
    """

    berts: tuple[Bert, ...]
    names: list[str]
    tasks: list[PreparedTask]
    policy: Policy
    strategy: Strategy
    stages: list[TuningStage]
    top_layers: int
    warm_up: float
    accumulate: int
    dropout: bool
    recompute: bool
    precision: torch.dtype
    seed: int
    number: int = 0
    spent: float = 0.0
    seconds: float = 0.0
    losses: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = {key: place for bert in self.berts for key, place in name_places(bert).items()}

    @property
    def total(self) -> int:
        """The steps of all stages."""
        return sum(len(stage.steps) for stage in self.stages)

    def take_steps(self) -> Iterator[Step]:
        """Go on from where it stands, a step at each `next`."""
        began, first = time.perf_counter(), self.number
        before = 0
        for place, stage in enumerate(self.stages, start=1):
            count = len(stage.steps)
            while before <= self.number < before + count:
                local = self.number - before
                if stage.stopping is not None and stage.stopping.is_over:
                    self.number = before + count
                    break
                step, names = self._take(stage, local, number=self.number + 1)
                self.number += 1
                valid = None
                if stage.stopping is not None and stage.stopping.is_due(local + 1, count):
                    valid = stage.stopping.measure(self.berts[0], stage.trained)
                here = time.perf_counter() - began
                self.seconds = self.spent + here
                left = here / (self.number - first) * (self.total - self.number)
                yield self._describe(step, names, place, valid, left)
            if stage.stopping is not None and self.number == before + count:
                stage.stopping.restore(stage.trained)
            before += count
        for name, course in self.losses.items():
            _say_if_nothing_was_learnt(name, course)

    def _take(self, stage: TuningStage, local: int, *, number: int) -> tuple[_Taken, list[str]]:
        """One step: gradients of its batches, joined, clipped, followed."""
        planned = stage.steps[local]
        trained = self._list_free(stage, local + 1)
        seed = (self.seed * self.total + number) % 2**63
        names, losses, gradients = [], [], []
        for task, rows in planned.batches:
            bert = self._prepare_model(task)
            found = self._differentiate(TaskBatch(self.tasks[task], rows, seed, self.precision), bert, trained)
            names.append(self.names[task])
            losses.append(found[0])
            gradients.append(found[1])
        joined, loss, gradient = None, losses[0], gradients[0]
        if stage.weighing is not None and isinstance(self.strategy, Joint):
            progress = local / max(1, len(stage.steps) - 1)
            joined = join_gradients(
                *(self.strategy, stage.weighing, names, losses, gradients, trained),
                places=self.places,
                progress=progress,
                seed=seed,
            )
            loss, gradient = joined.loss, joined.gradients
            if len(self.berts) > 1:
                gradient = pull_together(self.berts, trained, gradient, self.strategy.pull)
        self._follow(stage, trained, gradient, loss, local)
        return _Taken(loss.item(), [each.item() for each in losses], joined), names

    def _differentiate(self, batch: TaskBatch, bert: Bert, trained: Sequence[nn.Parameter]) -> tuple[Tensor, Gradients]:
        """The gradient of a batch, read in parts where memory asks for it."""
        parts = batch.split(self.accumulate)
        if len(parts) == 1:
            return self.policy.differentiate(batch, bert, trained)
        loss: Tensor = torch.zeros((), device=bert.device)
        whole: Gradients = [None] * len(trained)
        for part in parts:
            share = len(part) / len(batch)
            one, gradients = self.policy.differentiate(part, bert, trained)
            loss = loss + share * one
            for i, gradient in enumerate(gradients):
                if gradient is not None:
                    before = whole[i]
                    whole[i] = share * gradient if before is None else before.add_(gradient, alpha=share)
        return loss, whole

    def _follow(
        self, stage: TuningStage, trained: Sequence[nn.Parameter], gradients: Gradients, loss: Tensor, local: int
    ) -> None:
        """A step down the gradient, clipped to length 1; what is frozen has none, and stays."""
        optimizer = stage.optimizer
        for parameter in stage.trained:
            parameter.grad = None
        for parameter, gradient in zip(trained, gradients, strict=True):
            parameter.grad = gradient
        norm = torch.nn.utils.clip_grad_norm_(trained, 1.0)
        if not bool(torch.isfinite(loss.to(norm)) & torch.isfinite(norm)):
            rate = min(group["initial_lr"] for group in optimizer.param_groups) / 3
            raise FloatingPointError(
                f"The loss became {loss.item()}, with a gradient of norm {norm.item()}. Expected finite numbers; the weights "
                f"are those of the step before. Type a lower learning rate: tune(..., learning_rate={rate:.1g})."
            )
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * scale_rate(local, len(stage.steps), self.warm_up)
        optimizer.step()
        for parameter in stage.trained:
            parameter.grad = None

    def _list_free(self, stage: TuningStage, number: int) -> list[nn.Parameter]:
        """What learns in a step, in the optimizer's order."""
        parts = self.policy.list_free(number, len(stage.steps))
        free = [p for bert in self.berts for p in find_parts(bert, parts, top_layers=self.top_layers)]
        ids = {id(parameter) for parameter in (*free, *stage.heads)}
        return [parameter for parameter in stage.trained if id(parameter) in ids]

    def _prepare_model(self, task: int) -> Bert:
        bert = self.berts[task if len(self.berts) > 1 else 0].in_mode(self.dropout)
        return recompute_layers(bert) if self.recompute else bert

    def _describe(self, taken: _Taken, names: list[str], stage: int, valid: float | None, left: float) -> Step:
        for name, loss in zip(names, taken.losses, strict=True):
            self.losses.setdefault(name, []).append(loss)
        injector, joined = self.berts[0].injector, taken.joined
        weights = [1.0] * len(names) if joined is None else joined.weights.tolist()
        return Step(
            number=self.number,
            loss=taken.loss,
            seconds=self.seconds,
            gate=injector.gate if injector is not None else None,
            total=self.total,
            task=" + ".join(names),
            stage=stage,
            losses=dict(zip(names, taken.losses, strict=True)),
            weights=dict(zip(names, weights, strict=True)),
            agreement=() if joined is None else joined.agreement,
            valid_loss=valid,
            left=left,
        )


@dataclass(frozen=True, eq=False)
class _Taken:
    loss: float
    losses: list[float]
    joined: JoinedStep | None


def scale_rate(step: int, steps: int, warm_up: float) -> float:
    """The factor of the learning rate in a step, counted from 0: up over the first share of the steps, then down to zero."""
    rising = max(1, int(steps * warm_up))
    return min((step + 1) / rising, (steps - step) / max(1, steps - rising))


def _say_if_nothing_was_learnt(name: str, losses: Sequence[float]) -> None:
    part = max(1, len(losses) // 10)
    began, ended = sum(losses[:part]) / part, sum(losses[-part:]) / part
    if len(losses) > 1 and ended > LEARNT * began:
        log.warning(
            "Next to nothing was learnt: the loss of %s began at %.3g and ended at %.3g after %s. Type more epochs or a higher "
            "learning rate: kgwb.tune(model, tasks, epochs=20).",
            *(name, began, ended, count_things(len(losses), "step")),
        )
