"""Entities as a user names them, and the types that views colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgwb.checks import expect_each
from kgwb.graph.knowledge_graph import KnowledgeGraph

Names = Sequence[str | int] | str | int  # one entity or relation, or several, by label, name or id


def list_names(names: object, *, call: str) -> list[str | int]:
    """One entity, or several, by label, name or id, as a list.

    Raises:
        TypeError: it is neither; the message holds the call.
    """
    several = [names] if isinstance(names, (str, int, np.integer)) else names
    return expect_each(several, (str, int, np.integer), "A label, name or id", call=call)


def name_types(graph: KnowledgeGraph) -> list[str]:
    """The type of every entity, by id; "entity" where the table names none."""
    types = graph.entities["type"] if "type" in graph.entities else [""] * len(graph.entities)
    return [name if isinstance(name, str) and name.strip() else "entity" for name in types]
