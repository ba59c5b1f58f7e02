"""Controls: the same injection with the knowledge taken away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

import torch

from kgwb.axes import Int, Tensor
from kgwb.checks import expect_choice
from kgwb.environment import draw_from

if TYPE_CHECKING:
    from kgwb.bert.knowledge import Knowledge

Control = Literal["shuffled", "random", "matched"]


def take_knowledge_away(knowledge: Knowledge, control: Control | None, *, seed: int = 0) -> Knowledge:
    """The same amount of everything, with the knowledge removed in one stated way; with None, the knowledge itself.

    Args:
        knowledge: vectors and facts.
        control: "shuffled" gives every entity another's vector and another's facts; "random" draws Gaussian vectors,
            each as long as the real one, and deals the tails of each relation's facts out anew; "matched" gives all
            entities one vector and all relations one, so that only the extra parameters remain.
        seed: for the permutation or the draw.

    Raises:
        ValueError: for any other control, or when there is nobody to exchange with.
    """
    if control is None:
        return knowledge
    expect_choice("control", control, get_args(Control))
    return replace(_WAYS[control](knowledge, draw_from(seed, control)), control=control)


def _shuffle(knowledge: Knowledge, generator: torch.Generator) -> Knowledge:
    count = len(knowledge.entities)
    if count < 2:
        raise ValueError(f"{count} entity cannot exchange vectors. Type control='random', or use a larger graph.")
    # One cycle through a random order: no entity keeps its own vector.
    order = torch.randperm(count, generator=generator)
    identity = torch.empty_like(order)
    identity[order] = knowledge.identity[order.roll(1)]
    return replace(knowledge, identity=identity)


def _randomise(knowledge: Knowledge, generator: torch.Generator) -> Knowledge:
    table = knowledge.entities
    drawn = torch.randn(table.shape, generator=generator, dtype=table.dtype)
    entities = drawn * (table.norm(dim=1, keepdim=True) / drawn.norm(dim=1, keepdim=True).clamp_min(1e-12))
    return replace(knowledge, entities=entities, facts=_deal_anew(knowledge.facts, generator))


def _deal_anew(facts: Int[Tensor, "fact 3"], generator: torch.Generator) -> Int[Tensor, "fact 3"]:
    """The facts of each relation with their tails exchanged among them."""
    dealt = facts.clone()
    for relation in facts[:, 1].unique():
        rows = (facts[:, 1] == relation).nonzero()[:, 0]
        dealt[rows, 2] = facts[rows[torch.randperm(len(rows), generator=generator)], 2]
    return dealt


def _equalise(knowledge: Knowledge, generator: torch.Generator) -> Knowledge:
    def spread(table: Tensor) -> Tensor:
        drawn = torch.randn(table.shape[1], generator=generator, dtype=table.dtype)
        return (drawn * (table.norm(dim=1).mean() / drawn.norm())).expand_as(table).clone()

    return replace(knowledge, entities=spread(knowledge.entities), relations=spread(knowledge.relations))


_WAYS: dict[str, Callable[[Knowledge, torch.Generator], Knowledge]] = {
    "shuffled": _shuffle,
    "random": _randomise,
    "matched": _equalise,
}
