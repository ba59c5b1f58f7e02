"""What rules say, by brute force: every walk is taken, every entity is asked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
from hypothesis import strategies as some

from kgwb.embed import RuleRanker
from kgwb.graph import KnowledgeGraph, Split

ENTITIES, RELATIONS = 6, 2
Facts = set[tuple[int, int, int]]
triples_of = some.lists(
    some.tuples(some.integers(0, ENTITIES - 1), some.integers(0, RELATIONS - 1), some.integers(0, ENTITIES - 1)),
    min_size=1,
    max_size=24,
)


def make_split(triples: Iterable[tuple[int, int, int]], entities: int = ENTITIES, relations: int = RELATIONS) -> Split:
    """All in train."""
    names = pd.DataFrame({"entity": [f"e{i:02}" for i in range(entities)]})
    known = pd.DataFrame({"relation": [f"r{i}" for i in range(relations)]})
    rows = [(f"e{h:02}", f"r{r}", f"e{t:02}") for h, r, t in triples]
    frame = pd.DataFrame(rows, columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(frame, names, relations=known)
    return Split(graph, graph.triples, graph.triples[:0], graph.triples[:0])


def follow(facts: Facts, step: int, start: int, relations: int = RELATIONS) -> set[int]:
    """Where one step leads."""
    if step < relations:
        return {t for h, r, t in facts if (h, r) == (start, step) and t != start}
    return {h for h, r, t in facts if (t, r) == (start, step - relations) and h != start}


def walk(facts: Facts, path: tuple[int, ...], start: int, relations: int = RELATIONS) -> set[tuple[int, ...]]:
    """The entities of every walk along a path; none is met twice in the first three steps, and the start never again."""
    walks = {(start,)}
    for step in path:
        walks = {
            (*before, entity)
            for before in walks
            for entity in follow(facts, step, before[-1], relations)
            if entity not in (before if len(before) <= 3 else before[:1])
        }
    return walks


def reach(facts: Facts, path: tuple[int, ...], start: int, relations: int = RELATIONS) -> set[int]:
    """Where a path leads."""
    return {each[-1] for each in walk(facts, path, start, relations)}


def list_paths(longest: int) -> list[tuple[int, ...]]:
    """Every path of the small graphs."""
    return [p for length in range(1, longest + 1) for p in itertools.product(range(2 * RELATIONS), repeat=length)]


def holds(row: object, facts: Facts, x: int) -> bool:
    """Whether the body of a rule about entities holds for x."""
    if row.kind == "frequent":  # type: ignore[attr-defined]
        return True
    ends = follow(facts, row.path[0], x)  # type: ignore[attr-defined]
    return bool(ends) if row.kind == "dangling" else row.given in ends  # type: ignore[attr-defined]


def answer_by_hand(ranker: RuleRanker, facts: Facts, start: int, step: int) -> dict[int, list[float]]:
    """Entity → the trusts of all rules that give it, falling."""
    turned, found = (step + RELATIONS) % (2 * RELATIONS), {entity: [] for entity in range(ENTITIES)}
    for row in ranker.frame.itertuples():
        if row.kind == "path":
            back = tuple((s + RELATIONS) % (2 * RELATIONS) for s in row.path[::-1])
            path = {row.implied: row.path, row.implied + RELATIONS: back}.get(step)
            given = reach(facts, path, start) if path else set()
        elif row.implied == step:
            given = {row.constant} if holds(row, facts, start) else set()
        elif row.implied == turned and row.constant == start and row.kind != "frequent":
            given = {x for x in range(ENTITIES) if holds(row, facts, x)}
        else:
            given = set()
        for entity in given - {start}:
            found[entity].append(row.trust)
    return {entity: sorted(trusts, reverse=True) for entity, trusts in found.items()}


def add_by_hand(trusts: list[float], top: int) -> float:
    """The noisy-or of the first, and a millionth of the next five."""
    weights = -np.log1p(-np.array(trusts))
    return float(weights[:top].sum() + 1e-6 * weights[top : top + 5].sum())


def take_by_hand(facts: Facts, relation: int, place: int, entity: int, entities: int = ENTITIES) -> float:
    """log P(one more | n) of an entity at the head, place 0, or the tail, place 1; numbers are pooled by powers of two."""
    counts = [sum(r == relation and (h, t)[place] == e for h, r, t in facts) for e in range(entities)]
    pooled = [m for m in range(len(facts) + 1) if _pool(m) == _pool(counts[entity])]
    going, reaching = (sum(sum(beats(c, m) for c in counts) for m in pooled) for beats in (int.__gt__, int.__ge__))
    return math.log((going + 0.5) / (reaching + 1))


def _pool(number: int) -> int:
    return math.ceil(math.log2(number + 1))  # 0, 1, 2 and 3, 4 to 7, ...
