"""What the neighbours of an entity, and those who share a neighbour with it, have for an attribute."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kgwb.axes import Float, Int
from kgwb.graph.joins import Steps
from kgwb.graph.knowledge_graph import KnowledgeGraph


@dataclass(frozen=True, eq=False)
class StepMeans:
    """The mean of what each entity reaches, over all steps or along each apart.

    A step is a relation walked one way: relation r from head to tail is step r, from tail to head r + relations.

    Attributes:
        steps: the facts, walked both ways.
        values: what each fact leads to; 0 where that is unknown.
        weights: how much it counts; 0 where it is unknown.
    """

    steps: Steps
    values: Float[np.ndarray, " fact"]
    weights: Float[np.ndarray, " fact"]

    def over_all(self) -> Float[np.ndarray, "entity 2"]:
        """The mean over all steps, not a number where nothing is reached, and the weight it rests on."""
        start, count = self.steps.start, self.steps.entities
        weight = np.bincount(start, self.weights, count)
        return np.stack([_divide(np.bincount(start, self.weights * self.values, count), weight), weight], axis=1)

    def choose_steps(
        self, rows: Int[np.ndarray, " row"], *, least: int | float, most: int
    ) -> Int[np.ndarray, " chosen"]:
        """The steps by which most of some entities reach anything; of steps alike the first.

        Args:
            rows: the entities that count.
            least: how many of them must reach something.
            most: how many steps to give.
        """
        counts = self.reach(rows)
        order = np.argsort(-counts, kind="stable")[:most]
        return order[counts[order] >= max(least, 1)]

    def reach(self, rows: Int[np.ndarray, " row"]) -> Int[np.ndarray, " step"]:
        """How many of some entities reach anything along each step."""
        steps = self.steps
        wanted = np.zeros(steps.entities, dtype=bool)
        wanted[rows] = True
        found = (self.weights > 0) & wanted[steps.start]
        first = np.diff(steps.starts[found], prepend=-1) > 0  # facts are sorted by step and start
        return np.bincount(steps.step[found][first], minlength=2 * steps.relations)

    def along(self, chosen: Int[np.ndarray, " chosen"]) -> Float[np.ndarray, "entity chosen"]:
        """The mean along each of some steps, not a number where nothing is reached."""
        return _divide(self._add(chosen, self.weights * self.values), self.total(chosen))

    def total(self, chosen: Int[np.ndarray, " chosen"]) -> Float[np.ndarray, "entity chosen"]:
        """The weight of what is reached along each of some steps."""
        return self._add(chosen, self.weights)

    def _add(
        self, chosen: Int[np.ndarray, " chosen"], parts: Float[np.ndarray, " fact"]
    ) -> Float[np.ndarray, "entity chosen"]:
        place = np.full(2 * self.steps.relations, -1)
        place[chosen] = np.arange(len(chosen))
        column, width, count = place[self.steps.step], len(chosen), self.steps.entities
        kept = column >= 0
        sums = np.bincount(self.steps.start[kept] * width + column[kept], parts[kept], count * width)
        return sums.reshape(count, width).astype(float)  # of no fact at all bincount gives whole numbers


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """A graph's facts walked both ways, ready to average an attribute over them.

    Attributes:
        steps: the facts.
    """

    steps: Steps

    @classmethod
    def of(cls, graph: KnowledgeGraph) -> Neighbourhood:
        """All facts of a graph."""
        return cls(Steps.of(graph.triples, entities=len(graph.entities), relations=len(graph.relations)))

    def average_neighbours(self, values: Float[np.ndarray, " entity"]) -> StepMeans:
        """The mean over neighbours; an entity that is its own neighbour does not see its own value.

        Args:
            values: by entity, not a number where unknown.
        """
        start, end = self.steps.start, self.steps.end
        seen = ~np.isnan(values[end]) & (start != end)
        return StepMeans(self.steps, np.where(seen, values[end], 0.0), seen.astype(float))

    def average_siblings(self, values: Float[np.ndarray, " entity"]) -> StepMeans:
        """The mean over those that reach the same neighbour by the same step, without the entity itself.

        What many reach says little, so each neighbour counts 1 / log₂(2 + how many reach it).

        Args:
            values: by entity, not a number where unknown.
        """
        known = ~np.isnan(values)
        mine = known[self.steps.start].astype(float)
        own = np.where(known, values, 0.0)[self.steps.start]  # [fact]
        sums, counts = (np.bincount(self._group, part, len(self._sizes))[self._group] for part in (own, mine))
        others = counts - mine
        weights = (others > 0) / np.log2(2 + self._sizes[self._group])
        return StepMeans(self.steps, np.where(others > 0, (sums - own) / np.maximum(others, 1), 0.0), weights)

    @cached_property
    def counts(self) -> StepMeans:
        """One for every neighbour, so that totals are their number."""
        ones = np.ones(len(self.steps.start))
        return StepMeans(self.steps, ones, ones)

    @cached_property
    def _group(self) -> Int[np.ndarray, " fact"]:
        """Which facts share their step and end."""
        return np.unique(self.steps.step * self.steps.entities + self.steps.end, return_inverse=True)[1]

    @cached_property
    def _sizes(self) -> Int[np.ndarray, " group"]:
        return np.bincount(self._group)


def _divide(sums: Float[np.ndarray, "*axes"], weights: Float[np.ndarray, "*axes"]) -> Float[np.ndarray, "*axes"]:
    found = weights > 0
    return np.where(found, sums / np.where(found, weights, 1.0), np.nan)
