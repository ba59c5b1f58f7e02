"""Calls that work, as in `calls.py`, of what stands beside training: rules, graphs that change."""

from __future__ import annotations

MORE_CALLS = {
    "kgwb.embed.mine_rules": "split, minutes=1, longest=2, min_support=1, constants=True, top=5, seed=0",
    "kgwb.embed.join_rankers": "vectors, kgwb.embed.fit_baseline(split), split, triples=5",
    "RuleRanker.predict": "head='anna', relation='knows'",
    "RuleRanker.explain": "'anna', 'knows', 'bert'",
    "JoinedRanker.predict": "head='anna', relation='knows'",
    "KnowledgeGraph.with_facts": "[('anna', 'knows', 'fred')], [('anna', 'knows', 'bert')]",
    "kgwb.graph.compare_graphs": "graph, graph",
    "kgwb.embed.fold_in": "vectors, graph, epochs=1, precision='float32'",
    "kgwb.embed.update_embedding": "vectors, graph, epochs=1, fold_epochs=1, evaluate_on=2, precision='float32'",
}
MORE_RECEIVERS = {
    "RuleRanker": "kgwb.embed.mine_rules(split, longest=2, min_support=1, top=5)",
    "JoinedRanker": "kgwb.embed.JoinedRanker(graph, vectors, vectors, 'range', 0.5)",
}
