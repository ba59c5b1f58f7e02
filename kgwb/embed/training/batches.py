"""The training triples as questions, in batches: both sides, each distinct question once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from kgwb.axes import Int, Tensor
from kgwb.embed.queries import Queries, group_queries
from kgwb.graph.joins import expand_ranges


@dataclass(frozen=True, eq=False)
class Batch:
    """Some distinct questions with all their answers; those about tails come first.

    Attributes:
        known: the entity given, [query].
        relation: the relation given, [query].
        tails: how many of the questions ask for the tail.
        rows: the question of each answer, [answer].
        answers: the entities that answer, [answer].
    """

    known: Int[Tensor, " query"]
    relation: Int[Tensor, " query"]
    tails: int
    rows: Int[Tensor, " answer"]
    answers: Int[Tensor, " answer"]


@dataclass(frozen=True, eq=False)
class Questions:
    """All distinct questions of both sides.

    Example:
        >>> questions = Questions.from_triples(np.array([[0, 0, 1], [0, 0, 2]]))
        >>> len(questions), questions.answer_count
        (3, 4)
    """

    tail: Queries
    head: Queries

    @classmethod
    def from_triples(cls, triples: Int[np.ndarray, "triple 3"]) -> Questions:
        """The questions that these triples answer."""
        return cls(group_queries(triples, "tail"), group_queries(triples, "head"))

    def __len__(self) -> int:
        return len(self.tail) + len(self.head)

    @property
    def answer_count(self) -> int:
        """Answers to all questions: two per triple."""
        return len(self.tail.answers) + len(self.head.answers)

    def entities(self) -> Int[np.ndarray, " entity"]:
        """The entities that occur, each once."""
        return np.union1d(self.tail.known, self.head.known)

    def shuffle(self, size: int, *, generator: torch.Generator, device: torch.device) -> Iterator[Batch]:
        """Batches of `size` questions in random order; every question comes once."""
        order = torch.randperm(len(self), generator=generator).numpy()
        for start in range(0, len(order), size):
            chosen = np.sort(order[start : start + size])
            yield self._gather(chosen, device)

    def _gather(self, chosen: Int[np.ndarray, " query"], device: torch.device) -> Batch:
        tails, heads = chosen[chosen < len(self.tail)], chosen[chosen >= len(self.tail)] - len(self.tail)
        parts = zip(_take(self.tail, tails), _take(self.head, heads), strict=True)
        known, relation, counts, answers = (np.concatenate(columns) for columns in parts)
        rows = np.repeat(np.arange(len(chosen)), counts)
        to_tensor = [torch.from_numpy(column).to(device) for column in (known, relation, rows, answers)]
        return Batch(to_tensor[0], to_tensor[1], len(tails), to_tensor[2], to_tensor[3])


def _take(queries: Queries, chosen: Int[np.ndarray, " query"]) -> tuple[np.ndarray, ...]:
    counts = queries.counts[chosen]
    answers = queries.answers[expand_ranges(queries.offsets[chosen], counts)]
    return queries.known[chosen], queries.relation[chosen], counts, answers
