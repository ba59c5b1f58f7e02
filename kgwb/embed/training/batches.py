"""What a step is given: a batch of queries from the training triples, and the candidates that answers are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.queries import Queries, group_queries
from kgwb.embed.vectors import Vectors
from kgwb.graph.joins import expand_ranges


@dataclass(frozen=True, eq=False)
class Batch:
    """Some distinct queries with all their answers; those about tails come first.

    Attributes:
        known: the entity given, [query].
        relation: the relation given, [query].
        tails: how many of the queries ask for the tail.
        rows: the query of each answer, [answer].
        answers: the entities that answer, [answer].
        weights: how much each answer counts, [answer]; None where all count the same.
    """

    known: Int[Tensor, " query"]
    relation: Int[Tensor, " query"]
    tails: int
    rows: Int[Tensor, " answer"]
    answers: Int[Tensor, " answer"]
    weights: Float[Tensor, " answer"] | None = None


@dataclass(frozen=True, eq=False)
class TrainingQueries:
    """All distinct queries of both sides.

    Attributes:
        tail: those about tails.
        head: those about heads.
        weights: how much each triple counts, on average 1, [triple]; None where all count the same.

    Example:
        >>> queries = TrainingQueries.from_triples(np.array([[0, 0, 1], [0, 0, 2]]))
        >>> len(queries), queries.answer_count
        (3, 4)
    """

    tail: Queries
    head: Queries
    weights: Float[np.ndarray, " triple"] | None = None

    @classmethod
    def from_triples(
        cls, triples: Int[np.ndarray, "triple 3"], weights: Float[np.ndarray, " triple"] | None = None
    ) -> TrainingQueries:
        """The queries that these triples answer."""
        return cls(group_queries(triples, "tail"), group_queries(triples, "head"), weights)

    def __len__(self) -> int:
        return len(self.tail) + len(self.head)

    @property
    def answer_count(self) -> int:
        """Answers to all queries: two per triple."""
        return len(self.tail.answers) + len(self.head.answers)

    def entities(self) -> Int[np.ndarray, " entity"]:
        """The entities that occur, each once."""
        return np.union1d(self.tail.known, self.head.known)

    def shuffle(self, size: int, *, generator: torch.Generator, device: torch.device) -> Iterator[Batch]:
        """Batches of `size` queries in random order; every query comes once."""
        order = torch.randperm(len(self), generator=generator).numpy()
        for start in range(0, len(order), size):
            chosen = np.sort(order[start : start + size])  # those about tails, then those about heads
            yield self._gather(chosen, device)

    def _gather(self, chosen: Int[np.ndarray, " query"], device: torch.device) -> Batch:
        tails, heads = chosen[chosen < len(self.tail)], chosen[chosen >= len(self.tail)] - len(self.tail)
        parts = zip(_take(self.tail, tails), _take(self.head, heads), strict=True)
        known, relation, counts, answers, triple = (np.concatenate(columns) for columns in parts)
        rows = np.repeat(np.arange(len(chosen)), counts)  # [answer]
        to_tensor = [torch.from_numpy(column).to(device) for column in (known, relation, rows, answers)]
        weights = None if self.weights is None else torch.from_numpy(self.weights[triple]).to(device)  # [answer]
        return Batch(to_tensor[0], to_tensor[1], len(tails), to_tensor[2], to_tensor[3], weights)


def _take(queries: Queries, chosen: Int[np.ndarray, " query"]) -> tuple[np.ndarray, ...]:
    counts = queries.counts[chosen]
    where = expand_ranges(queries.offsets[chosen], counts)
    return queries.known[chosen], queries.relation[chosen], counts, queries.answers[where], queries.triple[where]


@runtime_checkable
class Negatives(Protocol):
    """Anything that draws entities for a batch: at random, or by having learnt which ones score nearly like answers."""

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
