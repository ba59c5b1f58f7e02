"""What is chosen in the attention view, by mouse, keyboard and touch, and what it then says, here and in linked views."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from attention_page import numbers, title
from page_checks import COLOURS, PIXELS
from waiting import wait_for_change

from kgwb.bert import Reading, roll_out
from kgwb.graph import KnowledgeGraph
from kgwb.see.attention.view import show_attention
from kgwb.see.linking import link

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(opened_attention: Any) -> Any:
    return opened_attention


def test_the_title_and_the_caption_say_what_is_seen_now(opened: Any) -> None:
    assert title(opened) == "What paris looks at in layer 2, head 3, before and after the graph"
    opened.get_by_label("layer 4, head 7").click()
    assert title(opened) == "What paris looks at in layer 4, head 7, before and after the graph"
    assert "Sentence 0, layer 4, head 7, from 'paris'." in opened.locator(".caption").inner_text()


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


def test_the_matrix_tells_its_values_and_takes_a_row_into_focus(opened: Any) -> None:
    opened.get_by_role("button", name="matrix").click()
    canvas = opened.locator("canvas.matrix")
    assert canvas.evaluate(COLOURS) > 20 and not opened.locator(".columns").is_visible()
    plain = canvas.evaluate(PIXELS)
    box = canvas.bounding_box()
    opened.mouse.move(box["x"] + box["width"] - 30, box["y"] + box["height"] - 30)
    assert re.search(r"→ .*: minilm \.\d{3}, after \.\d{3}", opened.locator(".matrix-room .card").inner_text())
    opened.mouse.click(box["x"] + box["width"] - 30, box["y"] + box["height"] - 12)
    assert "What [SEP] looks" in title(opened)
    opened.keyboard.press("ArrowUp")
    assert "What . looks" in title(opened)
    opened.keyboard.press("ArrowLeft")
    assert re.search(r"\. → .*: minilm", opened.locator(".spoken").inner_text())
    wait_for_change(canvas, PIXELS, plain)


def test_a_mention_chooses_its_entity_and_is_marked(opened: Any) -> None:
    paris = opened.get_by_role("button", name="Paris", exact=True)
    paris.click()
    assert paris.get_attribute("aria-pressed") == "true"
    assert opened.locator(".span.chosen").count() == 1
    paris.press("Enter")
    assert paris.get_attribute("aria-pressed") == "false"


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
