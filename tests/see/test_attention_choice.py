"""Where a view of attention opens, what is chosen in it as data, and what it shares with linked views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from attention_of_towns import TEXTS
from traitlets import TraitError

from kgwb.bert import Bert, Reading, read
from kgwb.embed import GraphEmbedding
from kgwb.graph import KnowledgeGraph
from kgwb.see.attention.view import show_attention
from kgwb.see.linking import link
from kgwb.see.palette import colour_types

Make = Callable[..., Reading]

# --- what it opens with -------------------------------------------------------------------------------------------------


def test_opens_at_the_mask_and_the_layer_that_changes_most(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    attention = before.attention.clone()
    attention[:, 1] = after.attention[:, 1]
    view = show_attention(before, replace(after, attention=attention))
    assert (view.layer, view.head, view.focus) == (1, None, 4)


def test_opens_at_the_first_mention_where_nothing_is_masked(pair: tuple[Reading, Reading], make_reading: Make) -> None:
    before = make_reading(("in", "paris"))
    mention = pair[1].mentions[0][0]
    after = make_reading(("in", "paris"), mentions=[replace(mention, pieces=(2, 3))])
    assert show_attention(before, after).focus == 2
    assert show_attention(before).focus == 1


def test_one_reading_opens_at_the_last_layer(make_reading: Make) -> None:
    view = show_attention(make_reading())
    assert view.layer == 1
    assert view.state["after"] is None


# --- data out -----------------------------------------------------------------------------------------------------------


def test_selection_is_what_the_focus_looks_at(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    rows = show_attention(before, after, layer=1, head=2, focus=4).selection
    assert list(rows["key_token"]) == ["[CLS]", "paris", "is", "in", "[MASK]", ".", "[SEP]"]
    assert set(rows["query_token"]) == {"[MASK]"}
    assert set(rows["layer"]) == {1}
    assert set(rows["head"]) == {2}
    np.testing.assert_array_equal(rows["before"], before.attention[0, 1, 2, 4])
    np.testing.assert_array_equal(rows["after"], after.attention[0, 1, 2, 4])
    np.testing.assert_array_equal(rows["change"], rows["after"] - rows["before"])
    assert list(rows["injected"]) == [False, True, False, False, False, False, False]
    assert rows["entity"][1] == "Paris"
    assert rows["entity"].notna().sum() == 1


def test_frame_is_every_pair_of_word_pieces_and_its_rows_sum_to_one(make_reading: Make) -> None:
    view = show_attention(make_reading(), layer=0)
    assert len(view.frame) == 49
    assert set(view.frame["head"]) == {"mean"}
    assert view.frame["after"].isna().all()
    np.testing.assert_allclose(view.frame.groupby("query")["before"].sum(), 1, atol=1e-6)


def test_selection_follows_what_the_user_chose(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    view = show_attention(before, after, layer=0)
    view.widget.set_state({"layer": 1, "head": 0, "focus": 2})  # what a browser sends
    assert view.selection[["layer", "head", "query_token"]].drop_duplicates().values.tolist() == [[1, 0, "is"]]


def test_a_shorter_sentence_keeps_the_focus_inside(make_reading: Make) -> None:
    view = show_attention(make_reading(("one", "two", "three", "four"), ("five",)), focus=5)
    view.sentence = 1
    assert view.focus == 1
    assert list(view.selection["key_token"]) == ["[CLS]", "five", "[SEP]"]


def test_a_graph_gives_labels_and_colours(pair: tuple[Reading, Reading]) -> None:
    facts = pd.DataFrame([["paris", "capital_of", "france"]], columns=["head", "relation", "tail"])
    entities = pd.DataFrame(
        {"entity": ["paris", "france"], "label": ["Paris, the city", "France"], "type": ["city", "country"]}
    )
    graph = KnowledgeGraph.from_pandas(facts, entities)
    before, after = pair
    mention = replace(after.mentions[0][0], entity=graph.entity_id("paris"))
    view = show_attention(before, replace(after, mentions=((mention,),)), graph=graph)
    span = view.state["sentences"][0]["spans"][0]
    assert span["label"] == "Paris, the city"
    assert span["colour"] == colour_types(["city", "country"])["city"]


# --- linked views -------------------------------------------------------------------------------------------------------


def test_a_place_set_from_python_reaches_linked_views(make_reading: Make) -> None:
    one, other = show_attention(make_reading()), show_attention(make_reading())
    link(one, other)
    one.layer = 0
    one.head = 2
    assert (other.layer, other.head) == (0, 2)
    other.select(layer=1, sentence=0, token=3)
    assert (one.layer, one.head, one.focus) == (1, None, 3)


def test_entities_are_chosen_by_name_and_stay_beside_the_place(bert: Bert, towns: GraphEmbedding) -> None:
    view = show_attention(read(bert, TEXTS), graph=towns.graph)
    view.select(entities="Lyon", sentence=0, token=1, layer=2)
    assert view.choice.entities == (towns.graph.entity_id("Lyon"),)
    assert (view.layer, view.focus) == (2, 1)


def test_how_it_is_drawn_can_be_set_from_python(make_reading: Make) -> None:
    view = show_attention(make_reading())
    for name, value in (("drawn", "matrix"), ("pieces", "mentions"), ("difference", "renormalised"), ("least", 0.1)):
        setattr(view, name, value)
        assert getattr(view, name) == value
    with pytest.raises(TraitError):
        view.drawn = "circles"
