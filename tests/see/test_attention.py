from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch

from kgwb.bert import Reading
from kgwb.graph import KnowledgeGraph
from kgwb.see.attention.packing import pack_state
from kgwb.see.attention.scene import check_readings
from kgwb.see.attention.view import AttentionView, show_attention
from kgwb.see.palette import colour_types

Make = Callable[..., Reading]
WIDGET = "application/vnd.jupyter.widget-view+json"


def unpack(view: AttentionView, name: str) -> np.ndarray:
    packed = view.state[name]
    return np.frombuffer(packed["view"], packed["dtype"]) / np.iinfo(packed["dtype"]).max


# --- what it opens with ---------------------------------------------------------------------------------------------


def test_opens_at_the_mask_and_the_layer_that_changes_most(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    attention = before.attention.clone()
    attention[:, 1] = after.attention[:, 1]
    view = show_attention(before, replace(after, attention=attention))
    assert (view.layer, view.head, view.focus) == (1, None, 4)


def test_opens_at_the_first_mention_where_nothing_is_masked(pair: tuple[Reading, Reading], make_reading: Make) -> None:
    before = make_reading(("in", "paris"))
    mention = pair[1].mentions[0][0]
    after = make_reading(("in", "paris"), mentions=[replace(mention, pieces=(2, 3))])
    assert show_attention(before, after).focus == 2
    assert show_attention(before).focus == 1


def test_one_reading_opens_at_the_last_layer(make_reading: Make) -> None:
    view = show_attention(make_reading())
    assert view.layer == 1
    assert view.state["after"] is None


# --- data out -------------------------------------------------------------------------------------------------------


def test_selection_is_what_the_focus_looks_at(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    rows = show_attention(before, after, layer=1, head=2, focus=4).selection
    assert list(rows["key_token"]) == ["[CLS]", "paris", "is", "in", "[MASK]", ".", "[SEP]"]
    assert set(rows["query_token"]) == {"[MASK]"}
    assert set(rows["layer"]) == {1}
    assert set(rows["head"]) == {2}
    np.testing.assert_array_equal(rows["before"], before.attention[0, 1, 2, 4])
    np.testing.assert_array_equal(rows["after"], after.attention[0, 1, 2, 4])
    np.testing.assert_array_equal(rows["change"], rows["after"] - rows["before"])
    assert list(rows["injected"]) == [False, True, False, False, False, False, False]
    assert rows["entity"][1] == "Paris"
    assert rows["entity"].notna().sum() == 1


def test_frame_is_every_pair_of_word_pieces_and_its_rows_sum_to_one(make_reading: Make) -> None:
    view = show_attention(make_reading(), layer=0)
    assert len(view.frame) == 49
    assert set(view.frame["head"]) == {"mean"}
    assert view.frame["after"].isna().all()
    np.testing.assert_allclose(view.frame.groupby("query")["before"].sum(), 1, atol=1e-6)


def test_selection_follows_what_the_user_chose(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    view = show_attention(before, after, layer=0)
    view.widget.set_state({"layer": 1, "head": 0, "focus": 2})  # what a browser sends
    assert view.selection[["layer", "head", "query_token"]].drop_duplicates().values.tolist() == [[1, 0, "is"]]


def test_a_shorter_sentence_keeps_the_focus_inside(make_reading: Make) -> None:
    view = show_attention(make_reading(("one", "two", "three", "four"), ("five",)), focus=5)
    view.sentence = 1
    assert view.focus == 1
    assert list(view.selection["key_token"]) == ["[CLS]", "five", "[SEP]"]


def test_a_graph_gives_labels_and_colours(pair: tuple[Reading, Reading]) -> None:
    facts = pd.DataFrame([["paris", "capital_of", "france"]], columns=["head", "relation", "tail"])
    entities = pd.DataFrame(
        {"entity": ["paris", "france"], "label": ["Paris, the city", "France"], "type": ["city", "country"]}
    )
    graph = KnowledgeGraph.from_pandas(facts, entities)
    before, after = pair
    mention = replace(after.mentions[0][0], entity=graph.entity_id("paris"))
    view = show_attention(before, replace(after, mentions=((mention,),)), graph=graph)
    span = view.state["sentences"][0]["spans"][0]
    assert span["label"] == "Paris, the city"
    assert span["colour"] == colour_types(["city", "country"])["city"]


# --- state ----------------------------------------------------------------------------------------------------------


def test_weights_travel_as_whole_numbers_without_padding(make_reading: Make) -> None:
    before = make_reading(("one", "two", "three"), ("four",))
    view = show_attention(before)
    weights = unpack(view, "before")
    assert len(weights) == 2 * 3 * (5 * 5 + 3 * 3)
    [start] = view.state["sentences"][1]["starts"]
    np.testing.assert_allclose(
        weights[start:].reshape(2, 3, 3, 3), before.attention[1, :, :, :3, :3], atol=0.5 / 65535 + 1e-7
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


# --- captions and pictures ------------------------------------------------------------------------------------------


def test_the_caption_says_what_is_seen_and_how_far_to_trust_it(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    caption = show_attention(before, after, layer=1, head=2).caption
    assert caption.startswith("Attention of plain and plain + entity: Sentence 0, layer 1, head 2, from '[MASK]'.")
    assert "Grey is before (plain), ink is after (plain + entity)." in caption
    assert "Vermilion marks tokens where a vector entered." in caption
    assert caption.endswith("Attention is where BERT looks, not why it answers.")


def test_a_saved_notebook_keeps_a_picture_and_a_line_of_text(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    data = show_attention(before, after)._repr_mimebundle_()
    assert {"image/svg+xml", "text/plain"} <= set(data)
    assert data["text/plain"].startswith("Attention of plain and plain + entity")


def read_texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_holds_tokens_weights_changes_and_the_label(pair: tuple[Reading, Reading]) -> None:
    before, after = pair
    view = show_attention(before, after)
    texts = read_texts(view.picture)
    assert texts.count("[MASK]") == 3
    assert "Paris" in texts
    weight = view.selection["after"][1]
    assert f"{weight:.3f}".removeprefix("0") in texts
    assert any(text.startswith("to injected tokens") for text in texts)
    assert 'class="paper"' in view.picture


def test_the_picture_of_one_reading_has_no_change(make_reading: Make) -> None:
    texts = read_texts(show_attention(make_reading()).picture)
    assert "change" not in texts
    assert texts.count("[MASK]") == 2


def test_a_sentence_of_nothing_but_special_pieces_is_drawn(make_reading: Make) -> None:
    view = show_attention(make_reading(()))
    assert view.focus == 0
    assert len(read_texts(view.picture)) > 4


def test_ideographs_take_two_columns_of_room(make_reading: Make) -> None:
    chinese = show_attention(make_reading(("巴黎" * 4,))).picture
    latin = show_attention(make_reading(("ab" * 4,))).picture
    assert "巴黎巴黎巴黎巴黎" in chinese
    assert chinese.count("C") == latin.count("C")


# --- hostile labels -------------------------------------------------------------------------------------------------


def test_hostile_labels_stay_text_in_the_picture(
    hostile_pair: tuple[Reading, Reading], hostile: tuple[str, ...]
) -> None:
    svg = show_attention(*hostile_pair).picture
    root = ElementTree.fromstring(svg)  # well-formed, so nothing broke out
    tags = {node.tag.split("}")[1] for node in root.iter()}
    assert tags <= {"svg", "title", "style", "rect", "text", "path", "g"}
    assert hostile[2] in read_texts(svg)


def test_hostile_labels_stay_text_on_the_page(
    hostile_pair: tuple[Reading, Reading], hostile: tuple[str, ...], tmp_path: Path
) -> None:
    page = show_attention(*hostile_pair).save(tmp_path / "page.html", title=hostile[0]).read_text("utf-8")
    assert "<img" not in page
    assert "<b>" not in page
    assert page.count("<script>") == page.count("</script>") == 2


def test_the_page_carries_the_state_and_no_address(pair: tuple[Reading, Reading], tmp_path: Path) -> None:
    before, after = pair
    view = show_attention(before, after, layer=1, head=0)
    page = view.save(tmp_path / "page.html").read_text("utf-8")
    state = json.loads(re.search(r"previousElementSibling,({.*}),kgwb_attention_style\)</script>", page)[1])
    assert (state["layer"], state["head"]) == (1, 0)
    assert base64.b64decode(state["state"]["after"]["view"]) == bytes(view.state["after"]["view"])
    assert set(re.findall(r"https?://[\w./]*", page)) <= {"http://www.w3.org/2000/svg"}
    assert "export default" not in page


# --- errors ---------------------------------------------------------------------------------------------------------


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


def _read_memory(make_reading: Any, share: float) -> Any:
    """The same sentence read with a memory that takes a share of every row."""
    plain = make_reading()
    slots = torch.full((*plain.attention.shape[:4], 2), share / 2)
    injected = tuple((True,) * len(tokens) for tokens in plain.tokens)
    facts = (((0, 0, 1), (0, 0, 2)),) if share else ()
    memory = {"slots": slots, "facts": facts} if share else {}
    return replace(plain, attention=plain.attention * (1 - share), injected=injected, name="memory", **memory)


@pytest.mark.parametrize("head", [None, 1])
def test_what_is_shown_of_a_row_sums_to_one_slots_included(make_reading: Any, head: int | None) -> None:
    view = show_attention(make_reading(), _read_memory(make_reading, 0.915), head=head)
    sums = view.frame.groupby("query")[["before", "after"]].sum()
    assert np.allclose(sums, 1, atol=1e-5)
    slots = view.frame[view.frame["key_token"] == "facts in memory"]
    assert np.allclose(slots["after"], 0.915, atol=1e-5) and np.allclose(slots["before"], 0)
    assert "to facts in memory .000 → .915 (+.915)" in view.picture
    assert "to injected tokens" not in view.picture  # all are, so that says nothing
    assert ".915 of memory goes to facts in memory" in view.caption


def test_vectors_set_beside_are_counted_too(make_reading: Any) -> None:
    beside = replace(make_reading(), attention=make_reading().attention * 0.75, name="beside")
    frame = show_attention(beside).frame
    assert np.allclose(frame.groupby("query")["before"].sum(), 1, atol=1e-5)
    assert np.allclose(frame[frame["key_token"] == "vectors set beside"]["before"], 0.25, atol=1e-5)


def test_nothing_is_added_where_word_pieces_are_all(pair: Any) -> None:
    assert (show_attention(*pair).frame["key"] >= 0).all()
