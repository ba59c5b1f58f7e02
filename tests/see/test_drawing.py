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
    draw_shape,
    draw_text,
    escape,
    measure_text,
    type_marks,
    wrap_text,
)
from kgwb.see.palette import TYPE_COLOURS, TYPE_MARKS, mark_types
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


def test_types_are_drawn_in_their_shapes() -> None:
    marks = list(TYPE_MARKS)
    drawn = draw_points(np.zeros((48, 2)), np.full(48, 5.0), marks)
    group = Tree.fromstring(f"<svg>{drawn}</svg>")[0]
    dots = [each for each in group if each.tag == "circle" and each.get("stroke") == "none"]
    assert len(dots) == sum(mark.shape.startswith("dotted") for mark in marks) == 16
    assert len(group) == 48 + 16
    assert sum(each.tag == "path" for each in group) == sum("circle" not in mark.shape for mark in marks)
    hollow = [each for each in group if each.get("class") == "paper"]
    assert len(hollow) == sum(" " in mark.shape for mark in marks)
    assert {each.get("stroke") or each.get("fill") for each in group if each not in dots} == set(TYPE_COLOURS)


@pytest.mark.parametrize("count", [1, 12, 48, 49, 60, 100])
def test_a_legend_lists_every_type_drawn_or_says_how_many_it_does_not(count: int) -> None:
    types = [f"type {i:03d}" for i in range(count)]
    legend = type_marks(types, mark_types(types))
    listed = [mark for mark in legend if mark.shape != "none"]
    assert [mark.text for mark in listed] == types[:48]
    notes = " ".join(mark.text for mark in legend[len(listed) :])
    left = count - len(listed)
    assert (f"and {left} further type" in notes) == (left > 0)
    alike = max(0, 2 * (min(count, 96) - 48)) + max(0, count - 96)
    assert (f"{alike} types share their mark with another" in notes) == (alike > 0)
    assert {(mark.colour, mark.shape) for mark in listed} == {
        (mark.colour, mark.shape) for mark in mark_types(types[:48]).values()
    }


def test_a_legend_shows_the_shapes_that_are_drawn() -> None:
    mark = TYPE_MARKS[9]  # an open square
    (entry,) = type_marks(["town", "town"], {"town": mark, "not drawn": TYPE_MARKS[0]})
    assert (entry.text, entry.colour, entry.shape) == ("town", mark.colour, "open square")
    picture = draw_legend([entry], 0, 0, 200)[0]
    assert draw_shape(mark, 11, 7.8, 5) in picture
    assert type_marks(["town"], {"town": "#009e73"}) == [Mark("town", "#009e73", "circle")]


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
