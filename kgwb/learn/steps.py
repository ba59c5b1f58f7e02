"""What is known of one step of tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kgwb.learn.strategies.agreement import Agreement


@dataclass(frozen=True)
class Step:
    """One step of tuning.

    Attributes:
        number: counted from 1.
        loss: the batch's mean loss, in nats; of several tasks in one step, Σ λ_i L_i.
        seconds: since tuning began, without the time that lay between a kill and going on.
        gate: how far the injector is open after the step; None for plain BERT.
        total: how many steps there will be, if none is saved by stopping early.
        task: which task it belongs to, by its name, or numbered where there are several of a kind: "MaskedAnswers",
            "MaskedAnswers 2"; of several in one step, "MaskedAnswers + MaskedWords".
        stage: 1, or 2 in the second stage.
        losses: of each task of the step.
        weights: λ of each.
        agreement: of a step from several tasks, how far their gradients agree.
        valid_loss: of what was held out, in the steps after which it was measured.
        left: seconds until the end, if all steps take as long as those so far.
    """

    number: int
    loss: float
    seconds: float
    gate: float | None
    total: int
    task: str = ""
    stage: int = 1
    losses: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    agreement: tuple[Agreement, ...] = ()
    valid_loss: float | None = None
    left: float = 0.0
