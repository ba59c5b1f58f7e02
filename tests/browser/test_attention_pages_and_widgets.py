"""What a page of the attention view holds of hostile labels and long sentences, and what a widget asks its kernel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from attention_page import numbers

from kgwb.bert import Importance, Reading
from kgwb.graph import Mention
from kgwb.see.attention.view import show_attention
from kgwb.see.page import read_asset

pytestmark = pytest.mark.browser

HOSTILE = ("<script>window.hacked=1</script>", "<img src=x onerror='window.hacked=1'>", '"></svg><b>', "</script>")


def test_hostile_labels_run_nothing(browser_page: Any, before: Reading, tmp_path: Path) -> None:
    tokens = ("[CLS]", *HOSTILE, "is", "here", "[SEP]")
    mention = Mention(0, 5, 0, HOSTILE[1], pieces=(2, 4))
    attention = before.attention[:1, :, :, :8, :8]
    one = replace(
        before,
        sentences=(HOSTILE[0],),
        tokens=(tokens,),
        mentions=((mention,),),
        attention=attention,
        hidden=before.hidden[:1, :, :8],
        injected=((False,) * 8,),
        name=HOSTILE[2],
        left_out=(0,),
    )
    importance = Importance(tokens, (0.5,) * 8, HOSTILE[0], 1.0, HOSTILE[1])
    page = show_attention(one, replace(one, name=HOSTILE[1]), importance=importance).save(
        tmp_path / "page.html", title=HOSTILE[0]
    )
    browser_page.goto(page.as_uri())
    assert browser_page.locator(".queries .token").all_inner_texts() == list(tokens)
    assert browser_page.locator(".bracket").text_content() == HOSTILE[1]
    browser_page.get_by_role("button", name="mentions").click()
    browser_page.get_by_role("button", name="matrix").click()
    assert browser_page.locator(".kgwb-attention").locator("script, img, b").count() == 0
    assert browser_page.evaluate("window.hacked") is None
    assert browser_page.requests_made == []
    assert browser_page.errors_logged == []


def test_a_long_sentence_says_which_layers_its_page_holds(browser_page: Any, before: Reading, tmp_path: Path) -> None:
    length = 400
    attention = torch.full((1, 12, 12, length, length), 1 / length)
    tokens = ("[CLS]", *["word"] * (length - 2), "[SEP]")
    long = replace(
        before,
        sentences=("word " * length,),
        tokens=(tokens,),
        mentions=((),),
        attention=attention,
        hidden=torch.zeros(1, 13, length, 4),
        injected=((False,) * length,),
        left_out=(0,),
    )
    file = show_attention(long, layer=7).save(tmp_path / "page.html")
    assert file.stat().st_size < 7_500_000  # 5 MB in base64
    browser_page.goto(file.as_uri())
    held = browser_page.locator(".held").inner_text()
    assert held.startswith(
        "All matrices of 400 word pieces do not fit. This view holds the mean of heads of layers 0–11;"
    )
    assert held.endswith("A notebook with its kernel has the others.")
    browser_page.get_by_label("layer 0, head 3").click()
    assert "Layer 0, head 3, is not among them." in browser_page.locator(".held").inner_text()
    assert set(numbers(browser_page, "after")) == {"–"}
    assert browser_page.errors_logged == []


# What anywidget does in a notebook: import the module, render with a model, and clean up when the output is removed.
WIDGETS = """async (packed) => {
  const module = await import(URL.createObjectURL(new Blob([packed.code], {type: "text/javascript"})));
  const sent = [];
  const open = () => {
    const view = new DataView(Uint16Array.from(packed.weights).buffer);
    const state = {...packed.state, before: {dtype: "uint16", view}};
    const values = {...packed.traits, state, chosen: {}, channel: "", mark: "", style: ""};
    const listeners = [];
    const model = {
      get: name => values[name],
      set: (name, value) => {
        values[name] = value;
        listeners.filter(([on]) => on === "change:" + name).forEach(([, f]) => f());
      },
      save_changes: () => sent.push([values.chosen.layer, values.chosen.head, values.chosen.token]),
      on: (name, f) => listeners.push([name, f]),
      off: (name, f) => listeners.splice(listeners.findIndex(([n, g]) => n === name && g === f), 1),
    };
    const el = document.body.appendChild(document.createElement("div"));
    return {el, model, listeners, clean: module.default.render({model, el})};
  };
  const [one, two] = [open(), open()];
  one.el.querySelector('[aria-label="layer 0, head 1"]').click();
  await new Promise(done => setTimeout(done, 100));
  const titles = [one, two].map(view => view.el.querySelector(".title").textContent);
  two.model.set("layer", 0);
  await new Promise(done => setTimeout(done, 100));
  titles.push(two.el.querySelector(".title").textContent);
  one.clean();
  const [left, other] = [one, two].map(view => view.el.childElementCount);
  return {titles, sent, left, other, listening: one.listeners.length};
}"""


def test_two_widgets_in_one_notebook_do_not_disturb_each_other(browser_page: Any, before: Reading) -> None:
    view = show_attention(before, layer=1, head=0)
    traits = ("sentence", "layer", "head", "focus", "thumbnails", "combine", "drawn", "pieces", "difference", "least")
    state = {name: value for name, value in view.state.items() if name != "before"}
    state["sentences"] = [{**one, "shift": None} for one in state["sentences"]]
    packed = {
        "code": read_asset("attention.js"),
        "traits": {name: getattr(view.widget, name) for name in traits},
        "state": {**state, "title": view.title, "caption": view.caption, "outlines": {}},
        "weights": memoryview(view.state["before"]["view"]).cast("H").tolist(),
    }
    browser_page.goto("about:blank")
    seen = browser_page.evaluate(WIDGETS, packed)
    assert [text.partition("in ")[2] for text in seen["titles"]] == [
        "layer 0, head 1",
        "layer 1, head 0",
        "layer 0, head 0",
    ]
    assert seen["sent"] == [[0, 1, 1]]
    assert (seen["left"], seen["listening"], seen["other"]) == (0, 0, 1)
    assert browser_page.errors_logged == []


ASKING = """async (packed) => {
  const module = await import(URL.createObjectURL(new Blob([packed.code], {type: "text/javascript"})));
  const values = {...packed.traits, chosen: {}, channel: "", mark: "", style: ""};
  const bytes = name => new DataView(Uint8Array.from(packed[name]).buffer);
  values.state = {...packed.state, before: {dtype: "uint8", view: bytes("weights")}};
  const listeners = {};
  const asked = [];
  const model = {
    get: name => values[name],
    set: (name, value) => { values[name] = value; (listeners["change:" + name] ?? []).forEach(f => f()); },
    save_changes: () => {},
    on: (name, f) => (listeners[name] ??= []).push(f),
    off: () => {},
    send: question => {
      asked.push([question.sentence, question.layer]);
      const answer = {asked: question.asked, planes: packed.planes, before: {dtype: "uint8", view: null, buffer: 0}};
      setTimeout(() => listeners["msg:custom"].forEach(f => f(answer, [bytes("more")])), 20);
    },
  };
  const el = document.body.appendChild(document.createElement("div"));
  module.default.render({model, el});
  el.querySelector('[aria-label="layer 0, head 1"]').click();
  await new Promise(done => setTimeout(done, 30));
  const waiting = el.querySelector(".held").textContent;
  await new Promise(done => setTimeout(done, 200));
  return {asked, waiting, held: el.querySelector(".held").textContent,
    numbers: [...el.querySelectorAll(".numbers.after .number")].map(cell => cell.textContent)};
}"""


def test_a_layer_that_did_not_fit_comes_from_the_kernel(
    browser_page: Any, before: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgwb.see.attention.packing.STATE_BYTES", 200)
    one = replace(
        before, **{name: getattr(before, name)[:1] for name in ("sentences", "tokens", "mentions", "injected")}
    )
    view = show_attention(one, layer=5, focus=1)
    answer = view.answer({"sentence": 0, "layer": 0})
    traits = ("sentence", "layer", "head", "focus", "thumbnails", "combine", "drawn", "pieces", "difference", "least")
    packed = {
        "code": read_asset("attention.js"),
        "traits": {name: getattr(view.widget, name) for name in traits},
        "state": {**{k: v for k, v in view.state.items() if k != "before"}, "title": "", "caption": "", "outlines": {}},
        "weights": list(view.state["before"]["view"]),
        "planes": answer["planes"],
        "more": list(answer["before"]["view"]),
    }
    browser_page.goto("about:blank")
    seen = browser_page.evaluate(ASKING, packed)
    assert seen["asked"] == [[0, 0]]
    assert "What else is chosen comes from the kernel." in seen["held"] and "on its way" not in seen["held"]
    expected = before.attention[0, 0, 1, 1, :9].tolist()
    assert all(abs(float(a) - b) <= 0.009 for a, b in zip(seen["numbers"], expected, strict=True))
