"""Calls that work, as in `calls.py`, of what stands beside training: settings, rules, names, graphs that change."""

from __future__ import annotations

NETWORK = "kgwb.embed.PathNetwork(split, dim=4, layers=1)"
MORE_CALLS = {
    "kgwb.mine_rules": "split, minutes=1, longest=2, min_support=1, constants=True, top=5, seed=0",
    "kgwb.join_rankers": "vectors, kgwb.embed.fit_baseline(split), split, triples=5",
    "kgwb.embed.fit_cardinality": "split",
    "RuleRanker.predict": "head='anna', relation='knows'",
    "RuleRanker.explain": "'anna', 'knows', 'bert'",
    "JoinedRanker.predict": "head='anna', relation='knows'",
    "KnowledgeGraph.with_facts": "[('anna', 'knows', 'fred')], [('anna', 'knows', 'bert')]",
    "kgwb.graph.compare_graphs": "graph, graph",
    "kgwb.embed.HousE": "block=2, reflections=2",
    "kgwb.embed.fold_in": "vectors, graph, epochs=1, precision='float32'",
    "kgwb.update_embedding": "vectors, graph, epochs=1, fold_epochs=1, evaluate_on=2, precision='float32'",
    "GraphEmbedding.__getitem__": "'anna'",
    "GraphEmbedding.nearest": "'anna', 2, among=['bert', 'carl'], measure='cosine'",
    "GraphEmbedding.score_facts": "[('anna', 'knows', 'bert')]",
    "RankReport.by_seen": "split.train",
    "kgwb.embed.RelationNegatives": "split, 2",
    "kgwb.embed.cluster_entities": "vectors, 2",
    "kgwb.embed.complete_analogy": "vectors, ['anna', 'bert', 'carl']",
    "kgwb.find_missing_facts": "vectors, 3, split=split, relations=['knows'], among='relation'",
    "kgwb.find_settings": "split, [scorer], passes=1, fixed={'dim': 4, 'precision': 'float32'}",
    "kgwb.see.show_search": "kgwb.find_settings(split, [scorer], passes=1, fixed={'dim': 4})",
    "kgwb.embed.start_embedding": "graph, scorer, {'anna': [1.0, 2.0], 'bert': [2.0, 1.0]}, dim=4",
    "kgwb.embed.find_loss_floor": "split.train",
    "kgwb.embed.PathNetwork": "split, dim=4, layers=1",
    "PathNetwork.on": "graph",
    "PathNetwork.save": "'network'",
    "kgwb.embed.load_path_network": f"{NETWORK}.save('kept network')",
    "kgwb.embed.train_path_network": f"{NETWORK}, split, epochs=1",
    "kgwb.embed.explain_answer": f"{NETWORK}, head='anna', relation='knows', tail='bert'",
}
MORE_RECEIVERS = {
    "PathNetwork": NETWORK,
    "RuleRanker": "kgwb.mine_rules(split, longest=2, min_support=1, top=5)",
    "JoinedRanker": "kgwb.embed.JoinedRanker(graph, vectors, vectors, ('range', 'log'), 0.5)",
}
