"""Asking rules: every hit of a rule is a number, one sort groups them, and the best few of each answer are added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kgwb.embed.ranking.cardinality import find_chances, score_takers
from kgwb.embed.rules.constants import ConstantRules, gather_given
from kgwb.embed.rules.judging import PathRules
from kgwb.embed.rules.path_tree import PathTree, plant_tree, turn_paths
from kgwb.embed.rules.walking import Walker
from kgwb.graph.joins import cut, expand_ranges
from kgwb.graph.rules import DOUBT

DANGLING, FREQUENT = 0.01, 0.1  # how much is trusted in taking part in a relation, and in being a frequent answer
NEXT = 5  # so many rules after the first decide between answers that are otherwise equal
_LITTLE = 1e-6  # what those count
_LEAST = 1e-11  # what counts where even those are equal: how likely it is that an entity takes one more such fact
HITS_AT_ONCE = 1 << 23  # so many hits are held before they are sorted and the best kept

Hits = tuple[np.ndarray, np.ndarray, np.ndarray]  # query, entity, number of the rule


@dataclass(frozen=True, eq=False)
class RuleSet:
    """All rules, numbered by falling trust.

    A rule's number leads to its place: path rules stand first, then constant rules, then one for each fan, by which a
    frequent answer is likely.

    Attributes:
        walker: the facts.
        paths: the rules path(x, y) ⇒ relation(x, y).
        constants: the rules about certain entities.
        frequent: whether frequent answers count.
    """

    walker: Walker
    paths: PathRules
    constants: ConstantRules
    frequent: bool = True

    @cached_property
    def trusts(self) -> np.ndarray:
        """How far each rule is trusted, by its place, 0 to below 1, float64 [rule].

        trust = support ÷ (cases + 5), times .01 for dangling rules and .1 for frequent answers.
        """
        paths, constants, steps = self.paths, self.constants, self.walker.steps
        fans = len(steps.fan_keys)
        of_constants = constants.support / (constants.cases[constants.given] + DOUBT)
        of_constants[constants.given >= fans] *= DANGLING
        takers = np.diff(steps.fan_bounds)[steps.turn(steps.fans[0])]
        frequent = FREQUENT * self.frequent * constants.cases[:fans] / (takers + DOUBT)
        return np.concatenate([paths.support / (paths.cases + DOUBT), of_constants, frequent])

    @cached_property
    def order(self) -> np.ndarray:
        """The place of each rule, by number, int64 [rule]."""
        return np.argsort(-self.trusts, kind="stable")

    @cached_property
    def numbers(self) -> np.ndarray:
        """The number of each rule, by place, int32 [rule]."""
        numbers = np.empty(len(self.order), dtype=np.int32)
        numbers[self.order] = np.arange(len(self.order), dtype=np.int32)
        return numbers

    @cached_property
    def weights(self) -> np.ndarray:
        """What each rule adds to a score, by number: −log(1 − trust), float64 [rule]."""
        return -np.log1p(-self.trusts[self.order])

    @cached_property
    def chances(self) -> np.ndarray:
        """How likely an entity takes one more fact, by step and how many it has, float64 [step, pool]."""
        return find_chances(self.walker.steps)

    @cached_property
    def tree(self) -> tuple[PathTree, np.ndarray]:
        """The paths both ways, each under the step it concludes; and the rule that ends at each node, by number, or -1."""
        steps, rules = self.walker.steps, self.paths
        roots = np.concatenate([rules.relation, rules.relation + steps.relations])
        bodies = np.concatenate([rules.paths, turn_paths(rules.paths, steps.relations)])
        tree, ends = plant_tree(roots, bodies, count=2 * steps.relations)
        rule_at = np.full(len(tree), -1, dtype=np.int64)
        rule_at[ends] = np.tile(self.numbers[: len(rules)], 2)
        return tree, rule_at

    @cached_property
    def given(self) -> Any:
        """What may be given of an entity, CSR [fan + step, entity]."""
        return gather_given(self.walker)

    @cached_property
    def given_of(self) -> Any:
        """The same by entity, CSR [entity, fan + step]."""
        return self.given.T.tocsr()

    @cached_property
    def by_implied(self) -> np.ndarray:
        """The constant rules of fan f are bounds[f] to bounds[f + 1], int64 [fan + 1]."""
        return np.searchsorted(self.constants.implied, np.arange(len(self.walker.steps.fan_keys) + 1))

    @cached_property
    def by_given(self) -> tuple[np.ndarray, np.ndarray]:
        """The constant rules by what is given, then by what is implied: (both as one number, place), [rule]."""
        keys = self.constants.given * np.int64(len(self.walker.steps.fan_keys)) + self.constants.implied
        order = np.argsort(keys, kind="stable")
        return keys[order], order.astype(np.int32)

    def find_hits(self, start: np.ndarray, step: np.ndarray) -> Iterator[Hits]:
        """Every (query, entity, rule) by which a rule gives an entity as the answer, in blocks, each once.

        Args:
            start: the entity given in each query.
            step: the relation asked from there, + the number of relations where the head is asked for.
        """
        for query, entity, number in self._hit(start, step):
            other = entity != start[query]
            yield query[other], entity[other], number[other]

    def _hit(self, start: np.ndarray, step: np.ndarray) -> Iterator[Hits]:
        tree, rule_at = self.tree
        for landing in self.walker.walk(tree, step, start):
            yield landing.query, landing.entity, rule_at[landing.node]
        yield from self._hit_entities(start, step)
        yield from self._hit_fans(start, step)
        if self.frequent:
            yield from self._hit_frequent(step)

    def _hit_entities(self, start: np.ndarray, step: np.ndarray) -> Iterator[Hits]:
        """Rules about the entity asked about: who else stands where its own answers stand."""
        fan = self.walker.find_fans(step, start)
        some = np.flatnonzero(fan >= 0)
        first = self.by_implied[fan[some]]
        count = self.by_implied[fan[some] + 1] - first
        rule = expand_ranges(first, count)
        query = np.repeat(some, count)
        given = self.constants.given[rule]
        offsets, size = self.given.indptr, self.constants.cases[given]
        for block in cut(size, HITS_AT_ONCE // 2):
            entity = self.given.indices[expand_ranges(offsets[given[block]], size[block])]
            number = self.numbers[len(self.paths) + rule[block]]
            yield np.repeat(query[block], size[block]), entity, np.repeat(number, size[block])

    def _hit_fans(self, start: np.ndarray, step: np.ndarray) -> Iterator[Hits]:
        """Rules about certain answers: where the entity asked about stands decides which."""
        steps, (keys, place) = self.walker.steps, self.by_given
        offsets = self.given_of.indptr.astype(np.int64)
        size = offsets[start + 1] - offsets[start]
        query = np.repeat(np.arange(len(start)), size)
        given = self.given_of.indices[expand_ranges(offsets[start], size)].astype(np.int64)
        asked = steps.turn(step)[query]
        fans = len(steps.fan_keys)
        first = np.searchsorted(keys, given * fans + steps.fan_bounds[asked])
        count = np.searchsorted(keys, given * fans + steps.fan_bounds[asked + 1]) - first
        for block in cut(count, HITS_AT_ONCE // 2):
            rule = place[expand_ranges(first[block], count[block])]
            entity = steps.fans[1][self.constants.implied[rule]]
            yield np.repeat(query[block], count[block]), entity, self.numbers[len(self.paths) + rule]

    def _hit_frequent(self, step: np.ndarray) -> Iterator[Hits]:
        """Rules without a condition: what often is the answer."""
        steps = self.walker.steps
        asked = steps.turn(step)
        first = steps.fan_bounds[asked]
        count = steps.fan_bounds[asked + 1] - first
        for block in cut(count, HITS_AT_ONCE // 2):
            fan = expand_ranges(first[block], count[block])
            number = self.numbers[len(self.paths) + len(self.constants) + fan]
            yield np.repeat(np.arange(len(step))[block], count[block]), steps.fans[1][fan], number

    def score(self, start: np.ndarray, step: np.ndarray, *, top: int) -> np.ndarray:
        """Σ −log(1 − trust) of the `top` most trusted rules that give each answer, float64 [query, entity].

        Args:
            start: the entity given in each query.
            step: the relation asked from there, + the number of relations where the head is asked for.
            top: how many rules are added up; of the next few each counts a millionth, to decide between equals, and behind
                them how likely an entity takes one more such fact.
        """
        (scores,) = self.score_tops(start, step, (top,))
        return scores

    def score_tops(self, start: np.ndarray, step: np.ndarray, tops: Sequence[int]) -> Iterator[np.ndarray]:
        """The same for several numbers of rules, from one look at the hits."""
        entities = self.walker.steps.entities
        deepest = max(tops) + NEXT
        keys, bits = self.rank_hits(start, step, deepest=deepest)
        cell = keys >> bits
        weights, place = self.weights[keys & ((1 << bits) - 1)], place_within(cell)
        takes = _LEAST * score_takers(self.walker.steps, self.chances, step).astype(np.float64)  # [query, entity]
        for top in tops:
            factors = np.repeat([1.0, _LITTLE, 0.0], [top, NEXT, deepest - top - NEXT])
            scores = np.bincount(cell, weights=weights * factors[place], minlength=len(start) * entities)
            added = scores.astype(np.float64).reshape(len(start), entities)  # of no hits the sum is of whole numbers
            yield added + takes * (added > 0)

    def rank_hits(self, start: np.ndarray, step: np.ndarray, *, deepest: int) -> tuple[np.ndarray, int]:
        """The most trusted rules of each (query, entity), ascending: cell and number as one, and the number's bits."""
        entities, bits = self.walker.steps.entities, max(1, len(self.numbers).bit_length())
        kept: list[np.ndarray] = []
        for query, entity, number in self.find_hits(start, step):
            kept.append(((query.astype(np.int64) * entities + entity) << bits) | number)
            # What was sorted is sorted again only where as much has come since.
            if sum(map(len, kept[1:])) > max(HITS_AT_ONCE, len(kept[0])):
                kept = [_keep_best(kept, bits, deepest)]
        return _keep_best(kept, bits, deepest), bits


def place_within(groups: np.ndarray) -> np.ndarray:
    """How many equal neighbours stand before each.

    Example:
        >>> place_within(np.array([4, 4, 7]))
        array([0, 1, 0])
    """
    first = np.flatnonzero(np.diff(groups, prepend=-1))
    return np.arange(len(groups)) - np.repeat(first, np.diff(np.append(first, len(groups))))


def _keep_best(kept: list[np.ndarray], bits: int, deepest: int) -> np.ndarray:
    keys = np.concatenate(kept) if kept else np.empty(0, dtype=np.int64)
    keys.sort()
    return keys[place_within(keys >> bits) < deepest]
