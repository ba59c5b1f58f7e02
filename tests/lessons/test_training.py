"""Training to the end, as the notebooks do it."""

from __future__ import annotations

import pandas as pd

from kgwb.embed import TransE, rank_triples
from kgwb.graph import KnowledgeGraph
from kgwb.lessons import train_vectors


def test_vectors_are_trained_to_the_end() -> None:
    facts = pd.DataFrame([[f"a{i}", "r", f"b{i}"] for i in range(6)], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(facts)
    vectors = train_vectors(graph, TransE(), dim=8, epochs=60)
    assert rank_triples(vectors, graph.triples, known=graph.triples).mrr > 0.9
