"""A small graph whose entities BERT's sentences name, vectors for it, and the BERT that travels with kgwb."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.inject import Bert

FACTS = [
    ("Paris", "capital of", "France"),
    ("Lyon", "city in", "France"),
    ("Quorrin Vath", "born in", "Paris"),
    ("New York", "city in", "America"),
    ("York", "city in", "England"),
    ("New York", "twin of", "York"),
    ("北京", "capital of", "中国"),
]


@pytest.fixture(scope="session")
def bert() -> Bert:
    return kgwb.load_bert("minilm")


@pytest.fixture(scope="session")
def vectors() -> kgwb.GraphEmbedding:
    aliases = pd.DataFrame({"entity": ["New York"], "aliases": ["Big Apple|NYC"]})
    facts = pd.DataFrame(FACTS, columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts, aliases)
    embedding = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=16, seed=0)
    with torch.no_grad():
        for parameter in embedding.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(0))
    return embedding


@pytest.fixture
def opened(bert: Bert, vectors: kgwb.GraphEmbedding) -> Bert:
    """BERT with its door half open, as after training."""
    model = kgwb.inject(bert, vectors)
    torch.nn.init.constant_(model.injector.alpha, 0.5)
    return model
