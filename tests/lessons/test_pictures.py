"""Small pictures say in words what they draw, and draw the control beside it."""

from __future__ import annotations

from xml.etree import ElementTree

import pandas as pd

from kgwb.lessons.pictures import draw_bars


def test_a_bar_for_each_row_and_its_number() -> None:
    picture = draw_bars(pd.Series({"Asia": 53, "<b>": 26.5}), unit="facts")
    assert repr(picture) == "Picture: facts. Asia 53, <b> 26."
    bars = [element for element in ElementTree.fromstring(picture.svg).iter() if element.get("class") == "edge"]
    widths = [float(bar.get("width", 0)) for bar in bars if bar.tag.endswith("rect")]
    assert len(widths) == 2
    assert round(widths[0] / widths[1], 2) == 2


def test_a_control_is_dashed_and_named() -> None:
    values, control = pd.Series({"all": 0.5}, name="model"), pd.Series({"all": 1.0}, name="rule")
    svg = draw_bars(values, unit="MRR", control=control, digits=2).svg
    assert "stroke-dasharray" in svg
    assert ">rule<" in svg
    assert ">model<" in svg


def test_nothing_but_noughts_is_still_a_picture() -> None:
    assert "0.00" in draw_bars(pd.Series({"none": 0.0}), unit="MRR", digits=2).svg
