"""All heads as one and all pieces of a mention as one: rollout, maximum and folding, beside sums by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from attention_of_towns import TEXTS, open_door
from hypothesis import given
from hypothesis import strategies as st

from kgwb.bert import Bert, Reading, read, roll_out
from kgwb.bert.columns import join_columns
from kgwb.embed import GraphEmbedding
from kgwb.see.attention.view import show_attention
from kgwb.see.attention.weights import fold_mentions

Make = Callable[..., Reading]

# --- all heads as one ---------------------------------------------------------------------------------------------------


def test_rollout_is_the_plain_product_of_the_layers(bert: Bert) -> None:
    reading = read(bert, TEXTS[:1])
    length = reading.lengths[0]
    reached = np.eye(length)
    rolled = roll_out(reading)
    for layer in range(6):
        mean = reading.attention[0, layer].double().numpy().mean(0)
        step = 0.5 * mean + 0.5 * np.eye(length)
        reached = (step / step.sum(1, keepdims=True)) @ reached
        np.testing.assert_allclose(rolled[layer], reached, atol=1e-6)
    shown = show_attention(reading, combine="rollout", layer=5, focus=3).selection["before"]
    np.testing.assert_allclose(shown, reached[3], atol=1e-6)


def test_rollout_with_facts_is_the_product_of_square_matrices_whose_sources_stay(
    bert: Bert, towns: GraphEmbedding
) -> None:
    reading = read(open_door(bert, towns, "memory", {"layers": (1, 4)}), TEXTS[:1])
    joined = join_columns(reading, 0).astype(float).mean(1)  # [layer, query, column]
    _, length, columns = joined.shape
    reached = np.eye(columns)
    for layer in range(6):
        square = np.eye(columns)  # a source stays what it is
        square[:length] = 0.5 * joined[layer] + 0.5 * np.eye(length, columns)
        reached = square @ reached
        np.testing.assert_allclose(roll_out(reading)[layer], reached[:length], atol=1e-6)
    assert columns > length and np.allclose(roll_out(reading).sum(-1), 1)


def test_the_maximum_of_heads_is_the_largest_of_each(make_reading: Make) -> None:
    reading = make_reading()
    shown = show_attention(reading, combine="max", layer=1, focus=2).selection["before"]
    np.testing.assert_allclose(shown, reading.attention[0, 1, :, 2].max(0).values)


# --- folding ------------------------------------------------------------------------------------------------------------


@given(st.integers(2, 9), st.integers(0, 3), st.data())
def test_folded_rows_sum_to_one_and_equal_sums_and_means_by_hand(length: int, extra: int, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, length), min_size=2, max_size=4)))
    spans = [(first, last) for first, last in pairwise(cuts)][::2]
    draw = np.random.default_rng(data.draw(st.integers(0, 1000)))
    weights = draw.dirichlet(np.ones(length + extra), length)
    folded = fold_mentions(weights, spans)
    assert np.allclose(folded.sum(1), 1)
    starts = [i for i in range(length) if not any(first < i < last for first, last in spans)]
    groups = [list(range(a, b)) for a, b in pairwise([*starts, length])]
    for row, queries in enumerate(groups):
        for column, keys in enumerate(groups):
            by_hand = np.mean([sum(weights[query][key] for key in keys) for query in queries])
            assert folded[row, column] == pytest.approx(by_hand)


def test_the_folded_matrix_is_named_and_its_rows_sum_to_one(bert: Bert, towns: GraphEmbedding) -> None:
    view = show_attention(
        read(open_door(bert, towns, "memory", {}), ["Quorrin Paris lies in France."]), graph=towns.graph
    )
    folded = view.folded
    assert folded.shape[1] > folded.shape[0] and "Paris" in folded.index
    assert np.allclose(folded.sum(axis=1), 1, atol=1e-5)
