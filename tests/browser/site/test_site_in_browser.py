"""The site from a folder, without a network: quiet, found through, light and dark, on a phone, and on paper."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from handouts import print_handouts

PAGES = (
    "index",
    "notebooks/index",
    "notebooks/02_facts_as_geometry",
    "notebooks/98_signs",
    "notebooks/zh/98_signs",
    "gallery/index",
    "gallery/SpaceView",
    "gallery/AttentionView",
    "samples/world",
    "reference/index",
    "reference/embed/GraphEmbedding",
    "answers",
    "figures",
)
NOTEBOOK = "notebooks/02_facts_as_geometry.html"
PAPER = "document.querySelector('.kgwb-picture .paper')"

# The first one waits for the build, a minute where nothing else runs.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]


def assert_quiet(page: Any) -> None:
    assert page.requests_made == [] and page.errors_logged == [], (page.requests_made, page.errors_logged)


def open_from_folder(page: Any, site: Path, place: str) -> None:
    """With every address refused that is no file of the site."""
    outside: list[str] = page.requests_made
    home = site.as_uri()
    page.on("request", lambda asked: asked.url.startswith((home, "data:", "blob:")) or outside.append(asked.url))
    page.goto((site / place).as_uri())


@pytest.mark.parametrize("place", PAGES)
def test_a_page_is_quiet_and_no_wider_than_a_phone(browser_page: Any, site: Path, place: str) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 844})
    open_from_folder(browser_page, site, f"{place}.html")
    browser_page.wait_for_timeout(300)
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= 390
    assert_quiet(browser_page)


def test_what_is_wider_than_a_phone_scrolls_in_its_own_box(browser_page: Any, site: Path) -> None:
    browser_page.set_viewport_size({"width": 390, "height": 844})
    open_from_folder(browser_page, site, "figures.html")
    box = browser_page.locator("div.table-wrapper").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX") == "auto"


@pytest.mark.parametrize(("word", "found"), [("trustworthiness", "04 Seeing a space"), ("read_split", "read_split")])
def test_a_word_is_found_from_any_page(browser_page: Any, site: Path, word: str, found: str) -> None:
    open_from_folder(browser_page, site, NOTEBOOK)
    browser_page.fill(".sidebar-search", word)
    browser_page.press(".sidebar-search", "Enter")
    results = browser_page.locator("#search-results li a")
    results.first.wait_for()
    browser_page.get_by_text(re.compile("found [0-9]+ page")).first.wait_for()
    assert found in results.all_inner_texts()
    results.get_by_text(found, exact=True).first.click()
    browser_page.wait_for_load_state()
    assert "search.html" not in browser_page.url
    assert_quiet(browser_page)


def test_light_and_dark_follow_the_system_and_the_switch(browser_page: Any, site: Path) -> None:
    browser_page.emulate_media(color_scheme="dark")
    open_from_folder(browser_page, site, NOTEBOOK)
    colours = [browser_page.evaluate(f"getComputedStyle({PAPER}).fill")]
    switch = browser_page.locator(".theme-toggle-content .theme-toggle")
    said = []
    for _ in range(3):
        switch.click()
        said.append(browser_page.evaluate("document.body.dataset.theme"))
        colours.append(browser_page.evaluate(f"getComputedStyle({PAPER}).fill"))
    light, dark = "rgb(251, 250, 247)", "rgb(25, 26, 28)"
    assert sorted(said) == ["auto", "dark", "light"]
    assert colours == [dark, *({"light": light, "dark": dark, "auto": dark}[each] for each in said)]
    assert_quiet(browser_page)


def test_a_view_in_its_frame_moves_and_follows_the_switch(browser_page: Any, site: Path) -> None:
    browser_page.emulate_media(color_scheme="light")
    open_from_folder(browser_page, site, "gallery/GraphView.html")
    frame = browser_page.frame_locator("iframe.view")
    frame.get_by_role("button", name="PNG").first.wait_for()
    inside = next(each for each in browser_page.frames if each.url.endswith("views/GraphView.html"))

    def wait_for_paper(colour: str) -> None:
        for _ in range(100):
            if inside.evaluate("getComputedStyle(document.body).backgroundColor") == colour:
                return
            browser_page.wait_for_timeout(50)
        raise AssertionError(f"The view's paper never became {colour}.")

    wait_for_paper("rgb(251, 250, 247)")
    switch = browser_page.locator(".theme-toggle-content .theme-toggle")
    while browser_page.evaluate("document.body.dataset.theme") != "dark":
        switch.click()
    wait_for_paper("rgb(25, 26, 28)")
    assert browser_page.evaluate("document.querySelector('iframe.view').style.height") != ""
    assert_quiet(browser_page)


def test_a_solution_is_folded_until_somebody_asks(browser_page: Any, site: Path) -> None:
    open_from_folder(browser_page, site, NOTEBOOK)
    solution = browser_page.locator("details.solution").first
    assert not solution.locator("pre").is_visible()
    solution.locator("summary").click()
    assert "def score_translation" in solution.locator("pre").inner_text()


def test_code_is_copied_without_its_prompts(browser_page: Any, site: Path) -> None:
    browser_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_from_folder(browser_page, site, "reference/graph/read_graph.html")
    browser_page.locator("div.highlight").first.hover()
    browser_page.locator("button.copybtn").first.click()
    browser_page.wait_for_timeout(200)
    copied = browser_page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("import pathlib, tempfile") and ">>>" not in copied and "Berlin — capital_of" not in copied


def test_paper_has_the_tasks_and_not_the_answers(browser_page: Any, site: Path) -> None:
    open_from_folder(browser_page, site, NOTEBOOK)
    browser_page.emulate_media(media="print")
    assert not browser_page.locator("details.solution").first.is_visible()
    assert not browser_page.locator(".downloads").first.is_visible()
    assert browser_page.get_by_text("Exercise 1: the arrow").last.is_visible()


def test_a_page_offers_its_handout_once_it_is_printed(site: Path, browser: Any, tmp_path: Path) -> None:
    copied = shutil.copytree(site, tmp_path / "stick")
    page = copied / "notebooks" / "98_signs.html"
    assert "no PDF handout: this site was built without a browser" in page.read_text(encoding="utf-8")
    printed = print_handouts(copied, [page], browser)
    assert printed == [copied / "downloads" / "98_signs.pdf"] and printed[0].read_bytes().startswith(b"%PDF-")
    text = page.read_text(encoding="utf-8")
    assert '<a href="../downloads/98_signs.pdf">handout (PDF)</a>' in text and "no PDF handout" not in text
