"""Every graph has a place on the page for each of its entities, however few facts it has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgwb.see.graph.layout import place_nodes
from kgwb.see.graph.spokes import ACROSS, DOWN, place_spokes


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


def test_layout_keeps_dots_apart_and_neighbours_near() -> None:
    edges = np.array([(i, i + 1) for i in range(199)] + [(300, 301)])
    points = place_nodes(edges, 310)
    gaps = np.linalg.norm(points[:, None] - points[None], axis=-1) + np.eye(310) * 9
    assert gaps.min() > 0.2
    steps = np.linalg.norm(points[edges[:199, 0]] - points[edges[:199, 1]], axis=1)
    assert steps.mean() < np.ptp(points[:200], axis=0).max() / 8
    assert (place_nodes(edges, 310) == points).all()
    assert place_nodes(np.empty((0, 2), int), 0).shape == (0, 2)


@given(sparse_graphs())
@settings(max_examples=25, deadline=None)
def test_spokes_have_finite_places_and_the_centre_is_the_middle(graph: tuple[np.ndarray, int]) -> None:
    edges, nodes = graph
    facts = np.insert(edges, 1, 0, axis=1)
    points = place_spokes(facts, nodes, 0)
    check_places(points, nodes)
    assert (points[0] == 0).all()


@pytest.mark.parametrize("count", [1, 2, 5, 30, 200])
def test_names_on_a_ring_have_room(count: int) -> None:
    facts = np.array([(0, i % 3, i) if i % 2 else (i, 2, 0) for i in range(1, count + 1)])
    points = place_spokes(facts, count + 1, 0)[1:]
    gaps = (points[:, None] - points[None]) / np.array([ACROSS, DOWN])
    distance = np.hypot(gaps[..., 0], gaps[..., 1]) + np.eye(count) * 9
    assert distance.min() > 0.9


def test_spokes_of_one_relation_stand_together() -> None:
    facts = np.array([(0, i % 4, i) for i in range(1, 25)])
    points = place_spokes(facts, 25, 0)[1:]
    around = np.argsort(np.arctan2(points[:, 1], points[:, 0]))
    relations = facts[around, 1]
    changes = (relations != np.roll(relations, 1)).sum()
    assert changes == 4


def test_a_long_path_has_places() -> None:
    facts = np.array([(i, 0, i + 1) for i in range(3000)])
    check_places(place_spokes(facts, 3001, 0), 3001)
