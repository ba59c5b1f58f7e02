"""The attention view in a browser: it draws, moves by mouse and keyboard, reaches nothing, and runs no label."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
import torch

from kgwb.bert import Importance, Reading, load_bert, read, roll_out
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.see.attention.view import show_attention
from kgwb.see.linking import link
from kgwb.see.page import read_asset

pytestmark = pytest.mark.browser

SENTENCES = ["Paris is the capital of France.", "Rome is in [MASK]."]
HOSTILE = ("<script>window.hacked=1</script>", "<img src=x onerror='window.hacked=1'>", '"></svg><b>', "</script>")
SEEN_LINES = "lines => lines.filter(line => line.style.display !== 'none' && +line.style.strokeOpacity > 0).length"
COLOURS = "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
FACTS = [("Paris", "capital of", "France"), ("Rome", "capital of", "Italy"), ("Paris", "twin of", "Rome")]


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))


@pytest.fixture(scope="module")
def before(graph: KnowledgeGraph) -> Reading:
    paris, france, rome = (graph.entity_id(name) for name in ("Paris", "France", "Rome"))
    mentions = [
        [Mention(0, 5, paris, "Paris"), Mention(24, 30, france, "France")],
        [Mention(0, 4, rome, "Rome")],
    ]
    return read(load_bert(), SENTENCES, mentions=mentions)


@pytest.fixture(scope="module")
def after(before: Reading) -> Reading:
    """The same reading with the heads in another order, half of each row given to two facts, and other hidden states."""
    slots = torch.zeros(*before.attention.shape[:4], 2)
    slots[..., 0], slots[..., 1] = 0.4, 0.1
    return replace(
        before,
        attention=before.attention.roll(1, 2) / 2,
        hidden=before.hidden.roll(1, 1),
        injected=tuple(tuple(i == 1 for i in range(len(tokens))) for tokens in before.tokens),
        slots=slots,
        facts=(((0, 0, 1), (1, 1, 0)),) * 2,
        name="after",
    )


@pytest.fixture
def opened(browser_page: Any, before: Reading, after: Reading, graph: KnowledgeGraph, tmp_path: Path) -> Any:
    importance = Importance(before.tokens[0], tuple(map(float, range(-2, 7))), "france", 1.0, "after")
    view = show_attention(before, after, layer=2, head=3, focus=1, graph=graph, importance=importance)
    browser_page.goto(view.save(tmp_path / "page.html").as_uri())
    browser_page.wait_for_timeout(100)  # the thumbnails come a moment after the lines
    return browser_page


def numbers(page: Any, side: str) -> list[str]:
    return page.locator(f".numbers.{side} .number").all_inner_texts()


def title(page: Any) -> str:
    return page.locator(".kgwb-attention .title").inner_text()


def test_everything_is_drawn_and_nothing_is_requested(opened: Any, screenshots: Path) -> None:
    words = opened.locator(".queries .token").all_inner_texts()
    assert words == ["[CLS]", "paris", "is", "the", "capital", "of", "france", ".", "[SEP]"]
    assert opened.locator(".lines.before .line").evaluate_all(SEEN_LINES) > 0
    assert opened.locator(".lines.after .line").evaluate_all(SEEN_LINES) > 0
    assert opened.locator("[role=gridcell]").count() == 6 * 13
    assert opened.locator(".bracket").all_inner_texts() == ["Paris", "France"]
    assert opened.locator(".board canvas").evaluate(COLOURS) > 20
    opened.screenshot(path=screenshots / "attention.png", full_page=True)
    assert opened.requests_made == []
    assert opened.errors_logged == []


def test_the_title_and_the_caption_say_what_is_seen_now(opened: Any) -> None:
    assert title(opened) == "What paris looks at in layer 2, head 3, before and after the graph"
    opened.get_by_label("layer 4, head 7").click()
    assert title(opened) == "What paris looks at in layer 4, head 7, before and after the graph"
    assert "Sentence 0, layer 4, head 7, from 'paris'." in opened.locator(".caption").inner_text()


def test_the_numbers_are_the_readings_and_each_row_visibly_sums_to_one(
    opened: Any, before: Reading, after: Reading
) -> None:
    for side, reading in (("before", before), ("after", after)):
        expected = reading.attention[0, 2, 3, 1, :9].tolist()
        assert [abs(float(a) - b) <= 0.0011 for a, b in zip(numbers(opened, side), expected, strict=True)] == [True] * 9
    assert re.fullmatch(r"0|[+−]\.\d{3}", numbers(opened, "change")[0])
    rows = [row.split("\n") for row in opened.locator(".extra").all_inner_texts()]
    names = [row[0] for row in rows]
    assert names == ["France · capital of · Italy", "Italy · twin of · France", "the whole row"]
    assert rows[0][1:] == [".000", ".400", "+.400"] and rows[-1][1:3] == ["1.000", "1.000"]
    assert "to facts in memory\n.000 → .500 (+.500)" in opened.locator(".sums").inner_text()


def test_layer_and_head_are_chosen_by_mouse_and_keyboard(opened: Any) -> None:
    seen = [(title(opened), numbers(opened, "before"))]
    opened.get_by_label("layer 4, head 7").click()
    seen.append((title(opened), numbers(opened, "before")))
    opened.keyboard.press("ArrowRight")
    assert "layer 4, head 8" in title(opened)
    opened.keyboard.press("ArrowUp")
    assert "layer 3, head 8" in title(opened)
    for _ in range(12):
        opened.keyboard.press("ArrowLeft")
    assert "in layer 3, before" in title(opened)
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
    assert "What france looks" in title(opened)
    tokens.nth(4).hover()
    assert "What capital looks" in title(opened)
    opened.mouse.move(5, 5)
    assert "What france looks" in title(opened)
    opened.keyboard.press("ArrowUp")
    assert "What of looks" in title(opened)
    opened.keyboard.press("Home")
    assert "What [CLS] looks" in title(opened)
    opened.locator(".keys.after .token").nth(1).click()
    assert "What paris looks" in title(opened)


def test_another_sentence_opens_at_its_mask(opened: Any) -> None:
    opened.get_by_label("sentence").select_option("1")
    assert "What [MASK] looks" in title(opened)
    assert opened.locator(".bracket").all_inner_texts() == ["Rome"]
    assert len(numbers(opened, "after")) == 7
    assert opened.locator(".bars.importance").count() == 0  # measured for the other sentence


def test_thumbnails_show_weights_or_change(opened: Any) -> None:
    picture = "c => c.toDataURL()"
    weights = opened.locator(".board canvas").evaluate(picture)
    opened.get_by_role("group", name="thumbnails").get_by_role("button", name="change").click()
    opened.wait_for_timeout(150)
    assert opened.locator(".board canvas").evaluate(picture) != weights


def test_all_heads_are_their_mean_their_maximum_or_their_rollout(opened: Any, before: Reading) -> None:
    opened.get_by_label("layer 5, mean of heads").click()
    for name, expected in (
        ("max", before.attention[0, 5, :, 1, 0].max()),
        ("rollout", roll_out(before)[5, 1, 0]),
        ("mean", before.attention[0, 5, :, 1, 0].mean()),
    ):
        opened.get_by_role("button", name=name, exact=True).click()
        assert abs(float(numbers(opened, "before")[0]) - float(expected)) <= 0.0016
    opened.get_by_role("button", name="rollout").click()
    assert title(opened) == "What paris gathers from up to layer 5, before and after the graph"


def test_what_is_faint_can_be_hidden(opened: Any) -> None:
    lines = opened.locator(".lines.before .line")
    everything = lines.evaluate_all(SEEN_LINES)
    opened.get_by_label("hide weights below").fill("20")
    assert 0 < lines.evaluate_all(SEEN_LINES) < everything


def test_differences_can_be_renormalised_over_word_pieces(opened: Any, before: Reading, after: Reading) -> None:
    opened.get_by_role("button", name="renormalised").click()
    one, other = (reading.attention[0, 2, 3, 1] for reading in (before, after))
    expected = (other / other.sum() - one / one.sum())[:9].tolist()
    shown = [float(text.replace("−", "-").replace("+", "")) for text in numbers(opened, "change")]
    assert all(abs(a - b) <= 0.003 for a, b in zip(shown, expected, strict=True))
    assert opened.locator(".extra").first.inner_text().endswith("–")


def test_the_matrix_tells_its_values_and_takes_a_row_into_focus(opened: Any) -> None:
    opened.get_by_role("button", name="matrix").click()
    canvas = opened.locator("canvas.matrix")
    assert canvas.evaluate(COLOURS) > 20 and not opened.locator(".columns").is_visible()
    plain = canvas.evaluate("c => c.toDataURL()")
    box = canvas.bounding_box()
    opened.mouse.move(box["x"] + box["width"] - 30, box["y"] + box["height"] - 30)
    assert re.search(r"→ .*: minilm \.\d{3}, after \.\d{3}", opened.locator(".matrix-room .card").inner_text())
    opened.mouse.click(box["x"] + box["width"] - 30, box["y"] + box["height"] - 12)
    assert "What [SEP] looks" in title(opened)
    opened.keyboard.press("ArrowUp")
    assert "What . looks" in title(opened)
    opened.keyboard.press("ArrowLeft")
    assert re.search(r"\. → .*: minilm", opened.locator(".spoken").inner_text())
    assert canvas.evaluate("c => c.toDataURL()") != plain


def test_facts_between_mentions_are_arcs_and_scored(opened: Any) -> None:
    arcs = opened.locator(".lines.after .arc")
    assert arcs.count() == 1 and arcs.locator("title").text_content() == "Paris · capital of · France"
    stroke = arcs.first.evaluate("arc => getComputedStyle(arc).stroke")
    assert stroke == "rgb(0, 114, 178)"


def test_bars_stand_beside_the_word_pieces(opened: Any) -> None:
    widths = opened.locator(".bars.importance .bar").evaluate_all("bars => bars.map(bar => bar.offsetWidth)")
    assert widths[0] > 0 and widths[8] == max(widths)
    assert opened.locator(".bars.importance .bar.below").count() == 2
    shifts = opened.locator(".bars.shift .bar-cell").evaluate_all("cells => cells.map(cell => +cell.title)")
    assert max(shifts) > 0


def test_a_mention_chooses_its_entity_and_is_marked(opened: Any) -> None:
    paris = opened.get_by_role("button", name="Paris", exact=True)
    paris.click()
    assert paris.get_attribute("aria-pressed") == "true"
    assert opened.locator(".span.chosen").count() == 1
    paris.press("Enter")
    assert paris.get_attribute("aria-pressed") == "false"


def test_light_and_dark_come_from_the_page(opened: Any) -> None:
    paper = "getComputedStyle(document.querySelector('.kgwb-attention')).backgroundColor"
    thumbnails = opened.locator(".board canvas").evaluate("c => c.toDataURL()")
    opened.emulate_media(color_scheme="dark")
    opened.wait_for_timeout(100)
    assert opened.evaluate(paper) == "rgb(25, 26, 28)"
    assert opened.locator(".board canvas").evaluate("c => c.toDataURL()") != thumbnails
    opened.evaluate("document.body.dataset.jpThemeLight = 'true'")
    opened.wait_for_timeout(50)
    assert opened.evaluate(paper) == "rgb(251, 250, 247)"


@pytest.mark.parametrize("width", [390, 820, 1200])
def test_it_reflows(opened: Any, width: int, screenshots: Path) -> None:
    opened.set_viewport_size({"width": width, "height": 844})
    opened.wait_for_timeout(100)
    opened.screenshot(path=screenshots / f"attention_{width}.png", full_page=True)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    size = opened.locator("[role=gridcell]").first.evaluate("cell => cell.offsetWidth")
    assert size == 28 or (820 <= width < 1000 and size >= 18)
    box = opened.locator(".kgwb-attention").bounding_box()
    if width == 1200:
        assert box["height"] < 844


def test_a_tab_that_is_shown_again_is_drawn(opened: Any) -> None:
    view = "document.querySelector('.kgwb-attention').style.display"
    opened.get_by_role("button", name="matrix").click()
    opened.evaluate(f"{view} = 'none'")
    opened.set_viewport_size({"width": 700, "height": 800})
    opened.evaluate(f"{view} = ''")
    opened.wait_for_timeout(100)
    assert opened.locator("canvas.matrix").evaluate(COLOURS) > 20


@pytest.mark.parametrize("drawn", ["lines", "matrix"])
def test_pictures_are_saved_from_the_page(opened: Any, drawn: str, tmp_path: Path) -> None:
    opened.get_by_role("button", name=drawn).click()
    with opened.expect_download() as saved:
        opened.get_by_role("button", name="SVG").click()
    file = tmp_path / "saved.svg"
    saved.value.save_as(file)
    picture = ElementTree.fromstring(file.read_text("utf-8"))
    texts = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"paris", "france", "[CLS]"} <= set(texts)
    if drawn == "lines":
        assert title(opened) in texts and "France · capital of · Italy" in texts and ".400" in texts
    with opened.expect_download() as png:
        opened.get_by_role("button", name="PNG").click()
    assert png.value.suggested_filename.endswith(".png")
    assert opened.errors_logged == []


def test_touch_chooses(browser: Any, before: Reading, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 600, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto(show_attention(before, layer=1, head=0).save(tmp_path / "page.html").as_uri())
    page.get_by_label("layer 3, head 2").tap()
    page.locator(".queries .token").nth(4).tap()
    assert title(page) == "What capital looks at in layer 3, head 2"
    context.close()


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


def test_what_is_chosen_in_a_linked_view_is_shown_here(
    browser_page: Any, before: Reading, after: Reading, graph: KnowledgeGraph, tmp_path: Path
) -> None:
    views = link(show_attention(before, graph=graph), show_attention(before, after, graph=graph))
    browser_page.goto(views.save(tmp_path / "page.html").as_uri())
    one, other = (browser_page.locator(".kgwb-attention").nth(i) for i in (0, 1))
    one.get_by_label("layer 0, head 5").click()
    assert "in layer 0, head 5" in other.locator(".title").inner_text()
    other.get_by_role("button", name="France", exact=True).click()
    assert one.get_by_role("button", name="France", exact=True).get_attribute("aria-pressed") == "true"
    one.get_by_label("sentence").select_option("1")
    assert "What [MASK]" in other.locator(".title").inner_text()


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
