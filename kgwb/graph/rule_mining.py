"""Counting what rules of one body fact are worth: s(x, y) ⇒ r(x, y), and s(x, ·) ⇒ r(x, constant).

Every miner gives a frame of whole numbers, one row per rule: `first` and `second`, the steps of the body from x to y
(-1 where there is no second); `implied`, the relation of the head; `constant`, the tail of the head where it is a
certain entity, or -1; `support`, how many pairs fulfil body and head; `body`, how many fulfil the body; `partial`, how
many of those the partial-completeness assumption counts; `heads`, how many fulfil the head.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgwb.graph.joins import Steps, add_up, cut, expand_ranges, hold


def mine_pairs(steps: Steps, *, least: int, relevant: np.ndarray) -> pd.DataFrame:
    """Rules that carry a pair of entities from one relation to another, or turn it round.

    Args:
        steps: the facts.
        least: the smallest support.
        relevant: which steps may stand in a body, bool [2 × relations].
    """
    relations = steps.relations
    order = np.lexsort((steps.step, steps.end, steps.start))
    pair = (steps.start * steps.entities + steps.end)[order]
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    size = np.diff(np.append(first, len(pair)))
    step, group = steps.step[order], np.repeat(np.arange(len(first)), size)
    heads = np.flatnonzero(step < relations)
    found = []
    for block in cut(size[group[heads]]):
        here = heads[block]
        body = step[expand_ranges(first[group[here]], size[group[here]])]
        head = np.repeat(step[here], size[group[here]])
        keys = (body * relations + head)[(body != head) & (relevant[body] | (body == head + relations))]
        found.append(np.unique(keys, return_counts=True))
    keys, support = add_up(found)
    keys, support = keys[support >= least], support[support >= least]
    body, head = keys // relations, keys % relations
    anchor = find_anchors(steps)[head]
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
    """Rules by which taking part in a relation tells a fact with a certain entity: whoever is a capital is a city.

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


def find_anchors(steps: Steps) -> np.ndarray:
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
