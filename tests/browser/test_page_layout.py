"""A page of linked views with texts around them: it reflows, is read from its side, and is printed in ink."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kgwb.embed import Epoch
from kgwb.see import link, show_training

pytestmark = pytest.mark.browser


def assert_quiet(page: Any) -> None:
    assert page.requests_made == [] and page.errors_logged == []


@pytest.fixture
def linked_page(tmp_path: Path) -> Path:
    """Two linked views with texts of one's own around them, one of which is read from the right."""
    runs = {name: [Epoch(i, 3 / i + k, 0.1, {"MRR": i / 20}) for i in range(1, 12)] for k, name in enumerate("ab")}
    linked = link(show_training(runs), show_training(runs))
    return linked.save(
        tmp_path / "page.html", title="Two runs", text=["كيف تتعلم الشبكة؟", "The same again.", "The end."]
    )


def test_a_page_reflows_from_telephone_to_wall(browser_page: Any, linked_page: Path, screenshots: Path) -> None:
    browser_page.goto(linked_page.as_uri())
    for width in (390, 820, 1200, 1440, 3840, 390):
        browser_page.set_viewport_size({"width": width, "height": 900})
        browser_page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        views = browser_page.locator(".kgwb-view").evaluate_all("nodes => nodes.map(node => node.clientWidth)")
        assert views == [min(width - 40, 1680)] * 2
        browser_page.screenshot(path=screenshots / f"page-{width}.png", full_page=True)
    assert_quiet(browser_page)


def test_texts_around_views_are_read_from_their_own_side(browser_page: Any, linked_page: Path) -> None:
    browser_page.goto(linked_page.as_uri())
    sides = browser_page.locator("main section p[dir]").evaluate_all(
        "nodes => nodes.map(node => getComputedStyle(node).direction)"
    )
    assert sides == ["rtl", "ltr", "ltr"]


def test_a_page_is_printed_in_ink_on_light_paper(browser_page: Any, linked_page: Path, tmp_path: Path) -> None:
    browser_page.emulate_media(color_scheme="dark")
    browser_page.goto(linked_page.as_uri())
    browser_page.wait_for_selector(".kgwb-view canvas")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert browser_page.evaluate(paper) == "rgb(25, 26, 28)"
    browser_page.emulate_media(media="print", color_scheme="dark")
    assert browser_page.evaluate(paper) == "rgb(251, 250, 247)"
    assert browser_page.locator(".actions").first.is_hidden()
    inks = browser_page.locator(".kgwb-view").evaluate_all("nodes => nodes.map(node => getComputedStyle(node).color)")
    assert inks == ["rgb(29, 29, 27)"] * 2
    dark = "canvas => { const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
    dark += "let n = 0; for (let i = 0; i < d.length; i += 4) n += d[i + 3] > 200 && d[i] < 60; return n; }"
    assert browser_page.locator("canvas").first.evaluate(dark) > 300  # drawn anew in ink
    browser_page.pdf(path=tmp_path / "page.pdf", format="A4")
    assert_quiet(browser_page)
