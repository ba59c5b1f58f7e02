"""Where the candidates come from that right answers are compared with, when not all entities are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch

from kgwb.axes import Int, Tensor
from kgwb.embed.training.batches import Batch
from kgwb.embed.vectors import Vectors


@runtime_checkable
class Negatives(Protocol):
    """Whatever draws entities for a batch: at random, or by having learnt which are hard to tell from answers."""

    def draw(self, vectors: Vectors, batch: Batch) -> Int[Tensor, " candidate"]:
        """The entities that all answers of this batch are compared with, each once."""


@dataclass(frozen=True, eq=False)
class UniformNegatives:
    """So many entities, each as likely as the other.

    Attributes:
        count: how many.
        generator: where they come from, on the embedding's device.
    """

    count: int
    generator: torch.Generator

    def draw(self, vectors: Vectors, batch: Batch) -> Int[Tensor, " candidate"]:
        """A fresh sample without repetition."""
        entities, device = len(vectors.entities), vectors.entities.device
        if self.count * 4 > entities:
            return torch.randperm(entities, generator=self.generator, device=device)[: self.count]
        chosen = torch.randint(entities, (self.count,), generator=self.generator, device=device).unique()
        while len(chosen) < self.count:  # a few came twice
            more = torch.randint(entities, (self.count - len(chosen),), generator=self.generator, device=device)
            chosen = torch.cat([chosen, more]).unique()
        return chosen


def find_places(
    drawn: Int[Tensor, " candidate"], answers: Int[Tensor, " answer"], *, entities: int
) -> Int[Tensor, " answer"]:
    """Where each answer stands among the entities drawn; −1 where it does not.

    Example:
        >>> find_places(torch.tensor([4, 2]), torch.tensor([2, 3, 4]), entities=5)
        tensor([ 1, -1,  0])
    """
    place = torch.full((entities,), -1, device=answers.device)
    place[drawn] = torch.arange(len(drawn), device=answers.device)
    return place[answers]
