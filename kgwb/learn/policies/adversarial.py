"""Learning under an adversary, who moves word vectors to where the loss is large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert
from kgwb.checks import expect_at_least, expect_each, expect_number, expect_share
from kgwb.learn.policies.noise import climb, differentiate_noise, draw_noise, measure_word
from kgwb.learn.policies.policy import Gradients, Policy, TaskBatch


@dataclass(frozen=True)
class Adversarial(Policy):
    """Each step learns from its batch as it is, and as an adversary disturbs it.

    gradient = (1 − w)·∇L(x) + w·∇L(x + r), with the noise r of each word piece at most `size` long, found by `steps` steps
    of gradient ascent: with one, the fast gradient method (FGM: Miyato et al., 2017), with more, projected gradient descent
    on −L (PGD: Madry et al., 2018). Noise is added to the word vectors, before positions and doors; the loss that steps
    report is that of the batch as it is.

    Args:
        size: of the noise, in mean lengths of a word vector.
        steps: of the adversary; with 0 the noise is drawn, of the same length for every word piece: the control.
        rate: how far a step of the adversary goes, in sizes; by default the whole size with one step, and 2.5 sizes over all
            steps with more.
        weight: w, above 0 and up to 1.
        parts: what is free to learn, as `kgwb.learn.policies.parts.find_part` names it.

    Raises:
        ValueError: for numbers that cannot be.

    Example:
        >>> from kgwb import load_bert, tune
        >>> from kgwb.learn import MaskedWords
        >>> steps = tune(load_bert(), MaskedWords(["The sea is wide."]), policy=Adversarial(size=0.2), epochs=2)
        >>> [step.number for step in steps]
        [1, 2]
    """

    size: int | float = 0.2
    steps: int = 1
    rate: int | float | None = None
    weight: int | float = 0.5
    parts: Sequence[str] = ("injector", "head", "top")

    def __post_init__(self) -> None:
        expect_number("size", self.size, usual=0.2, above=0)
        expect_at_least("steps", self.steps, 0, whole=True)
        if self.rate is not None:
            expect_number("rate", self.rate, usual=0.5, above=0)
        expect_share("weight", self.weight, usual=0.5)
        parts = expect_each(self.parts, str, "The name of a part", call="kgwb.learn.Adversarial(parts=('all',))")
        object.__setattr__(self, "parts", tuple(parts))

    @property
    def step(self) -> float:
        """How far a step of the adversary goes, in sizes."""
        return float(self.rate or (1.0 if self.steps < 2 else 2.5 / self.steps))

    def list_parts(self) -> Sequence[str]:
        return self.parts

    def differentiate(
        self, batch: TaskBatch, bert: Bert, trained: Sequence[nn.Parameter]
    ) -> tuple[Float[Tensor, ""], Gradients]:
        size = self.size * measure_word(bert)
        loss, clean, noise, upwards = differentiate_noise(batch.loss, bert, None, trained)
        if self.steps == 0:
            drawn = draw_noise(noise.is_token, bert, size=size, generator=torch.Generator().manual_seed(batch.seed))
            _, disturbed, _, _ = differentiate_noise(batch.loss, bert, drawn, trained)
        for step in range(self.steps):
            moved = climb(noise, upwards, step=self.step * size, size=size)
            last = step + 1 == self.steps
            _, disturbed, noise, upwards = differentiate_noise(batch.loss, bert, moved, trained if last else ())
        mixed = [
            None if one is None or other is None else (1 - self.weight) * one + self.weight * other
            for one, other in zip(clean, disturbed, strict=True)
        ]
        return loss, mixed
