"""Types are told apart by every kind of colour vision, and seen on both papers."""

from itertools import combinations

import numpy as np
import pytest

from kgwb.see.palette import DARK, LIGHT, OUTLINES, TYPE_COLOURS, TYPE_MARKS, TYPE_SHAPES, TypeMark, mark_types

# From linear sRGB to XYZ of D65 (IEC 61966-2-1).
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
# Linear sRGB as other eyes see it: Machado, Oliveira & Fernandes (2009), severity 1; grey keeps the luminance.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
    "grey": np.tile(_XYZ[1], (3, 1)),
}
# Sharma, Wu & Dalal (2005), table 1: two colours in CIELAB, and how far apart they are.
PUBLISHED = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (61, -5, 29), 22.8977),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


def _linear(colour):
    shares = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def _contrast(colour, paper):
    one, other = sorted([_linear(colour) @ _XYZ[1], _linear(paper) @ _XYZ[1]])
    return (other + 0.05) / (one + 0.05)


def _lab(colour, vision="normal"):
    seen = np.clip(VISIONS[vision] @ _linear(colour), 0, 1)
    shares = _XYZ @ seen / _XYZ.sum(axis=1)
    x, y, z = np.where(shares > (6 / 29) ** 3, np.cbrt(shares), shares / (3 * (6 / 29) ** 2) + 4 / 29)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _difference(one, other):
    """CIEDE2000."""
    (light_1, a_1, b_1), (light_2, a_2, b_2) = one, other
    mean = (np.hypot(a_1, b_1) + np.hypot(a_2, b_2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25.0**7))
    a_1, a_2 = a_1 * stretch, a_2 * stretch
    chroma_1, chroma_2 = np.hypot(a_1, b_1), np.hypot(a_2, b_2)
    hue_1, hue_2 = np.degrees(np.arctan2(b_1, a_1)) % 360, np.degrees(np.arctan2(b_2, a_2)) % 360
    turn = (hue_2 - hue_1 + 180) % 360 - 180 if chroma_1 * chroma_2 else 0.0
    hue = (hue_1 + turn / 2) % 360 if chroma_1 * chroma_2 else hue_1 + hue_2
    light, chroma = (light_1 + light_2) / 2, (chroma_1 + chroma_2) / 2
    cosines = [np.cos(np.radians(angle)) for angle in (hue - 30, 2 * hue, 3 * hue + 6, 4 * hue - 63)]
    weight = 1 + np.dot([-0.17, 0.24, 0.32, -0.2], cosines)
    by_light = (light_2 - light_1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    by_chroma = (chroma_2 - chroma_1) / (1 + 0.045 * chroma)
    by_hue = 2 * np.sqrt(chroma_1 * chroma_2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * weight)
    bend = 2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    return float(np.sqrt(by_light**2 + by_chroma**2 + by_hue**2 - bend * by_chroma * by_hue))


@pytest.mark.parametrize(("one", "other", "published"), PUBLISHED)
def test_differences_of_colours_are_those_published(one, other, published):
    assert round(_difference(one, other), 4) == published
    assert round(_difference(other, one), 4) == published


def test_forty_eight_types_are_told_apart_by_every_kind_of_vision():
    types = [f"type {i:02d}" for i in range(48)]
    marks = mark_types(types)
    near = [
        (vision, one, other)
        for vision in VISIONS
        for one, other in combinations(types, 2)
        if marks[one].shape == marks[other].shape
        and _difference(_lab(marks[one].colour, vision), _lab(marks[other].colour, vision)) < 10
    ]
    assert near == []
    assert len({marks[name] for name in types}) == len(TYPE_MARKS) == 48


def test_colours_alone_are_told_apart_by_usual_vision_and_nearly_by_others():
    for vision, least in (("normal", 10), ("protanopia", 7), ("deuteranopia", 7), ("tritanopia", 7)):
        pairs = combinations(TYPE_COLOURS, 2)
        found = min(_difference(_lab(one, vision), _lab(other, vision)) for one, other in pairs)
        assert found >= least, vision


def test_two_colours_that_a_protanope_takes_for_one_would_be_found():
    assert _difference(_lab("#a85f00", "deuteranopia"), _lab("#8f8a00", "deuteranopia")) < 10
    assert _difference(_lab("#0c9c72", "grey"), _lab("#4290d2", "grey")) < 10


@pytest.mark.parametrize("colour", TYPE_COLOURS)
def test_types_are_seen_on_both_papers_and_are_no_edges_and_not_injected(colour):
    assert min(_contrast(colour, paper["paper"]) for paper in (LIGHT, DARK)) >= 3
    for paper in (LIGHT, DARK):
        for role in ("injected", "edge"):
            assert _difference(_lab(colour), _lab(paper[role])) >= 10, role


@pytest.mark.parametrize("role", ["ink", "muted", "injected", "edge", "before", "after"])
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_role_is_seen_on_its_paper(role, colours):
    assert _contrast(colours[role], colours["paper"]) >= 3


def test_marks_come_in_sorted_order_and_again_past_the_forty_eighth():
    marks = mark_types(["b", "a", "b"])
    assert marks == {"a": TYPE_MARKS[0], "b": TYPE_MARKS[1]}
    many = mark_types(f"{i:02d}" for i in range(50))
    assert many["48"] == many["00"] == TypeMark(TYPE_COLOURS[0], "circle")
    assert {mark.shape for mark in many.values()} == set(TYPE_SHAPES)


def test_the_first_sixteen_marks_are_each_shape_once():
    assert [mark.shape for mark in TYPE_MARKS[:16]] == [*OUTLINES, *(f"open {name}" for name in OUTLINES)]
