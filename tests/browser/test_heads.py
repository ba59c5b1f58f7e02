"""The head map in a browser: it draws, is turned by mouse and keyboard, leads to attention, reaches nothing, runs no label."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from page_checks import COLOURS, PIXELS
from waiting import wait_for_change, wait_for_rest, wait_until

from kgwb import ComplEx, GraphEmbedding, KnowledgeGraph
from kgwb.bert import Bert, inject, load_bert, read
from kgwb.graph import Mention, Sentence
from kgwb.see.attention.view import show_attention
from kgwb.see.heads.view import HeadsView, show_heads
from kgwb.see.linking import link

pytestmark = pytest.mark.browser

WORDS = ["Paris", "Lyon", "Rome", "France", "Italy"]
TEXTS = [
    "Paris and Rome lie far from Lyon.",
    "Nothing at all.",
    "From Italy to France, from Rome to Paris.",
    "Lyon, Paris and Italy, then the [MASK].",
    "Paris saw France and Italy, and Lyon saw Rome as well.",
]
HOSTILE = ["<script>window.hacked=1</script> one", "<img src=x onerror='window.hacked=1'> two", '"></svg><b> three']


@pytest.fixture(scope="module")
def bert() -> Bert:
    return load_bert()


@pytest.fixture(scope="module")
def vectors() -> GraphEmbedding:
    import pandas as pd

    facts = [("Paris", "capital of", "France"), ("Lyon", "city in", "France"), ("Rome", "capital of", "Italy")]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    return GraphEmbedding(graph, ComplEx(), dim=16, seed=0)


@pytest.fixture(scope="module")
def sentences(vectors: GraphEmbedding) -> list[Sentence]:
    found = []
    for text in TEXTS:
        named = sorted((text.index(word), word) for word in WORDS if word in text)
        found.append(Sentence(text, tuple(Mention(i, i + len(w), vectors.graph.entity_id(w), w) for i, w in named)))
    return found


@pytest.fixture(scope="module")
def view(bert: Bert, vectors: GraphEmbedding, sentences: list[Sentence]) -> HeadsView:
    model = inject(bert, vectors, mode="memory")
    with torch.no_grad():
        for parameter in model.injector.parameters():
            if parameter.ndim == 0:
                parameter.fill_(0.7)
    return show_heads(bert, sentences, after=model, graph=vectors.graph, permutations=20)


@pytest.fixture
def opened(browser_page: Any, view: HeadsView, tmp_path: Path) -> Any:
    view.select()
    browser_page.goto(view.save(tmp_path / "page.html").as_uri())
    wait_for_rest(browser_page.locator(".map canvas"), PIXELS)
    return browser_page


def find_dot(page: Any, view: HeadsView, layer: int, head: int) -> tuple[float, float]:
    """Where a head lies on the page, from the data and the axes' own arithmetic."""
    box = page.locator(".map canvas").bounding_box()
    left, top, right, bottom = 52, 30, box["width"] - 12, box["height"] - 44
    point = []
    for name, low, high in (("distance", left, right), ("entropy", bottom, top)):
        values = view.frame[[name, f"{name}_after"]].to_numpy()
        room = (values.max() - values.min()) * 0.05
        least, most = values.min() - room, values.max() + room
        here = view.frame[f"{name}_after"][layer * 12 + head]
        point.append(low + (here - least) / (most - least) * (high - low))
    return box["x"] + point[0], box["y"] + point[1]


def test_every_head_is_drawn_and_nothing_is_requested(opened: Any, screenshots: Path) -> None:
    assert opened.locator(".map canvas").evaluate(COLOURS) > 40
    assert opened.locator(".title").inner_text() == "What the heads of minilm do over 5 sentences, before and after"
    assert opened.locator(".layers button").count() == 6
    opened.screenshot(path=screenshots / "heads.png", full_page=True)
    assert opened.requests_made == []
    assert opened.errors_logged == []


def test_a_head_under_the_pointer_tells_all_its_figures(opened: Any, view: HeadsView) -> None:
    opened.mouse.move(*find_dot(opened, view, 0, 2))
    card = opened.locator(".card").inner_text()
    row = view.frame.iloc[2]
    assert card.startswith("layer 0, head 2")
    shown = re.search(r"previous\s+(\S+) ± (\S+)\s+(\S+) ±", card)
    assert [float(figure) for figure in shown.groups()] == pytest.approx(
        [row["previous"], row["previous_spread"], row["previous_after"]], abs=6e-4
    )
    assert "shuffled twin" in card and "injected" in card


def test_a_head_is_chosen_by_click_and_by_keys_and_its_sentences_are_listed(opened: Any, view: HeadsView) -> None:
    opened.mouse.click(*find_dot(opened, view, 0, 2))
    assert opened.locator(".about h4").inner_text() == "layer 0, head 2"
    assert opened.locator(".about li").count() == 5
    first = opened.locator(".about li").first
    assert first.locator(".query").count() == 1 and first.locator(".key").count() == 1
    canvas = opened.locator(".map canvas")
    before = canvas.evaluate(PIXELS)
    canvas.focus()
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowRight")
    assert opened.locator(".about h4").inner_text() == "layer 1, head 3"
    wait_for_change(canvas, PIXELS, before)
    opened.keyboard.press("Escape")
    assert opened.locator(".about h4").count() == 0


def test_the_axes_turn_and_the_caption_follows(opened: Any) -> None:
    canvas = opened.locator(".map canvas")
    before = canvas.evaluate(PIXELS)
    opened.get_by_label("across").select_option("previous")
    opened.get_by_label("up", exact=True).select_option("injected")
    wait_for_change(canvas, PIXELS, before)
    caption = opened.locator(".caption").inner_text()
    assert "across to the previous word piece, up to facts in memory and vectors beside" in caption


def test_layers_can_be_left_out(opened: Any, view: HeadsView) -> None:
    opened.get_by_title("show or hide layer 0").click()
    opened.mouse.move(*find_dot(opened, view, 0, 2))
    assert not opened.locator(".card").is_visible() or "layer 0" not in opened.locator(".card").inner_text()
    assert opened.get_by_title("show or hide layer 0").get_attribute("aria-pressed") == "false"


def test_a_head_and_a_sentence_lead_to_their_attention(
    browser_page: Any, bert: Bert, view: HeadsView, sentences: list[Sentence], tmp_path: Path
) -> None:
    views = link(view, show_attention(read(bert, sentences)))
    browser_page.goto(views.save(tmp_path / "page.html").as_uri())
    browser_page.mouse.click(*find_dot(browser_page, view, 3, 4))
    title = browser_page.locator(".kgwb-attention .title")
    assert "in layer 3, head 4" in title.inner_text()
    item = browser_page.locator(".about li button").first
    number = int(item.get_attribute("title").split()[1])
    query = item.locator(".query").inner_text()
    item.click()
    assert browser_page.locator(".kgwb-attention select").input_value() == str(number)
    assert f"What {query} looks at" in title.inner_text().replace("##", "")
    browser_page.locator(".kgwb-attention").get_by_label("layer 5, head 0").click()
    assert browser_page.locator(".about h4").inner_text() == "layer 5, head 0"
    assert browser_page.errors_logged == []


def test_light_dark_widths_and_a_hidden_tab(opened: Any, screenshots: Path) -> None:
    canvas = opened.locator(".map canvas")
    light = canvas.evaluate(PIXELS)
    opened.emulate_media(color_scheme="dark")
    wait_for_change(canvas, PIXELS, light)
    for width in (390, 820, 1200):
        opened.set_viewport_size({"width": width, "height": 844})
        wait_for_rest(canvas, PIXELS)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert canvas.evaluate(COLOURS) > 40
        opened.screenshot(path=screenshots / f"heads_{width}.png", full_page=True)
    style = "document.querySelector('.kgwb-heads').style.display"
    opened.evaluate(f"{style} = 'none'")
    opened.set_viewport_size({"width": 700, "height": 800})
    opened.evaluate(f"{style} = ''")
    wait_until(opened, lambda: canvas.evaluate(COLOURS) > 40)


def test_touch_chooses_a_head(browser: Any, view: HeadsView, tmp_path: Path) -> None:
    view.select()
    context = browser.new_context(viewport={"width": 700, "height": 900}, has_touch=True)
    page = context.new_page()
    page.goto(view.save(tmp_path / "page.html").as_uri())
    wait_for_rest(page.locator(".map canvas"), PIXELS)
    page.touchscreen.tap(*find_dot(page, view, 0, 2))
    assert page.locator(".about h4").inner_text() == "layer 0, head 2"
    context.close()


def test_the_picture_is_saved_from_the_page(opened: Any, tmp_path: Path) -> None:
    with opened.expect_download() as saved:
        opened.get_by_role("button", name="SVG").click()
    saved.value.save_as(tmp_path / "saved.svg")
    picture = ElementTree.fromstring((tmp_path / "saved.svg").read_text("utf-8"))
    texts = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"entropy, in bits", "mean distance, in word pieces"} <= set(texts)
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) > 2 * 72


def test_hostile_sentences_run_nothing(browser_page: Any, bert: Bert, tmp_path: Path) -> None:
    browser_page.goto(show_heads(bert, HOSTILE, layer=0, head=0).save(tmp_path / "page.html").as_uri())
    assert browser_page.locator(".about li").count() == 3
    assert browser_page.locator(".kgwb-heads").locator("script, img, b").count() == 0
    assert browser_page.evaluate("window.hacked") is None
    assert browser_page.requests_made == [] and browser_page.errors_logged == []


def test_two_maps_on_one_page_are_apart(browser_page: Any, view: HeadsView, tmp_path: Path) -> None:
    from kgwb.see import write_page

    view.select()
    view.widget.channel = ""
    page = write_page(tmp_path / "page.html", [("one", view), ("two", view)], "Two")
    browser_page.goto(page.as_uri())
    browser_page.locator(".map canvas").first.focus()
    browser_page.keyboard.press("ArrowDown")
    assert browser_page.locator(".about h4").all_inner_texts() == ["layer 1, head 0"]
