"""Seeing a graph: what is drawn, what is said to be left out, and that labels are text everywhere."""

from __future__ import annotations

import itertools
import json
import re
import sys
import xml.etree.ElementTree as Tree
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see import link
from kgwb.see.graph.lines import count_lanes, run_lines
from kgwb.see.graph.state import list_facts, list_found
from kgwb.see.graph.view import GraphView, show_graph
from kgwb.see.packing import pack_texts
from kgwb.see.page import pack_json

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


def unpack(packed: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(packed["view"], packed["dtype"]).reshape(packed["shape"])


def unpack_texts(packed: dict[str, Any]) -> list[str]:
    letters, offsets = unpack(packed["bytes"]).tobytes(), unpack(packed["offsets"]).tolist()
    return [letters[start:end].decode() for start, end in itertools.pairwise(offsets)]


@pytest.fixture
def star() -> KnowledgeGraph:
    """A hub with five neighbours, a second ring, and one entity alone."""
    triples = [(0, 0, i) for i in range(1, 6)] + [(1, 1, 6), (2, 1, 6), (6, 0, 7)]
    return make_graph(sorted(triples), [f"Isle {i}" for i in range(9)], ["hub"] + ["isle"] * 8)


@pytest.fixture
def many() -> KnowledgeGraph:
    """Entities of three types, more than are drawn at once, joined at random."""
    random = np.random.default_rng(0)
    triples = np.unique(random.integers(0, [400, 2, 400], (900, 3)), axis=0)
    return make_graph(
        triples.tolist(), [f"n{i}" for i in range(400)], [("town", "ship", "isle")[i % 3] for i in range(400)]
    )


def test_the_whole_of_a_small_graph(star: KnowledgeGraph) -> None:
    view = show_graph(star)
    assert len(view.frame) == 8 and len(view.entities) == 9
    assert list(view.frame.columns) == ["head", "relation", "tail", "predicted", "probability"]
    assert view.caption.startswith("islands: 9 entities and 8 facts. Colour")
    assert view.selection.empty


def test_the_best_connected_stay_and_the_caption_counts_the_others(star: KnowledgeGraph) -> None:
    view = show_graph(star, limit=3)
    assert view.entities.index.tolist() == [0, 1, 6]  # five facts, two and three
    left = 8 - len(view.frame)
    assert f"Of the graph 6 entities and {left} facts more are not drawn" in view.caption


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
    assert list(show_graph(star, around="Isle 0", hops=0).entities.index) == [0]


triples_of_graphs = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 1), st.integers(0, 11)), max_size=40)


@given(triples_of_graphs, st.integers(0, 11), st.integers(0, 3), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_what_is_drawn_and_what_is_said_not_drawn_are_the_whole(
    triples: list[tuple[int, int, int]], around: int, hops: int, limit: int
) -> None:
    graph = make_graph(sorted(set(triples)), [f"n{i}" for i in range(12)])
    for view in (show_graph(graph, around=around, hops=hops, limit=limit), show_graph(graph, limit=limit)):
        scene = view.scene
        assert len(scene.entities) + scene.entities_left == 12
        assert len(view.frame) + scene.facts_left == len(graph.triples)
        drawn = {tuple(fact) for fact in scene.facts.tolist()}
        # The script draws a fact where both ends stand and one of them is opened: that is the same.
        kept, opened = set(scene.entities.tolist()), set(scene.opened.tolist())
        by_script = {(h, r, t) for h, r, t in graph.triples.tolist() if {h, t} <= kept and {h, t} & opened}
        assert drawn == by_script
        assert np.isfinite(scene.points).all()


@given(triples_of_graphs, st.integers(0, 11), st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_a_neighbourhood_is_what_brute_force_finds(triples: list[tuple[int, int, int]], around: int, hops: int) -> None:
    graph = make_graph(sorted(set(triples)), [f"n{i}" for i in range(12)])
    reached, facts = {around}, set()
    for _ in range(hops):
        facts |= {fact for fact in set(triples) if fact[0] in reached or fact[2] in reached}
        reached |= {end for fact in facts for end in (fact[0], fact[2])}
    scene = show_graph(graph, around=around, hops=hops).scene
    assert set(scene.entities.tolist()) == reached
    assert {tuple(fact) for fact in scene.facts.tolist()} == facts


def test_an_entity_has_as_many_facts_as_there_are(star: KnowledgeGraph) -> None:
    graph = make_graph([(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 1, 0)], ["a", "b"])
    entities = show_graph(graph).entities
    for entity in (0, 1):
        facts = [fact for fact in graph.triples.tolist() if entity in (fact[0], fact[2])]
        assert entities.loc[entity, "facts"] == len(facts)
    assert entities.loc[0, "degree"] == 6  # a loop leaves and reaches it


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
    state = view.state
    assert state["predicted"] == 1 and np.allclose(unpack(state["probability"]), 0.7)
    assert (unpack(state["heads"])[-1], unpack(state["tails"])[-1]) == (8, 7)
    assert "stroke-dasharray" in view.picture and "near 0.70" in view.picture
    assert "1 dashed line: predicted" in view.caption


def test_predicted_facts_open_a_large_graph_where_they_are(many: KnowledgeGraph) -> None:
    guess = pd.DataFrame({"head": ["n7"], "relation": ["near"], "tail": ["n8"]})
    view = show_graph(many, predicted=guess)
    assert set(view.scene.centre) == {7, 8} and len(view.entities) < 60
    assert view.frame["predicted"].sum() == 1


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


def test_a_large_graph_opens_by_type(many: KnowledgeGraph) -> None:
    view = show_graph(many)
    assert view.by_type and view.entities.empty and view.title == "Graph islands, by type"
    type_of = many.entities["type"]
    table = many.to_pandas(labels=True).assign(
        head=type_of.to_numpy()[many.triples[:, 0]], tail=type_of.to_numpy()[many.triples[:, 2]]
    )
    expected = table.groupby(["head", "relation", "tail"]).size()
    assert view.frame.set_index(["head", "relation", "tail"])["facts"].to_dict() == expected.to_dict()
    assert dict(zip(view.schema.types, view.schema.counts, strict=True)) == type_of.value_counts().to_dict()
    assert f"3 types with 400 entities, and {len(many):,} facts" in view.caption
    assert Tree.fromstring(view.picture) is not None and f"town · {(type_of == 'town').sum()}" in view.picture


def test_a_small_graph_opens_by_type_where_that_is_asked_for(star: KnowledgeGraph, many: KnowledgeGraph) -> None:
    assert show_graph(star, as_schema=True).by_type and not show_graph(star).by_type
    whole = show_graph(many, as_schema=False)
    assert not whole.by_type and len(whole.entities) == 400


def test_a_large_graph_without_types_opens_at_its_best_connected_entity() -> None:
    hub = make_graph(
        [(0, 0, i) for i in range(1, 40)] + [(i, 1, i + 1) for i in range(40, 340)], [f"n{i}" for i in range(341)]
    )
    view = show_graph(hub)
    assert view.scene.centre == (0,) and len(view.entities) == 40
    assert "Of the graph 301 entities and 300 facts more are not drawn" in view.caption


def test_many_types_are_counted_where_they_are_not_drawn() -> None:
    labels = [f"n{i}" for i in range(60)]
    graph = make_graph([(i, 0, i + 1) for i in range(59)], labels, [f"type {i:02}" for i in range(60)])
    schema = show_graph(graph, as_schema=True).schema
    assert len(schema.types) == 40 and schema.types_left == 20
    assert schema.links[:, 3].sum() + schema.facts_left == 59
    assert f"20 smaller types and {schema.facts_left} facts are not drawn" in schema.caption


def test_hostile_labels_stay_text(tmp_path: Path) -> None:
    graph = make_graph([(i, i % 2, (i + 1) % 6) for i in range(6)], list(HOSTILE), [HOSTILE[1]] * 3 + ["town"] * 3)
    for view in (show_graph(graph, around=HOSTILE[0], hops=3), show_graph(graph, as_schema=True)):
        tags = {element.tag.partition("}")[2] for element in Tree.fromstring(view.picture).iter()}
        assert not tags & {"script", "img", "b", "i"}
        page = view.save(tmp_path / "page.html", title=HOSTILE[0]).read_text(encoding="utf-8")
        markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
        assert "<img" not in markup and "<b>" not in markup and "<i>far" not in markup and "<script" not in markup
        assert unpack_texts(view.state["labels"]) == list(HOSTILE)


def test_packed_json_cannot_close_its_element() -> None:
    text = "</script><!--\u2028&"
    assert not set("<>&\u2028") & set(pack_json(text))
    assert json.loads(pack_json(text)) == text


@given(st.lists(st.text(max_size=30), max_size=12))
@settings(max_examples=60, deadline=None)
def test_texts_come_back_as_they_were_packed(texts: list[str]) -> None:
    assert unpack_texts(pack_texts(texts)) == texts


def test_a_page_holds_everything_it_needs(star: KnowledgeGraph, tmp_path: Path) -> None:
    page = show_graph(star).save(tmp_path / "deep" / "page.html")
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)
    assert "sourceMappingURL" not in text and "cdn" not in text.lower() and "vis-network" not in text
    assert page.stat().st_size < 150_000


def test_all_of_a_graph_travels_and_of_a_larger_one_a_part_that_says_so(
    star: KnowledgeGraph, many: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = show_graph(star, around="Isle 7").state
    rows = np.stack([unpack(state[name]) for name in ("heads", "fact_relations", "tails")], axis=1)
    assert rows.tolist() == star.triples.tolist() and unpack(state["ids"]).tolist() == list(range(9))
    monkeypatch.setattr("kgwb.see.graph.state.MOST_ENTITIES", 50)
    monkeypatch.setattr("kgwb.see.graph.state.MOST_FACTS", 60)
    view = show_graph(many, around="n5")
    state = view.state
    ids, drawn = unpack(state["ids"]), unpack(state["drawn"])
    assert len(ids) == 50 and len(unpack(state["heads"])) <= 60 < state["facts"] == len(many)
    assert ids[drawn].tolist() == view.entities.index.tolist()
    held = ids[np.stack([unpack(state["heads"]), unpack(state["tails"])], axis=1)]
    relation = unpack(state["fact_relations"])
    known = {tuple(fact) for fact in many.triples.tolist()}
    assert all((h, r, t) in known for (h, t), r in zip(held.tolist(), relation.tolist(), strict=True))
    drawn_facts = {tuple(fact) for fact in view.scene.facts.tolist()}
    assert drawn_facts <= {(h, r, t) for (h, t), r in zip(held.tolist(), relation.tolist(), strict=True)}


def test_the_kernel_answers_what_a_page_does_not_hold(many: KnowledgeGraph) -> None:
    answer = show_graph(many, around="n5").answer({"facts_of": 9})
    assert answer is not None
    rows = np.stack([unpack(answer[name]) for name in ("heads", "fact_relations", "tails")], axis=1)
    expected = [fact for fact in many.triples.tolist() if 9 in (fact[0], fact[2])]
    assert rows.tolist() == expected
    assert set(unpack(answer["ids"]).tolist()) == {9} | {end for fact in expected for end in (fact[0], fact[2])}
    found = list_found(many, " N39")
    assert unpack_texts(found["labels"])[0] in {"n39", *(f"n39{i}" for i in range(10))}
    assert len(unpack(list_found(many, "")["ids"])) == 0
    view = show_graph(many, around="n5")
    for message in ({"facts_of": -1}, {"facts_of": 400}, {"facts_of": "9"}, {}):
        assert view.answer(message) is None
    assert len(unpack(list_facts(many, 0)["ids"])) >= 1


def test_what_is_chosen_is_data_whether_it_is_drawn_or_not(star: KnowledgeGraph) -> None:
    view = show_graph(star, around="Isle 7")
    view.select(entities=["Isle 3", "Isle 6"])
    assert view.selection["label"].tolist() == ["Isle 3", "Isle 6"]
    assert view.selection["x"].isna().tolist() == [True, False]
    view.selection = view.entities.loc[[6]]
    assert view.choice.entities == (6,)
    view.select(triples=[("Isle 6", "near", "Isle 7")], relations="near")
    assert view.choice.triples == ((6, 0, 7),) and view.choice.relations == (0,)
    assert view.selection.empty


def test_linked_graphs_follow_one_another(star: KnowledgeGraph) -> None:
    one, other = show_graph(star), show_graph(star, around="Isle 0")
    link(one, other)
    one.select(entities="Isle 7")
    assert other.choice.entities == (7,) and list(other.selection["label"]) == ["Isle 7"]


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


def test_a_network_to_pass_on_is_plain(star: KnowledgeGraph, tmp_path: Path) -> None:
    graph = make_graph([(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0)], list(HOSTILE[:2]))
    network = show_graph(graph).network
    assert len(network.nodes) == 2 and len(network.edges) == 5
    courses = {
        json.dumps([edge["from"], edge["to"], edge.get("smooth"), edge.get("selfReference")]) for edge in network.edges
    }
    assert len(courses) == 5  # none lies under another
    assert not any("<" in node["title"] for node in network.nodes)


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


def test_a_schema_around_an_entity_is_refused(star: KnowledgeGraph) -> None:
    with pytest.raises(
        ValueError, match=r"as_schema=True came beside around.*Type show_graph\(graph, as_schema=True\)"
    ):
        show_graph(star, around="Isle 1", as_schema=True)


def test_predicted_without_a_tail_says_how_to_name_it(star: KnowledgeGraph) -> None:
    frame = pd.DataFrame({"entity": ["Isle 1"], "label": ["Isle 1"], "score": [1.0], "known": [False]})
    with pytest.raises(ValueError, match=r"lacks \['head', 'relation', 'tail'\].*table\.rename"):
        show_graph(star, predicted=frame)


def test_a_probability_beyond_one(star: KnowledgeGraph) -> None:
    frame = pd.DataFrame({"head": ["Isle 8"], "relation": ["near"], "tail": ["Isle 7"], "probability": [7.5]})
    with pytest.raises(ValueError, match=r"predicted has the probability 7\.5\. Expected numbers from 0 to 1"):
        show_graph(star, predicted=frame)


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
