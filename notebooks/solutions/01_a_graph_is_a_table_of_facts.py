"""One answer to each exercise of notebook 01."""

import kgwb


# %% exercise-1
def count_facts(graph: kgwb.KnowledgeGraph, label: str) -> int:
    return int((graph.triples[:, [0, 2]] == graph.entity_id(label)).sum())


# %% exercise-2
def share_turned(graph: kgwb.KnowledgeGraph, relation: str) -> float:
    facts = graph.triples[graph.triples[:, 1] == graph.relation_id(relation)]
    pairs = {(head, tail) for head, _, tail in facts.tolist()}
    return sum((tail, head) in pairs for head, tail in pairs) / len(pairs)


# %% exercise-3
def share_leaked(split: kgwb.graph.Split) -> float:
    joined = {frozenset(pair) for pair in split.train[:, [0, 2]].tolist()}
    asked = [frozenset(pair) for pair in split.test[:, [0, 2]].tolist()]
    return sum(pair in joined for pair in asked) / len(asked)
