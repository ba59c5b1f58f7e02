"""What a message is answered with: where a path of relations leads from an entity, over which facts, or a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.graph import KnowledgeGraph, follow_path


@dataclass(frozen=True)
class FoundFacts:
    """Where a path leads.

    Attributes:
        ends: names of entities, sorted; or one number, spelt. Empty where the graph is silent.
        facts: those passed, as (head, relation, tail) by names; of a number (entity, column, number).
    """

    ends: tuple[str, ...]
    facts: tuple[tuple[str, str, str], ...]


def find_message_facts(graph: KnowledgeGraph, start: str | int | np.integer, path: str) -> FoundFacts:
    """Where a path of relations leads from an entity, by names, and the facts it passes (`follow_path`); or a number it has.

    Args:
        graph: what is asked.
        start: an entity, by id, name or label.
        path: relations by name, joined by /, each with ^ before it where it is walked from tail to head; or a column of
            numbers in `graph.entities`.

    Raises:
        UnknownNameError: an entity or relation that the graph does not have; gives the nearest.

    Example:
        >>> facts = [("mug", "made_of", "clay"), ("clay", "cared_for_by", "hand"), ("mat", "made_of", "cork")]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> find_message_facts(graph, "mug", "made_of/cared_for_by").ends
        ('hand',)
        >>> find_message_facts(graph, "cork", "^made_of").facts
        (('mat', 'made_of', 'cork'),)
    """
    entity = graph.entity_id(start)
    if path in graph.entities.columns and pd.api.types.is_numeric_dtype(graph.entities[path]):
        number = graph.entities[path][entity]
        spelt = (f"{number:.15g}",) if pd.notna(number) else ()
        return FoundFacts(spelt, tuple((str(graph.entities["entity"][entity]), path, each) for each in spelt))
    walk = follow_path(graph, entity, path, returning=True)
    names, relations = graph.entities["entity"].tolist(), graph.relations["relation"].tolist()
    facts = ((names[head], relations[relation], names[tail]) for head, relation, tail in walk.facts.tolist())
    return FoundFacts(tuple(sorted(names[end] for end in walk.ends)), tuple(sorted(facts)))
