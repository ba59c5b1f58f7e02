"""The space moved and come nearer to, by keyboard, wheel, fingers and mouse, in one map and in two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from page_checks import assert_quiet
from space_page import CHOSEN, SEEN, make_points, make_view, open_view, place_points, wait_for_space
from waiting import wait_for_change, wait_for_rest, wait_until

from kgwb.see import show_space

pytestmark = pytest.mark.browser

SUM = f"canvas => ({SEEN})(canvas).sum"


def test_the_keyboard_is_enough(browser_page: Any, tmp_path: Path) -> None:
    view = make_view()
    pad = open_view(browser_page, view, tmp_path)
    points = browser_page.locator(".kgwb-space .points")
    seen = [points.evaluate(SUM)]
    pad.focus()
    for key in ("+", "ArrowRight", "-", "0"):
        pad.press(key)
        wait_for_change(points, SUM, seen[-1])
        seen.append(wait_for_rest(points, SUM))
    assert len(set(seen[:4])) == 4 and seen[4] == seen[0]
    pad.press("Shift+ArrowRight")
    first = browser_page.locator(".kgwb-space .spoken").inner_text()
    pad.press("Shift+ArrowRight")
    second = browser_page.locator(".kgwb-space .spoken").inner_text()
    assert first and second and first != second
    pad.press("Enter")
    assert "Chosen 1" in browser_page.locator(CHOSEN).inner_text()
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert browser_page.evaluate(outline) == "solid"
    pad.press("Escape")
    assert "Nothing is chosen" in browser_page.locator(CHOSEN).inner_text()
    assert_quiet(browser_page)


def test_the_wheel_is_the_pages_until_the_picture_is_meant(browser_page: Any, tmp_path: Path) -> None:
    pad = open_view(browser_page, make_view(), tmp_path)
    roll = """(pad, options) => { const box = pad.getBoundingClientRect(); return pad.dispatchEvent(new WheelEvent("wheel",
      {bubbles: true, cancelable: true, deltaY: 50, clientX: box.x + 200, clientY: box.y + 200, ...options})); }"""
    assert pad.evaluate(roll, {})  # false where someone prevented it
    assert not pad.evaluate(roll, {"ctrlKey": True})
    pad.focus()
    assert not pad.evaluate(roll, {})


def test_fingers_move_come_nearer_and_choose(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 820, "height": 900}, has_touch=True)
    page = context.new_page()
    view = make_view()
    page.goto(view.save(tmp_path / "space.html").as_uri())
    wait_for_space(page)
    pad = page.locator(".kgwb-space .pad")
    page.touchscreen.tap(*place_points(pad, view)[50].tolist())
    assert "Isle 50" in page.locator(CHOSEN).inner_text()
    points = page.locator(".kgwb-space .points")
    before = wait_for_rest(points, SUM)
    touch = context.new_cdp_session(page)
    box = pad.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def send(kind: str, *places: tuple[float, float]) -> None:
        fingers = [{"x": left, "y": top, "id": i} for i, (left, top) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    send("touchStart", (x - 30, y), (x + 30, y))
    for far in (40, 60, 90):
        send("touchMove", (x - far, y), (x + far, y))
    send("touchEnd")
    wait_for_change(points, SUM, before)
    context.close()


def test_a_great_many_are_moved_along_and_drawn_anew_once_the_hand_rests(browser_page: Any, tmp_path: Path) -> None:
    pad = open_view(browser_page, make_view(50_500, labelled=5), tmp_path)
    points = browser_page.locator(".kgwb-space .points")
    before = points.evaluate(SEEN)
    box = pad.bounding_box()
    browser_page.mouse.move(box["x"] + 300, box["y"] + 200)
    browser_page.mouse.down()
    for step in range(1, 5):
        browser_page.mouse.move(box["x"] + 300 + 10 * step, box["y"] + 200)
    browser_page.mouse.up()
    wait_for_change(points, SEEN, before)
    wait_until(browser_page, lambda: points.evaluate("canvas => canvas.style.transform") == "")
    after = wait_for_rest(points, SEEN)
    assert after["sum"] != before["sum"] and after["solid"] == pytest.approx(before["solid"], rel=0.05)
    assert_quiet(browser_page)


def test_two_maps_move_as_one_and_share_a_lasso(browser_page: Any, tmp_path: Path, screenshots: Path) -> None:
    labels = [f"Isle {i}" for i in range(80)]
    view = show_space((make_points(80), labels), beside=(make_points(80, seed=1), labels))
    pad = open_view(browser_page, view, tmp_path)
    assert "Changed most" in browser_page.locator(".kgwb-space .side").inner_text()
    halves = """canvas => { const copy = document.createElement("canvas"); const width = canvas.width / 2;
      [copy.width, copy.height] = [width, canvas.height]; const pen = copy.getContext("2d");
      return [0, width].map(left => { pen.clearRect(0, 0, width, canvas.height);
        pen.drawImage(canvas, left, 0, width, canvas.height, 0, 0, width, canvas.height); return copy.toDataURL(); }); }"""
    points = browser_page.locator(".kgwb-space .points")
    before = points.evaluate(halves)
    pad.focus()
    pad.press("ArrowRight")
    after = wait_for_change(points, halves, before)
    assert before[0] != after[0] and before[1] != after[1]
    browser_page.screenshot(path=screenshots / "space-beside.png", full_page=True)
    browser_page.locator(".kgwb-space .changed button").first.click()
    assert "Chosen 1" in browser_page.locator(CHOSEN).inner_text()
    assert_quiet(browser_page)
