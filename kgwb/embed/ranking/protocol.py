"""The protocol of a ranking in sentences: who was a candidate, what was filtered, ties, and what training saw."""

from __future__ import annotations

import numpy as np

from kgwb.axes import Bool, Int
from kgwb.embed.queries import find_distinct
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import count_things


def say_candidates(graph: KnowledgeGraph, among: str, candidates: Int[np.ndarray, " rank"] | None) -> str:
    """Who could be an answer, and how many there were for each query."""
    entities = count_things(len(graph.entities), "entity")
    if candidates is None:
        return f"all {entities} are candidates"
    fewest, most = int(candidates.min()), int(candidates.max())
    each = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}, {candidates.mean():,.1f} on average,"
    return f"candidates are {among}: {each} of {entities} for each query"


def say_outside(outside: Bool[np.ndarray, " rank"] | None) -> list[str]:
    """How many right answers were no candidates, where anything but all entities was asked for."""
    if outside is None:
        return []
    count = int(outside.sum())
    verb = "is no candidate and ranks" if count == 1 else "are no candidates and rank"
    return [f"  {count:,} of {count_things(len(outside), 'right answer')} {verb} behind all of them"]


def say_filter(
    graph: KnowledgeGraph, known: Int[np.ndarray, "known 3"] | None, ranked: Int[np.ndarray, "rank 3"]
) -> str:
    """How many known triples were left out, and how many true ones were not among them."""
    if known is None:
        return "nothing filtered"
    entities = len(graph.entities)
    distinct, true = (
        len(find_distinct(rows, entities)) for rows in (known, np.concatenate([known, graph.triples, ranked]))
    )
    forgotten = f"; {true - distinct:,} of the graph's are not among them" if true > distinct else ""
    return f"filtered by {count_things(distinct, 'known triple')}{forgotten}"


def say_ties(ties: str, tied: int, worst: float, best: float) -> str:
    """What was made of equal scores, and how much it matters: MRR by the worst and by the best rank."""
    if not tied:
        return f"ties by {ties} rank, and there are none"
    return f"ties by {ties} rank: {count_things(tied, 'rank')} tied, MRR {worst:.3f} (worst) to {best:.3f} (best)"


def say_unseen(unseen: int | None) -> str:
    """How many triples hold an entity that training never saw."""
    if unseen is None:
        return "which entities training saw is not known; all triples are kept"
    verb = "holds" if unseen == 1 else "hold"
    return f"{count_things(unseen, 'triple')} {verb} an entity that training never saw; all are kept"


def say_trained(trained: int | None, unseen: int | None, triples: int) -> list[str]:
    """How many of the ranked triples were trained on; nothing where there are none."""
    ranked = count_things(triples, "ranked triple")
    if trained:
        verb = "was" if trained == 1 else "were"
        return [f"  {trained:,} of {ranked} {verb} trained on: their ranks show memory; train on split, not on graph"]
    unknown = trained is None and unseen is not None  # else the line above says it
    return [f"  whether any of {ranked} was trained on is not known"] if unknown else []
