"""One episode learnt: a head from its supports, and steps of gradient descent, on weights of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from kgwb.axes import Float, Int, Tensor
from kgwb.bert import Bert
from kgwb.bert.model import share_weights
from kgwb.learn.few_shot.episodes import PreparedEpisodes, measure_loss
from kgwb.learn.few_shot.prototypes import place_prototypes, score_states


@dataclass(frozen=True, eq=False)
class Adapted:
    """A model that has learnt an episode.

    Attributes:
        bert: modules of its own, with the weights it came to, and the rest shared with the model that it began as.
        weights: those weights, in the order of the parameters they began as.
        head: weight and bias of a linear map to the episode's labels.
        loss: of what it learnt from, before the first step; None where no step was taken.
    """

    bert: Bert
    weights: list[Tensor]
    head: tuple[Float[Tensor, "way width"], Float[Tensor, " way"]]
    loss: Float[Tensor, ""] | None

    def score(self, episodes: PreparedEpisodes, texts: Int[Tensor, "way text"]) -> Float[Tensor, "way text label"]:
        """The logits of some texts."""
        return score_states(episodes.look(self.bert, texts), *self.head)


def adapt_to_episode(
    bert: Bert,
    episodes: PreparedEpisodes,
    row: int,
    *,
    trained: Sequence[nn.Parameter],
    steps: int,
    rate: float,
    with_queries: bool = False,
    second_order: bool = False,
) -> Adapted:
    """Take some steps of gradient descent on an episode: w ← w − rate · ∂ℓ/∂w, for weights and head together.

    The head starts at the supports' prototypes. Parameters of the model stay as they are, to the bit: the steps are taken by
    tensors that stand in their place in a twin. These tensors, and the head, are functions of the parameters, so a
    gradient of what came can be taken back to the start: through each step itself with `second_order`, else as if
    what a step adds were constant.

    Args:
        bert: the model.
        episodes: prepared for it.
        row: which of them.
        trained: the parameters that move; others may be among them.
        steps: how many; 0 for the prototypes alone.
        rate: of a step.
        with_queries: learn from supports and queries, not from supports alone.
        second_order: keep what the gradient of a gradient needs.
    """

    def reach(weights: list[Tensor], head: tuple[Tensor, Tensor], loss: Tensor | None) -> Adapted:
        return Adapted(swap_weights(bert, trained, weights), weights, head, loss)

    supports = episodes.supports[row]
    texts = torch.cat([supports, episodes.queries[row]], dim=1) if with_queries else supports  # [way, text]
    # Weights are views, and the head comes from the parameters: so a step's gradient for the one leaves the other out.
    start = place_prototypes(episodes.look(bert, supports), episodes.scale)
    reached = reach([parameter.view_as(parameter) for parameter in trained], start, None)
    for _ in range(steps):
        loss = measure_loss(reached.score(episodes, texts))
        moving = [*reached.weights, *reached.head]
        gradients = torch.autograd.grad(loss, moving, create_graph=second_order, allow_unused=True)
        moved = [each if by is None else each - rate * by for each, by in zip(moving, gradients, strict=True)]
        reached = reach(moved[:-2], (moved[-2], moved[-1]), loss.detach() if reached.loss is None else reached.loss)
    return reached


def swap_weights(bert: Bert, parameters: Sequence[nn.Parameter], weights: Sequence[Tensor]) -> Bert:
    """A twin of the model with tensors in place of some parameters, wherever these stand; the model stays as it is.

    Raises:
        ValueError: a module's `forward` is bound to another module, and would go on with that one's weights.
    """
    places = {id(parameter): weight for parameter, weight in zip(parameters, weights, strict=True)}
    twin = share_weights(bert, bert.training)
    for module in twin.modules():
        if "forward" in vars(module):
            raise ValueError(
                f"A {type(module).__name__} of {bert.name!r} has a forward of its own, which would go on with the "
                "weights that it began with. Type kgwb.tune(..., recompute=False), or del layer.forward."
            )
        held: dict[str, Tensor | None] = module._parameters  # type: ignore[assignment]
        held.update({name: places[id(one)] for name, one in held.items() if id(one) in places})
    return twin
