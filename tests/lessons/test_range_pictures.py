"""Ranges over seeds: the mean is said and drawn where it belongs, controls are dashed, no number leaves the picture."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kgwb.lessons.pictures import WIDTH
from kgwb.lessons.range_pictures import draw_ranges

WAYS = ["plain", "with the graph", "shuffled"]
PANELS = ["one", "another", "a third with a long title"]
SHARES = st.lists(st.floats(0, 1), min_size=18, max_size=18)
WORDS = {"title": "Answers", "caption": "Share of answers that are right.", "said": "right"}


def _measure(shares: list[float]) -> pd.Series:
    return pd.Series(shares, pd.MultiIndex.from_product([PANELS, WAYS, [0, 1]], names=["panel", "way", "seed"]))


@given(SHARES)
def test_every_mean_is_said_and_drawn_within_the_picture(shares: list[float]) -> None:
    measured = _measure(shares)
    picture = draw_ranges(measured, WAYS, marked="with the graph", **WORDS)  # type: ignore[arg-type]
    means = measured.groupby(level=[0, 1], sort=False).mean()
    said = {panel: ", ".join(f"{way} {means[panel, way]:.2f}" for way in WAYS) for panel in PANELS}
    assert repr(picture) == f"Picture: right. {'; '.join(f'{panel}: {its}' for panel, its in said.items())}."
    figures = re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="end"[^>]*>(\d\.\d\d)<', picture.svg)
    assert [number for _, number in figures] == [f"{mean:.2f}" for mean in means]
    assert all(0 < float(x) < WIDTH for x, _ in figures)
    dots = np.array(re.findall(r'<circle cx="([\d.]+)"', picture.svg), float).reshape(3, 3)  # [panel, way]
    widths = np.array(
        re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="middle"[^>]*>[01]<', picture.svg), float
    ).reshape(3, 2)
    ends = widths[:, :1] + (widths[:, 1:] - widths[:, :1]) * means.to_numpy().reshape(3, 3)
    assert np.allclose(dots, ends, atol=0.11)
    assert picture.svg.count("stroke-dasharray") == len(PANELS)


def test_a_seed_with_several_values_counts_once() -> None:
    rows = pd.MultiIndex.from_tuples([("one", "plain", 0)] * 3 + [("one", "plain", 1)])
    assert "plain 0.50" in repr(draw_ranges(pd.Series([0.0, 0.0, 0.0, 1.0], rows), ["plain"], **WORDS))  # type: ignore[arg-type]


def test_figures_beyond_one_have_a_scale_of_their_own_and_a_ceiling_is_named() -> None:
    measured = _measure((np.arange(18) * 10.0).tolist())
    drawn = draw_ranges(measured, WAYS[:1], ceiling="shuffled", share=False, **WORDS)  # type: ignore[arg-type]
    assert ">shuffled<" in drawn.svg and ">100<" in drawn.svg and "controls" not in drawn.svg
