"""What is said of an entity counts for others too: for its brand, for the supplier of the brand."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from kgwb.checks import expect_each
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph

_CALL = "kgwb.graph.roll_up({}, ['made_by', 'supplied_by'])"


def roll_up(graph: KnowledgeGraph, relations: Iterable[str]) -> pd.DataFrame:
    """For which entities each entity counts: for itself, and for all that facts of some relations lead to, head to tail.

    counts(e) = {e} ∪ ⋃ counts(t) over the facts (e, r, t) with r among the relations. Databases call a sum over it a
    roll-up (Gray et al., 1997, "Data cube").

    Args:
        graph: what is known.
        relations: which facts lead on, by name, e.g. from an item to its brand and from there to its supplier.

    Returns:
        A row for each pair: entity, counts_for (names), and steps, the fewest facts between them, 0 for the entity itself.

    Raises:
        UnknownNameError: for a relation that the graph does not have.

    Example:
        >>> facts = pd.DataFrame(
        ...     [["kettle", "made_by", "Acme"], ["Acme", "supplied_by", "Depot"]], columns=["head", "relation", "tail"]
        ... )
        >>> pairs = roll_up(KnowledgeGraph.from_pandas(facts), ["made_by", "supplied_by"])
        >>> pairs[pairs["entity"] == "kettle"]["counts_for"].tolist()
        ['kettle', 'Acme', 'Depot']
    """
    expect_graph(graph, _CALL)
    names = expect_each(relations, str, "A relation's name", call=_CALL.format("graph"))
    ids = {graph.relation_id(name) for name in names}
    triples = graph.triples[[relation in ids for relation in graph.triples[:, 1].tolist()]]
    leads = pd.DataFrame({"at": triples[:, 0], "to": triples[:, 2]}).drop_duplicates()
    every = range(len(graph.entities))
    reached = fresh = pd.DataFrame({"entity": every, "counts_for": every, "steps": 0})
    while len(fresh):
        onward = fresh.merge(leads, left_on="counts_for", right_on="at")
        onward = pd.DataFrame({"entity": onward["entity"], "counts_for": onward["to"], "steps": onward["steps"] + 1})
        before, reached = len(reached), pd.concat([reached, onward])
        reached = reached.drop_duplicates(["entity", "counts_for"], ignore_index=True)  # the first has the fewest steps
        fresh = reached.iloc[before:]
    labels = graph.entities["entity"].to_numpy()
    reached = reached.sort_values(["entity", "steps", "counts_for"], ignore_index=True)
    return reached.assign(entity=labels[reached["entity"]], counts_for=labels[reached["counts_for"]])
