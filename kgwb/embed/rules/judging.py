"""What paths are worth: how many pairs each one links, and how many of those each relation links too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kgwb.embed.rules.candidates import Neighbours
from kgwb.embed.rules.path_tree import PathTree, plant_tree
from kgwb.embed.rules.walking import WALKS_AT_ONCE, Walker
from kgwb.graph.joins import add_up, expand_ranges
from kgwb.graph.rules import DOUBT

CELLS_AT_ONCE = 1 << 24  # of a table that says which pairs are linked
MOST_OF_A_RELATION = 3_000  # path rules: what more there are fire everywhere, and make answers slow
PATHS_AT_ONCE = 50_000  # judged together; when time runs out, so many at most were begun in vain


@dataclass(frozen=True, eq=False)
class PathRules:
    """Rules path(x, y) ⇒ relation(x, y).

    Attributes:
        paths: the steps of each body from x to y, -1 after its end, int64 [rule, step].
        relation: what is concluded, int64 [rule].
        support: how many pairs fulfil body and head, int64 [rule].
        cases: how many pairs fulfil the body, int64 [rule].
    """

    paths: np.ndarray
    relation: np.ndarray
    support: np.ndarray
    cases: np.ndarray

    def __len__(self) -> int:
        return len(self.relation)


def judge_paths(
    walker: Walker, neighbours: Neighbours, paths: np.ndarray, *, least: int, until: int | float
) -> tuple[list[PathRules], int]:
    """The rules of some paths, of which as many are judged as there is time for.

    Args:
        walker: the facts.
        neighbours: the same, by pairs.
        paths: the steps of each, the most promising first, [path, step].
        least: the smallest support.
        until: when to stop, by `time.monotonic()`.

    Returns:
        The rules, and how many of the paths were judged.
    """
    found, done = [], 0
    while done < len(paths):
        some = paths[done : done + PATHS_AT_ONCE]
        rules = _judge(walker, neighbours, some, least, until)
        if rules is None:
            break
        found.append(rules)
        done += len(some)
    return found, done


def join_rules(several: list[PathRules], longest: int) -> PathRules:
    """Rules of paths of different lengths as one set."""
    empty = np.empty(0, dtype=np.int64)
    several = [PathRules(np.empty((0, longest), dtype=np.int64), empty, empty, empty), *several]
    widths = [((0, 0), (0, longest - each.paths.shape[1])) for each in several]
    paths = [np.pad(each.paths, width, constant_values=-1) for each, width in zip(several, widths, strict=True)]
    columns = (np.concatenate([getattr(each, name) for each in several]) for name in ("relation", "support", "cases"))
    return PathRules(np.concatenate(paths), *columns)


def keep_trusted(rules: PathRules, most: int = MOST_OF_A_RELATION) -> tuple[PathRules, int]:
    """The most trusted rules of each relation, and how many are left out."""
    trust = rules.support / (rules.cases + DOUBT)
    order = np.lexsort((-trust, rules.relation))
    relation = rules.relation[order]
    place = np.arange(len(order)) - np.searchsorted(relation, relation)
    kept = np.sort(order[place < most])
    columns = (each[kept] for each in (rules.paths, rules.relation, rules.support, rules.cases))
    return PathRules(*columns), len(order) - len(kept)


def _judge(
    walker: Walker, neighbours: Neighbours, paths: np.ndarray, least: int, until: int | float
) -> PathRules | None:
    relations = walker.steps.relations
    tree, ends = plant_tree(np.zeros(len(paths), dtype=np.int64), paths, count=1)
    cases, found = np.zeros(len(tree), dtype=np.int64), []
    for node, pair in _link(walker, neighbours, tree, cases):
        if time.monotonic() > until:
            return None
        size = neighbours.size[pair]
        step = neighbours.step[expand_ranges(neighbours.first[pair], size)]
        keys = np.repeat(node, size)[step < relations] * relations + step[step < relations]
        found.append(np.unique(keys, return_counts=True))
        if len(found) > 64:
            found = [add_up(found)]
    keys, support = add_up(found)
    kept = support >= least
    node, relation, support = keys[kept] // relations, keys[kept] % relations, support[kept]
    path_of = np.full(len(tree), -1)
    path_of[ends] = np.arange(len(paths))
    own = paths[path_of[node]]
    other = (own[:, 0] != relation) | (own[:, 1:] >= 0).any(1)  # r(x, y) ⇒ r(x, y) says nothing
    return PathRules(own[other], relation[other], support[other], cases[node[other]])


def _link(
    walker: Walker, neighbours: Neighbours, tree: PathTree, cases: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(node, linked pair) of all landings whose ends are linked; all landings are added to `cases`."""
    entities = neighbours.entities
    sources = np.flatnonzero(neighbours.degrees)
    width = max(1, CELLS_AT_ONCE // entities)
    for first in range(0, len(sources), width):
        some = sources[first : first + width]
        linked = np.zeros(len(some) * entities, dtype=bool)
        size = neighbours.degrees[some]
        ends = neighbours.pair[expand_ranges(neighbours.bounds[some], size)] % entities
        linked[np.repeat(np.arange(len(some)), size) * entities + ends] = True
        for landing in walker.walk(tree, np.zeros(len(some), dtype=np.int64), some, at_once=WALKS_AT_ONCE):
            cases += np.bincount(landing.node, minlength=len(cases))
            hit = np.flatnonzero(linked[landing.query * entities + landing.entity])
            pair = some[landing.query[hit]] * entities + landing.entity[hit]
            yield landing.node[hit], np.searchsorted(neighbours.pair, pair)
