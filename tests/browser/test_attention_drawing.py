"""What the attention view draws: lines, matrix, thumbnails and bars, in each width and theme, and as a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from attention_page import numbers, title
from page_checks import COLOURS, PIXELS
from waiting import wait_for_change, wait_for_rest, wait_until

from kgwb.bert import Reading

pytestmark = pytest.mark.browser


SEEN_LINES = "lines => lines.filter(line => line.style.display !== 'none' && +line.style.strokeOpacity > 0).length"


@pytest.fixture
def opened(opened_attention: Any) -> Any:
    return opened_attention


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


def test_thumbnails_show_weights_or_change(opened: Any) -> None:
    thumbnails = opened.locator(".board canvas")
    weights = thumbnails.evaluate(PIXELS)
    opened.get_by_role("group", name="thumbnails").get_by_role("button", name="change").click()
    wait_for_change(thumbnails, PIXELS, weights)


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


def test_light_and_dark_come_from_the_page(opened: Any) -> None:
    paper = "getComputedStyle(document.querySelector('.kgwb-attention')).backgroundColor"
    thumbnails = opened.locator(".board canvas")
    light = thumbnails.evaluate(PIXELS)
    opened.emulate_media(color_scheme="dark")
    wait_for_change(thumbnails, PIXELS, light)
    assert opened.evaluate(paper) == "rgb(25, 26, 28)"
    opened.evaluate("document.body.dataset.jpThemeLight = 'true'")
    wait_until(opened, lambda: opened.evaluate(paper) == "rgb(251, 250, 247)")


@pytest.mark.parametrize("width", [390, 820, 1200])
def test_it_reflows(opened: Any, width: int, screenshots: Path) -> None:
    opened.set_viewport_size({"width": width, "height": 844})
    wait_for_rest(opened.locator(".board canvas"), PIXELS)
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
    wait_until(opened, lambda: opened.locator("canvas.matrix").evaluate(COLOURS) > 20)


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
