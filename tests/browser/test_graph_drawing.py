"""What the graph view draws, as picture, table and file, in each width and theme, with hostile labels as text."""

from __future__ import annotations

import xml.etree.ElementTree as Tree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graph_page import BRIGHTNESS, CANVAS, drawn, heading, make_graph
from hostile import HOSTILE
from page_checks import PAINTED, PIXELS, assert_quiet
from waiting import wait_for_change, wait_for_rest, wait_until

from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see import show_graph

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(opened_graph: Any) -> Any:
    return opened_graph


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_draws_and_says_what_is_drawn(
    browser_page: Any, islands: KnowledgeGraph, tmp_path: Path, screenshots: Path, scheme: str
) -> None:
    browser_page.emulate_media(color_scheme=scheme)
    view = show_graph(islands, around="Isle 0")
    browser_page.goto(view.save(tmp_path / "graph.html").as_uri())
    canvas = browser_page.locator(CANVAS)
    first = wait_for_rest(canvas, PIXELS)
    assert canvas.evaluate(PAINTED) > 0.005
    assert drawn(browser_page) == (len(view.entities), len(view.frame)) == (6, 5)
    assert "5 entities and 4 facts more are not" in browser_page.locator(".caption").inner_text()
    browser_page.screenshot(path=screenshots / f"graph-{scheme}.png")
    other = show_graph(islands, around="Isle 1")
    browser_page.goto(other.save(tmp_path / "other.html").as_uri())
    assert wait_for_rest(browser_page.locator(CANVAS), PIXELS) != first
    assert_quiet(browser_page)


def test_types_and_relations_are_hidden_and_counted(opened: Any) -> None:
    legend = opened.locator(".legend").first
    assert [text.split() for text in legend.locator("button").all_inner_texts()] == [["isle", "3"], ["town", "3"]]
    legend.get_by_role("button", name="town").click()
    assert drawn(opened) == (3, 2)
    assert legend.locator("button[aria-pressed=false]").inner_text().split() == ["town", "3"]
    assert "hidden in the legend: 1 type" in opened.locator(".caption").inner_text()
    legend.get_by_role("button", name="town").press("Enter")
    opened.get_by_text("Relations (2)").click()
    opened.locator(".relations").get_by_role("button", name="sails to").click()
    assert drawn(opened) == (6, 3)


def test_the_same_facts_stand_in_a_table(opened: Any, islands: KnowledgeGraph) -> None:
    opened.get_by_role("button", name="Table").click()
    assert not opened.locator(CANVAS).is_visible()
    rows = [tuple(row.split("\t")) for row in opened.locator(".table tbody tr").all_inner_texts()]
    expected = show_graph(islands, around="Isle 0").frame[["head", "relation", "tail"]]
    assert sorted(rows) == sorted(map(tuple, expected.to_numpy().tolist()))
    assert opened.locator(".table thead th[scope=col]").all_inner_texts() == ["head", "relation", "tail"]
    opened.locator(".table button", has_text="Isle 3").click()
    assert heading(opened) == "Isle 3"
    opened.get_by_role("button", name="Table").click()
    assert opened.locator(CANVAS).is_visible() and opened.locator(".table").count() == 0


def test_it_grows_with_its_cell_follows_the_theme_and_presents(opened: Any, screenshots: Path) -> None:
    canvas = opened.locator(CANVAS)
    for width in (390, 1000, 2600):
        opened.set_viewport_size({"width": width, "height": 900})
        fits = "document.querySelector('.stage > canvas').clientWidth <= document.querySelector('.picture').clientWidth"
        opened.wait_for_function(f"innerWidth === {width} && {fits}")
        wait_for_rest(canvas, PIXELS)
        box, picture = canvas.bounding_box(), opened.locator(".picture").bounding_box()
        assert box["x"] + box["width"] <= picture["x"] + picture["width"] + 1 and box["height"] <= 600
        assert canvas.evaluate(PAINTED) > 0.002
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
        opened.screenshot(path=screenshots / f"graph-{width}.png")
    light = canvas.evaluate(BRIGHTNESS)
    opened.evaluate("document.body.dataset.jpThemeLight = 'false'")
    opened.wait_for_selector(".kgwb-graph[data-kgwb-theme=dark]")
    dark = wait_for_rest(canvas, BRIGHTNESS)
    assert light - dark > 20 and canvas.evaluate(PAINTED) > 0.002
    opened.locator(".kgwb-graph").evaluate("root => { root.parentElement.style.display = 'none'; }")
    opened.evaluate("document.body.dataset.jpThemeLight = 'true'")  # while it is hidden
    opened.wait_for_selector(".kgwb-graph[data-kgwb-theme=light]", state="attached")
    opened.locator(".kgwb-graph").evaluate("root => { root.parentElement.style.display = ''; }")
    shown = wait_for_rest(canvas, BRIGHTNESS)  # letters are smoothed a little otherwise where nothing is in sight
    assert abs(shown - light) < abs(shown - dark)
    usual = canvas.evaluate(PIXELS)
    opened.get_by_role("button", name="Present").click()
    wait_for_change(canvas, PIXELS, usual)
    opened.screenshot(path=screenshots / "graph-present.png")


def test_hostile_labels_stay_text(browser_page: Any, tmp_path: Path, screenshots: Path) -> None:
    labels = list(HOSTILE[:10])
    facts = [(0, i % 2, i) for i in range(1, 10)] + [(i, 1, i) for i in range(5)]
    view = show_graph(make_graph(facts, labels, HOSTILE[:3]), around=0)
    browser_page.goto(view.save(tmp_path / "graph.html", title=HOSTILE[0]).as_uri())
    wait_until(browser_page, lambda: browser_page.locator(CANVAS).evaluate(PAINTED) > 0.005)
    listed = browser_page.locator(".panel button[data-entity]").all_inner_texts()
    assert HOSTILE[1] in listed and HOSTILE[5] in listed and HOSTILE[6] in listed
    assert max(map(len, listed)) < 400
    browser_page.get_by_role("button", name="Table").click()
    assert browser_page.locator(".kgwb-graph :is(script, img, b, a)").count() == 0
    browser_page.get_by_role("button", name="Table").click()
    browser_page.locator(".search input").fill("long long")
    browser_page.locator(".search input").press("Enter")
    assert browser_page.locator(".panel").evaluate("panel => panel.scrollWidth <= panel.clientWidth + 1")
    browser_page.screenshot(path=screenshots / "graph-hostile.png")
    assert_quiet(browser_page)


def test_the_picture_is_saved_as_svg_and_png(browser_page: Any, tmp_path: Path) -> None:
    view = show_graph(make_graph([(0, i % 2, i) for i in range(1, 10)], HOSTILE[:10], ("a", "b")), around=0)
    browser_page.goto(view.save(tmp_path / "graph.html").as_uri())
    for kind in ("SVG", "PNG"):
        with browser_page.expect_download() as download:
            browser_page.get_by_role("button", name=kind, exact=True).click()
        download.value.save_as(tmp_path / f"picture.{kind.lower()}")
    tree = Tree.parse(tmp_path / "picture.svg")
    tags = {each.tag.partition("}")[2] for each in tree.iter()}
    assert "path" in tags and not tags & {"script", "img", "b", "foreignObject"}
    assert HOSTILE[0] in "".join(tree.getroot().itertext())
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"


def test_five_thousand_entities_open(browser: Any, browser_path: str, tmp_path: Path, screenshots: Path) -> None:
    random = np.random.default_rng(0)
    facts = np.unique(random.integers(0, [5000, 2, 5000], (20_000, 3)), axis=0)
    graph = make_graph([tuple(fact) for fact in facts.tolist()], [f"Isle {i}" for i in range(5000)])
    path = show_graph(graph, limit=5000, as_schema=False).save(tmp_path / "graph.html")
    assert path.stat().st_size < 1_000_000
    # A canvas that software for graphics cards draws would take minutes; what has none draws by itself, in a second.
    plain = browser.browser_type.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
    page = plain.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    wait_until(page, lambda: page.locator(CANVAS).evaluate(PAINTED) > 0.02)
    assert drawn(page) == (5000, len(facts))
    page.screenshot(path=screenshots / "graph-5000.png")
    plain.close()
