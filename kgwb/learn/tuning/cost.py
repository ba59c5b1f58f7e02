"""What a tuning will take, before it is started."""

from __future__ import annotations

import copy
import inspect
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kgwb.bert import Bert
from kgwb.learn.tasks import Task
from kgwb.learn.tuning.checkpoint import list_weights
from kgwb.learn.tuning.loop import tune
from kgwb.learn.tuning.options import expect_learners
from kgwb.learn.tuning.plan import plan_tuning
from kgwb.words import count_things

# After one step that warms up.
_TIMED = 3


@dataclass(frozen=True, repr=False)
class TuningCost:
    """What a tuning will take.

    Attributes:
        steps: how many there will be, if none is saved by stopping early.
        step_seconds: of one, the median of three; measuring what is held out is not in it.
        trained: numbers that learn.
        parameters: of the model, or the models.
        optimizer_bytes: of gradients and of what AdamW keeps.
    """

    steps: int
    step_seconds: float
    trained: int
    parameters: int
    optimizer_bytes: int

    @property
    def seconds(self) -> float:
        """Of all steps."""
        return self.steps * self.step_seconds

    @property
    def share(self) -> float:
        """Of the model's numbers that learn."""
        return self.trained / self.parameters

    def __repr__(self) -> str:
        minutes, seconds = divmod(round(self.seconds), 60)
        took = f"{minutes} min {seconds} s" if minutes else f"{self.seconds:.2g} s"
        return (
            f"about {took} for {count_things(self.steps, 'step')}; {self.trained:,} of {self.parameters:,} numbers learn "
            f"({self.share:.1%}), {self.optimizer_bytes / 2**20:,.0f} MiB for their gradients and the optimizer"
        )


def estimate_tuning(
    bert: Bert | Sequence[Bert], tasks: Task | Sequence[Task] | Mapping[str, Task], **options: Any
) -> TuningCost:
    """Time and memory of a tuning, from its first steps, taken on a copy: the model is left as it is.

    Args:
        bert: as for `tune`.
        tasks: as for `tune`.
        **options: as for `tune`.

    Raises:
        ValueError: as `tune`.
        TypeError: as `tune`.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.learn import MaskedWords
        >>> cost = estimate_tuning(load_bert(), MaskedWords(["The sea is wide."]), epochs=50)
        >>> cost.steps, cost.trained < cost.parameters
        (50, True)
    """
    berts = [copy.deepcopy(one) for one in expect_learners(bert)]
    usual = {
        each.name: each.default
        for each in inspect.signature(tune).parameters.values()
        if each.kind is each.KEYWORD_ONLY
    }
    unknown = [name for name in options if name not in usual]
    if unknown:
        raise TypeError(f"{unknown[0]} came. Type some of tune's options: {', '.join(usual)}.")
    run = plan_tuning(berts if len(berts) > 1 else berts[0], tasks, **usual | options)
    weights = list_weights(run)
    steps, seconds = run.take_steps(), []
    for _ in range(1 + min(_TIMED, run.total - 1)):
        began = time.perf_counter()
        next(steps)
        seconds.append(time.perf_counter() - began)
    numbers = sum(weight.numel() for weight in weights)
    size = sum(weight.numel() * weight.element_size() for weight in weights)
    whole = sum(parameter.numel() for one in berts for parameter in one.parameters())
    return TuningCost(run.total, statistics.median(seconds[1:] or seconds), numbers, whole, 3 * size)
