"""The picture of a graph: marks, lines that do not cover one another, and a network to pass on."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as Tree
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from islands import HOSTILE, make_graph

from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see.graph.lines import count_lanes, run_lines
from kgwb.see.graph.view import GraphView, show_graph


def test_the_same_seed_draws_the_same_picture(star: KnowledgeGraph) -> None:
    assert show_graph(star).picture == show_graph(star).picture
    assert show_graph(star, seed=1).picture != show_graph(star).picture


def test_marks_are_those_of_the_whole_graph(star: KnowledgeGraph) -> None:
    part, whole = show_graph(star, around="Isle 7").scene, show_graph(star).scene
    assert part.marks == whole.marks and len(set(whole.marks.values())) == 2


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25))
@settings(max_examples=60, deadline=None)
def test_every_fact_has_a_line_of_its_own(pairs: list[tuple[int, int]]) -> None:
    ends = np.array(pairs)
    points = np.array([[0.0, 0.0], [200.0, 0.0], [0.0, 200.0], [150.0, 170.0]])
    middles = [tuple(course.at(0.5).round(1)) for course in run_lines(ends, points, np.full(4, 6.0))]
    assert len(set(middles)) == len(pairs)
    lanes, counts = count_lanes(ends)
    for i, pair in enumerate(pairs):
        same = [j for j, other in enumerate(pairs) if set(other) == set(pair)]
        assert counts[i] == len(same) and sorted(lanes[same]) == list(range(len(same)))


def test_four_loops_are_four_and_every_line_has_an_arrowhead() -> None:
    graph = make_graph([(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1)], ["a", "b"])
    picture = Tree.fromstring(show_graph(graph).picture)
    paths = [each for each in picture.iter("{http://www.w3.org/2000/svg}path") if "edge" in each.get("class", "")]
    lines, arrowheads = (
        next(each.get("d", "") for each in paths if each.get("class") == name) for name in ("line-edge", "edge")
    )
    assert lines.count("C") == 4 and lines.count("M") == 6
    assert arrowheads.count("Z") == 6
    assert len(set(re.findall(r"M[^M]+", lines))) == 6


def test_a_relation_is_named_once_a_group(star: KnowledgeGraph) -> None:
    texts = [each.text for each in Tree.fromstring(show_graph(star, around="Isle 0").picture).iter() if each.text]
    assert texts.count("near") == 1  # of five spokes


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_tiny_graphs_draw(count: int) -> None:
    view = show_graph(make_graph([(i, 0, i + 1) for i in range(count - 1)], [str(i) for i in range(count)]))
    Tree.fromstring(view.picture)
    assert np.isfinite(view.entities[["x", "y"]].to_numpy()).all()
    assert view.fragment().html


def test_outside_a_notebook_the_view_is_a_still_picture(star: KnowledgeGraph) -> None:
    bundle = show_graph(star)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/svg+xml"}


def test_a_large_still_picture_says_what_it_leaves_out() -> None:
    count = 1200
    ring = make_graph([(i, 0, (i + 1) % count) for i in range(count)], [f"n{i}" for i in range(count)])
    view = show_graph(ring, limit=1100, as_schema=False)
    assert "100 entities" in view.caption
    assert "This still picture shows the 800 best connected" in " ".join(Tree.fromstring(view.picture).itertext())
    assert len(view.picture) < 200_000


# --- a network ----------------------------------------------------------------------------------------------------------


def test_a_network_to_pass_on_is_plain(star: KnowledgeGraph, tmp_path: Path) -> None:
    graph = make_graph([(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0)], list(HOSTILE[:2]))
    network = show_graph(graph).network
    assert len(network.nodes) == 2 and len(network.edges) == 5
    courses = {
        json.dumps([edge["from"], edge["to"], edge.get("smooth"), edge.get("selfReference")]) for edge in network.edges
    }
    assert len(courses) == 5  # none lies under another
    assert not any("<" in node["title"] for node in network.nodes)


def test_without_pyvis_a_graph_is_drawn_and_a_network_names_the_install_line(
    star: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyvis.network", None)
    view: GraphView = show_graph(star)
    assert view.fragment().html
    with pytest.raises(
        ImportError, match=r"view\.network needs pyvis, which is not installed\. Type: pip install pyvis"
    ):
        view.network  # noqa: B018
