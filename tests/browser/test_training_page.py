"""The training view on a page: values under the mouse, the finger and the keys, runs hidden by the legend, saved as SVG."""

from __future__ import annotations

import xml.etree.ElementTree as Tree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import HOSTILE
from page_checks import PIXELS
from waiting import wait_for_change, wait_for_rest, wait_until

import kgwb
from kgwb.embed import Epoch

pytestmark = pytest.mark.browser


def make_runs() -> dict[str, Any]:
    return {
        "ComplEx": [Epoch(i, 3 / i, 0.1, {"MRR": i / 20}) for i in range(1, 12)],
        "TransE": [Epoch(i, 4 / i if i != 3 else float("nan"), 0.1, {"MRR": i / 25}) for i in range(1, 12)],
    }


@pytest.fixture
def opened(browser_page: Any, tmp_path: Path) -> Iterator[Any]:
    view = kgwb.show_training(make_runs(), floor={"uniform: ln 20": 2.996})
    browser_page.goto(view.save(tmp_path / "page.html").as_uri())
    browser_page.wait_for_selector(".kgwb-training canvas")
    browser_page.wait_for_function("document.querySelector('.kgwb-training canvas').width > 400")
    yield browser_page
    assert browser_page.requests_made == [] and browser_page.errors_logged == []


def save_svg(page: Any) -> list[str]:
    """The texts of the picture that the button gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG", exact=True).click()
    root = Tree.fromstring(Path(download.value.path()).read_text(encoding="utf-8"))
    return ["".join(each.itertext()) for each in root.iter() if each.tag.endswith("}text")]


def test_each_line_is_named_where_it_ends(opened: Any, screenshots: Path) -> None:
    texts = save_svg(opened)
    assert {"0.273 ComplEx", "0.364 TransE", "0.550 ComplEx", "0.440 TransE", "uniform: ln 20 = 3.00"} <= set(texts)
    assert {"loss on the training data", "MRR", "epoch"} <= set(texts)
    opened.screenshot(path=screenshots / "training-page.png")


def test_the_mouse_shows_values_and_leaves_no_trace(opened: Any) -> None:
    canvas = opened.locator("canvas")
    before = wait_for_rest(canvas, PIXELS)
    box = canvas.bounding_box()
    opened.mouse.move(box["x"] + 200, box["y"] + 100)
    at_one = wait_for_change(canvas, PIXELS, before)
    opened.mouse.move(box["x"] + 320, box["y"] + 100)
    assert wait_for_change(canvas, PIXELS, at_one) != before
    opened.mouse.move(box["x"] + 200, box["y"] - 40)
    wait_until(opened, lambda: canvas.evaluate(PIXELS) == before)


def test_keys_read_the_values_aloud(opened: Any) -> None:
    opened.locator("canvas").focus()
    spoken = opened.locator(".spoken")
    for _ in range(2):
        opened.keyboard.press("ArrowRight")
    assert spoken.inner_text() == "loss on the training data, epoch 2: ComplEx 1.50; TransE 2.00"
    opened.keyboard.press("ArrowRight")
    assert spoken.inner_text().endswith("epoch 3: ComplEx 1.00; TransE missing")
    opened.keyboard.press("ArrowDown")
    assert spoken.inner_text() == "MRR, epoch 3: ComplEx 0.150; TransE 0.120"
    opened.keyboard.press("End")
    assert spoken.inner_text() == "MRR, epoch 11: ComplEx 0.550; TransE 0.440"
    opened.keyboard.press("Home")
    assert spoken.inner_text().startswith("MRR, epoch 1:")
    opened.keyboard.press("Escape")
    opened.keyboard.press("ArrowLeft")
    assert spoken.inner_text().startswith("MRR, epoch 11:")
    assert spoken.get_attribute("aria-live") == "polite"


def test_a_run_is_hidden_by_its_entry_in_the_legend(opened: Any) -> None:
    entry = opened.get_by_role("button", name="TransE")
    assert opened.locator(".legend button").all_inner_texts() == ["ComplEx", "TransE"]
    entry.focus()
    opened.keyboard.press("Enter")
    assert entry.get_attribute("aria-pressed") == "false"
    texts = save_svg(opened)
    assert "0.273 ComplEx" in texts and not any("TransE" in text for text in texts)
    entry.click()
    assert any("TransE" in text for text in save_svg(opened))


def test_a_finger_shows_values(browser: Any, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page.goto(kgwb.show_training(make_runs()).save(tmp_path / "page.html").as_uri())
    canvas = page.locator("canvas")
    page.wait_for_function("document.querySelector('canvas').width > 200")
    before = wait_for_rest(canvas, PIXELS)
    box = canvas.bounding_box()
    page.touchscreen.tap(box["x"] + 120, box["y"] + 90)
    wait_for_change(canvas, PIXELS, before)
    page.close()


def test_hostile_names_of_runs_figures_and_floors_stay_text(browser_page: Any, tmp_path: Path) -> None:
    labels = [f"{label}{i}" for i in range(10) for label in HOSTILE[:9]]
    runs = {label or "x": [Epoch(i, 1 / i, 0.1, {HOSTILE[i % 9] or "y": 1.0}) for i in (1, 2)] for label in labels}
    view = kgwb.show_training(runs, floor={HOSTILE[2]: 0.5})
    browser_page.goto(view.save(tmp_path / "page.html", title=HOSTILE[0]).as_uri())
    browser_page.wait_for_selector(".kgwb-training canvas")
    assert len(browser_page.locator(".legend button").all()) == 90
    assert browser_page.locator(".kgwb-training :is(script, img, b, a, iframe)").count() == 0
    assert browser_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    browser_page.locator("canvas").focus()
    browser_page.keyboard.press("ArrowRight")
    assert HOSTILE[0] in browser_page.locator(".spoken").text_content()
    assert any(HOSTILE[1][:20] in text for text in save_svg(browser_page))
    assert browser_page.evaluate("window.hit") is None
    assert browser_page.requests_made == [] and browser_page.errors_logged == []
