"""Embeddings that begin at given vectors: as they lie to one another, as small as a random start, the rest as usual."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import pairwise_distances

from kgwb.citation import cite
from kgwb.embed import ComplEx, GraphEmbedding, Scorer, load_embedding, start_embedding, train_embedding
from kgwb.graph import KnowledgeGraph, Split

GIVEN = np.random.default_rng(0).normal(size=(68, 20)) * np.linspace(3, 0.1, 20) + 5


def name_rows(graph: KnowledgeGraph, rows: np.ndarray = GIVEN) -> dict[str, np.ndarray]:
    return dict(zip(graph.labels, rows, strict=True))


@pytest.mark.parametrize("dim", [8, 32])
def test_entities_lie_to_one_another_as_the_leading_components_do(
    graph: KnowledgeGraph, scorer: Scorer, dim: int
) -> None:
    vectors = start_embedding(graph, scorer, name_rows(graph), dim=dim)
    expected = PCA(min(dim, 20)).fit_transform(GIVEN)
    found, wanted = (pairwise_distances(each) for each in (vectors.entity_table.detach().double().numpy(), expected))
    pairs = ~np.eye(len(found), dtype=bool)
    np.testing.assert_allclose(found[pairs] / wanted[pairs], (found[pairs] / wanted[pairs]).mean(), rtol=1e-3)


def test_they_are_as_small_as_a_random_start_in_every_number(graph: KnowledgeGraph, scorer: Scorer) -> None:
    usual = GraphEmbedding(graph, scorer, dim=16).entity_table.detach()
    begun = start_embedding(graph, scorer, name_rows(graph), dim=16).entity_table.detach()
    assert begun.std().item() == pytest.approx(usual.std().item(), rel=1e-3)
    assert begun.mean().item() == pytest.approx(usual.mean().item(), abs=1e-6)
    columns = begun.std(0)
    assert columns.max() < 4 * columns.min()  # no number of all entities is nearly zero


def test_relations_and_entities_without_a_vector_begin_as_usual(
    graph: KnowledgeGraph, caplog: pytest.LogCaptureFixture
) -> None:
    usual, given = GraphEmbedding(graph, ComplEx(), dim=16, seed=3), name_rows(graph)
    few = {name: given[name] for name in list(given)[:50]} | {"nowhere": GIVEN[0]}
    said = "18 entities had no vector and began at random; 1 name named no entity of the graph"
    begun = start_embedding(graph, ComplEx(), few, dim=16, seed=3)
    assert said in caplog.text
    assert torch.equal(begun.relation_table, usual.relation_table)
    assert torch.equal(begun.entity_table[50:], usual.entity_table[50:])
    assert not (begun.entity_table[:50] == usual.entity_table[:50]).any()
    assert begun.start_note.startswith("50 of 68 entities at given vectors, 20 wide, of whose variance PCA keeps ")


def test_a_dict_a_frame_an_array_and_a_function_say_the_same(graph: KnowledgeGraph) -> None:
    asked: list[list[str]] = []

    def read(texts: list[str]) -> np.ndarray:
        asked.append(list(texts))
        return GIVEN

    backwards = dict(reversed(name_rows(graph).items()))
    ways: list[Any] = [backwards, pd.DataFrame(GIVEN, index=graph.labels), GIVEN, torch.from_numpy(GIVEN), read]
    tables = [start_embedding(graph, ComplEx(), each, dim=8).entity_table for each in ways]
    assert all(torch.equal(table, tables[0]) for table in tables)
    assert asked == [list(graph.labels)]
    assert not torch.equal(start_embedding(graph, ComplEx(), GIVEN, dim=8, seed=1).entity_table, tables[0])


def test_it_is_trained_saved_and_cited_as_what_it_is(split: Split, tmp_path: Path) -> None:
    vectors = start_embedding(split.graph, ComplEx(), GIVEN, dim=8)
    assert repr(vectors).endswith("not trained")
    list(train_embedding(vectors, split, epochs=1))
    again = load_embedding(vectors.save(tmp_path / "vectors"))
    assert again.start_note == vectors.start_note != ""
    assert f"start of the vectors: {vectors.start_note}" in re.sub(r"\s+", " ", repr(cite(again)))


def test_those_that_are_told_to_be_alike_are_neighbours_before_training(graph: KnowledgeGraph) -> None:
    regions = np.random.default_rng(0).normal(size=(5, 12))
    names = [int(label.split()[-1]) % 5 for label in graph.labels]
    told = regions[names] + 0.05 * np.random.default_rng(1).normal(size=(68, 12))
    near = start_embedding(graph, ComplEx(), told, dim=16).nearest("place 00", 5)["label"]
    assert all(int(label.split()[-1]) % 5 == 0 for label in near)


@pytest.mark.parametrize(
    ("start", "error", "said"),
    [
        ({"nowhere": [1.0, 2.0]}, ValueError, r"None of the 1 name is an entity of 'places', whose first is called"),
        (
            {"place 00": [1.0], "place 01": [1.0, 2.0]},
            TypeError,
            r"all of one width, were expected by name, but a dict",
        ),
        ({"place 00": 1.0}, ValueError, r"Vectors came with shape \(1,\)\. Expected a vector of finite numbers"),
        ({"place 00": [np.nan]}, ValueError, r"a vector of finite numbers for each name\. Type start_embedding\("),
        ({}, ValueError, r"Vectors came with shape \(0,\)"),
        ({"place 00": [1.0, 2.0], "place 01": [1.0, 2.0]}, ValueError, r"The given vectors are all alike"),
        (np.ones((3, 2)), ValueError, r"Expected 68 rows of finite numbers"),
        (None, TypeError, r"Vectors to start from were expected, but None came\. Type start_embedding\("),
    ],
)
def test_what_is_no_start_is_refused(graph: KnowledgeGraph, start: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        start_embedding(graph, ComplEx(), start, dim=4)
