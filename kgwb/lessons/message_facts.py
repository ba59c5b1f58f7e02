"""What a message is answered with: where a path of relations leads from an entity, over which facts, or a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.graph import KnowledgeGraph, match_pattern


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
    """Follow a path of relations from an entity, as r₁/r₂ of SPARQL's property paths, and keep the facts it passes.

    ends = {z : (start, r₁, y), (y, r₂, z) are facts}; ^r is r against its direction.

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
    steps = path.split("/")
    patterns: list[Sequence[str | int]] = []
    for place, step in enumerate(steps):
        ends: list[str | int] = [entity if place == 0 else f"?n{place}", f"?n{place + 1}"]
        head, tail = reversed(ends) if step.startswith("^") else ends
        patterns.append((head, step.removeprefix("^"), tail))
    found = match_pattern(graph, patterns, labels=False)
    columns = [[str(graph.entities["entity"][entity])] * len(found), *(found[f"n{n + 1}"] for n in range(len(steps)))]
    facts: set[tuple[str, str, str]] = set()
    for step, near, far in zip(steps, columns, columns[1:], strict=False):
        heads, tails = (far, near) if step.startswith("^") else (near, far)
        relation = str(graph.relations["relation"][graph.relation_id(step.removeprefix("^"))])
        facts |= {(str(head), relation, str(tail)) for head, tail in zip(heads, tails, strict=True)}
    return FoundFacts(tuple(sorted(set(columns[-1]))), tuple(sorted(facts)))
