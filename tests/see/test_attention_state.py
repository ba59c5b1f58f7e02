"""What of attention travels to a page: weights as whole numbers, as many sentences and layers as fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgwb.bert import Reading, roll_out
from kgwb.see.attention.packing import pack_state
from kgwb.see.attention.view import AttentionView, show_attention
from kgwb.see.attention.weights import round_rows

Make = Callable[..., Reading]


def unpack(view: AttentionView, name: str) -> np.ndarray:
    packed = view.state[name]
    return np.frombuffer(packed["view"], packed["dtype"]) / np.iinfo(packed["dtype"]).max


# --- state --------------------------------------------------------------------------------------------------------------


def test_weights_travel_as_whole_numbers_without_padding(make_reading: Make) -> None:
    before = make_reading(("one", "two", "three"), ("four",))
    view = show_attention(before)
    weights = unpack(view, "before")
    assert len(weights) == 2 * 3 * (5 * 5 + 3 * 3)
    [start] = view.state["sentences"][1]["starts"]
    np.testing.assert_allclose(
        weights[start:].reshape(2, 3, 3, 3), before.attention[1, :, :, :3, :3], atol=1.01 / 65535
    )


@pytest.mark.parametrize(("count", "dtype", "digits"), [(1, "uint16", 3), (2, "uint8", 2)])
def test_bert_base_at_128_word_pieces_stays_under_five_megabytes(
    make_reading: Make, count: int, dtype: str, digits: int
) -> None:
    reading = make_reading(["word"] * 126, layers=12, heads=12)
    state = pack_state([reading] * count, None, 0)
    size = sum(len(state[name]["view"]) for name in ("before", "after") if state[name])
    assert size <= 5_000_000
    assert (state["before"]["dtype"], state["digits"]) == (dtype, digits)


def test_sentences_that_do_not_fit_are_counted_in_the_caption(
    make_reading: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgwb.see.attention.packing.STATE_BYTES", 700)
    view = show_attention(make_reading(("a",) * 5, ("b",) * 5, ("c",) * 5), sentence=2)
    assert [one["number"] for one in view.state["sentences"]] == [0, 2]
    assert "2 of 3 sentences fit in the view; sentence= opens with another." in view.caption
    assert "Weights are rounded to 1/255 here, not in view.selection." in view.caption


def test_a_sentence_that_did_not_fit_is_not_drawn(make_reading: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kgwb.see.attention.packing.STATE_BYTES", 700)
    view = show_attention(make_reading(("a",) * 5, ("b",) * 5, ("c",) * 5), sentence=2)
    message = r"Sentence 1 did not fit in this view, which holds 0, 2\. Type show_attention\(\.\.\., sentence=1\)\."
    with pytest.raises(IndexError, match=message):
        view.sentence = 1
    assert view.sentence == 2
    view.sentence = 0


def test_readings_are_not_changed(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    copies = before.attention.clone(), after.attention.clone()
    view = show_attention(before, after)
    assert view.picture
    assert before.attention.equal(copies[0])
    assert after.attention.equal(copies[1])


@given(st.integers(1, 40), st.integers(0, 10_000))
def test_rounded_rows_sum_exactly_to_the_largest_number(columns: int, seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.full(columns, 0.3), (2, 3)).astype(np.float32)
    for dtype in ("uint8", "uint16"):
        full = np.iinfo(dtype).max
        rounded = round_rows(weights, dtype).astype(int)
        assert (rounded.sum(-1) == full).all()
        assert np.abs(rounded - weights * full).max() <= 1.01


# --- long sentences -----------------------------------------------------------------------------------------------------


def test_a_long_sentence_is_given_by_layers_and_stays_small(make_reading: Make) -> None:
    before = make_reading(["word"] * 510, layers=4, heads=12)
    view = show_attention(before, replace(before, name="after"), layer=2, head=7)
    [sentence] = view.state["sentences"]
    assert sum(len(view.state[side]["view"]) for side in ("before", "after")) <= 5_000_000
    assert sentence["planes"][:3] == [[2, -1], [2, 7], [1, -1]]
    plane = np.frombuffer(view.state["before"]["view"], "uint8")[512 * 512 :][: 512 * 512].reshape(512, 512)
    np.testing.assert_allclose(plane / 255, before.attention[0, 2, 7], atol=1.01 / 255)


def test_a_kernel_answers_with_the_layer_that_is_asked_for(make_reading: Make) -> None:
    reading = make_reading(["word"] * 20)
    view = show_attention(reading)
    answer = view.answer({"sentence": 0, "layer": 1})
    assert answer["planes"] == [[1, 0], [1, 1], [1, 2], [1, -2]]
    found = np.frombuffer(answer["before"]["view"], "uint8").reshape(4, 22, 22) / 255
    np.testing.assert_allclose(found[:3], reading.attention[0, 1], atol=1.01 / 255)
    np.testing.assert_allclose(found[3], roll_out(reading)[1], atol=1.01 / 255)
    assert view.answer({"sentence": 0, "layer": 9}) is None and view.answer({"layer": "x"}) is None


def test_a_page_holds_the_layer_that_was_chosen_last(make_reading: Make, tmp_path: Path) -> None:
    view = show_attention(make_reading(["word"] * 510, layers=12, heads=12), layer=2)
    view.layer = 11
    view.save(tmp_path / "page.html")
    assert view.widget.state["sentences"][0]["planes"][0] == [11, -1]
