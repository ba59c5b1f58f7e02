"""Graph views beside others: linked, ten on one page, and as a widget in a shadow tree that asks its kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graph_page import CANVAS
from page_checks import PAINTED, assert_quiet
from waiting import wait_until

import kgwb
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see import show_graph, write_page
from kgwb.see.packing import encode_buffers
from kgwb.see.page import read_asset

pytestmark = pytest.mark.browser


def test_linked_views_follow_on_a_page_without_a_kernel(
    browser_page: Any, islands: KnowledgeGraph, tmp_path: Path
) -> None:
    browser_page.emulate_media(reduced_motion="reduce")
    linked = kgwb.link(show_graph(islands, around="Isle 0"), show_graph(islands))
    browser_page.goto(linked.save(tmp_path / "linked.html").as_uri())
    first, second = (browser_page.locator(".kgwb-graph").nth(i) for i in (0, 1))
    second.locator(".search input").fill("isle 9")
    second.locator(".search input").press("Enter")
    assert second.locator(".panel h4").inner_text() == "Isle 9"
    assert first.locator(".panel h4").inner_text() == "Isle 9"  # it was not drawn there, and is now
    first.locator(".panel button[data-entity]").first.click()
    assert second.locator(".panel h4").inner_text() == first.locator(".panel h4").inner_text() == "Isle 8"
    assert_quiet(browser_page)


def test_ten_views_share_one_page(browser_page: Any, islands: KnowledgeGraph, tmp_path: Path) -> None:
    page = write_page(tmp_path / "ten.html", [(str(i), show_graph(islands, seed=i)) for i in range(10)], "Ten")
    assert page.stat().st_size < 300_000  # the script once
    browser_page.goto(page.as_uri())
    canvases = browser_page.locator(CANVAS)
    assert canvases.count() == 10
    wait_until(browser_page, lambda: all(canvas.evaluate(PAINTED) > 0.002 for canvas in canvases.all()))
    browser_page.locator(".search input").nth(3).fill("isle 9")
    browser_page.locator(".search input").nth(3).press("Enter")
    assert browser_page.locator(".panel h4").nth(3).inner_text() == "Isle 9"
    assert browser_page.locator(".panel h4").nth(4).inner_text() == "islands"
    assert_quiet(browser_page)


# What anywidget does in a notebook, in a shadow tree as marimo has it: import the module, render with a model whose kernel
# answers, and clean up when the output is removed.
WIDGET = """async ({code, traits, answer, chosen}) => {
  const module = await import(URL.createObjectURL(new Blob([code], {type: "text/javascript"})));
  const host = document.body.appendChild(document.createElement("div"));
  const el = host.attachShadow({mode: "open"}).appendChild(document.createElement("div"));
  const [listeners, asked, told] = [[], [], []];
  const model = {
    get: name => traits[name],
    set: (name, value) => {
      traits[name] = value;
      if (name === "chosen") told.push(value.entities);
      listeners.filter(([on]) => on === "change:" + name).forEach(([, act]) => act());
    },
    save_changes() {},
    on: (name, act) => listeners.push([name, act]),
    off: (name, act) => listeners.splice(listeners.findIndex(([on, other]) => on === name && act === other), 1),
    send(question) {
      asked.push(question);
      setTimeout(() => listeners.filter(([on]) => on === "msg:custom")
        .forEach(([, act]) => act({...answer, asked: question.asked}, [])));
    },
  };
  const clean = module.default.render({model, el});
  await new Promise(done => setTimeout(done, 120));
  const seen = {lines: 0, titles: []};
  const canvas = el.querySelector(".stage > canvas");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  for (let i = 0; i < pixels.length; i += 4) seen.lines += pixels[i + 3] > 60 && pixels[i + 2] > pixels[i] + 40;
  model.set("chosen", {...traits.chosen, entities: chosen, turn: 1});
  await new Promise(done => setTimeout(done, 200));
  seen.titles.push(el.querySelector(".title").textContent);
  const before = el.querySelectorAll(".panel button[data-entity]").length;
  clean();
  document.body.dataset.jpThemeLight = "false";
  const facts = asked.map(({facts_of}) => facts_of);
  return {...seen, before, asked: facts, told, left: el.childElementCount, listening: listeners.length};
}"""


def test_in_a_shadow_tree_lines_are_seen_python_chooses_and_the_kernel_is_asked(
    browser_page: Any, islands: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgwb.see.graph.state.MOST_ENTITIES", 6)
    view = show_graph(islands, around="Isle 0")
    widget = view.widget
    traits = {name: getattr(widget, name) for name in ("state", "sheet", "channel", "mark", "chosen")}
    packed = {
        "code": read_asset("graph.js"),
        "traits": encode_buffers(traits),
        "answer": encode_buffers(view.answer({"facts_of": 8})),
        "chosen": [8],
    }
    browser_page.goto("about:blank")
    seen = browser_page.evaluate(WIDGET, packed)
    assert seen["lines"] > 200
    assert seen["titles"] == ["Isle 8 and its 2 facts"] and seen["before"] == 2
    assert seen["asked"] == [8]
    assert (seen["left"], seen["listening"]) == (0, 0)
    assert browser_page.errors_logged == []
