"""From entity to entity in the graph view: what is chosen, unfolded, joined by a path, or walked into from its type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from graph_page import CANVAS, drawn, find, heading
from page_checks import assert_quiet

import kgwb
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see import show_graph

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(opened_graph: Any) -> Any:
    return opened_graph


def test_a_click_chooses_and_the_panel_lists_all_facts(opened: Any) -> None:
    assert heading(opened) == "Isle 0"
    opened.mouse.click(*find(opened, "Isle 1\n"))
    assert heading(opened) == "Isle 1" and opened.locator(".title").inner_text() == "Isle 1 and its 4 facts"
    assert "4 facts, 1 drawn" in opened.locator(".panel .counts").inner_text()
    listed = opened.locator(".panel button[data-entity]").all_inner_texts()
    assert sorted(listed) == ["Isle 0", "Isle 6", "Isle 7", "Isle 8"]
    assert opened.locator(".panel h5").all_inner_texts() == ["near → 2", "← near 1", "← sails to 1"]
    assert "Isle 1" in opened.locator(".spoken").inner_text()
    opened.locator(".panel button[data-entity]", has_text="Isle 6").click()
    assert heading(opened) == "Isle 6" and drawn(opened) == (7, 6)
    opened.mouse.click(*find(opened, "Isle 0 — near → Isle 2"))
    assert heading(opened) == "near" and "A fact of the graph." in opened.locator(".panel").inner_text()
    box = opened.locator(CANVAS).bounding_box()
    opened.mouse.click(box["x"] + 4, box["y"] + 4)
    assert heading(opened) == "islands"


def test_facts_are_drawn_and_folded_in_place(opened: Any) -> None:
    place = find(opened, "Isle 1\n")
    other = find(opened, "Isle 4\n")
    opened.mouse.dblclick(*place)
    assert drawn(opened) == (9, 8)
    assert opened.get_by_role("button", name="Fold").is_visible()
    opened.get_by_role("button", name="Fit").click()
    opened.mouse.dblclick(*find(opened, "Isle 1\n"))
    assert drawn(opened) == (6, 5)
    opened.get_by_role("button", name="Fit").click()
    moved = find(opened, "Isle 4\n")
    assert abs(moved[0] - other[0]) < 12 and abs(moved[1] - other[1]) < 12


def test_a_path_joins_two_and_is_told_as_text(opened: Any, islands: KnowledgeGraph) -> None:
    joined = nx.Graph([(head, tail) for head, _, tail in islands.triples.tolist()])
    expected = nx.shortest_path(joined, 4, 9)
    opened.mouse.click(*find(opened, "Isle 4\n"))
    opened.get_by_role("button", name="Path from here").click()
    assert "Choose where the path from Isle 4 leads" in opened.locator(".note").inner_text()
    opened.locator(".search input").fill("isle 9")
    opened.locator(".search input").press("Enter")
    assert opened.locator(".title").inner_text() == f"From Isle 4 to Isle 9: {len(expected) - 1} facts"
    said = opened.locator(".panel ol li").all_inner_texts()
    assert said == [
        "Isle 0 sails to → Isle 4",
        "Isle 0 near → Isle 1",
        "Isle 8 sails to → Isle 1",
        "Isle 8 near → Isle 9",
    ]
    opened.locator(CANVAS).focus()
    opened.keyboard.press("Escape")
    opened.locator(".search input").fill("isle 10")  # no fact leads there
    opened.locator(".search input").press("Enter")
    opened.get_by_role("button", name="Path from here").click()
    opened.locator(".search input").fill("isle 0")
    opened.locator(".search input").press("Enter")
    assert opened.locator(".note").inner_text() == "No path joins these two."


def test_two_chosen_with_the_shift_key_have_a_path(opened: Any) -> None:
    opened.mouse.click(*find(opened, "Isle 4\n"))
    place = find(opened, "Isle 2\n")
    opened.keyboard.down("Shift")
    opened.mouse.click(*place)
    opened.keyboard.up("Shift")
    assert heading(opened) == "2 entities chosen"
    opened.get_by_role("button", name="Path between them").click()
    assert "One shortest path, 2 facts long" in opened.locator(".panel").inner_text()


def test_a_large_graph_is_walked_into_from_its_types(
    browser_page: Any, repository: Path, tmp_path: Path, screenshots: Path
) -> None:
    browser_page.emulate_media(reduced_motion="reduce")
    world = kgwb.read_graph(repository / "sample_graphs" / "world")
    browser_page.goto(show_graph(world).save(tmp_path / "world.html").as_uri())
    types = world.entities["type"].value_counts()
    assert browser_page.locator(".legend").first.locator("button").count() == len(types)
    browser_page.screenshot(path=screenshots / "graph-schema.png")
    browser_page.mouse.click(*find(browser_page, f"country · {types['country']}"))
    assert heading(browser_page) == "country"
    best = browser_page.locator(".panel button[data-entity]").first.inner_text()
    counts = (
        world.to_pandas(labels=True).set_axis(["h", "r", "t"], axis=1).query("h != t")[["h", "t"]].stack()
    ).value_counts()
    countries = set(world.entities.loc[world.entities["type"] == "country", "label"])
    assert counts[best] == counts[counts.index.isin(countries)].max()
    browser_page.mouse.click(*find(browser_page, "capital · 193"))
    assert heading(browser_page) == "country → city"
    assert "193 facts" in browser_page.locator(".panel .counts").inner_text()
    browser_page.locator(".panel button[data-entity]").first.click()
    assert drawn(browser_page)[0] > 5 and browser_page.locator(".trail button").first.inner_text() == "Types"
    browser_page.locator(".trail button").first.click()
    browser_page.mouse.dblclick(*find(browser_page, f"continent · {types['continent']}"))
    assert drawn(browser_page)[0] == 5
    browser_page.locator(".controls").get_by_role("button", name="Types").click()
    assert "by type" in browser_page.locator(".title").inner_text()
    assert_quiet(browser_page)


def test_part_of_a_larger_graph_says_what_the_page_holds(
    browser_page: Any, islands: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgwb.see.graph.state.MOST_ENTITIES", 6)
    browser_page.goto(show_graph(islands, around="Isle 0").save(tmp_path / "part.html").as_uri())
    assert "the page holds 5 of 9 facts" in browser_page.locator(".caption").inner_text()
    browser_page.mouse.click(*find(browser_page, "Isle 1\n"))
    assert "4 facts, 1 drawn; 3 are not on this page" in browser_page.locator(".panel .counts").inner_text()
