"""The exported pages in a real browser: each view draws, nothing is fetched, no label becomes markup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kgwb.embed import Epoch
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see import show_graph, show_space, show_training, write_page
from kgwb.see.page import write_frame

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"></svg><script>window.hit=1</script>',
    "</script><script>window.hit=1</script>",
    "<b>bold</b>",
    '<a href="javascript:window.hit=1">link</a>',
    "$x^2$ and $y$",
    "%{x}{{1}}",
    "<!-- <script>",
    "中文",
)
PAINTED = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < pixels.length; i += 4) painted += pixels[i] > 0;
  return painted / (pixels.length / 4);
}"""


def make_graph(count: int, facts: int) -> KnowledgeGraph:
    random = np.random.default_rng(0)
    labels = [HOSTILE[i] if i < len(HOSTILE) else f"Isle {i}" for i in range(count)]
    entities = pd.DataFrame({"entity": [f"e{i}" for i in range(count)], "label": labels})
    entities["type"] = [(HOSTILE[1], "town", "ship")[i % 3] for i in range(count)]
    entities["description"] = HOSTILE[0]
    entities["aliases"] = [()] * count
    relations = pd.DataFrame({"relation": ["r0", "r1"], "label": [HOSTILE[0], "near"], "description": ""})
    triples = np.unique(
        np.stack([random.integers(0, count, facts), random.integers(0, 2, facts), random.integers(0, count, facts)], 1),
        axis=0,
    )
    return KnowledgeGraph(triples, entities, relations, name=HOSTILE[0])


def assert_quiet(page: Any) -> None:
    assert page.requests_made == [] and page.errors_logged == []
    assert page.evaluate("window.hit") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_graph_draws_searches_and_lists_facts(
    browser_page: Any, tmp_path: Path, screenshots: Path, scheme: str
) -> None:
    browser_page.emulate_media(color_scheme=scheme)
    view = show_graph(make_graph(60, 120))
    browser_page.goto(view.save(tmp_path / "graph.html").as_uri())
    canvas = browser_page.locator(".kgwb-graph canvas")
    assert canvas.evaluate(PAINTED) > 0.02
    search = browser_page.locator(".kgwb-graph input")
    search.fill("isle 33")
    search.press("Enter")
    assert browser_page.locator("aside h3").inner_text() == "Isle 33"
    facts = browser_page.locator("aside li")
    assert facts.count() == ((view.frame["head"] == "Isle 33") | (view.frame["tail"] == "Isle 33")).sum()
    browser_page.locator("aside li button").first.click()
    assert browser_page.locator("aside h3").inner_text() != "Isle 33"
    search.fill("onerror")
    browser_page.locator(".found button").first.click()
    assert browser_page.locator("aside h3").inner_text() == HOSTILE[1]
    assert browser_page.locator("aside :is(script, img, b, a)").count() == 0
    browser_page.screenshot(path=screenshots / f"graph-{scheme}.png")
    assert_quiet(browser_page)


def test_a_click_on_the_picture_chooses_an_entity(browser_page: Any, tmp_path: Path) -> None:
    view = show_graph(make_graph(11, 0), around="Isle 10")
    browser_page.goto(view.save(tmp_path / "graph.html").as_uri())
    assert browser_page.locator("aside h3").inner_text() == "Isle 10"
    box = browser_page.locator(".kgwb-graph canvas").bounding_box()
    browser_page.mouse.click(box["x"] + 5, box["y"] + 5)
    browser_page.wait_for_selector("aside h3", state="detached")
    browser_page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    browser_page.wait_for_selector("aside h3")


def test_five_thousand_entities_open(browser_page: Any, tmp_path: Path, screenshots: Path) -> None:
    page = show_graph(make_graph(5000, 15_000), limit=5000).save(tmp_path / "graph.html")
    assert page.stat().st_size < 10_000_000
    browser_page.goto(page.as_uri())
    assert browser_page.locator(".kgwb-graph canvas").evaluate(PAINTED) > 0.02
    browser_page.screenshot(path=screenshots / "graph-5000.png")
    assert_quiet(browser_page)


def test_the_notebooks_frame_draws_in_a_sandbox(browser_page: Any, tmp_path: Path) -> None:
    frame = write_frame(show_graph(make_graph(30, 60)).fragment())
    page = tmp_path / "outer.html"
    page.write_text('<!doctype html><iframe sandbox="allow-scripts" style="width:900px;height:700px"></iframe>')
    browser_page.goto(page.as_uri())
    browser_page.evaluate("window.heard = []; addEventListener('message', event => heard.push(event.data))")
    browser_page.locator("iframe").evaluate("(frame, page) => { frame.srcdoc = page; }", frame)
    inner = browser_page.frame_locator("iframe")
    inner.locator("input").fill("isle 20")
    inner.locator("input").press("Enter")
    browser_page.wait_for_function("heard.some(told => told.kgwb === 'selected' && told.entities[0] === 20)")
    assert browser_page.evaluate("heard.some(told => told.kgwb === 'height' && told.height > 500)")
    assert_quiet(browser_page)


def test_training_and_several_views_share_one_page(browser_page: Any, tmp_path: Path, screenshots: Path) -> None:
    training = show_training(Epoch(i, 3 / i, 0.1, {HOSTILE[1]: 0.1 * i}) for i in range(1, 6))
    graph, space = (
        show_graph(make_graph(30, 60)),
        show_space(np.random.default_rng(0).normal(size=(20, 4)), method="pca"),
    )
    sections = [("Graph", graph), ("Again", graph), ("Space", space), (HOSTILE[0], training)]
    page = write_page(tmp_path / "all.html", sections, HOSTILE[3])
    assert page.read_text(encoding="utf-8").count("vis-network\n * https") == 1  # each library once
    assert page.stat().st_size < 10_000_000
    browser_page.goto(page.as_uri())
    assert browser_page.locator(".kgwb-graph canvas").count() == 2
    assert browser_page.locator("svg.kgwb-picture path").count() > 4
    assert browser_page.locator(".kgwb-space canvas.points").count() == 1
    browser_page.screenshot(path=screenshots / "page.png", full_page=True)
    assert_quiet(browser_page)
