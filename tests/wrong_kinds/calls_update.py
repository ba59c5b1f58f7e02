"""Calls that work, as in calls.py, of what follows a graph that changes."""

from __future__ import annotations

CALLS = {
    "KnowledgeGraph.with_facts": "[('anna', 'knows', 'fred')], [('anna', 'knows', 'bert')]",
    "kgwb.graph.compare_graphs": "graph, graph",
    "kgwb.embed.fold_in": "vectors, graph, epochs=1, precision='float32'",
    "kgwb.embed.update_embedding": "vectors, graph, epochs=1, fold_epochs=1, evaluate_on=2, precision='float32'",
}
