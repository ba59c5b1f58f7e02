"""Every graph has a place on the page for each of its entities, however few facts it has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgwb.see.graph.layout import place_nodes


@st.composite
def sparse_graphs(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    """Forests, with a few edges more at most: each node after the first joins an earlier one, or none."""
    nodes = draw(st.integers(1, 40))
    earlier = [draw(st.one_of(st.none(), st.integers(0, node - 1))) for node in range(1, nodes)]
    edges = [(node, other) for node, other in enumerate(earlier, 1) if other is not None]
    more = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    return np.array([*edges, *draw(st.lists(more, max_size=3))], int).reshape(-1, 2), nodes


def check_places(points: np.ndarray, nodes: int) -> None:
    assert points.shape == (nodes, 2)
    assert np.isfinite(points).all()


@given(sparse_graphs(), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_sparse_graph_has_finite_places(graph: tuple[np.ndarray, int], seed: int) -> None:
    edges, nodes = graph
    check_places(place_nodes(edges, nodes, seed=seed), nodes)


@pytest.mark.parametrize("seed", range(20))
def test_a_path_has_finite_places(seed: int) -> None:
    check_places(place_nodes(np.array([[0, 1], [1, 2], [2, 3]]), 4, seed=seed), 4)


def test_many_small_parts_share_the_page() -> None:
    edges = np.random.default_rng(0).integers(0, 500, (330, 2))
    points = place_nodes(edges, 500)
    check_places(points, 500)
    wide, high = np.ptp(points, axis=0)
    assert max(wide, high) < 5 * min(wide, high)  # no part is stretched a thousand times
