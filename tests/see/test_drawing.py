"""Static pictures: every text stays text, every document parses, labels keep apart."""

from __future__ import annotations

import xml.etree.ElementTree as Tree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgwb.packages import load_package
from kgwb.see.drawing import (
    Mark,
    draw_legend,
    draw_picture,
    draw_points,
    draw_polyline,
    draw_text,
    escape,
    measure_text,
    wrap_text,
)
from kgwb.see.panels import Panel, choose_ticks, draw_axes, place_labels, widen
from kgwb.words import shorten

ANY_TEXT = st.text(st.characters(codec=None))


@given(ANY_TEXT)
def test_any_text_stays_text(text: str) -> None:
    document = Tree.fromstring(draw_picture([draw_text(text, 0, 0)], 100, 100, title=text, caption=text))
    assert {element.tag.partition("}")[2] for element in document.iter()} <= {"svg", "title", "style", "rect", "text"}


def test_letters_that_no_xml_may_hold_are_replaced() -> None:
    assert escape("a\x00b\x1b") == "a\ufffdb\ufffd"


def test_a_picture_brings_light_and_dark_paper() -> None:
    picture = draw_picture([], 10, 10, title="t")
    assert "prefers-color-scheme:dark" in picture and 'class="paper"' in picture
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")


def test_a_line_breaks_where_there_is_no_number() -> None:
    line = draw_polyline(np.array([[0, 0], [1, np.nan], [2, 2], [3, 3]]))
    assert line.count("M") == 2 and "nan" not in line


def test_dots_have_radius_and_colour() -> None:
    assert 'r="3"' in draw_points(np.zeros((1, 2)), np.array([3.0]), ["#009e73"])


def test_a_legend_wraps() -> None:
    marks = [Mark(f"type {i}", "#009e73") for i in range(12)]
    assert draw_legend(marks, 0, 0, 200)[1] > draw_legend(marks, 0, 0, 2000)[1]
    assert draw_legend([], 0, 0, 200) == ("", 0.0)


@given(st.text(max_size=200))
def test_wrapping_loses_no_letter(text: str) -> None:
    lines = wrap_text(text, 12, 90)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_long_labels_are_cut_and_chinese_is_wide() -> None:
    assert shorten("a" * 50, 10) == "a" * 9 + "…"
    assert shorten("two\nlines") == "two lines"
    assert measure_text("中文", 10) > measure_text("ab", 10)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_lie_within_and_are_few(low: float, width: float) -> None:
    ticks = choose_ticks(low, low + width)
    assert 1 <= len(ticks) <= 9
    room = 1e-6 * (abs(low) + width)
    assert all(low - room <= tick <= low + width + room for tick in ticks)


def test_ticks_of_nothing() -> None:
    assert choose_ticks(2, 2) == [2] and choose_ticks(float("nan"), 1) == []
    assert widen(np.array([np.nan])) == (0.0, 1.0)
    assert widen(np.array([2.0]))[0] < 2 < widen(np.array([2.0]))[1]


def test_a_panel_places_values() -> None:
    panel = Panel(10, 20, 100, 50, (0, 1), (0, 1))
    assert panel.place(np.array([0, 1]), np.array([0, 1])).tolist() == [[10, 70], [110, 20]]
    Tree.fromstring(f"<g>{draw_axes(panel, title='<b>', x_name='epoch')}</g>")


def test_labels_never_cover_each_other() -> None:
    points = np.random.default_rng(0).uniform(0, 300, (80, 2))
    texts = [f"entity {i}" for i in range(80)]
    placed = place_labels(points, texts, radii=np.full(80, 4.0), order=range(80), bounds=(0, 0, 300, 300))
    boxes = []
    for label in placed:
        width = measure_text(texts[label.point], 12)
        left = label.x - {"start": 0, "middle": width / 2, "end": width}[label.anchor]
        boxes.append((left, label.y - 10, left + width, label.y + 3))
    assert 5 < len(placed) < 80
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            across = min(one[2], other[2]) - max(one[0], other[0])
            down = min(one[3], other[3]) - max(one[1], other[1])
            assert across <= 0.1 or down <= 1.1


def test_a_missing_package_gives_its_install_line() -> None:
    with pytest.raises(
        ImportError, match=r"show_space needs nothing-such, which is not installed\. Type: pip install no"
    ):
        load_package("nothing_such", "show_space", install="nothing-such")
