"""The graph view by keyboard, by dragging, by the wheel and by fingers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graph_page import CANVAS, drawn, find, heading
from page_checks import PIXELS
from waiting import wait_for_change, wait_for_rest, wait_until

from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see import show_graph

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(opened_graph: Any) -> Any:
    return opened_graph


def test_the_keyboard_walks_opens_goes_back_and_searches(opened: Any) -> None:
    opened.locator(CANVAS).focus()
    opened.keyboard.press("ArrowRight")
    first = heading(opened)
    assert first != "Isle 0"
    opened.keyboard.press("ArrowLeft")
    assert heading(opened) == "Isle 0"
    opened.keyboard.press("Backspace")
    assert heading(opened) == first
    opened.keyboard.press("Backspace")
    assert heading(opened) == "Isle 0"
    opened.keyboard.press("Enter")  # all is drawn: it folds
    assert drawn(opened) == (1, 0)
    opened.keyboard.press("Enter")
    assert drawn(opened) == (6, 5)
    opened.keyboard.press("/")
    assert opened.evaluate("document.activeElement.type") == "search"
    opened.keyboard.type("isle 9")
    opened.keyboard.press("Enter")
    assert heading(opened) == "Isle 9" and drawn(opened) == (2, 1)
    assert opened.locator(".trail [aria-current]").inner_text() == "Isle 9"
    opened.locator(".trail button").first.click()
    assert heading(opened) == "Isle 0" and drawn(opened) == (6, 5)
    opened.locator(CANVAS).focus()
    canvas = opened.locator(CANVAS)
    before = wait_for_rest(canvas, PIXELS)
    opened.keyboard.press("+")
    wait_for_change(canvas, PIXELS, before)
    nearer = wait_for_rest(canvas, PIXELS)
    assert nearer != before
    opened.keyboard.press("0")
    wait_for_change(canvas, PIXELS, nearer)
    opened.keyboard.press("Escape")
    assert heading(opened) == "islands"
    assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_keys_stay_in_the_view(opened: Any) -> None:
    opened.evaluate("window.keys = []; addEventListener('keydown', event => keys.push(event.key))")
    opened.locator(CANVAS).focus()
    for key in ("ArrowDown", "Enter", "Backspace", "+", "0"):
        opened.keyboard.press(key)
    opened.locator(".search input").fill("")
    opened.keyboard.type("dd")
    assert opened.evaluate("window.keys") == []
    assert opened.locator("[data-lm-suppress-shortcuts]").count() == 1


def test_a_dragged_dot_stays_and_a_dragged_picture_moves(opened: Any) -> None:
    x, y = find(opened, "Isle 4\n")
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x + 30, y - 40, steps=4)
    opened.mouse.up()
    wait_for_rest(opened.locator(CANVAS), PIXELS)
    moved = find(opened, "Isle 4\n")
    assert abs(moved[0] - x - 30) < 14 and abs(moved[1] - y + 40) < 14
    box = opened.locator(CANVAS).bounding_box()
    opened.mouse.move(box["x"] + 5, box["y"] + 5)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 65, box["y"] + 25, steps=4)
    opened.mouse.up()
    wait_for_rest(opened.locator(CANVAS), PIXELS)
    again = find(opened, "Isle 4\n")
    assert abs(again[0] - moved[0] - 60) < 14 and abs(again[1] - moved[1] - 20) < 14


def test_the_wheel_is_the_pages_until_the_picture_is_chosen(opened: Any) -> None:
    wheel = """(canvas, ctrlKey) =>
        canvas.dispatchEvent(new WheelEvent('wheel', {bubbles: true, cancelable: true, deltaY: 50, ctrlKey}))"""
    canvas = opened.locator(CANVAS)
    assert canvas.evaluate(wheel, False)  # false where someone prevented it
    assert not canvas.evaluate(wheel, True)
    canvas.focus()
    assert not canvas.evaluate(wheel, False)


def test_fingers_choose_open_and_pinch(browser: Any, islands: KnowledgeGraph, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 820, "height": 1000}, has_touch=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(show_graph(islands, around="Isle 0").save(tmp_path / "graph.html").as_uri())
    send = context.new_cdp_session(page).send

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = find(page, "Isle 1\n")
    page.touchscreen.tap(x, y)
    page.wait_for_function("document.querySelector('.panel h4').innerText === 'Isle 1'")
    touch("touchStart", (x, y))
    page.wait_for_timeout(700)  # a long press
    touch("touchEnd")
    wait_until(page, lambda: drawn(page) == (9, 8))
    canvas = page.locator(CANVAS)
    canvas.focus()  # a first tap lets the fingers move the picture
    before = wait_for_rest(canvas, PIXELS)
    box = canvas.bounding_box()
    cx, cy = box["x"] + box["width"] / 2, box["y"] + 30
    touch("touchStart", (cx - 40, cy), (cx + 40, cy))
    touch("touchMove", (cx - 90, cy), (cx + 90, cy))
    touch("touchEnd")
    wait_for_change(canvas, PIXELS, before)
    context.close()
