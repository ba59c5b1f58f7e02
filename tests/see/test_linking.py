"""What is chosen in one view is chosen in all that are linked to it, and comes back as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.graph.errors import UnknownNameError
from kgwb.see import Choice, LinkedViews, LiveView
from kgwb.see.drawing import draw_picture, draw_text
from kgwb.see.page import read_asset

FACTS = pd.DataFrame([("a", "r", "b"), ("b", "r", "c"), ("c", "s", "a")], columns=["head", "relation", "tail"])
GRAPH = kgwb.KnowledgeGraph.from_pandas(FACTS, name="abc")
CALL = r"Type kgwb\.link\(kgwb\.show_graph\(graph\), kgwb\.show_space\(vectors\)\)"


class ListView(LiveView):
    """The entities of a graph as a list: the smallest view in which one can choose."""

    script: ClassVar[str] = "attention"  # any that is there; nothing is drawn here
    title = "Entities"
    caption = "All of them."

    def __init__(self, graph: Any = GRAPH) -> None:
        self.graph = graph

    shown_graph = property(lambda self: self.graph)
    state = property(lambda self: {"labels": list(self.graph.labels)})
    frame = property(lambda self: pd.DataFrame({"label": self.graph.labels}))

    def list_selected(self) -> pd.DataFrame:
        return self.frame.loc[list(self.choice.entities)]

    @property
    def picture(self) -> str:
        return draw_picture([draw_text("a, b, c", 12, 24)], 100, 40, title=self.title, caption=self.caption)


def test_what_is_chosen_in_one_is_chosen_in_all() -> None:
    views = [ListView() for _ in range(3)]
    kgwb.link(*views)
    views[1].select(entities=["c", "a"], relations="r", triples=[("b", "r", "c")], words=["paris"], layer=2)
    expected = Choice((2, 0), (0,), ((1, 0, 2),), ("paris",), layer=2)
    assert [view.choice for view in views] == [expected] * 3
    assert views[2].selection["label"].tolist() == ["c", "a"]


def test_a_browser_chooses_for_all() -> None:
    one, other = ListView(), ListView()
    kgwb.link(one, other)
    one.widget.set_state({"chosen": {**Choice(entities=(1,)).to_state(), "turn": 7}})
    assert other.choice.entities == (1,)


def test_what_was_chosen_earlier_never_comes_back() -> None:
    one, other = ListView(), ListView()
    kgwb.link(one, other)
    other.select(entities="b")
    late = {**Choice(entities=(0,)).to_state(), "turn": 0}
    one.take(late)
    assert one.choice.entities == other.choice.entities == (1,)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=8))
def test_all_end_with_the_last_choice_whoever_made_it(choices: list[tuple[int, int]]) -> None:
    views = [ListView() for _ in range(3)]
    kgwb.link(*views)
    for who, entity in choices:
        views[who].select(entities=entity)
    assert {view.choice.entities for view in views} == {(choices[-1][1],)}


def test_views_linked_before_come_along() -> None:
    one, two, three = (ListView() for _ in range(3))
    kgwb.link(one, two)
    kgwb.link(two, three)
    three.select(entities="a")
    assert one.choice.entities == (0,)
    assert len({view.widget.channel for view in (one, two, three)}) == 1


def test_the_later_choice_holds_when_two_are_linked() -> None:
    one, other = ListView(), ListView()
    one.select(entities="a")
    other.select(entities="b")
    other.select(entities="c")
    kgwb.link(one, other)
    assert one.choice.entities == (2,)


def test_linked_views_open_alike() -> None:
    class Opened(ListView):
        first: Choice = Choice()
        first_choice = property(lambda self: self.first)

    one, two, three = Opened(), Opened(), Opened()
    two.first, three.first = Choice(entities=(1,)), Choice(entities=(2,), sentence=0, token=1, layer=3)
    kgwb.link(one, two, three)
    assert {view.choice for view in (one, two, three)} == {Choice(entities=(1,), sentence=0, token=1, layer=3)}


def test_it_is_chosen_by_a_frame_too() -> None:
    view = ListView()
    view.selection = view.frame[view.frame["label"] > "a"]
    assert view.choice.entities == (1, 2)
    view.selection = ["a"]
    assert view.selection["label"].tolist() == ["a"]
    view.selection = []
    assert view.selection.empty


def test_it_can_be_followed() -> None:
    view, seen = ListView(), []
    view.observe(lambda change: seen.append(Choice.from_state(change["new"]).entities), "chosen")
    view.select(entities="b")
    assert seen == [(1,)]


def test_all_are_one_view(tmp_path: Path) -> None:
    linked = kgwb.link(ListView(), ListView())
    linked.select(entities="b")
    assert isinstance(linked, LinkedViews)
    assert linked.frame["label"].tolist() == ["b", "b"] and linked.choice.entities == (1,)
    assert linked.title == "2 linked views of abc"
    assert repr(linked) == "LinkedViews: ListView, ListView"
    page = linked.save(tmp_path / "page.html", title="Two", text=["First <b>.", "", "Last.\n\nVery last."])
    text = page.read_text(encoding="utf-8")
    assert "First &lt;b&gt;." in text and ">Very last.</p>" in text
    assert text.count(read_asset("attention.js")[:200]) == 1, "a page carries a script once"
    assert "<svg" in linked.save(tmp_path / "both.svg").read_text(encoding="utf-8")


def test_all_are_followed_and_set_as_one() -> None:
    linked, seen = kgwb.link(ListView(), ListView()), []
    linked.observe(lambda change: seen.append(tuple(change["new"]["entities"])))
    linked.selection = "c"
    linked.views[1].select(entities="a")
    assert seen == [(2,), (0,)]
    assert linked.selection["label"].tolist() == ["a", "a"]
    assert linked.widget.children == tuple(view.widget for view in linked.views)


@pytest.mark.parametrize("count", [0, 1])
def test_one_view_is_linked_to_nothing(count: int) -> None:
    with pytest.raises(ValueError, match=rf"{count} views? came, and two or more can be linked\. {CALL}"):
        kgwb.link(*[ListView() for _ in range(count)])


def test_a_still_picture_is_not_linked() -> None:
    with pytest.raises(TypeError, match="view"):
        kgwb.link(ListView(), "picture")  # type: ignore[arg-type]


def test_ids_of_different_graphs_are_not_mixed() -> None:
    other = kgwb.KnowledgeGraph.from_pandas(FACTS.iloc[:1], name="ab")
    with pytest.raises(ValueError, match=r"shows abc with 3 entities, and ListView ab with 2: the same id means"):
        kgwb.link(ListView(), ListView(other))


def test_an_unknown_name_is_named() -> None:
    with pytest.raises(UnknownNameError, match="nearest labels are"):
        ListView().select(entities="z")


@pytest.fixture(scope="module")
def parts() -> list[LiveView]:
    """Views of one graph that show different parts of it."""
    vectors = kgwb.GraphEmbedding(CHAIN, kgwb.TransE(), dim=4)
    film = kgwb.see.record_film(vectors, kgwb.train_embedding(vectors, CHAIN, epochs=2), entities=["e1", "e2", "e3"])
    list(film)
    reading = kgwb.read(kgwb.load_bert(), "Paris is in France.")
    heads = kgwb.show_heads(kgwb.load_bert(), ["Paris is in France."], graph=CHAIN)
    space = kgwb.show_space(vectors, entities=["e1", "e2", "e3"], method="pca")
    return [kgwb.show_graph(CHAIN, around="e9"), space, film, kgwb.show_attention(reading, graph=CHAIN), heads]


CHAIN = kgwb.KnowledgeGraph.from_pandas(
    pd.DataFrame([(f"e{i}", "r", f"e{i + 1}") for i in range(11)], columns=["head", "relation", "tail"]), name="chain"
)


def test_each_view_finds_every_entity_of_its_graph_shown_or_not(parts: list[LiveView]) -> None:
    for view in parts:
        view.select(entities=["e9", "e2"])
        assert [CHAIN.labels[i] for i in view.choice.entities] == ["e9", "e2"]


def test_what_is_chosen_elsewhere_and_not_shown_here_does_no_harm(parts: list[LiveView]) -> None:
    beyond = Choice((10**6, 2), (10**6,), ((0, 0, 10**6),), ("none",), 10**6, 10**6, 10**6, 10**6)
    linked = kgwb.link(*parts)
    parts[0].choose(beyond)
    for view in parts:
        assert view.choice == beyond and isinstance(view.selection, pd.DataFrame)
        assert view.picture and view.fragment().html
    assert len(linked.frame)


def test_names_in_an_index_are_names() -> None:
    view = ListView()
    view.selection = pd.DataFrame({"note": [1, 2]}, index=["b", "a"])
    assert view.choice.entities == (1, 0)
