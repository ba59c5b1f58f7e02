"""Attributes as features, and the sparse matrix that they and the messages run through."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgwb.embed.encoders.literal_encoder import LiteralEncoder, count_letters, read_literals
from kgwb.embed.encoders.message_passing import Mixture
from kgwb.graph import KnowledgeGraph


@settings(max_examples=40)
@given(st.data())
def test_a_mixture_is_its_dense_matrix(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    entry = st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1), st.integers(-3, 3))
    entries = np.array(data.draw(st.lists(entry, max_size=20)), dtype=np.int64).reshape(-1, 3)
    dense = torch.zeros(rows, columns)
    for row, column, weight in entries.tolist():
        dense[row, column] += weight
    mixture = Mixture(entries[:, 0], entries[:, 1], entries[:, 2].astype(float), (rows, columns))
    vectors = torch.randn(columns, 3, requires_grad=True)
    gradient = torch.randn(rows, 3)
    mixed = mixture(vectors)
    mixed.backward(gradient)
    torch.testing.assert_close(mixed, dense @ vectors)
    torch.testing.assert_close(vectors.grad, dense.T @ gradient)


@pytest.fixture(scope="module")
def countries() -> KnowledgeGraph:
    facts = pd.DataFrame([["a", "r", "b"], ["b", "r", "c"], ["c", "r", "d"]], columns=["head", "relation", "tail"])
    table = pd.DataFrame(
        {"entity": ["a", "b", "c"], "area": [1, 10, 1000], "tall": [3.0, None, 5.0], "motto": ["Sea", "sea", ""]}
    )
    return KnowledgeGraph.from_pandas(facts, table)


def test_numbers_are_standardised_and_missing_ones_say_so(countries: KnowledgeGraph) -> None:
    found = read_literals(countries.entities, ["area", "tall"], buckets=4)
    table = np.zeros((4, found.features))
    table[found.rows, found.columns] = found.values
    assert found.numbers == ("area", "tall") and found.texts == ()
    orders = np.array([0.0, 1.0, 3.0])  # of magnitude: the areas span a factor of 1,000
    np.testing.assert_allclose(table[:3, 0], (orders - orders.mean()) / orders.std())
    np.testing.assert_allclose(table[:, 2], [-1, 0, 1, 0])
    np.testing.assert_allclose(table[:, [1, 3]], [[0, 0], [0, 1], [0, 0], [1, 1]])


def test_texts_are_letter_groups_without_case_and_missing_ones_say_so(countries: KnowledgeGraph) -> None:
    found = read_literals(countries.entities, ["motto"], buckets=64)
    table = np.zeros((4, found.features))
    np.add.at(table, (found.rows, found.columns), found.values)
    assert found.texts == ("motto",) and found.features == 65
    np.testing.assert_allclose(table[0], table[1])
    np.testing.assert_allclose(np.linalg.norm(table, axis=1), 1)
    assert table[2:, 64].tolist() == [1, 1] and not table[2:, :64].any()
    assert count_letters("a  A") == {" a ": 2} | {"a a": 1}
    assert sum(count_letters("上海").values()) == 2


def test_attributes_separate_entities_that_have_no_triples_of_their_own(countries: KnowledgeGraph) -> None:
    encoder = LiteralEncoder(countries, dim=8)
    torch.nn.init.normal_(encoder.from_literals, generator=torch.Generator().manual_seed(0))
    seen, _ = encoder(torch.ones(4, 8), torch.ones(1, 8))
    assert len(seen.detach().round(decimals=5).unique(dim=0)) == 4


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("size", r"no attribute 'size'\. The graph's entities have .*'area', 'tall', 'motto'; type some"),
        ("type", r"No attribute of the entities holds anything\. Type read_graph\(folder\)"),
    ],
)
def test_attributes_that_are_not_there_are_named(column: str, message: str, countries: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match=message):
        LiteralEncoder(countries, columns=[column])
