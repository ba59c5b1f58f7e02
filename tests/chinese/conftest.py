"""The Chinese sample graph, and a BERT of characters that has read its sentences, trained once for all of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

import kgwb
from kgwb.bert import Bert
from kgwb.bert.tiny import train_tiny
from kgwb.graph import Sentence

FOLDER = Path(__file__).parents[2] / "sample_graphs" / "finance_zh"


@pytest.fixture(scope="session")
def market() -> kgwb.KnowledgeGraph:
    return kgwb.read_graph(FOLDER)


@pytest.fixture(scope="session")
def told(market: kgwb.KnowledgeGraph) -> list[Sentence]:
    return kgwb.read_sentences(FOLDER, market)


@pytest.fixture(scope="session")
def vectors(market: kgwb.KnowledgeGraph) -> kgwb.GraphEmbedding:
    embedding = kgwb.GraphEmbedding(market, kgwb.ComplEx(), dim=16, seed=0)
    for _ in kgwb.train_embedding(embedding, market, epochs=5, batch=200, learning_rate=0.2, precision="float32"):
        pass
    return embedding


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Bert:
    cache = tmp_path_factory.mktemp("cache")
    return kgwb.load_bert(train_tiny(FOLDER, layers=2, width=64, steps=150, cache=cache, progress=False))
