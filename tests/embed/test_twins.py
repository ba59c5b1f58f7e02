"""Equal rows of a table are found exactly, whatever their bits, and scores of equal entities are equal to the bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgwb.embed import GraphEmbedding, Scorer
from kgwb.embed.twins import find_twins
from kgwb.graph import KnowledgeGraph

NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-45, 1e38, 0.1])


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1, max_size=30)
    ),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_each_row_that_equals_an_earlier_one_is_found_with_the_first_that_it_equals(
    rows: list[list[float]], dtype: torch.dtype
) -> None:
    table = torch.tensor(rows, dtype=dtype)
    expected = {}
    for i, row in enumerate(table):
        same = [j for j in range(i) if bool((table[j] == row).all())]
        if same:
            expected[i] = same[0]
    found = find_twins(table)
    assert (dict(zip(*(part.tolist() for part in found), strict=True)) if found else {}) == expected


def test_rows_that_are_not_numbers_equal_nothing() -> None:
    assert find_twins(torch.full((3, 2), torch.nan)) is None


def test_rows_that_begin_alike_are_told_apart() -> None:
    table = torch.zeros(6, 5)
    table[:, 4] = torch.arange(6)
    assert find_twins(table) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_gradients_flow_and_equal_entities_score_alike(scorer: Scorer, dtype: torch.dtype) -> None:
    facts = pd.DataFrame([(f"e{i}", "r", f"e{(i + 1) % 7}") for i in range(7)], columns=["head", "relation", "tail"])
    embedding = GraphEmbedding(KnowledgeGraph.from_pandas(facts), scorer, dim=12).to(dtype)
    with torch.no_grad():
        embedding.entity_table[4] = embedding.entity_table[1]
    scores = embedding.score_tails(np.array([[0, 0, 1], [2, 0, 3]]))
    assert torch.equal(scores[:, 1], scores[:, 4])
    scores.sum().backward()
    assert embedding.entity_table.grad is not None and embedding.entity_table.grad.isfinite().all()
