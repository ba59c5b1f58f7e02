"""Linked views on a page without a kernel and without a network: what is chosen in one is chosen in all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kgwb
from kgwb.see.packing import encode_buffers
from kgwb.see.page import read_asset

pytestmark = pytest.mark.browser

SENTENCES = ["Paris is the capital of France.", "Rome is in [MASK]."]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reading = kgwb.read(kgwb.load_bert(), SENTENCES)
    linked = kgwb.link(*(kgwb.show_attention(reading, layer=layer) for layer in (1, 2)))
    alone = kgwb.show_attention(reading, layer=0)
    sections = [("Linked", linked), ("Alone", alone)]
    return kgwb.see.write_page(tmp_path_factory.mktemp("linked") / "page.html", sections, "Three views")


@pytest.fixture
def opened(browser_page: Any, page_file: Path) -> Any:
    browser_page.goto(page_file.as_uri())
    browser_page.wait_for_selector(".kgwb-view")
    return browser_page


def read_chosen(page: Any) -> list[str]:
    cells = page.locator(".kgwb-view").all()
    return [cell.locator("[role=gridcell][aria-selected=true]").get_attribute("aria-label") for cell in cells]


def test_a_click_in_one_is_seen_in_the_other_and_in_no_third(opened: Any) -> None:
    assert opened.locator(".kgwb-view").count() == 3
    opened.locator(".kgwb-view").nth(0).get_by_label("layer 4, head 7").click()
    assert read_chosen(opened) == ["layer 4, head 7", "layer 4, head 7", "layer 0, mean of heads"]
    opened.keyboard.press("ArrowRight")
    opened.locator(".kgwb-view").nth(1).get_by_label("layer 3, head 1", exact=True).click()
    assert read_chosen(opened)[:2] == ["layer 3, head 1"] * 2
    assert opened.requests_made == [] and opened.errors_logged == []


def test_keys_reach_the_other_too(opened: Any) -> None:
    opened.locator(".kgwb-view").nth(1).get_by_label("layer 4, head 7").click()
    opened.keyboard.press("ArrowUp")
    assert read_chosen(opened)[:2] == ["layer 3, head 7"] * 2


# What Jupyter does: the model is made first; the output with the still picture comes, goes, and comes again.
TAKES_PLACE = """async (code) => {
  const module = await import(URL.createObjectURL(new Blob([code.script], {type: "text/javascript"})));
  const values = {...code.traits, mark: "abc"}, listeners = [];
  const model = {
    get: name => values[name], set: (name, value) => { values[name] = value; }, save_changes() {}, send() {},
    on: (name, f) => listeners.push(name), off() {},
  };
  const wait = () => new Promise(done => setTimeout(done, 100));
  const stop = module.default.initialize({model});
  const output = document.body.appendChild(document.createElement("div"));
  const show = () => {
    const still = document.createElement("figure");
    still.className = "kgwb-still kgwb-still-abc";
    still.append(document.createElement("img"));
    output.append(still);
    return still;
  };
  const seen = [];
  const note = still => seen.push([still.querySelectorAll(".kgwb-view").length, still.firstChild.style.display]);
  const still = show(); await wait(); note(still);
  const copy = show(); await wait(); note(copy);
  still.remove(); await wait(); note(still);
  output.append(still); await wait(); note(still);
  stop(); note(still);
  return seen;
}"""


def test_in_a_notebook_it_takes_the_place_of_its_picture_wherever_that_stands(
    browser_page: Any, tmp_path: Path
) -> None:
    view = kgwb.show_attention(kgwb.read(kgwb.load_bert(), SENTENCES[:1]))
    traits = {
        name: getattr(view.widget, name) for name in ("sentence", "layer", "head", "focus", "thumbnails", "chosen")
    }
    code = {"script": read_asset("attention.js"), "traits": encode_buffers({**traits, "state": view.widget.state})}
    empty = tmp_path / "empty.html"
    empty.write_text("<!doctype html><body></body>", encoding="utf-8")
    browser_page.goto(empty.as_uri())
    seen = browser_page.evaluate(TAKES_PLACE, code)
    assert seen == [[1, "none"], [1, "none"], [0, ""], [1, "none"], [0, ""]]
    assert browser_page.errors_logged == []
