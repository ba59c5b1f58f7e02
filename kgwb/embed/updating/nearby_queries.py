"""Which queries a change touches, and a sample of the others, so that what they ask for is not forgotten."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kgwb.axes import Bool, Int
from kgwb.embed.queries import Queries
from kgwb.embed.training.batches import TrainingQueries

Chosen = Bool[np.ndarray, " query"]


def touch_new(
    queries: Queries, entities: Bool[np.ndarray, " entity"], relations: Bool[np.ndarray, " relation"]
) -> Chosen:
    """The queries that name one of these entities or relations, or have one of the entities as an answer."""
    answered = np.zeros(len(queries), dtype=bool)
    answered[np.repeat(np.arange(len(queries)), queries.counts)[entities[queries.answers]]] = True
    return entities[queries.known] | relations[queries.relation] | answered


def touch_changed(queries: Queries, changed: Int[np.ndarray, "fact 3"]) -> Chosen:
    """The queries whose answers some facts, added or removed, change."""
    known = changed[:, 2] if queries.side == "head" else changed[:, 0]
    size = int(max(known.max(initial=0), queries.known.max(initial=0))) + 1
    return np.isin(queries.relation * size + queries.known, changed[:, 1] * size + known)


def add_sample(
    touched: TrainingQueries, others: TrainingQueries, count: int, rng: np.random.Generator
) -> TrainingQueries:
    """The queries touched and so many of the others, drawn without repetition."""
    chosen = np.zeros(len(others), dtype=bool)
    chosen[rng.choice(len(others), min(count, len(others)), replace=False)] = True
    sides = np.split(chosen, [len(others.tail)])
    drawn = [each.take(np.flatnonzero(part)) for each, part in zip((others.tail, others.head), sides, strict=True)]
    return TrainingQueries(_join(touched.tail, drawn[0]), _join(touched.head, drawn[1]))


def _join(one: Queries, other: Queries) -> Queries:
    return replace(
        one,
        known=np.concatenate([one.known, other.known]),
        relation=np.concatenate([one.relation, other.relation]),
        offsets=np.append(one.offsets, other.offsets[1:] + one.offsets[-1]),
        answers=np.concatenate([one.answers, other.answers]),
        triple=np.concatenate([one.triple, other.triple]),
    )
