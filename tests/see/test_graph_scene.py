"""What is drawn of a graph: the whole or what lies around an entity, predicted facts, and what is left out or refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from islands import make_graph, unpack

from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see.graph.view import show_graph

# --- entities and facts -------------------------------------------------------------------------------------------------


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


# --- predicted facts ----------------------------------------------------------------------------------------------------


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


def test_a_caption_speaks_of_probabilities_only_where_there_are_some(star: KnowledgeGraph) -> None:
    guesses = pd.DataFrame({"head": [star.labels[0]], "relation": [star.relation_labels[0]], "tail": [star.labels[0]]})
    said = [repr(show_graph(star, predicted=each)) for each in (guesses, guesses.assign(probability=0.5))]
    assert "1 dashed line: predicted, not in the graph" in said[0]
    assert "1 dashed line: predicted, with probability, not in the graph" in said[1]


def test_predicted_facts_open_a_large_graph_where_they_are(many: KnowledgeGraph) -> None:
    guess = pd.DataFrame({"head": ["n7"], "relation": ["near"], "tail": ["n8"]})
    view = show_graph(many, predicted=guess)
    assert set(view.scene.centre) == {7, 8} and len(view.entities) < 60
    assert view.frame["predicted"].sum() == 1


def test_predicted_without_a_tail_says_how_to_name_it(star: KnowledgeGraph) -> None:
    frame = pd.DataFrame({"entity": ["Isle 1"], "label": ["Isle 1"], "score": [1.0], "known": [False]})
    with pytest.raises(ValueError, match=r"lacks \['head', 'relation', 'tail'\].*table\.rename"):
        show_graph(star, predicted=frame)


def test_a_probability_beyond_one(star: KnowledgeGraph) -> None:
    frame = pd.DataFrame({"head": ["Isle 8"], "relation": ["near"], "tail": ["Isle 7"], "probability": [7.5]})
    with pytest.raises(ValueError, match=r"predicted has the probability 7\.5\. Expected numbers from 0 to 1"):
        show_graph(star, predicted=frame)


# --- errors -------------------------------------------------------------------------------------------------------------


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


def test_of_several_entities_with_one_label_the_caption_says_which_is_drawn() -> None:
    facts = pd.DataFrame(
        [("p1", "knows", "x"), ("p1", "knows", "y"), ("p2", "knows", "x")], columns=["head", "relation", "tail"]
    )
    people = pd.DataFrame({"entity": ["p1", "p2"], "label": ["Alex Stone", "Alex Stone"]})
    graph = KnowledgeGraph.from_pandas(facts, people)
    caption = show_graph(graph, around="Alex Stone").caption
    assert "2 entities are called 'Alex Stone'; this is 'p1', and to see the other, type around='p2'. Colour" in caption
    assert "this is 'p2', and to see the other, type around='p1'" in show_graph(graph, around="p2").caption
    assert "are called" not in show_graph(graph, around="x").caption
