"""Vectors of float16, bfloat16 and float64: scored, ranked and kept as the numbers that they are, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import torch

from kgwb.embed import (
    RESCAL,
    AdversarialNegatives,
    ComplEx,
    DistMult,
    GraphEmbedding,
    HousE,
    QuatE,
    RotatE,
    TransE,
    calibrate_scores,
    classify_triples,
    load_embedding,
    rank_triples,
    read_vectors,
    train_embedding,
    write_vectors,
)
from kgwb.embed.embedding_files import EmbeddingFileError
from kgwb.embed.scorers.scorer import Scorer
from kgwb.graph import KnowledgeGraph, Split

FEW = (torch.float16, torch.bfloat16)
SCORERS = (TransE(), TransE(norm=1), ComplEx(), DistMult(), RotatE(), RESCAL(), HousE(), QuatE())


def _make(split: Split, scorer: Scorer, numbers: torch.dtype) -> GraphEmbedding:
    embedding = GraphEmbedding(split.graph, scorer, dim=4)
    with torch.no_grad():
        for table in embedding.parameters():
            table.normal_(generator=torch.Generator().manual_seed(0))
    return embedding.to(numbers)


@pytest.mark.parametrize("numbers", [*FEW, torch.float64])
@pytest.mark.parametrize("scorer", SCORERS, ids=repr)
def test_every_format_is_scored_as_float32_at_least_and_comes_back(
    scorer: Scorer, numbers: torch.dtype, split: Split, tmp_path: Path
) -> None:
    embedding, triples = _make(split, scorer, numbers), split.test
    judge = _make(split, scorer, numbers).double()
    expected = judge.score_tails(triples)
    with torch.no_grad():
        rows, each = embedding.score_tails(triples), embedding.score(triples)
    assert rows.dtype == (torch.float32 if numbers in FEW else torch.float64)
    np.testing.assert_allclose(rows, expected.detach(), rtol=0, atol=1e-5)
    np.testing.assert_allclose(each, rows[range(len(triples)), triples[:, 2]], rtol=0, atol=1e-5)
    back = load_embedding(embedding.save(tmp_path / "vectors"))
    assert back.entity_table.dtype == rows.dtype and back.entity_table.equal(embedding.entity_table.to(rows.dtype))
    ranks = [rank_triples(one, triples, known=split.known).ranks for one in (embedding, back, judge)]
    assert (ranks[0] == ranks[1]).all() and (ranks[0] == ranks[2]).all()
    assert len(embedding.predict(head=0, relation=0, k=3)) == 3
    for measure in (classify_triples, calibrate_scores):
        assert repr(measure(embedding, split)) == repr(measure(back, split))


@pytest.mark.parametrize("suffix", ["npz", "parquet", "txt"])
@pytest.mark.parametrize("numbers", [*FEW, torch.float64])
def test_every_format_is_exchanged(suffix: str, numbers: torch.dtype, split: Split, tmp_path: Path) -> None:
    embedding = _make(split, ComplEx(), numbers)
    path = tmp_path / f"vectors.{suffix}"
    write_vectors(embedding, path)
    back = read_vectors(path, split.graph, scorer=ComplEx())
    assert back.entity_vectors().equal(embedding.entity_vectors().float())


@pytest.mark.parametrize("numbers", FEW)
def test_training_refuses_few_bits(numbers: torch.dtype, split: Split) -> None:
    with pytest.raises(
        ValueError, match=r"numbers are torch\.b?float16, and training needs .* Type embedding\.float\(\)"
    ):
        train_embedding(_make(split, DistMult(), numbers), split)


@pytest.mark.parametrize("options", [{}, {"reciprocal": True}, {"negatives": "learnt"}])
def test_training_takes_float64(options: dict[str, object], split: Split) -> None:
    losses = []
    for numbers in (torch.float32, torch.float64):
        embedding = _make(split, DistMult(), numbers)
        given = {"negatives": AdversarialNegatives(split.graph, 5)} if options.get("negatives") else options
        losses.append([epoch.loss for epoch in train_embedding(embedding, split, epochs=3, **given)])
        assert {table.dtype for table in embedding.parameters()} == {numbers}
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_complex_numbers_are_no_vectors(graph: KnowledgeGraph, tmp_path: Path) -> None:
    names = graph.entities["entity"].tolist()
    np.savez(tmp_path / "vectors.npz", entities=np.ones((len(names), 2)) * (1 + 2j), entity_names=names)
    with pytest.raises(EmbeddingFileError, match=r"holds complex numbers\. .*np\.concatenate\(\[vectors\.real, vec"):
        read_vectors(tmp_path / "vectors.npz", graph, scorer=ComplEx())


@pytest.mark.parametrize("vectors", [[[1.0, 2.0, 3.0], [4.0], [5.0, 6.0]], [[1.0, 2.0, 3.0], None, [4.0, 5.0, 6.0]]])
def test_lists_of_several_lengths_are_not_shared_out(
    vectors: list[object], graph: KnowledgeGraph, tmp_path: Path
) -> None:
    names = graph.entities["entity"].tolist()[:3]
    parquet.write_table(pa.table({"name": names, "vector": vectors}), tmp_path / "vectors.parquet")
    with pytest.raises(
        EmbeddingFileError, match=r"some lists are of other lengths: 3, (1, 2|None)\). Expected .* one length"
    ):
        read_vectors(tmp_path / "vectors.parquet", graph, scorer=TransE())
