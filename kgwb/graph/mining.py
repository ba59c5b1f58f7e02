"""Counting what rules are worth: s(x, y) ⇒ r(x, y), s(x, ·) ⇒ r(x, constant), and a(x, z), b(z, y) ⇒ r(x, y).

Every miner gives a frame of whole numbers, one row per rule: `first` and `second`, the steps of the body from x to y
(-1 where there is no second); `implied`, the relation of the head; `constant`, the tail of the head where it is a
certain entity, or -1; `support`, how many pairs fulfil body and head; `body`, how many fulfil the body; `partial`, how
many of those the partial-completeness assumption counts; `heads`, how many fulfil the head.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kgwb.graph.joins import ROWS_AT_ONCE, Steps, add_up, cut, distinct, expand_ranges, hold


def mine_pairs(steps: Steps, *, least: int, relevant: np.ndarray) -> pd.DataFrame:
    """Rules that carry a pair of entities from one relation to another, or turn it round.

    Args:
        steps: the facts.
        least: the smallest support.
        relevant: which steps may stand in a body, bool [2 × relations].
    """
    relations = steps.relations
    order = np.lexsort((steps.step, steps.end, steps.start))
    pair = (steps.start * steps.entities + steps.end)[order]  # [step]
    first = np.flatnonzero(np.diff(pair, prepend=-1))  # [pair]
    size = np.diff(np.append(first, len(pair)))  # [pair]
    step, group = steps.step[order], np.repeat(np.arange(len(first)), size)
    heads = np.flatnonzero(step < relations)
    found = []
    for block in cut(size[group[heads]]):
        here = heads[block]
        body = step[expand_ranges(first[group[here]], size[group[here]])]  # [head, body]: all steps of its pair
        head = np.repeat(step[here], size[group[here]])
        keys = (body * relations + head)[(body != head) & (relevant[body] | (body == head + relations))]
        found.append(np.unique(keys, return_counts=True))
    keys, support = add_up(found)
    keys, support = keys[support >= least], support[support >= least]
    body, head = keys // relations, keys % relations
    anchor = _find_anchors(steps)[head]
    sizes = np.diff(steps.bounds)
    return pd.DataFrame(
        {
            "first": body,
            "second": -1,
            "implied": head,
            "constant": -1,
            "support": support,
            "body": sizes[body],
            "partial": _count_anchored(steps, np.where(anchor == head, body, steps.turn(body)), anchor),
            "heads": sizes[head],
        }
    )


def mine_constants(steps: Steps, *, least: int, head_coverage: float | int, confidence: float | int) -> pd.DataFrame:
    """Rules by which taking part in a relation implies a fact with a certain entity: every capital is a city.

    Args:
        steps: the facts.
        least: the smallest support.
        head_coverage, confidence: rules that cannot reach these are left out early.
    """
    fan_step, fan_start, fan_size = steps.fans
    takers = np.diff(steps.fan_bounds)  # how many entities can take each step
    by_entity = np.argsort(fan_start, kind="stable")
    bounds = np.searchsorted(fan_start[by_entity], np.arange(steps.entities + 1))
    # The step back from the constant leads to everything that has the fact: its fan counts the head of the rule.
    back = np.searchsorted(steps.fan_keys, steps.turn(steps.step) * steps.entities + steps.end)
    often = np.flatnonzero((fan_size[back] >= least) & (steps.step < steps.relations))
    found = []
    for block in cut(np.diff(bounds)[steps.start[often]]):
        fact = often[block]
        size = np.diff(bounds)[steps.start[fact]]
        body = fan_step[by_entity[expand_ranges(bounds[steps.start[fact]], size)]]
        target, head = np.repeat(back[fact], size), np.repeat(steps.step[fact], size)
        most = np.minimum(takers[body], fan_size[target])
        possible = (body != head) & (most >= np.maximum(least, confidence * takers[body]))
        possible &= most >= head_coverage * fan_size[target]
        found.append(np.unique((target * 2 * steps.relations + body)[possible], return_counts=True))
    keys, support = add_up(found)
    keys, support = keys[support >= least], support[support >= least]
    target, body = keys // (2 * steps.relations), keys % (2 * steps.relations)
    head = steps.turn(fan_step[target])
    couples, couple = np.unique(body * 2 * steps.relations + head, return_inverse=True)
    first, second = couples // (2 * steps.relations), couples % (2 * steps.relations)
    return pd.DataFrame(
        {
            "first": body,
            "second": -1,
            "implied": head,
            "constant": fan_start[target],
            "support": support,
            "body": takers[body],
            "partial": _count_anchored(steps, first, second, each=False)[couple],
            "heads": fan_size[target],
        }
    )


def mine_paths(
    steps: Steps, *, least: int, head_coverage: float | int, confidence: float | int, relevant: np.ndarray
) -> pd.DataFrame:
    """Compositions: two steps that lead where one relation leads.

    Support is counted over the triangles of the graph, of which there are few; only the bodies of rules that may
    still be confident are then walked, to count where they lead.

    Args:
        steps: the facts, none of which links an entity to itself.
        least: the smallest support.
        head_coverage, confidence: rules that cannot reach these are left out early.
        relevant: which steps may stand in a body, bool [2 × relations].
    """
    width, sizes = 2 * steps.relations, np.diff(steps.bounds)
    keys, support = _count_triangles(steps, relevant)
    head = keys % steps.relations
    kept = (support >= least) & (support >= head_coverage * sizes[head])
    path, head, support = keys[kept] // steps.relations, head[kept], support[kept]
    bodies, body = np.unique(path, return_inverse=True)
    smallest = _bound_bodies(steps, bodies // width, bodies % width)
    hopeful = support >= confidence * smallest[body]
    path, head, support = path[hopeful], head[hopeful], support[hopeful]
    walked, partial = _walk_bodies(steps, path // width, path % width, head)
    return pd.DataFrame(
        {
            "first": path // width,
            "second": path % width,
            "implied": head,
            "constant": -1,
            "support": support,
            "body": walked,
            "partial": partial,
            "heads": sizes[head],
        }
    )


def _find_anchors(steps: Steps) -> np.ndarray:
    """For each relation the step by which it is most like a function: forward, or backward."""
    takers = np.diff(steps.fan_bounds)
    relation = np.arange(steps.relations)
    return np.where(takers[relation] >= takers[relation + steps.relations], relation, relation + steps.relations)


def _count_anchored(steps: Steps, body: np.ndarray, anchor: np.ndarray, *, each: bool = True) -> np.ndarray:
    """How many facts of each body step (or, not each, how many starts) begin where the step `anchor` can be taken."""
    _, fan_start, fan_size = steps.fans
    total = np.zeros(len(body), dtype=np.int64)
    sizes = np.diff(steps.fan_bounds)[body]
    for block in cut(sizes):
        rows = np.repeat(np.arange(len(body))[block], sizes[block])
        fan = expand_ranges(steps.fan_bounds[body[block]], sizes[block])
        covered = hold(steps.fan_keys, anchor[rows] * steps.entities + fan_start[fan])
        np.add.at(total, rows[covered], fan_size[fan[covered]] if each else 1)
    return total


def _count_triangles(steps: Steps, relevant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each (a, b, r) how many pairs (x, y) have both r and some way a, b: packed keys ascending, and counts."""
    entities, width, relations = steps.entities, 2 * steps.relations, steps.relations
    order = np.lexsort((steps.step, steps.end, steps.start))
    step, pair = steps.step[order], (steps.start * entities + steps.end)[order]
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    pairs, size = pair[first], np.diff(np.append(first, len(pair)))
    start, end = pairs // entities, pairs % entities
    degree = np.bincount(start, minlength=entities)
    begin = np.cumsum(degree) - degree
    forward = np.add.reduceat(step < relations, first) if len(first) else first
    asked = np.flatnonzero(forward)
    near = np.where(degree[start[asked]] <= degree[end[asked]], start[asked], end[asked])
    found = []
    for block in cut(degree[near], ROWS_AT_ONCE // 4):
        here, middle = (
            np.repeat(asked[block], degree[near[block]]),
            expand_ranges(begin[near[block]], degree[near[block]]),
        )
        one = start[here] * entities + end[middle]
        other = end[middle] * entities + end[here]
        closed = hold(pairs, one) & hold(pairs, other)
        here, one, other = (part[closed] for part in (here, one, other))
        one, other = np.searchsorted(pairs, one), np.searchsorted(pairs, other)
        ways = _cross(here, (first[one], size[one]), (first[other], size[other]), step, width, relevant)
        pair_of, path = ways // width**2, ways % width**2
        # Forward steps stand first within a pair.
        heads = step[expand_ranges(first[pair_of], forward[pair_of])]
        found.append(np.unique(np.repeat(path, forward[pair_of]) * relations + heads, return_counts=True))
    return add_up(found)


def _cross(
    here: np.ndarray,
    one: tuple[np.ndarray, np.ndarray],
    other: tuple[np.ndarray, np.ndarray],
    step: np.ndarray,
    width: int,
    relevant: np.ndarray,
) -> np.ndarray:
    """Each distinct (pair, a, b), packed: all steps of one side of a triangle with all steps of the other."""
    a = step[expand_ranges(*one)]
    side = np.repeat(np.arange(len(here)), one[1])
    side, a = side[relevant[a]], a[relevant[a]]
    first, size = other[0][side], other[1][side]
    b = step[expand_ranges(first, size)]
    ways = (np.repeat(here[side] * width + a, size) * width + b)[relevant[b]]
    return distinct(ways)


def _bound_bodies(steps: Steps, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A number that the pairs of each body a, b cannot fall below: what its busiest entity z alone links."""
    _, fan_start, fan_size = steps.fans
    counts = np.diff(steps.fan_bounds)
    back = steps.turn(first)
    into = np.where(counts[back] <= counts[second], back, second)
    out = np.where(counts[back] <= counts[second], second, back)
    least = np.zeros(len(first), dtype=np.int64)
    for block in cut(counts[into]):
        rows = np.repeat(np.arange(len(first))[block], counts[into[block]])
        fan = expand_ranges(steps.fan_bounds[into[block]], counts[into[block]])
        wanted = out[rows] * steps.entities + fan_start[fan]
        met = hold(steps.fan_keys, wanted)
        one, other = fan_size[fan[met]], fan_size[np.searchsorted(steps.fan_keys, wanted[met])]
        np.maximum.at(least, rows[met], one * other - np.minimum(one, other))
    return least


def _walk_bodies(
    steps: Steps, first: np.ndarray, second: np.ndarray, head: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How many pairs each rule's body links, and how many of them stand where the head's anchor can be taken."""
    width = 2 * steps.relations
    bodies, body = np.unique(first * width + second, return_inverse=True)
    anchor = _find_anchors(steps)[head]
    sides = (np.flatnonzero(anchor < steps.relations), np.flatnonzero(anchor >= steps.relations))
    pairs, partial = np.zeros(len(bodies), dtype=np.int64), np.zeros(len(head), dtype=np.int64)
    first, second = bodies // width, bodies % width
    for block in cut(np.diff(steps.bounds)[first]):
        for row, x, y in _walk(steps, np.arange(len(bodies))[block], first, second):
            pairs += np.bincount(row, minlength=len(bodies))
            for rules, place in zip(sides, (x, y), strict=True):
                partial[rules] += _count_covered(steps, row, place, body[rules], anchor[rules])
    return pairs[body], partial


def _count_covered(
    steps: Steps, row: np.ndarray, place: np.ndarray, body: np.ndarray, anchor: np.ndarray
) -> np.ndarray:
    """For each rule, given by body and anchor, how many of its body's pairs stand where the anchor can be taken.

    Args:
        steps: the facts.
        row, place: the body of each pair, and the entity of it that counts, [pair].
        body, anchor: of each rule, [rule].
    """
    keys, weight = np.unique(row * steps.entities + place, return_counts=True)
    at, entity = keys // steps.entities, keys % steps.entities
    by_body = np.argsort(body, kind="stable")
    begin = np.searchsorted(body[by_body], at)
    size = np.searchsorted(body[by_body], at, side="right") - begin
    total = np.zeros(len(body), dtype=np.int64)
    for part in cut(size):
        rule = by_body[expand_ranges(begin[part], size[part])]
        spot = np.repeat(np.arange(len(at))[part], size[part])
        covered = hold(steps.fan_keys, anchor[rule] * steps.entities + entity[spot])
        np.add.at(total, rule[covered], weight[spot[covered]])
    return total


def _walk(
    steps: Steps, some: np.ndarray, first: np.ndarray, second: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The distinct (body, x, y) that some bodies link, x and y being different, in blocks."""
    size = np.diff(steps.bounds)[first[some]]
    edge = expand_ranges(steps.bounds[first[some]], size)
    row = np.repeat(some, size)
    begin, count = steps.find(second[row], steps.end[edge])
    # All edges of one x stay in one block, so that its pairs are counted once.
    group = np.flatnonzero(np.diff(row * steps.entities + steps.start[edge], prepend=-1))
    per_group = np.add.reduceat(count, group) if len(group) else count
    ends = np.append(group, len(edge))
    for block in cut(per_group):
        part = slice(ends[block.start], ends[block.stop])
        x, body = steps.start[edge[part]], row[part]
        y = steps.end[expand_ranges(begin[part], count[part])]
        x, body = np.repeat(x, count[part]), np.repeat(body, count[part])
        keys = distinct(((body * steps.entities + x) * steps.entities + y)[x != y])
        yield keys // steps.entities**2, keys // steps.entities % steps.entities, keys % steps.entities
