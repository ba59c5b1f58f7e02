"""Types as facts: what the table of entities says of them becomes triples."""

from __future__ import annotations

import pandas as pd

from kgwb.checks import expect_text
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph


def add_types(graph: KnowledgeGraph, *, relation: str = "is a") -> KnowledgeGraph:
    """A graph in which each entity's type is a fact: (Berlin, is a, city).

    Every type becomes an entity; one that has the name of an entity already is that entity. Ids come from sorted
    names, so those of the new graph are its own.

    Args:
        graph: with types in its table of entities; entities without a type get no fact.
        relation: what to call the relation.

    Raises:
        ValueError: no entity has a type.

    Example:
        >>> facts = pd.DataFrame([("Berlin", "capital", "Germany")], columns=["head", "relation", "tail"])
        >>> types = pd.DataFrame({"entity": ["Berlin", "Germany"], "type": ["city", "country"]})
        >>> add_types(KnowledgeGraph.from_pandas(facts, types))
        KnowledgeGraph 'graph': 3 triples, 4 entities, 2 relations
          Berlin — capital → Germany
          Berlin — is a → city
          Germany — is a → country
    """
    expect_graph(graph, "add_types({})")
    expect_text("relation", relation, usual="is a")
    typed = graph.entities[graph.entities["type"] != ""]
    if typed.empty:
        raise ValueError(
            f"No entity of {graph.name!r} has a type. Give them one: a column `type` in the table of entities, "
            "KnowledgeGraph.from_pandas(facts, entities)."
        )
    stated = pd.DataFrame({"head": typed["entity"], "relation": relation, "tail": typed["type"]})
    facts = pd.concat([graph.to_pandas(), stated], ignore_index=True)
    return KnowledgeGraph.from_pandas(facts, graph.entities, relations=graph.relations, name=graph.name)
