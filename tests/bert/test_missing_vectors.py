"""An entity without a vector gets one from its label; all others keep theirs to the bit."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import get_args

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

import kgwb
from kgwb.bert.alignment.linear_maps import fit_ridge
from kgwb.bert.alignment.missing_vectors import FilledVectors, fill_missing_vectors, find_missing
from kgwb.bert.alignment.word_space import read_labels
from kgwb.bert.injection import Mode
from kgwb.bert.knowledge import gather_knowledge

LABELS = ("America", "Berlin", "Italy", "Lyon", "Madrid", "Paris", "Rome", "Spain", "Vienna")


@pytest.fixture(scope="module")
def trained() -> kgwb.GraphEmbedding:
    """Vectors of 9 entities, marked as trained."""
    facts = pd.DataFrame({"head": LABELS, "relation": "next to", "tail": LABELS[::-1]})
    graph = kgwb.KnowledgeGraph.from_pandas(facts)
    embedding = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=16)
    with torch.no_grad():
        embedding.entity_table.normal_(generator=torch.Generator().manual_seed(0))
    embedding.trained_on[:] = True
    return embedding


def give_vectors(graph: kgwb.KnowledgeGraph, table: torch.Tensor) -> FilledVectors:
    """Vectors as any other library may have made them."""
    return FilledVectors(graph, table, torch.ones(1, 2), (), (), float("nan"))


def spoil(embedding: kgwb.GraphEmbedding, how: str, entities: list[int]) -> kgwb.GraphEmbedding:
    spoilt = copy.deepcopy(embedding)
    if how == "untrained":
        spoilt.trained_on[entities] = False
    else:
        with torch.no_grad():
            spoilt.entity_table[entities] = {"zeros": 0.0, "nan": torch.nan, "infinite": torch.inf}[how]
    return spoilt


def test_whole_numbers_are_filled_with_numbers_that_are_not(bert, vectors):
    class Counts:
        graph = vectors.graph

        def entity_vectors(self):
            table = (vectors.entity_vectors() * 2).round().long()
            table[3] = 0
            return table

    filled = fill_missing_vectors(bert, Counts())
    assert filled.filled == (3,) and (filled.table[3] != filled.table[3].round()).any()


def test_where_nothing_is_missing_the_table_is_the_same_to_the_bit(bert, trained):
    filled = fill_missing_vectors(bert, trained)
    assert torch.equal(filled.entity_vectors(), trained.entity_vectors())
    assert filled.filled == filled.unlabelled == () and filled.graph is trained.graph
    assert repr(filled) == "FilledVectors: 9 entities of 'graph', 16 numbers each; nothing was missing"


@pytest.mark.parametrize("how", ["untrained", "zeros", "nan", "infinite"])
def test_every_kind_of_gap_is_filled_by_the_ridge_map_of_its_label(bert, trained, how):
    spoilt = spoil(trained, how, [1, 4])
    filled = fill_missing_vectors(bert, spoilt)
    table, kept = filled.entity_vectors(), [0, 2, 3, 5, 6, 7, 8]
    assert filled.filled == (1, 4) and torch.equal(find_missing(spoilt).nonzero()[:, 0], torch.tensor([1, 4]))
    assert torch.equal(table[kept], trained.entity_vectors()[kept])
    words = read_labels(bert, spoilt.graph.labels).vectors
    targets = trained.entity_vectors()[kept].double()
    ridge = fit_ridge(words[kept], targets).ridge
    judge = torch.tensor(Ridge(alpha=ridge).fit(words[kept], targets).predict(words[[1, 4]]))
    torch.testing.assert_close(table[[1, 4]].double(), judge, atol=1e-5, rtol=1e-5)
    assert table.dtype == torch.float32 and bool(table.isfinite().all())


@given(st.sets(st.integers(0, 8), max_size=7))
def test_whatever_is_missing_the_others_keep_theirs_and_filling_twice_is_filling_once(bert, trained, gaps):
    filled = fill_missing_vectors(bert, spoil(trained, "zeros", sorted(gaps)))
    kept = [entity for entity in range(9) if entity not in gaps]
    assert filled.filled == tuple(sorted(gaps))
    assert torch.equal(filled.entity_vectors()[kept], trained.entity_vectors()[kept])
    again = fill_missing_vectors(bert, filled)
    assert again.filled == () and torch.equal(again.entity_vectors(), filled.entity_vectors())


def test_a_vector_that_the_label_foretells_is_recovered(bert):
    labels = "paris london rome berlin madrid vienna prague dublin athens moscow tokyo cairo lima boston dallas".split()
    facts = pd.DataFrame({"head": labels, "relation": "is", "tail": "town"})
    graph = kgwb.KnowledgeGraph.from_pandas(facts)
    truth = (read_labels(bert, graph.labels).vectors @ torch.ones(384, 1).double().repeat(1, 2)).float()
    gap = truth.clone()
    gap[0] = 0
    filled = fill_missing_vectors(bert, give_vectors(graph, gap))
    guess, mean = filled.entity_vectors()[0], truth[1:].mean(0)
    assert filled.filled == (0,)
    assert (guess - truth[0]).norm() < (mean - truth[0]).norm()


def test_a_label_without_a_known_word_gets_the_mean(bert, trained):
    entities = trained.graph.entities.assign(label=["", "😀", *trained.graph.labels[2:]])
    graph = replace(trained.graph, entities=entities)
    table = trained.entity_vectors()
    table[:2] = torch.nan
    filled = fill_missing_vectors(bert, give_vectors(graph, table))
    assert filled.filled == filled.unlabelled == (0, 1)
    torch.testing.assert_close(filled.entity_vectors()[:2], table[2:].mean(0).expand(2, 16))
    assert repr(filled).startswith(
        "FilledVectors: 9 entities of 'graph', 16 numbers each; 2 had no vector and got one from the label ((no label), "
        "😀), 2 of them the mean for want of a known word; R² of labels "
    )


@pytest.mark.parametrize("mode", get_args(Mode))
def test_every_door_takes_what_was_filled(bert, trained, mode):
    filled = fill_missing_vectors(bert, spoil(trained, "nan", [2]))
    reading = kgwb.read(kgwb.inject(bert, filled, mode=mode), "Paris is near Italy.")
    assert [mention.entity for mention in reading.mentions[0]] == [5, 2]


def test_relation_vectors_are_those_that_the_doors_would_have_read(bert, trained):
    assert torch.equal(fill_missing_vectors(bert, trained).relation_vectors(), trained.relation_vectors())
    bare = SimpleNamespace(graph=trained.graph, entity_vectors=trained.entity_vectors)
    assert torch.equal(fill_missing_vectors(bert, bare).relation_vectors(), gather_knowledge(bare).relations)


def test_the_vectors_that_came_are_left_as_they_were(bert, trained):
    spoilt = spoil(trained, "nan", [2])
    filled = fill_missing_vectors(bert, spoilt)
    filled.entity_vectors().zero_()
    assert bool(spoilt.entity_vectors()[2].isnan().all())
    assert filled.entity_vectors().abs().sum() > 0
    with pytest.raises(AttributeError):
        filled.filled = ()


@pytest.mark.parametrize("left", [0, 1])
def test_fewer_than_two_vectors_are_too_few(bert, trained, left):
    with pytest.raises(
        ValueError,
        match=rf"Of the 9 entities of 'graph' {left} have a vector and {left} of these a label that BERT knows a piece "
        r"of. Expected at least 2. Train the vectors first: for epoch in kgwb.train_embedding\(vectors, split\): ...",
    ):
        fill_missing_vectors(bert, spoil(trained, "untrained", list(range(9 - left))))


def test_two_vectors_are_enough(bert, trained):
    assert bool(
        fill_missing_vectors(bert, spoil(trained, "untrained", list(range(7)))).entity_vectors().isfinite().all()
    )


def test_labels_that_bert_does_not_know(bert):
    facts = pd.DataFrame([["😀", "in", "😎"], ["😂", "in", "🎉"]], columns=["head", "relation", "tail"])
    table = torch.eye(4)
    table[0] = 0
    vectors = give_vectors(kgwb.KnowledgeGraph.from_pandas(facts), table)
    with pytest.raises(ValueError, match=r"3 have a vector and 0 of these a label.*or load another: kgwb.load_bert\("):
        fill_missing_vectors(bert, vectors)


def test_a_table_of_another_graph(bert, trained):
    other = give_vectors(trained.graph, torch.ones(4, 3))
    with pytest.raises(
        ValueError, match=r"4 vectors came for the 9 entities of 'graph'. Expected one for each: vectors and graph"
    ):
        fill_missing_vectors(bert, other)
