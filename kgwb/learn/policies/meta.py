"""Meta-learning: weights from which a few steps on an episode lead far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert
from kgwb.bert.passing import ATTENTION
from kgwb.checks import expect_at_least, expect_choice, expect_each, expect_flags, expect_number
from kgwb.learn.few_shot.adaptation import adapt_to_episode
from kgwb.learn.few_shot.episodes import PreparedEpisodes, measure_loss
from kgwb.learn.policies.policy import Gradients, Policy, TaskBatch
from kgwb.learn.tasks import PreparedTask
from kgwb.words import describe_kind

Method = Literal["maml", "reptile"]


@dataclass(frozen=True)
class Meta(Policy):
    """Learn weights that adapt to an episode in a few steps of gradient descent.

    For each episode of a batch, weights θ and a head, which starts at the supports' prototypes, take `inner_steps` steps
    to θ′, on tensors of their own. Then, averaged over the episodes:

    - "maml" (Finn et al., 2017, "Model-agnostic meta-learning"): the gradient, for θ, of the queries' loss at θ′ and its
      head, which learnt from the supports. First order takes what the steps added as constant; second order differentiates the
      steps as well. Through the start of the head a gradient flows in both (Triantafillou et al., 2020,
      "Meta-Dataset"): without a step it is that of prototypical networks.
    - "reptile" (Nichol et al., 2018, "On first-order meta-learning algorithms"): (θ − θ′) / (inner_steps · inner_rate), from
      steps on supports and queries, because after learning from one support a label there is nothing left to learn.

    The model's own parameters change nowhere in between, and other threads see nothing.

    Args:
        method: "maml" or "reptile".
        inner_steps: of gradient descent on an episode.
        inner_rate: of each, for weights and head alike.
        parts: what learns, and adapts; as `Partial` takes them.
        second_order: for "maml"; needs the model's attention "eager", as `load_bert` makes it, and some times the memory.

    Raises:
        TypeError: when it is given to `tune`, for a task without episodes.
        ValueError: for a number that cannot be, no part, or Reptile of second order; while tuning by second order, for
            attention that is not eager.

    Example:
        >>> import pandas as pd
        >>> from kgwb import load_bert, tune
        >>> from kgwb.learn import Episodes, TextClasses
        >>> texts = ["It rains.", "It snows.", "It hails.", "We won.", "They lost.", "A draw."]
        >>> frame = pd.DataFrame({"text": texts, "label": ["weather"] * 3 + ["sport"] * 3})
        >>> episodes = Episodes(TextClasses(frame), 2, queries=2, count=4)
        >>> [step.number for step in tune(load_bert(), episodes, policy=Meta(inner_steps=2), epochs=1, batch=2)]
        [1, 2]
    """

    method: Method = "maml"
    inner_steps: int = 5
    inner_rate: int | float = 0.01
    parts: Sequence[str] = ("injector", "head", "top")
    second_order: bool = False

    def __post_init__(self) -> None:
        expect_choice("method", self.method, get_args(Method))
        expect_at_least("inner_steps", self.inner_steps, 1, whole=True)
        expect_number("inner_rate", self.inner_rate, usual=0.01, above=0)
        parts = expect_each(self.parts, str, "The name of a part", call="kgwb.learn.Meta(parts=('top',))")
        expect_flags(second_order=self.second_order)
        if not parts:
            raise ValueError("parts=() came, so nothing would learn. Type policy=kgwb.learn.Meta(parts=('top',)).")
        if self.second_order and self.method == "reptile":
            raise ValueError(
                "second_order=True came with method='reptile', which takes no gradient through its steps. Type "
                "policy=kgwb.learn.Meta('maml', second_order=True)."
            )
        object.__setattr__(self, "parts", tuple(parts))

    def list_parts(self) -> Sequence[str]:
        return self.parts

    def expect_tasks(self, tasks: Sequence[PreparedTask]) -> None:
        for task in tasks:
            if not isinstance(task, PreparedEpisodes):
                raise TypeError(
                    f"policy={self.method!r} learns from episodes, and {describe_kind(task)} came. Type "
                    "kgwb.tune(model, kgwb.learn.Episodes(kgwb.learn.TextClasses(frame), 5), policy=kgwb.learn.Meta())."
                )

    def differentiate(
        self, batch: TaskBatch, bert: Bert, trained: Sequence[nn.Parameter]
    ) -> tuple[Float[Tensor, ""], Gradients]:
        """The episodes' mean loss, of queries after adapting ("reptile": of all texts before it), and the gradient."""
        self.expect_tasks([batch.task])
        episodes = batch.task
        assert isinstance(episodes, PreparedEpisodes)
        if self.second_order:
            _expect_eager(bert)
        learn = self._learn_maml if self.method == "maml" else self._learn_reptile
        losses: list[Tensor] = []
        total: Gradients = [None] * len(trained)
        with batch.drawing(bert):
            for row in batch.rows:
                loss, gradients = learn(episodes, row, bert, trained)
                losses.append(loss)
                total = [_add(one, other) for one, other in zip(total, gradients, strict=True)]
        means = [None if each is None else each / len(losses) for each in total]
        return torch.stack(losses).mean(), means

    def _learn_maml(
        self, episodes: PreparedEpisodes, row: int, bert: Bert, trained: Sequence[nn.Parameter]
    ) -> tuple[Float[Tensor, ""], Gradients]:
        adapted = adapt_to_episode(
            bert,
            episodes,
            row,
            trained=trained,
            steps=self.inner_steps,
            rate=self.inner_rate,
            second_order=self.second_order,
        )
        loss = measure_loss(adapted.score(episodes, episodes.queries[row]))
        return loss.detach(), list(torch.autograd.grad(loss, list(trained), allow_unused=True))

    def _learn_reptile(
        self, episodes: PreparedEpisodes, row: int, bert: Bert, trained: Sequence[nn.Parameter]
    ) -> tuple[Float[Tensor, ""], Gradients]:
        way = self.inner_steps * self.inner_rate
        adapted = adapt_to_episode(
            bert, episodes, row, trained=trained, steps=self.inner_steps, rate=self.inner_rate, with_queries=True
        )
        assert adapted.loss is not None  # it took a step
        pairs = [(one.detach(), other.detach()) for one, other in zip(trained, adapted.weights, strict=True)]
        # What the loss does not depend on is still the parameter itself.
        return adapted.loss, [
            None if one.data_ptr() == other.data_ptr() else (one - other) / way for one, other in pairs
        ]


def _expect_eager(bert: Bert) -> None:
    """Other attention than eager has no second derivative on every device."""
    attention = bert.model.config._attn_implementation
    if attention not in ("eager", ATTENTION):
        raise ValueError(
            f"second_order=True came, and the attention of {bert.name!r} is {attention!r}, which cannot be differentiated "
            "twice. Type bert.model.set_attn_implementation('eager')."
        )


def _add(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    """The sum of two gradients, either of which may be none."""
    if one is None or other is None:
        return other if one is None else one
    return one + other
