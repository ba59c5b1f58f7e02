"""What lies around an entity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgwb.graph.knowledge_graph import KnowledgeGraph


def select_neighbourhood(graph: KnowledgeGraph, around: str | int | Sequence[str | int], hops: int = 1) -> np.ndarray:
    """The triples that a walk of at most `hops` steps from some entities passes, in either direction.

    Args:
        graph: the graph.
        around: one entity or several, by id, name or label.
        hops: how many steps; one gives every triple that touches the entities, none gives no triple.

    Returns:
        int64 [triple, 3], sorted, as in the graph.

    Raises:
        UnknownNameError: an entity is not in the graph.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([("a", "r", "b"), ("b", "r", "c")], columns=["head", "relation", "tail"])
        >>> select_neighbourhood(KnowledgeGraph.from_pandas(facts), "a").tolist()
        [[0, 0, 1]]
    """
    if hops < 0:
        raise ValueError(f"hops came as {hops}. Expected 0 or more, for example hops=1.")
    several = [around] if isinstance(around, (str, int, np.integer)) else around
    reached = np.zeros(len(graph.entities), dtype=bool)
    reached[[graph.entity_id(entity) for entity in several]] = True
    passed = np.zeros(len(graph.triples), dtype=bool)
    head, _, tail = graph.triples.T
    for _ in range(hops):
        touched = reached[head] | reached[tail]
        if (touched == passed).all():
            break
        passed = touched
        reached[head[passed]] = reached[tail[passed]] = True
    return graph.triples[passed]
