"""Entities with one vector are equals, however many queries are asked at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from kgwb.embed import GraphEmbedding, Scorer, rank_triples
from kgwb.graph import KnowledgeGraph

COPIES = 4


@pytest.fixture(scope="module", params=[5, 33, 257])
def ring(request: pytest.FixtureRequest) -> KnowledgeGraph:
    count = request.param
    rows = [[f"{i:03}", "r", f"{(7 * i + 1) % count:03}"] for i in range(count)]
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]))


@pytest.mark.parametrize("dim", [12, 52])  # of vectors in parts of four, too; no multiples of a register
def test_equal_vectors_rank_as_equals(ring: KnowledgeGraph, scorer: Scorer, dim: int) -> None:
    count = len(ring.entities)
    kinds = np.arange(count) % max(2, count // COPIES)
    embedding = GraphEmbedding(ring, scorer, dim=dim)
    with torch.no_grad():
        for table in embedding.parameters():
            table.normal_(generator=torch.Generator().manual_seed(1))
        embedding.entity_table.copy_(embedding.entity_table[torch.from_numpy(kinds)])
    twins = np.bincount(kinds)[kinds] - 1  # [entity]
    triples = ring.triples
    a_row = 4 * max(count, 256) / 2**30  # GiB of one query's scores
    for asked, memory in ((triples, 0.5), (triples, a_row), (triples, 2.5 * a_row), (triples[:1], 0.5)):
        report = rank_triples(embedding, asked, known=None, memory=memory)
        assert (report.equal >= np.concatenate([twins[asked[:, 0]], twins[asked[:, 2]]])).all()
    for scores in (embedding.score_tails(triples[:1]), embedding.score_heads(triples[:1])):
        assert len(scores.unique()) <= len(np.unique(kinds))
    table = embedding.predict(head=0, relation=0, k=count).groupby(
        kinds[embedding.predict(head=0, relation=0, k=count)["entity"].map(ring.entity_id)]
    )
    assert (table["score"].nunique() == 1).all()
