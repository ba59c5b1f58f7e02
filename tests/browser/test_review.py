"""Candidate facts in a browser: one key a verdict, undone by one, and labels stay text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from makers import make_candidates
from waiting import wait_until

import kgwb
from kgwb.see import ReviewView, show_review

pytestmark = pytest.mark.browser

PAIRS = [
    ("Oslo", "Norway"),
    ("Bern", "Quito"),
    ("Rome", "Italy"),
    ("Oslo", "Italy"),
    ("Rome", "Norway"),
    ("Bern", "Oslo"),
]


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    facts = pd.DataFrame([("Rome", "capital of", "Italy")], columns=["head", "relation", "tail"])
    entities = pd.DataFrame({"entity": ["Oslo", "Norway", "Rome", "Italy", "Bern"]})
    return kgwb.KnowledgeGraph.from_pandas(facts, entities, name="places")


@pytest.fixture
def view(graph: kgwb.KnowledgeGraph) -> ReviewView:
    candidates = make_candidates(graph, PAIRS)
    candidates.loc[3, "contradicts"] = "Norway"
    return show_review(candidates, graph, threshold=0.4)


@pytest.fixture
def opened(browser_page: Any, view: ReviewView, tmp_path: Path) -> Any:
    browser_page.goto(view.save(tmp_path / "page.html").as_uri())
    browser_page.wait_for_selector(".candidate")
    return browser_page


def read_title(page: Any) -> str:
    return str(page.locator(".title").inner_text())


def read_hand(page: Any) -> str:
    return str(page.locator(".hand h4").inner_text())


def test_the_first_candidate_is_at_hand_with_its_names_marked(opened: Any, screenshots: Path) -> None:
    assert read_title(opened) == "6 candidate facts: 0 accepted, 0 rejected"
    assert read_hand(opened) == "Oslo — capital of → Norway"
    assert opened.locator("blockquote").inner_text() == "Oslo and Norway."
    assert opened.locator("blockquote .head").inner_text() == "Oslo"
    assert opened.locator("blockquote .tail").inner_text() == "Norway"
    cells = opened.locator(".hand tr").evaluate_all("rows => rows.map(row => [...row.cells].map(one => one.innerText))")
    rows = {name: share for name, _, share in cells}
    assert rows == {"probability": "0.86", "text": "0.50", "types": "–", "vectors": "0.25", "rules": "–"}
    opened.screenshot(path=screenshots / "review.png", full_page=True)
    assert opened.requests_made == [] and opened.errors_logged == []


def test_keys_decide_move_and_undo(opened: Any) -> None:
    opened.locator(".candidates").focus()
    for key in ("a", "r", "ArrowDown", "ArrowUp", "A"):
        opened.keyboard.press(key)
    assert read_title(opened) == "6 candidate facts: 2 accepted, 1 rejected"
    assert opened.locator(".candidate b").all_inner_texts() == ["✓", "✗", "✓", "·", "·", "·"]
    opened.keyboard.press("u")
    assert read_title(opened) == "6 candidate facts: 1 accepted, 1 rejected"
    assert read_hand(opened) == "Rome — capital of → Italy"
    opened.keyboard.press("End")
    assert read_hand(opened) == "Bern — capital of → Oslo"
    opened.keyboard.press("Home")
    opened.keyboard.press("r")  # one may change one's mind
    assert read_title(opened) == "6 candidate facts: 0 accepted, 2 rejected"
    opened.keyboard.press("Control+a")  # the browser's own
    assert read_title(opened) == "6 candidate facts: 0 accepted, 2 rejected"


def test_the_mouse_does_what_the_keys_do(opened: Any) -> None:
    opened.locator(".candidate").nth(3).click()
    assert read_hand(opened) == "Oslo — capital of → Italy"
    assert opened.locator(".mark").inner_text() == "Against the graph, which says: Oslo — capital of → Norway."
    opened.get_by_role("button", name="Reject (r)").click()
    assert opened.locator(".candidate.rejected").count() == 1 and read_hand(opened) == "Rome — capital of → Norway"
    opened.get_by_role("button", name="Undo (u)").click()
    assert opened.locator(".candidate.rejected").count() == 0


def test_all_above_the_threshold_are_accepted_but_for_those_that_ask_for_a_person(opened: Any) -> None:
    texts = opened.locator(".candidates > *").all_inner_texts()
    assert texts.index("threshold 0.400") == 4  # 0.86, 0.71, 0.57 and 0.43 stand above it
    together = opened.get_by_role("button", name="Accept all 1 above the threshold")
    together.click()  # one is known, one against the graph, one names what the graph lacks
    assert read_title(opened) == "6 candidate facts: 1 accepted, 0 rejected"
    assert opened.get_by_role("button", name="Accept all 0 above the threshold").is_disabled()
    opened.locator(".candidates").press("u")
    assert read_title(opened) == "6 candidate facts: 0 accepted, 0 rejected"


def test_a_name_that_the_graph_lacks_is_typed_in_and_is_no_verdict(opened: Any) -> None:
    opened.locator(".candidate").nth(1).click()
    field = opened.get_by_label("new tail, called")
    assert field.input_value() == "Quito"
    field.fill("a great bar")  # a and r among its letters
    field.press("Enter")
    assert read_hand(opened) == "Bern — capital of → a great bar"
    assert read_title(opened) == "6 candidate facts: 0 accepted, 0 rejected"


def test_what_was_decided_in_python_is_shown(browser_page: Any, view: ReviewView, tmp_path: Path) -> None:
    view.accept([0, 2])
    view.reject(1)
    view.rename(1, tail="San Francisco")
    browser_page.goto(view.save(tmp_path / "page.html").as_uri())
    assert read_title(browser_page) == "6 candidate facts: 2 accepted, 1 rejected"
    assert "San Francisco" in browser_page.locator(".candidate").nth(1).inner_text()


def test_light_dark_and_widths(opened: Any, screenshots: Path) -> None:
    paper = "getComputedStyle(document.querySelector('.kgwb-review')).backgroundColor"
    light = opened.evaluate(paper)
    opened.emulate_media(color_scheme="dark")
    wait_until(opened, lambda: opened.evaluate(paper) != light)
    for width in (390, 820, 1200):
        opened.set_viewport_size({"width": width, "height": 844})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        opened.screenshot(path=screenshots / f"review_{width}.png", full_page=True)


def test_the_picture_is_saved_from_the_page(opened: Any, tmp_path: Path) -> None:
    opened.locator(".candidates").press("a")
    with opened.expect_download() as saved:
        opened.get_by_role("button", name="SVG").click()
    saved.value.save_as(tmp_path / "saved.svg")
    texts = [node.text for node in ElementTree.parse(tmp_path / "saved.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert {"✓", "Oslo — capital of → Norway", "0.86"} <= set(texts)


def test_many_candidates_are_drawn_around_the_one_at_hand(
    browser_page: Any, graph: kgwb.KnowledgeGraph, tmp_path: Path
) -> None:
    view = show_review(make_candidates(graph, PAIRS * 500), graph)
    browser_page.goto(view.save(tmp_path / "page.html").as_uri())
    assert browser_page.locator(".candidate").count() == 101
    assert browser_page.locator(".more").inner_text() == "2899 more below"
    browser_page.locator(".candidates").press("End")
    assert browser_page.locator(".candidate").count() == 101
    assert browser_page.locator(".threshold").count() == 0 and browser_page.get_by_text("Accept all").count() == 0
    box, chosen = (browser_page.locator(each).bounding_box() for each in (".candidates", '[aria-selected="true"]'))
    assert chosen["y"] + chosen["height"] <= box["y"] + box["height"] + 1


def test_linked_views_follow_the_candidate_at_hand(
    browser_page: Any, view: ReviewView, graph: kgwb.KnowledgeGraph, tmp_path: Path
) -> None:
    other = show_review(make_candidates(graph, PAIRS[::-1]), graph)
    browser_page.goto(kgwb.link(view, other).save(tmp_path / "page.html").as_uri())
    browser_page.locator(".candidates").first.press("ArrowDown")
    browser_page.locator(".candidates").first.press("ArrowDown")
    assert browser_page.locator(".hand h4").all_inner_texts() == ["Rome — capital of → Italy"] * 2


def test_hostile_names_run_nothing(browser_page: Any, tmp_path: Path) -> None:
    names = ["<script>window.hacked=1</script>", "<img src=x onerror='window.hacked=1'>"]
    graph = kgwb.KnowledgeGraph.from_pandas(
        pd.DataFrame([[names[0], names[1], names[1]]], columns=["head", "relation", "tail"])
    )
    view = show_review(make_candidates(graph, [(names[0], names[1]), (names[1], '"><b>new')]), graph)
    browser_page.goto(view.save(tmp_path / "page.html").as_uri())
    browser_page.locator(".candidates").press("ArrowDown")
    assert browser_page.locator("blockquote").inner_text() == f'{names[1]} and "><b>new.'
    assert browser_page.get_by_label("new tail, called").input_value() == '"><b>new'
    assert browser_page.locator(".kgwb-review").locator("script, img, b b").count() == 0
    assert browser_page.evaluate("window.hacked ?? null") is None and json.dumps(browser_page.errors_logged) == "[]"
