"""Which fact a sentence asks for, as shares of the facts that it may read."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.nearby_facts import NearbyFacts

# A score that no exponential survives; −inf would give NaN where a row holds nothing else.
NEVER = -1e4


@dataclass(frozen=True, eq=False)
class Pointing:
    """The scores of one batch, each before the softmax.

    Attributes:
        nearby: the facts that each sentence may read, one a slot.
        slots: of each slot, `NEVER` at padding, [sentence, slot].
        relations: of each relation of the graph, whether the sentence has facts of it or not, [sentence, relation].
        none: of a question for no relation of the graph.
    """

    nearby: NearbyFacts
    slots: Float[Tensor, "sentence slot"]
    relations: Float[Tensor, "sentence relation"]
    none: Float[Tensor, ""]

    def shares(
        self,
        gone: Bool[Tensor, "sentence slot"] | None = None,
        unknown: Bool[Tensor, "sentence relation"] | None = None,
    ) -> Float[Tensor, "sentence column"]:
        """The share of each slot, and in the last column of "the graph does not say".

        A relation that the sentence asks for and of which no entity that it names is the head of a fact counts for the latter.

        Args:
            gone: slots to leave out.
            unknown: relations to leave out.
        """
        slots = self.slots if gone is None else self.slots.masked_fill(gone, NEVER)
        forwards = self.nearby.relations.to(slots.device) < self.relations.shape[1]
        held = torch.zeros_like(self.relations)
        held = held.scatter_add(1, self.asked, ((slots > NEVER / 2) & forwards).to(slots.dtype)) > 0
        absent = self.relations.masked_fill(held if unknown is None else held | unknown, NEVER)
        silent = torch.cat([absent, self.none.expand(len(absent))[:, None]], 1).logsumexp(1, keepdim=True)
        return torch.cat([slots, silent], 1).softmax(-1)

    def states(self, answers: Int[Tensor, " sentence"]) -> Bool[Tensor, "sentence slot"]:
        """The slots that state the answer, and those of the same entity, relation and direction, which answer as well."""
        device = self.slots.device
        others, kinds, owners = (
            each.to(device) for each in (self.nearby.others, self.nearby.relations, self.nearby.owners)
        )
        stated = (others == answers[:, None]) & (self.slots > NEVER / 2)
        alike = (kinds[:, :, None] == kinds[:, None]) & (
            owners[:, :, None] == owners[:, None]
        )  # [sentence, slot, slot]
        return (alike & stated[:, None]).any(-1)

    @property
    def asked(self) -> Int[Tensor, "sentence slot"]:
        """The relation of each slot, whichever side it is read from."""
        return self.nearby.relations.to(self.slots.device) % self.relations.shape[1]


def beyond_nearest(
    distance: Float[Tensor, "sentence slot"],
    is_fact: Bool[Tensor, "sentence slot"],
    groups: Int[Tensor, "sentence slot"] | None = None,
) -> Float[Tensor, "sentence slot"]:
    """How much farther than the nearest slot of the sentence, or of its group; 0 at padding."""
    far = distance.masked_fill(~is_fact, -NEVER)
    if groups is None:
        least = far.amin(1, keepdim=True)
    else:
        same = groups[:, :, None] == groups[:, None]
        least = torch.where(same, far[:, None], -NEVER).amin(2)
    return (far - least).masked_fill(~is_fact, 0.0)


def pick(
    table: Float[Tensor, "sentence text token"], rows: Int[Tensor, "sentence slot"]
) -> Float[Tensor, "sentence slot token"]:
    """The row of each slot."""
    return table.gather(1, rows[..., None].expand(-1, -1, table.shape[-1]))


def measure_nearest(is_owner: Bool[Tensor, "sentence slot token"]) -> Int[Tensor, "sentence slot token"]:
    """How far each word piece is from the nearest one of the slot's name; the whole length where there is none."""
    length = is_owner.shape[-1]
    steps = torch.arange(length, device=is_owner.device)
    before = steps - torch.where(is_owner, steps, -length).cummax(-1).values
    behind = torch.where(is_owner, steps, 2 * length).flip(-1).cummin(-1).values.flip(-1) - steps
    return torch.minimum(before, behind).clamp_max(length)


def find_usual_types(
    facts: Int[Tensor, "fact 3"], type_of: Int[Tensor, " entity"], relations: int, types: int
) -> Int[Tensor, " relation"]:
    """The type that most tails of each relation have."""
    counts = torch.zeros(relations * types, dtype=torch.int64, device=facts.device)
    counts += torch.bincount(facts[:, 1] * types + type_of.to(facts.device)[facts[:, 2]], minlength=len(counts))
    return counts.view(relations, types).argmax(1)
