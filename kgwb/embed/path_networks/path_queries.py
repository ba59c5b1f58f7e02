"""What a path network learns to answer: a query with a few of its answers, whose facts carry nothing meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from kgwb.axes import Bool, Int, Tensor
from kgwb.embed.path_networks.fact_edges import FactEdges
from kgwb.embed.queries import SIDES, group_queries
from kgwb.graph.joins import expand_ranges

Hiding = Literal["fact", "pair"]
HIDINGS: tuple[Hiding, Hiding] = ("fact", "pair")


@dataclass(frozen=True, eq=False)
class PathQueries:
    """The distinct queries of both sides, their answers one after another.

    Attributes:
        facts: what answers them, [fact, 3].
        known: the entity given, [query].
        step: the relation, or relations + the relation where the head is asked for, [query].
        offsets: answers of query q are answers[offsets[q]:offsets[q + 1]], [query + 1].
        answers: entities, [answer].
        fact: which of the facts is behind each answer, [answer].
    """

    facts: Int[np.ndarray, "fact 3"]
    known: Int[np.ndarray, " query"]
    step: Int[np.ndarray, " query"]
    offsets: Int[np.ndarray, " ends"]
    answers: Int[np.ndarray, " answer"]
    fact: Int[np.ndarray, " answer"]

    @classmethod
    def of(cls, facts: Int[np.ndarray, "fact 3"], relations: int) -> PathQueries:
        """All that the facts answer.

        Example:
            >>> queries = PathQueries.of(np.array([[0, 0, 1], [0, 0, 2]]), relations=1)
            >>> queries.known.tolist(), queries.step.tolist(), queries.answers.tolist()
            ([1, 2, 0], [1, 1, 0], [0, 0, 1, 2])
        """
        sides = [group_queries(facts, side) for side in SIDES]
        shifts = [relations * (queries.side == "head") for queries in sides]
        return cls(
            facts,
            np.concatenate([queries.known for queries in sides]),
            np.concatenate([queries.relation + shift for queries, shift in zip(sides, shifts, strict=True)]),
            np.append(0, np.cumsum(np.concatenate([queries.counts for queries in sides]))),
            np.concatenate([queries.answers for queries in sides]),
            np.concatenate([queries.triple for queries in sides]),
        )

    def __len__(self) -> int:
        return len(self.known)

    def draw(
        self,
        rows: Int[np.ndarray, " query"],
        *,
        share: int | float,
        edges: FactEdges,
        hide: Hiding,
        draw: np.random.Generator,
    ) -> AskedQueries:
        """Some queries, each with a random share of its answers, at least one.

        Args:
            rows: which queries.
            share: of the answers that are asked for at a time.
            edges: of the same facts.
            hide: whether the facts asked for carry nothing, or all between the two entities.
            draw: where the choice comes from.
        """
        counts = np.diff(self.offsets)[rows]
        row, place = np.repeat(np.arange(len(rows)), counts), expand_ranges(self.offsets[rows], counts)
        order = np.lexsort((draw.random(len(place)), row))  # by query, in it at random
        turn = expand_ranges(np.zeros_like(counts), counts)
        chosen = np.sort(order[turn < np.maximum(1, np.rint(share * counts).astype(np.int64))[row]])
        asked, answers = row[chosen], self.answers[place[chosen]]
        if hide == "pair":
            which, removed = edges.find_between(self.known[rows][asked], answers)
            hidden = np.stack([asked[which], removed], axis=1)
        else:
            removed = edges.find(self.facts[self.fact[place[chosen]]])
            hidden = np.stack([np.repeat(asked, 2), removed.ravel()], axis=1)
        return AskedQueries(self.known[rows], self.step[rows], asked, answers, hidden, row, self.answers[place])


@dataclass(frozen=True, eq=False)
class AskedQueries:
    """A batch of queries.

    Attributes:
        known, step: what is given, [query].
        asked, answers: (query, entity) of what is asked for, [answer].
        hidden: (query, edge) of those that carry nothing, [hidden, 2].
        true_of, true: (query, entity) of everything that is true, [true].
    """

    known: Int[np.ndarray, " query"]
    step: Int[np.ndarray, " query"]
    asked: Int[np.ndarray, " answer"]
    answers: Int[np.ndarray, " answer"]
    hidden: Int[np.ndarray, "hidden 2"]
    true_of: Int[np.ndarray, " true"]
    true: Int[np.ndarray, " true"]

    def cut(self, height: int) -> Iterator[AskedQueries]:
        """The same in turns of so many queries."""
        for start in range(0, len(self.known), height):
            asked, true = ((whose >= start) & (whose < start + height) for whose in (self.asked, self.true_of))
            hidden = self.hidden[(self.hidden[:, 0] >= start) & (self.hidden[:, 0] < start + height)] - [[start, 0]]
            here = slice(start, start + height)
            yield AskedQueries(
                self.known[here],
                self.step[here],
                self.asked[asked] - start,
                self.answers[asked],
                hidden,
                self.true_of[true] - start,
                self.true[true],
            )

    def candidates(
        self, entities: int, *, negatives: int | None, draw: np.random.Generator
    ) -> Bool[Tensor, "query entity"]:
        """What the answers should stand above: all entities or so many drawn ones, but nothing that is true."""
        if negatives is None:
            cells = torch.ones(len(self.known), entities, dtype=torch.bool)
        else:
            cells = torch.zeros(len(self.known), entities, dtype=torch.bool)
            drawn = torch.from_numpy(draw.integers(entities, size=(len(self.known), negatives)))
            cells.scatter_(1, drawn, True)
        cells[torch.from_numpy(self.true_of), torch.from_numpy(self.true)] = False
        return cells
