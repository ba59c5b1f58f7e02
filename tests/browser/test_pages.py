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
@pytest.mark.parametrize("count", [60, 1600])
def test_the_space_draws_its_points(
    browser_page: Any, tmp_path: Path, screenshots: Path, scheme: str, count: int
) -> None:
    browser_page.emulate_media(color_scheme=scheme)
    points = np.random.default_rng(0).normal(size=(count, 8))
    labels = [HOSTILE[i % len(HOSTILE)] for i in range(count)]
    view = show_space(points, labels=labels, types=labels, highlight=[0, 1, 2], method="both" if count < 100 else "pca")
    browser_page.goto(view.save(tmp_path / "space.html").as_uri())
    browser_page.wait_for_selector(".kgwb-space .legendtext")
    if count < 100:
        assert browser_page.locator(".kgwb-space .scatterlayer path.point").count() >= 2 * count
    else:
        assert browser_page.locator(".kgwb-space canvas").count() > 0
    shown = browser_page.locator(".kgwb-space .annotation").all_text_contents()
    assert any(HOSTILE[0][:24] in text for text in shown) and any("trustworthiness" in text for text in shown)
    assert HOSTILE[1] in browser_page.locator(".kgwb-space .legendtext").all_text_contents()
    assert browser_page.locator(".kgwb-space :is(a[href^='javascript'], img, .main-svg script)").count() == 0
    browser_page.screenshot(path=screenshots / f"space-{count}-{scheme}.png")
    assert_quiet(browser_page)


def test_hovering_a_point_shows_its_label_as_text(browser_page: Any, tmp_path: Path) -> None:
    view = show_space(np.eye(4), labels=list(HOSTILE[:4]), types=list(HOSTILE[:4]), method="pca")
    browser_page.goto(view.save(tmp_path / "space.html").as_uri())
    browser_page.locator(".kgwb-space path.point").first.hover(force=True)
    browser_page.wait_for_selector(".hoverlayer .hovertext")
    text = browser_page.locator(".hoverlayer .hovertext").text_content()
    assert any(label in text for label in HOSTILE[:4])
    assert_quiet(browser_page)


def test_training_and_several_views_share_one_page(browser_page: Any, tmp_path: Path, screenshots: Path) -> None:
    training = show_training(Epoch(i, 3 / i, 0.1, {HOSTILE[1]: 0.1 * i}) for i in range(1, 6))
    graph, space = (
        show_graph(make_graph(30, 60)),
        show_space(np.random.default_rng(0).normal(size=(20, 4)), method="pca"),
    )
    sections = [("Graph", graph), ("Again", graph), ("Space", space), (HOSTILE[0], training)]
    page = write_page(tmp_path / "all.html", sections, HOSTILE[3])
    assert page.read_text(encoding="utf-8").count("kgwb_graph_style=") == 1  # each library once
    assert page.stat().st_size < 10_000_000
    browser_page.goto(page.as_uri())
    assert browser_page.locator(".kgwb-graph .stage > canvas").count() == 2
    assert browser_page.locator(".kgwb-training canvas").evaluate(PAINTED) > 0.005
    assert browser_page.locator(".kgwb-space path.point").count() >= 20
    browser_page.screenshot(path=screenshots / "page.png", full_page=True)
    assert_quiet(browser_page)
