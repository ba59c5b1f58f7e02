"""What paths are worth: how many pairs each one links, and how many of those each relation links too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kgwb.embed.rules.candidates import Neighbours
from kgwb.embed.rules.path_tree import PathTree, plant_tree, turn_paths
from kgwb.embed.rules.walking import EXACT, WALKS_AT_ONCE, Walker
from kgwb.graph.joins import add_up, cut, distinct, expand_ranges, hold
from kgwb.graph.rules import DOUBT

CELLS_AT_ONCE = 1 << 24  # of a table that says which pairs are linked
MOST_OF_A_RELATION = 3_000  # path rules
MOST_FIRINGS = 10**9  # pairs that all path rules kept conclude, each for itself: what more there are make answers slow
PAIRS_AT_ONCE = 4_096  # are walked back from together
# Judged together, since they share their first steps; when time runs out, so much at most was begun in vain.
PATHS_AT_ONCE = 50_000
WALKS_TOGETHER = 3 * 10**8  # along them: some ten seconds


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
    walker: Walker, neighbours: Neighbours, paths: np.ndarray, walks: np.ndarray, *, least: int, until: int | float
) -> tuple[list[PathRules], int]:
    """The rules of some paths, of which as many are judged as there is time for.

    Args:
        walker: the facts.
        neighbours: the same, by pairs.
        paths: the steps of each, all of one length, the most promising first, [path, step].
        walks: how many there are along each path, [path].
        least: the smallest support.
        until: when to stop, by `time.monotonic()`.

    Returns:
        The rules, and how many of the paths were judged.
    """
    found, done = [], 0
    for block in cut(np.maximum(walks, WALKS_TOGETHER / PATHS_AT_ONCE), WALKS_TOGETHER):
        rules = _judge(walker, neighbours, paths[block], least, until)
        if rules is None:
            break
        found.append(rules)
        done = block.stop
    return found, done


def join_rules(several: list[PathRules], longest: int) -> PathRules:
    """Rules of paths of different lengths as one set."""
    empty = np.empty(0, dtype=np.int64)
    several = [PathRules(np.empty((0, longest), dtype=np.int64), empty, empty, empty), *several]
    widths = [((0, 0), (0, longest - each.paths.shape[1])) for each in several]
    paths = [np.pad(each.paths, width, constant_values=-1) for each, width in zip(several, widths, strict=True)]
    columns = (np.concatenate([getattr(each, name) for each in several]) for name in ("relation", "support", "cases"))
    return PathRules(np.concatenate(paths), *columns)


def keep_trusted(rules: PathRules) -> tuple[PathRules, int]:
    """As many of the most trusted rules of each relation as fire not too often in all, and how many are left out."""
    trust = rules.support / (rules.cases + DOUBT)
    order = np.lexsort((-trust, rules.relation))
    relation = rules.relation[order]
    place = np.arange(len(order)) - np.searchsorted(relation, relation)
    firings = np.cumsum(np.bincount(place, rules.cases[order]))  # [place], of all rules up to that place
    most = min(MOST_OF_A_RELATION, max(1, int(np.searchsorted(firings, MOST_FIRINGS, side="right"))))
    kept = np.sort(order[place < most])
    columns = (each[kept] for each in (rules.paths, rules.relation, rules.support, rules.cases))
    return PathRules(*columns), len(order) - len(kept)


def _judge(
    walker: Walker, neighbours: Neighbours, paths: np.ndarray, least: int, until: int | float
) -> PathRules | None:
    relations, pairs = walker.steps.relations, len(neighbours.pair)
    tree, ends = plant_tree(np.zeros(len(paths), dtype=np.int64), paths, count=1)
    path_of, first = np.full(len(tree), -1), np.full(len(tree), -1)
    path_of[ends] = np.arange(len(paths))
    first[ends] = np.where(((paths >= 0).sum(1) > EXACT) & (paths[:, 0] < relations), paths[:, 0], -1)
    cases, found, doubted = np.zeros(len(tree), dtype=np.int64), [], [np.empty(0, dtype=np.int64)]
    for node, pair in _link(walker, neighbours, tree, np.flatnonzero(neighbours.degrees), cases):
        if time.monotonic() > until:
            return None
        size = neighbours.size[pair]
        step = neighbours.step[expand_ranges(neighbours.first[pair], size)]
        node, pair = np.repeat(node, size), np.repeat(pair, size)
        doubted.append((path_of[node] * pairs + pair)[step == first[node]])
        keys = node[step < relations] * relations + step[step < relations]
        found.append(np.unique(keys, return_counts=True))
        if len(found) > 64:
            found = [add_up(found)]
    keys, support = add_up(found)
    circular = _find_circular(walker, neighbours, paths, np.sort(np.concatenate(doubted)), until)
    if circular is None:
        return None
    node, relation = keys // relations, keys % relations
    path = path_of[node]
    wrong = np.where(relation == first[node], np.bincount(circular // pairs, minlength=len(paths))[path], 0)
    # r(x, y) ⇒ r(x, y) says nothing.
    kept = (support - wrong >= least) & ((paths[path, 0] != relation) | (paths[path, 1:] >= 0).any(1))
    return PathRules(paths[path[kept]], relation[kept], (support - wrong)[kept], (cases[node] - wrong)[kept])


def _find_circular(
    walker: Walker, neighbours: Neighbours, paths: np.ndarray, doubted: np.ndarray, until: int | float
) -> np.ndarray | None:
    """Which hits of long paths rest on the very fact that they conclude; None where the time is over.

    A walk r(x, y), …, y would make every fact r(x, y) prove itself. Walks do not come back to x, so those alone use the fact
    that begin with it. The rest of the path is walked back from y: a hit is sound where that ends at some a with r(x, a)
    that is not y.

    Args:
        walker: the facts.
        neighbours: the same, by pairs.
        paths: the steps of each, [path, step].
        doubted: path × pairs + pair of each hit of a path that begins with the relation it concludes, ascending.
        until: when to stop, by `time.monotonic()`.
    """
    steps, pairs = walker.steps, len(neighbours.pair)
    some, asked = distinct(doubted // pairs), np.stack([paths[doubted // pairs, 0], doubted % pairs], axis=1)
    rest = turn_paths(paths[some][:, 1:], steps.relations)
    tree, ends = plant_tree(paths[some, 0], rest, count=2 * steps.relations)
    length = int((rest >= 0).sum(1).max(initial=EXACT))
    path_of = np.full(len(tree), -1)
    path_of[ends] = some
    relation, pair = np.unique(asked, axis=0).T
    head, tail = neighbours.pair[pair] // steps.entities, neighbours.pair[pair] % steps.entities
    sound = np.zeros(len(doubted), dtype=bool)
    for block in cut(np.ones(len(pair), dtype=np.int64), PAIRS_AT_ONCE):
        for landing in walker.walk_back(tree, relation[block], tail[block], head[block], steps=length):
            if time.monotonic() > until:
                return None
            query = np.arange(block.start, block.stop)[landing.query]
            first = (relation[query] * steps.entities + head[query]) * steps.entities + landing.entity
            met = hold(walker.facts, first)
            keys = path_of[landing.node[met]] * pairs + pair[query[met]]
            sound[np.searchsorted(doubted, keys[hold(doubted, keys)])] = True
    return doubted[~sound]


def _link(
    walker: Walker, neighbours: Neighbours, tree: PathTree, sources: np.ndarray, cases: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(node, linked pair) of all landings from some entities whose ends are linked; all landings are added to `cases`."""
    entities = neighbours.entities
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
