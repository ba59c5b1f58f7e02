"""Two graphs beside each other: which relation of one is which of the other, and which facts both have, by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kgwb.axes import Int
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import count_things, quote

_SHOWN = 3


def match_relations(names: Sequence[str], graph: KnowledgeGraph) -> Int[np.ndarray, " relation"]:
    """The place of each of a graph's relations among the names.

    Raises:
        ValueError: one is not among them; names it.

    Example:
        >>> facts = pd.DataFrame([["Ada", "knows", "Bo"]], columns=["head", "relation", "tail"])
        >>> match_relations(["hates", "knows"], KnowledgeGraph.from_pandas(facts))
        array([1])
    """
    here = graph.relations["relation"]
    place = pd.Index(names).get_indexer(here)
    unknown = [name for name, found in zip(here, place, strict=True) if found < 0]
    if unknown:
        more = f" and {len(unknown) - _SHOWN:,} more" if len(unknown) > _SHOWN else ""
        said = f"{', '.join(map(quote, unknown[:_SHOWN]))}{more}"
        raise ValueError(
            f"{graph.name!r} has {count_things(len(unknown), 'relation')} that this network was not built for: {said}. "
            f"It knows {', '.join(map(quote, names[:_SHOWN]))}{', ...' if len(names) > _SHOWN else ''}. Leave their facts "
            "out: type frame = graph.to_pandas(), then KnowledgeGraph.from_pandas(frame[frame['relation'].isin("
            "network.relation_names)])."
        )
    return place


def translate_facts(
    graph: KnowledgeGraph, facts: Int[np.ndarray, "fact 3"], other: KnowledgeGraph
) -> Int[np.ndarray, "shared 3"]:
    """Facts of one graph in the ids of another that has all three names; the rest is left out."""
    if graph is other or graph.fingerprint == other.fingerprint:
        return facts
    entity, relation = (
        pd.Index(new[name]).get_indexer(old[name])
        for new, old, name in (
            (other.entities, graph.entities, "entity"),
            (other.relations, graph.relations, "relation"),
        )
    )
    there = np.stack([entity[facts[:, 0]], relation[facts[:, 1]], entity[facts[:, 2]]], axis=1)
    return there[(there >= 0).all(1)]
