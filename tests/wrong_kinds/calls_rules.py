"""Calls that work, of rules as a ranker; as in `calls.py`."""

from __future__ import annotations

CALLS = {
    "kgwb.embed.mine_rules": "split, minutes=1, longest=2, min_support=1, constants=True, top=5, seed=0",
    "kgwb.embed.join_rankers": "vectors, kgwb.embed.fit_baseline(split), split, triples=5",
    "RuleRanker.predict": "head='anna', relation='knows'",
    "RuleRanker.explain": "'anna', 'knows', 'bert'",
    "JoinedRanker.predict": "head='anna', relation='knows'",
}
RECEIVERS = {
    "RuleRanker": "kgwb.embed.mine_rules(split, longest=2, min_support=1, top=5)",
    "JoinedRanker": "kgwb.embed.JoinedRanker(graph, vectors, vectors, 'range', 0.5)",
}
