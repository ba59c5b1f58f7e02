"""Paths worth judging: those that link the head and tail of several sampled triples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kgwb.graph.joins import ROWS_AT_ONCE, Steps, add_up, cut, distinct, expand_ranges, hold

WIDEST = 64  # from an entity with more neighbours, so many are gone on to, which differ from triple to triple
LOOKUPS = 20_000_000  # for each length, about so many pairs of ends and paths between them are looked at
MOST_PATHS = 400_000  # of each length, the commonest


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Which entities are linked, and by which steps.

    Attributes:
        entities, width: how many entities there are, and how many steps.
        pair: start and end of each linked pair as one number, ascending, int64 [pair].
        first, size: the steps of pair p are step[first[p]] to step[first[p] + size[p]], [pair].
        step: the steps of each pair, ascending.
    """

    entities: int
    width: int
    pair: np.ndarray
    first: np.ndarray
    size: np.ndarray
    step: np.ndarray

    @classmethod
    def of(cls, steps: Steps) -> Neighbours:
        """Those that the steps link."""
        order = np.lexsort((steps.step, steps.end, steps.start))
        keys = (steps.start * steps.entities + steps.end)[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        size = np.diff(np.append(first, len(keys)))
        return cls(steps.entities, 2 * steps.relations, keys[first], first, size, steps.step[order])

    @cached_property
    def bounds(self) -> np.ndarray:
        """The pairs that begin at entity e are bounds[e] to bounds[e + 1], int64 [entity + 1]."""
        return np.searchsorted(self.pair, np.arange(self.entities + 1) * self.entities)

    @cached_property
    def degrees(self) -> np.ndarray:
        """How many neighbours each entity has, int64 [entity]."""
        return np.diff(self.bounds)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Paths of one length, the commonest first.

    Attributes:
        paths: the steps of each, int64 [path, step].
        likely: about how many facts the rule of it concludes that concludes most, by the sample, [path].
        sampled: how many triples they were sought between.
        whole: whether those are all triples, and no neighbour was left out.
        dropped: how many rarer paths were left out.
    """

    paths: np.ndarray
    likely: np.ndarray
    sampled: int
    whole: bool
    dropped: int


def sample_paths(
    steps: Steps, neighbours: Neighbours, triples: np.ndarray, *, length: int, least: int, seed: int
) -> Candidates:
    """The paths of one length that link the ends of at least so many sampled triples.

    Args:
        steps: the facts.
        neighbours: the same, by pairs.
        triples: from which is sampled, none of them from an entity to itself, [triple, 3].
        length: how many steps a path has.
        least: how many triples a path must link.
        seed: of the sample.
    """
    rng = np.random.default_rng([seed, length])
    chosen, cost = _sample(triples, neighbours, length, rng)
    found, relations = [], steps.relations
    near, far = length // 2, (length - 1) // 2
    shuffled = _shuffle(neighbours, rng)
    for block in cut(cost, 2 * ROWS_AT_ONCE):
        some = chosen[block]
        turn = rng.integers(0, 1 << 30, size=len(some))
        left = _go(neighbours, shuffled, some[:, 0], near, some[:, 2], turn)
        right = _go(neighbours, shuffled, some[:, 2], far, some[:, 0], turn)
        keys = _join(steps, neighbours, left, right, len(some))
        path, triple = keys // len(some), keys % len(some)
        found.append(_count(path * relations + some[triple, 1]))
    keys, counts = add_up(found)
    return _rank(keys, counts, least, steps, chosen, triples, neighbours, length)


def _count(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each number once, ascending, and how often it came."""
    ascending = np.sort(keys)
    first = np.flatnonzero(np.diff(ascending, prepend=-1))
    return ascending[first], np.diff(np.append(first, len(keys)))


def _rank(
    keys: np.ndarray,
    counts: np.ndarray,
    least: int,
    steps: Steps,
    chosen: np.ndarray,
    triples: np.ndarray,
    neighbours: Neighbours,
    length: int,
) -> Candidates:
    """The paths that link enough triples, first those that link the most of one relation."""
    path, relation = np.divmod(keys, steps.relations)
    several, drawn = (np.bincount(some[:, 1], minlength=steps.relations) for some in (triples, chosen))
    likely = counts * (several / np.maximum(drawn, 1))[relation]
    first = np.flatnonzero(np.diff(path, prepend=-1))
    total, best = (ufunc.reduceat(counts, first) if len(first) else counts for ufunc in (np.add, np.maximum))
    often = np.flatnonzero(total >= least)
    order = often[np.lexsort((-total[often], -best[often]))]
    whole = len(chosen) == len(triples) and int(neighbours.degrees.max(initial=0)) <= WIDEST
    kept = order[:MOST_PATHS]
    paths = _unpack(path[first[kept]], 2 * steps.relations, length)
    likely = np.maximum.reduceat(likely, first)[kept] if len(first) else likely
    return Candidates(paths, likely, len(chosen), whole, max(0, len(order) - MOST_PATHS))


def _unpack(keys: np.ndarray, width: int, length: int) -> np.ndarray:
    return np.stack([keys // width ** (length - 1 - place) % width for place in range(length)], axis=1)


def _sample(
    triples: np.ndarray, neighbours: Neighbours, length: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Triples, as many of each relation as of any other, while the pairs of their ends are not too many; and how many."""
    order = rng.permutation(len(triples))
    by_relation = order[np.argsort(triples[order, 1], kind="stable")]
    relation = triples[by_relation, 1]
    turn = np.arange(len(order)) - np.searchsorted(relation, relation)
    chosen = triples[by_relation[np.argsort(turn, kind="stable")]]
    reach = np.minimum(neighbours.degrees, WIDEST)
    # Where pairs are linked by several steps, every one of them makes paths of its own.
    several = float((neighbours.size**length).mean()) if len(neighbours.size) else 0.0
    dense = len(neighbours.pair) / max(1, neighbours.entities**2)  # the share of pairs that is linked
    cost = np.full(len(chosen), 1 + several * dense)
    for end, hops in ((0, length // 2), (2, (length - 1) // 2)):
        cost *= _count_walks(neighbours, reach, hops)[chosen[:, end]] if hops else 1
    enough = int(np.searchsorted(np.cumsum(cost), LOOKUPS))  # none where a single triple has too many paths
    return chosen[:enough], cost[:enough].astype(np.int64)


def _count_walks(neighbours: Neighbours, reach: np.ndarray, hops: int) -> np.ndarray:
    """About how many walks of so many hops begin at each entity, at least 1."""
    if hops == 1:
        return np.maximum(reach, 1)
    onward = np.append(0, np.cumsum(reach[neighbours.pair % neighbours.entities]))
    total = onward[neighbours.bounds[1:]] - onward[neighbours.bounds[:-1]]
    return np.maximum(total * reach // np.maximum(neighbours.degrees, 1), 1)


def _shuffle(neighbours: Neighbours, rng: np.random.Generator) -> np.ndarray:
    """The pairs of each entity in a random order."""
    order = rng.permutation(len(neighbours.pair))
    return order[np.argsort(neighbours.pair[order] // neighbours.entities, kind="stable")]


def _go(
    neighbours: Neighbours,
    shuffled: np.ndarray,
    start: np.ndarray,
    hops: int,
    other: np.ndarray,
    turn: np.ndarray,
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Walks from one end of each triple: (triple, the entities met, the pairs walked); none meets anything twice."""
    row, met = np.arange(len(start)), [start]
    walked: list[np.ndarray] = []
    for _ in range(hops):
        degree = neighbours.degrees[met[-1]]
        taken = np.minimum(degree, WIDEST)
        at = np.repeat(np.arange(len(row)), taken)
        place = expand_ranges(np.zeros_like(taken), taken)
        offset = (place + turn[row[at]]) % degree[at]
        pair = shuffled[neighbours.bounds[met[-1][at]] + offset]
        end = neighbours.pair[pair] % neighbours.entities
        fresh = end != other[row[at]]
        for entity in met:
            fresh &= end != entity[at]
        kept = np.flatnonzero(fresh)
        at, row = at[kept], row[at[kept]]
        met = [entity[at] for entity in met] + [end[kept]]
        walked = [each[at] for each in walked] + [pair[kept]]
    return row, met, walked


def _join(
    steps: Steps,
    neighbours: Neighbours,
    left: tuple[np.ndarray, list[np.ndarray], list[np.ndarray]],
    right: tuple[np.ndarray, list[np.ndarray], list[np.ndarray]],
    count: int,
) -> np.ndarray:
    """Each distinct (path, triple) as one number: where a walk from the left is linked to one from the right."""
    keys = []
    bounds = np.searchsorted(right[0], np.arange(count + 1))
    size = np.diff(bounds)[left[0]]
    for block in cut(size):
        one = np.repeat(np.arange(len(left[0]))[block], size[block])
        other = expand_ranges(bounds[left[0][block]], size[block])
        wanted = left[1][-1][one] * neighbours.entities + right[1][-1][other]
        place = np.searchsorted(neighbours.pair, wanted)
        fits = hold(neighbours.pair, wanted)
        for entity in left[1][1:]:
            for second in right[1][1:]:
                fits &= entity[one] != second[other]
        one, other, place = one[fits], other[fits], place[fits]
        back = [_turn_pairs(neighbours, pair[other]) for pair in right[2][::-1]]
        walked = [*(pair[one] for pair in left[2]), place, *back]
        keys.append(_spell(neighbours, left[0][one], walked, count))
    return distinct(np.concatenate(keys)) if keys else np.empty(0, dtype=np.int64)


def _turn_pairs(neighbours: Neighbours, pair: np.ndarray) -> np.ndarray:
    start, end = neighbours.pair[pair] // neighbours.entities, neighbours.pair[pair] % neighbours.entities
    return np.searchsorted(neighbours.pair, end * neighbours.entities + start)


def _spell(neighbours: Neighbours, triple: np.ndarray, walked: list[np.ndarray], count: int) -> np.ndarray:
    """Each distinct (path, triple): a pair that several steps link gives several paths."""
    row, path = np.arange(len(triple)), np.zeros(len(triple), dtype=np.int64)
    for pair in walked:
        here = pair[row]
        size = neighbours.size[here]
        step = neighbours.step[expand_ranges(neighbours.first[here], size)]
        row, path = np.repeat(row, size), np.repeat(path, size) * neighbours.width + step
    return distinct(path * count + triple[row])
