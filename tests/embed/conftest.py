"""Small graphs that the embedding tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rainy_towns import TOWNS

from kgwb.embed import GraphEmbedding, Scorer, TransE, train_embedding
from kgwb.embed.scorers import SCORERS
from kgwb.graph import KnowledgeGraph, Split, read_graph


@pytest.fixture(params=[*(scorer() for scorer in SCORERS.values()), TransE(norm=1)], ids=repr)
def scorer(request: pytest.FixtureRequest) -> Scorer:
    return request.param


@pytest.fixture(scope="session")
def graph() -> KnowledgeGraph:
    """60 places, each in one region and one climate, beside two others: facts that can be learnt."""
    rows = [[f"place {i:02}", "in_region", f"region {i % 5}"] for i in range(60)]
    rows += [[f"place {i:02}", "has_climate", f"climate {i % 3}"] for i in range(60)]
    rows += [[f"place {i:02}", "beside", f"place {(i + step) % 60:02}"] for i in range(60) for step in (1, 7)]
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), name="places")


@pytest.fixture(scope="session")
def split(graph: KnowledgeGraph) -> Split:
    order = np.random.default_rng(0).permutation(len(graph))
    train, valid, test = np.split(graph.triples[order], [200, 220])
    return Split(graph, train, valid, test)


@pytest.fixture(scope="session")
def train() -> Callable[..., GraphEmbedding]:
    """Training from start to end, on the small graphs above."""

    def run(graph: KnowledgeGraph, data: Split | KnowledgeGraph, scorer: Scorer, **options: object) -> GraphEmbedding:
        embedding = GraphEmbedding(graph, scorer, dim=32)
        for _ in train_embedding(embedding, data, **{"epochs": 10, "batch": 50} | options):
            pass
        return embedding

    return run


@pytest.fixture(scope="session")
def world(repository: Path) -> GraphEmbedding:
    """The sample graph of the world's countries, trained a little."""
    vectors = GraphEmbedding(read_graph(repository / "sample_graphs" / "world"), TransE(), dim=16)
    for _ in train_embedding(vectors, vectors.graph, epochs=10, precision="float32"):
        pass
    return vectors


@pytest.fixture(scope="session")
def towns() -> GraphEmbedding:
    """Towns in four lands; untrained, so that all there is to learn from are the facts."""
    facts = [(f"town {i:02}", "in", f"land {i % 4}") for i in range(TOWNS)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    return GraphEmbedding(graph, TransE(), dim=8)
