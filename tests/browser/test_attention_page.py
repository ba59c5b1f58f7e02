"""The attention view in a browser: it draws, moves by mouse and keyboard, reaches nothing, and runs no label."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kgwb.bert import Reading, load_bert, read
from kgwb.graph import Mention
from kgwb.see.attention.view import show_attention
from kgwb.see.page import read_asset

pytestmark = pytest.mark.browser

SENTENCES = ["Paris is the capital of France.", "Rome is in [MASK]."]
HOSTILE = ("<script>window.hacked=1</script>", "<img src=x onerror='window.hacked=1'>", '"></svg><b>', "</script>")
SEEN_LINES = "lines => lines.filter(line => line.style.display !== 'none' && +line.style.strokeOpacity > 0).length"


@pytest.fixture(scope="module")
def before() -> Reading:
    return read(load_bert(), SENTENCES)


@pytest.fixture(scope="module")
def after(before: Reading) -> Reading:
    """The same reading with the heads in another order, as if a vector had entered at the first word."""
    paris, rome = Mention(0, 5, 0, "Paris", pieces=(1, 2)), Mention(0, 4, 1, "Rome", pieces=(1, 2))
    injected = tuple(tuple(i == 1 for i in range(len(tokens))) for tokens in before.tokens)
    return replace(
        before, attention=before.attention.roll(1, 2), mentions=((paris,), (rome,)), injected=injected, name="after"
    )


@pytest.fixture
def opened(browser_page: Any, before: Reading, after: Reading, tmp_path: Path) -> Any:
    view = show_attention(before, after, layer=2, head=3, focus=1)
    browser_page.goto(view.save(tmp_path / "page.html").as_uri())
    browser_page.wait_for_timeout(100)  # the thumbnails come a moment after the lines
    return browser_page


def numbers(page: Any, side: str) -> list[str]:
    return page.locator(f".numbers.{side} .number").all_inner_texts()


def title(page: Any) -> str:
    return page.locator(".title").inner_text()


def test_everything_is_drawn_and_nothing_is_requested(opened: Any, screenshots: Path) -> None:
    words = opened.locator(".queries .token").all_inner_texts()
    assert words == ["[CLS]", "paris", "is", "the", "capital", "of", "france", ".", "[SEP]"]
    assert opened.locator(".lines.before path").evaluate_all(SEEN_LINES) > 0
    assert opened.locator(".lines.after path").evaluate_all(SEEN_LINES) > 0
    assert opened.locator("[role=gridcell]").count() == 6 * 13
    assert opened.locator(".bracket").all_inner_texts() == ["Paris"]
    painted = "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    assert opened.locator("canvas").evaluate(painted) > 20
    opened.screenshot(path=screenshots / "attention.png")
    assert opened.requests_made == []
    assert opened.errors_logged == []


def test_the_numbers_are_the_readings(opened: Any, before: Reading, after: Reading) -> None:
    for side, reading in (("before", before), ("after", after)):
        expected = [f"{weight:.3f}" for weight in reading.attention[0, 2, 3, 1, :9].tolist()]
        drawn = [text.replace(".", "0.", 1) if text[0] == "." else text for text in numbers(opened, side)]
        assert [abs(float(a) - float(b)) <= 0.0011 for a, b in zip(drawn, expected, strict=True)] == [True] * 9
    assert re.fullmatch(r"0|[+−]\.\d{3}", numbers(opened, "change")[0])


def test_layer_and_head_are_chosen_by_mouse_and_keyboard(opened: Any) -> None:
    seen = [(title(opened), numbers(opened, "before"))]
    opened.get_by_label("layer 4, head 7").click()
    seen.append((title(opened), numbers(opened, "before")))
    assert "Layer 4, head 7" in title(opened)
    opened.keyboard.press("ArrowRight")
    assert "Layer 4, head 8" in title(opened)
    opened.keyboard.press("ArrowUp")
    assert "Layer 3, head 8" in title(opened)
    for _ in range(12):
        opened.keyboard.press("ArrowLeft")
    assert "Layer 3, mean of 12 heads" in title(opened)
    seen.append((title(opened), numbers(opened, "before")))
    assert len({str(one) for one in seen}) == 3
    assert opened.locator("[role=gridcell][aria-selected=true]").get_attribute("aria-label") == "layer 3, mean of heads"
    outline = (
        "document.activeElement.matches(':focus-visible') && getComputedStyle(document.activeElement).outlineStyle"
    )
    assert opened.evaluate(outline) == "solid"


def test_the_focus_follows_click_hover_and_keys(opened: Any) -> None:
    tokens = opened.locator(".queries .token")
    tokens.nth(6).click()
    opened.mouse.move(5, 5)
    assert "“france”" in title(opened)
    tokens.nth(4).hover()
    assert "“capital”" in title(opened)
    opened.mouse.move(5, 5)
    assert "“france”" in title(opened)
    opened.keyboard.press("ArrowUp")
    assert "“of”" in title(opened)
    opened.keyboard.press("Home")
    assert "“[CLS]”" in title(opened)
    opened.locator(".keys.after .token").nth(1).click()
    assert "“paris”" in title(opened)


def test_another_sentence_opens_at_its_mask(opened: Any) -> None:
    opened.get_by_label("sentence").select_option("1")
    assert "“[MASK]”" in title(opened)
    assert opened.locator(".bracket").all_inner_texts() == ["Rome"]
    assert len(numbers(opened, "after")) == 7


def test_thumbnails_show_weights_or_change(opened: Any) -> None:
    picture = "c => c.toDataURL()"
    weights = opened.locator("canvas").evaluate(picture)
    opened.get_by_role("button", name="change").click()
    opened.wait_for_timeout(150)
    assert opened.locator("canvas").evaluate(picture) != weights


def test_light_and_dark_come_from_the_page(opened: Any) -> None:
    paper = "getComputedStyle(document.querySelector('.kgwb-attention')).backgroundColor"
    opened.emulate_media(color_scheme="dark")
    assert opened.evaluate(paper) == "rgb(25, 26, 28)"
    opened.evaluate("document.body.dataset.jpThemeLight = 'true'")
    assert opened.evaluate(paper) == "rgb(251, 250, 247)"


def test_the_wheel_stays_the_pages(opened: Any) -> None:
    wheel = "node => node.dispatchEvent(new WheelEvent('wheel', {bubbles: true, cancelable: true, deltaY: 50}))"
    for place in (".board", ".columns", ".sentence"):
        assert opened.locator(place).evaluate(wheel)  # false where someone prevented it


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
    )
    page = show_attention(one, replace(one, name=HOSTILE[1])).save(tmp_path / "page.html", title=HOSTILE[0])
    browser_page.goto(page.as_uri())
    assert browser_page.locator(".queries .token").all_inner_texts() == list(tokens)
    assert browser_page.locator(".bracket").inner_text() == HOSTILE[1]
    assert browser_page.locator(".kgwb-attention").locator("script, img, b").count() == 0
    assert browser_page.evaluate("window.hacked") is None
    assert browser_page.requests_made == []
    assert browser_page.errors_logged == []


# What anywidget does in a notebook: import the module, render with a model, and clean up when the output is removed.
WIDGETS = """async (packed) => {
  const module = await import(URL.createObjectURL(new Blob([packed.code], {type: "text/javascript"})));
  const sent = [];
  const open = () => {
    const view = new DataView(Uint16Array.from(packed.weights).buffer);
    const values = {...packed.state, before: {dtype: "uint16", view}};
    const listeners = [];
    const model = {
      get: name => values[name],
      set: (name, value) => {
        values[name] = value;
        listeners.filter(([on]) => on === "change:" + name).forEach(([, f]) => f());
      },
      save_changes: () => sent.push([values.layer, values.head, values.focus]),
      on: (name, f) => listeners.push([name, f]),
      off: (name, f) => listeners.splice(listeners.findIndex(([n, g]) => n === name && g === f), 1),
    };
    const el = document.body.appendChild(document.createElement("div"));
    return {el, model, listeners, clean: module.default.render({model, el})};
  };
  const [one, two] = [open(), open()];
  one.el.querySelector('[aria-label="layer 0, head 1"]').click();
  await new Promise(done => setTimeout(done, 100));
  const titles = [one, two].map(view => view.el.querySelector(".title strong").textContent);
  two.model.set("layer", 0);
  await new Promise(done => setTimeout(done, 100));
  titles.push(two.el.querySelector(".title strong").textContent);
  one.clean();
  const [left, other] = [one, two].map(view => view.el.childElementCount);
  return {titles, sent, left, other, listening: one.listeners.length};
}"""


def test_two_widgets_in_one_notebook_do_not_disturb_each_other(browser_page: Any, before: Reading) -> None:
    view = show_attention(before, layer=1, head=0)
    names = (
        "sentence",
        "layer",
        "head",
        "focus",
        "thumbnails",
        "layers",
        "heads",
        "digits",
        "names",
        "sentences",
        "note",
    )
    packed = {
        "code": read_asset("attention.js"),
        "state": {name: getattr(view.widget, name) for name in names},
        "weights": memoryview(view.widget.before["view"]).cast("H").tolist(),
    }
    browser_page.goto("about:blank")
    seen = browser_page.evaluate(WIDGETS, packed)
    assert seen["titles"] == ["Layer 0, head 1", "Layer 1, head 0", "Layer 0, head 0"]
    assert seen["sent"] == [[0, 1, 1]]
    assert (seen["left"], seen["listening"], seen["other"]) == (0, 0, 1)
    assert browser_page.errors_logged == []
