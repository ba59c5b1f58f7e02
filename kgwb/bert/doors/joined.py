"""Several doors at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.injector import Injector
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import Knowledge


class JoinedInjector(Injector):
    """Doors that act one after the other in the same pass.

    Args:
        knowledge: what they share.
        doors: in the order in which they act.
    """

    def __init__(self, knowledge: Knowledge, doors: Sequence[Injector]) -> None:
        super().__init__(knowledge, "+".join(door.mode for door in doors))
        self.members = nn.ModuleList(doors)

    @property
    def parts(self) -> tuple[Injector, ...]:
        return tuple(door for door in self.members if isinstance(door, Injector))

    @property
    def facts(self) -> Int[Tensor, "fact 3"]:
        """Those of the first door that looks facts up."""
        return next((door.facts for door in self.parts if door.reads_facts), self.triples)

    def score_entities(
        self, hidden: Float[Tensor, "row width"], entities: Int[Tensor, "row candidate"]
    ) -> Float[Tensor, "row candidate"] | None:
        told = [door.score_entities(hidden, entities) for door in self.parts]
        given = [scores for scores in told if scores is not None]
        return torch.stack(given).sum(0) if given else None

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Wherever one of them enters."""
        return torch.stack([door.enters_at(encoding) for door in self.parts]).any(0)

    @property
    def gate(self) -> float:
        """The widest of theirs."""
        return max(door.gate for door in self.parts)
