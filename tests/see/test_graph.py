"""Seeing a graph: what is drawn, what is said to be left out, and that labels are text everywhere."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as Tree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see.graph.layout import place_nodes
from kgwb.see.graph.page import build_network, describe_graph
from kgwb.see.graph.view import show_graph
from kgwb.see.page import pack_json, write_frame

HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"></svg>',
    "</script>",
    "<b>bold</b>",
    "中文",
)


def make_graph(
    triples: list[tuple[int, int, int]], labels: list[str], types: list[str] | None = None
) -> KnowledgeGraph:
    count = len(labels)
    entities = pd.DataFrame(
        {"entity": [f"e{i}" for i in range(count)], "label": labels, "type": types or [""] * count, "description": ""}
    )
    entities["aliases"] = [()] * count
    relations = pd.DataFrame({"relation": ["r0", "r1"], "label": ["near", "<i>far</i>"], "description": ""})
    return KnowledgeGraph(np.array(triples, np.int64).reshape(-1, 3), entities, relations, name="islands")


@pytest.fixture
def star() -> KnowledgeGraph:
    """A hub with five neighbours, a second ring, and one entity alone."""
    triples = [(0, 0, i) for i in range(1, 6)] + [(1, 1, 6), (2, 1, 6), (6, 0, 7)]
    return make_graph(sorted(triples), [f"Isle {i}" for i in range(9)], ["hub"] + ["isle"] * 8)


def test_the_whole_of_a_small_graph(star: KnowledgeGraph) -> None:
    view = show_graph(star)
    assert len(view.frame) == 8 and len(view.entities) == 9
    assert list(view.frame.columns) == ["head", "relation", "tail", "predicted", "probability"]
    assert view.caption.startswith("islands: 9 entities and 8 facts.")
    assert view.selection.empty


def test_the_best_connected_stay_and_the_caption_counts_the_others(star: KnowledgeGraph) -> None:
    view = show_graph(star, limit=3)
    assert view.entities.index.tolist() == [0, 1, 6]  # five facts, two and three
    assert len(view.entities) == 3
    left = 8 - len(view.frame)
    assert f"Only the best connected are shown: 6 entities and {left} facts more are not drawn" in view.caption


@pytest.mark.parametrize("around", ["Isle 7", ["Isle 7"], 7, "e7"])
def test_around_an_entity(star: KnowledgeGraph, around: str | int | list[str]) -> None:
    view = show_graph(star, around=around)
    assert set(view.entities["label"]) == {"Isle 6", "Isle 7"}
    assert list(view.selection["label"]) == ["Isle 7"]
    assert "within 1 step of Isle 7" in view.caption


def test_two_hops_reach_further(star: KnowledgeGraph) -> None:
    assert set(show_graph(star, around="Isle 7", hops=2).entities.index) == {1, 2, 6, 7}


def test_an_entity_without_facts_is_drawn_alone(star: KnowledgeGraph) -> None:
    assert list(show_graph(star, around="Isle 8").entities.index) == [8]


def test_predicted_facts_are_dashed_with_their_probability(star: KnowledgeGraph) -> None:
    guesses = pd.DataFrame(
        {
            "head": ["Isle 8", "Isle 0"],
            "relation": ["near", "near"],
            "tail": ["Isle 7", "Isle 1"],
            "probability": [0.7, 0.9],
        }
    )
    view = show_graph(star, predicted=guesses)
    drawn = view.frame[view.frame["predicted"]]
    assert drawn["head"].tolist() == ["Isle 8"]  # the other one is in the graph already
    assert drawn["probability"].tolist() == [0.7]
    (edge,) = [edge for edge in describe_graph(view.scene)["edges"] if "dashes" in edge]
    assert edge["name"] == "near 0.70"
    assert "stroke-dasharray" in view.picture and "near 0.70" in view.picture
    assert "1 dashed line: predicted" in view.caption


def test_the_same_seed_draws_the_same_picture(star: KnowledgeGraph) -> None:
    assert show_graph(star).picture == show_graph(star).picture
    assert show_graph(star, seed=1).picture != show_graph(star).picture


def test_colours_are_those_of_the_whole_graph(star: KnowledgeGraph) -> None:
    part, whole = show_graph(star, around="Isle 7").scene, show_graph(star).scene
    assert part.colours == whole.colours and len(set(whole.colours.values())) == 2


def test_every_fact_between_two_entities_is_drawn() -> None:
    graph = make_graph([(0, 0, 1), (0, 1, 1), (1, 0, 0), (0, 0, 0)], ["a", "b"])
    edges = build_network(show_graph(graph).scene).edges
    assert len(edges) == 4
    courses = {json.dumps([edge["from"], edge["to"], edge.get("smooth")]) for edge in edges}
    assert len(courses) == 4  # none lies under another


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_tiny_graphs_draw(count: int) -> None:
    view = show_graph(make_graph([(i, 0, i + 1) for i in range(count - 1)], [str(i) for i in range(count)]))
    Tree.fromstring(view.picture)
    assert np.isfinite(view.entities[["x", "y"]].to_numpy()).all()
    assert view.fragment().html


def test_hostile_labels_stay_text(tmp_path: Path) -> None:
    graph = make_graph([(i, i % 2, (i + 1) % 6) for i in range(6)], list(HOSTILE), [HOSTILE[1]] * 3 + ["town"] * 3)
    view = show_graph(graph, around=HOSTILE[0], hops=3)
    tags = {element.tag.partition("}")[2] for element in Tree.fromstring(view.picture).iter()}
    assert not tags & {"script", "img", "b", "i"}
    page = view.save(tmp_path / "page.html", title=HOSTILE[0]).read_text(encoding="utf-8")
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert "<img" not in markup and "<b>" not in markup and "<i>far" not in markup
    assert markup.count("<script") == 1  # the data, as JSON
    data = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert data and json.loads(data.group(1))["labels"] == list(HOSTILE)
    assert "<img" not in re.sub(r"<script>.*?</script>", "", write_frame(view.fragment()), flags=re.DOTALL)


def test_packed_json_cannot_close_its_element() -> None:
    text = "</script><!--\u2028&"
    assert not set("<>&\u2028") & set(pack_json(text))
    assert json.loads(pack_json(text)) == text


def test_a_page_holds_everything_it_needs(star: KnowledgeGraph, tmp_path: Path) -> None:
    page = show_graph(star).save(tmp_path / "deep" / "page.html")
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)
    assert "sourceMappingURL" not in text and "cdn" not in text.lower()
    assert text.count("vis-network\n * https") == 1
    assert page.stat().st_size < 1_000_000


def test_outside_a_notebook_the_view_is_a_still_picture(star: KnowledgeGraph) -> None:
    bundle = show_graph(star)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/svg+xml"}


def test_a_large_still_picture_says_what_it_leaves_out() -> None:
    count = 1200
    ring = make_graph([(i, 0, (i + 1) % count) for i in range(count)], [f"n{i}" for i in range(count)])
    view = show_graph(ring, limit=1100)
    assert "100 entities" in view.caption
    assert "This still picture shows the 800 best connected" in " ".join(Tree.fromstring(view.picture).itertext())
    assert len(view.picture) < 150_000


def test_layout_keeps_dots_apart_and_neighbours_near() -> None:
    edges = np.array([(i, i + 1) for i in range(199)] + [(300, 301)])
    points = place_nodes(edges, 310)
    gaps = np.linalg.norm(points[:, None] - points[None], axis=-1) + np.eye(310) * 9
    assert gaps.min() > 0.2
    steps = np.linalg.norm(points[edges[:199, 0]] - points[edges[:199, 1]], axis=1)
    assert steps.mean() < np.ptp(points[:200], axis=0).max() / 8
    assert (place_nodes(edges, 310) == points).all()
    assert place_nodes(np.empty((0, 2), int), 0).shape == (0, 2)


def test_an_unknown_entity_names_the_nearest(star: KnowledgeGraph) -> None:
    with pytest.raises(LookupError, match=r"Unknown entity 'Isle9'\. The nearest labels are 'Isle"):
        show_graph(star, around="Isle9")


def test_an_empty_graph_says_what_to_look_at() -> None:
    with pytest.raises(
        ValueError, match=r"The graph 'islands' has no entities, so there is nothing to draw\..*graph\.notes"
    ):
        show_graph(make_graph([], []))


def test_limits_are_checked(star: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match=r"limit=0 came. It must be at least 1; type limit=1"):
        show_graph(star, limit=0)


def test_predicted_without_a_tail_says_how_to_name_it(star: KnowledgeGraph) -> None:
    frame = pd.DataFrame({"entity": ["Isle 1"], "label": ["Isle 1"], "score": [1.0], "known": [False]})
    with pytest.raises(ValueError, match=r"lacks \['head', 'relation', 'tail'\].*table\.rename"):
        show_graph(star, predicted=frame)


def test_a_probability_beyond_one(star: KnowledgeGraph) -> None:
    frame = pd.DataFrame({"head": ["Isle 8"], "relation": ["near"], "tail": ["Isle 7"], "probability": [7.5]})
    with pytest.raises(ValueError, match=r"predicted has the probability 7\.5\. Expected numbers from 0 to 1"):
        show_graph(star, predicted=frame)


def test_without_pyvis_the_install_line(star: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvis.network", None)
    with pytest.raises(ImportError, match=r"show_graph needs pyvis, which is not installed\. Type: pip install pyvis"):
        show_graph(star).fragment()
