"""What a view of attention refuses: numbers out of range, readings that cannot be compared, ways it does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kgwb.bert import Reading
from kgwb.see.attention.scene import check_readings
from kgwb.see.attention.view import show_attention

Make = Callable[..., Reading]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": 2}, r"There is no layer 2: this reading has 2\. Type layer=0 to layer=1\."),
        ({"layer": -1}, "There is no layer -1"),
        (
            {"head": 3},
            r"There is no head 3: this reading has 3\. Type head=0 to head=2, or None for the mean of heads\.",
        ),
        ({"sentence": 1}, r"There is no sentence 1: this reading has 1\. Type sentence=0\."),
        ({"focus": 7}, r"There is no word piece 7: this sentence has 7\. Type focus=0 to focus=6\."),
    ],
)
def test_what_is_out_of_range_is_named_with_the_range(
    pair: tuple[Reading, Reading], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(IndexError, match=message):
        show_attention(*pair, **arguments)


def test_a_number_set_later_is_checked_too(pair: tuple[Reading, Reading]) -> None:
    view = show_attention(*pair)
    with pytest.raises(IndexError, match="There is no layer 9"):
        view.layer = 9


def test_only_readings_are_shown(make_reading: Make) -> None:
    with pytest.raises(TypeError, match=r"needs Readings, but before is a str\. Type: before = kgwb\.read\("):
        check_readings("Paris is in France.")
    with pytest.raises(TypeError, match="but after is a list"):
        check_readings(make_reading(), [1])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"sentences": [("one",), ("two",)]}, "of the same sentences, but before holds 1 sentences, after 2"),
        (
            {"sentences": [("rome", "is")]},
            r"sentence 0 differs: before '\[CLS\] paris is in .*', after '\[CLS\] rome is",
        ),
        ({"layers": 4}, "before has 2 layers of 3 heads, after 4 of 3"),
    ],
)
def test_readings_that_cannot_be_compared(make_reading: Make, other: dict[str, Any], message: str) -> None:
    after = make_reading(*other.pop("sentences", ()), **other)
    with pytest.raises(ValueError, match=message + r".*Type: before = kgwb\.read\(plain, sentences\)"):
        show_attention(make_reading(), after)


def test_an_unknown_way_to_combine_heads_is_named(make_reading: Make) -> None:
    with pytest.raises(ValueError, match=r"combine='sum' came\. Type one of 'mean', 'max', 'rollout'"):
        show_attention(make_reading(), combine="sum")
