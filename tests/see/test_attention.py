from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from traitlets import TraitError

from kgwb.bert import (
    Bert,
    Reading,
    encode_sentences,
    inject,
    load_bert,
    measure_importance,
    read,
    roll_out,
    score_links,
)
from kgwb.bert.columns import join_columns
from kgwb.embed import ComplEx, GraphEmbedding
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.see.attention.packing import pack_state
from kgwb.see.attention.scene import check_readings
from kgwb.see.attention.view import AttentionView, show_attention
from kgwb.see.attention.weights import fold_mentions, renormalise, round_rows
from kgwb.see.linking import link
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
    slots = view.frame[view.frame["kind"] == "fact"]
    assert set(slots["key_token"]) == {"entity 0 · relation 0 · entity 1", "entity 0 · relation 0 · entity 2"}
    assert np.allclose(slots["after"], 0.915 / 2, atol=1e-5) and np.allclose(slots["before"], 0)
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


def test_of_many_facts_the_weakest_share_a_column_and_the_row_still_sums_to_one(make_reading: Any) -> None:
    plain = make_reading()
    facts = tuple((0, 0, tail) for tail in range(1, 41))
    masses = torch.linspace(1, 40, 40) / (2 * 820)  # half of each row, the last fact the most
    slots = masses.expand(*plain.attention.shape[:4], 40)
    reading = replace(plain, attention=plain.attention / 2, slots=slots, facts=(facts,))
    view = show_attention(reading, focus=1)
    extras = view.state["sentences"][0]["extras"]
    assert [extra["kind"] for extra in extras] == ["fact"] * 24 + ["others"]
    assert (extras[0]["text"], extras[-1]["text"]) == ("entity 0 · relation 0 · entity 40", "16 further facts")
    assert np.allclose(view.frame.groupby("query")["before"].sum(), 1, atol=1e-5)
    others = view.scene.rest.set_index("key_token")["before"]["16 further facts"]
    assert others == pytest.approx(float(masses[:16].sum()), abs=1e-5)


# --- real doors: word pieces, vectors and facts are the whole row ------------------------------------------------------

FACTS = [("Paris", "capital of", "France"), ("Lyon", "city in", "France"), ("Rome", "capital of", "Italy")]
TEXTS = ["Paris and Lyon lie in France.", "Rome is in [MASK].", "Nothing is named."]
MODES: dict[str, tuple[Any, dict[str, Any]]] = {
    "entity": ("entity", {}),
    "beside": ("entity", {"place": "beside"}),
    "relation": ("relation", {}),
    "graph": ("graph", {}),
    "tower": ("tower", {}),
    "memory": ("memory", {}),
    "all facts": ("memory", {"reach": "all"}),
    "a vector beside, and memory": (("entity", "memory"), {"entity": {"place": "beside"}}),
}


@pytest.fixture(scope="module")
def bert() -> Bert:
    return load_bert()


@pytest.fixture(scope="module")
def towns() -> GraphEmbedding:
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))
    return GraphEmbedding(graph, ComplEx(), dim=16, seed=0)


def _open(bert: Bert, vectors: GraphEmbedding, mode: Any, options: dict[str, Any]) -> Bert:
    model = inject(bert, vectors, mode=mode, **options)
    with torch.no_grad():
        for parameter in model.injector.parameters():
            if parameter.ndim == 0:
                parameter.fill_(0.7)
    return model


@pytest.mark.parametrize("name", MODES)
def test_rows_of_injected_models_sum_to_one_with_what_was_injected(
    bert: Bert, towns: GraphEmbedding, name: str
) -> None:
    mode, options = MODES[name]
    reading = read(_open(bert, towns, mode, options), TEXTS)
    for sentence in range(3):
        view = show_attention(read(bert, TEXTS), reading, sentence=sentence, graph=towns.graph, layer=4)
        sums = view.frame.groupby("query")[["before", "after"]].sum()
        assert np.allclose(sums, 1, atol=1e-5)
        kinds = set(view.frame["kind"])
        assert ("fact" in kinds) == ("memory" in str(mode) and (sentence < 2 or "reach" in options))
        assert ("vector" in kinds) == ("beside" in str(options) and sentence < 2)
        packed = view.state["after"]
        one = view.state["sentences"][sentence]
        numbers = np.frombuffer(packed["view"], packed["dtype"]).astype(int)
        rows = numbers[one["starts"][1] :][: 6 * 12 * len(one["tokens"]) * one["widths"][1]]
        assert set(rows.reshape(-1, one["widths"][1]).sum(1)) == {np.iinfo(packed["dtype"]).max}


def test_a_vector_beside_is_no_longer_counted_to_its_word(bert: Bert, towns: GraphEmbedding) -> None:
    reading = read(_open(bert, towns, "entity", {"place": "beside"}), TEXTS[:1])
    frame = show_attention(reading, graph=towns.graph, layer=2, head=3, focus=2).frame
    row = frame[frame["query"] == 2].set_index("key")["before"]
    names = frame[frame["key"] < 0].drop_duplicates("key")["key_token"]
    assert list(names) == ["vector of Paris", "vector of Lyon", "vector of France"]
    assert row[-1] == pytest.approx(float(reading.beside[0, 2, 3, 2, 0]), abs=1e-6)
    together = row[1] + row[-1]  # what the reading says of the word piece "paris"
    assert together == pytest.approx(float(reading.attention[0, 2, 3, 2, 1]), abs=1e-6)


def test_a_fact_is_told_in_words_and_its_mass_is_the_slots(bert: Bert, towns: GraphEmbedding) -> None:
    reading = read(_open(bert, towns, "memory", {}), TEXTS[1:2])
    view = show_attention(reading, graph=towns.graph, layer=5, head=1)
    [fact] = view.scene.rest.to_dict("records")
    assert fact["key_token"] == "Rome · capital of · Italy"
    assert fact["before"] == pytest.approx(float(reading.slots[0, 5, 1, view.focus].sum()), abs=1e-6)
    assert "Rome · capital of · Italy" in read_texts(view.picture)
    assert "1.000" in read_texts(view.picture)  # the whole row


# --- all heads as one, folding, rounding -------------------------------------------------------------------------------


def test_rollout_is_the_plain_product_of_the_layers(bert: Bert) -> None:
    reading = read(bert, TEXTS[:1])
    length = reading.lengths[0]
    reached = np.eye(length)
    rolled = roll_out(reading)
    for layer in range(6):
        mean = reading.attention[0, layer].double().numpy().mean(0)
        step = 0.5 * mean + 0.5 * np.eye(length)
        reached = (step / step.sum(1, keepdims=True)) @ reached
        np.testing.assert_allclose(rolled[layer], reached, atol=1e-6)
    shown = show_attention(reading, combine="rollout", layer=5, focus=3).selection["before"]
    np.testing.assert_allclose(shown, reached[3], atol=1e-6)


def test_rollout_with_facts_is_the_product_of_square_matrices_whose_sources_stay(
    bert: Bert, towns: GraphEmbedding
) -> None:
    reading = read(_open(bert, towns, "memory", {"layers": (1, 4)}), TEXTS[:1])
    joined = join_columns(reading, 0).astype(float).mean(1)  # [layer, query, column]
    _, length, columns = joined.shape
    reached = np.eye(columns)
    for layer in range(6):
        square = np.eye(columns)  # a source stays what it is
        square[:length] = 0.5 * joined[layer] + 0.5 * np.eye(length, columns)
        reached = square @ reached
        np.testing.assert_allclose(roll_out(reading)[layer], reached[:length], atol=1e-6)
    assert columns > length and np.allclose(roll_out(reading).sum(-1), 1)


@given(st.integers(2, 9), st.integers(0, 3), st.data())
def test_folded_rows_sum_to_one_and_equal_sums_and_means_by_hand(length: int, extra: int, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, length), min_size=2, max_size=4)))
    spans = [(first, last) for first, last in pairwise(cuts)][::2]
    draw = np.random.default_rng(data.draw(st.integers(0, 1000)))
    weights = draw.dirichlet(np.ones(length + extra), length)
    folded = fold_mentions(weights, spans)
    assert np.allclose(folded.sum(1), 1)
    starts = [i for i in range(length) if not any(first < i < last for first, last in spans)]
    groups = [list(range(a, b)) for a, b in pairwise([*starts, length])]
    for row, queries in enumerate(groups):
        for column, keys in enumerate(groups):
            by_hand = np.mean([sum(weights[query][key] for key in keys) for query in queries])
            assert folded[row, column] == pytest.approx(by_hand)


def test_the_folded_matrix_is_named_and_its_rows_sum_to_one(bert: Bert, towns: GraphEmbedding) -> None:
    view = show_attention(read(_open(bert, towns, "memory", {}), ["Quorrin Paris lies in France."]), graph=towns.graph)
    folded = view.folded
    assert folded.shape[1] > folded.shape[0] and "Paris" in folded.index
    assert np.allclose(folded.sum(axis=1), 1, atol=1e-5)


@given(st.integers(1, 40), st.integers(0, 10_000))
def test_rounded_rows_sum_exactly_to_the_largest_number(columns: int, seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.full(columns, 0.3), (2, 3)).astype(np.float32)
    for dtype in ("uint8", "uint16"):
        full = np.iinfo(dtype).max
        rounded = round_rows(weights, dtype).astype(int)
        assert (rounded.sum(-1) == full).all()
        assert np.abs(rounded - weights * full).max() <= 1.01


def test_renormalised_rows_compare_word_pieces_alone(make_reading: Make) -> None:
    view = show_attention(make_reading(seed=1), _read_memory(make_reading, 0.4), layer=0, head=0)
    change = view.selection["renormalised"]
    plain, memory = (r.attention[0, 0, 0, view.focus].numpy() for r in view.readings)
    np.testing.assert_allclose(change, memory / memory.sum() - plain / plain.sum(), atol=1e-6)
    assert view.scene.rest["renormalised"].isna().all()
    rows = np.array([[0.1, 0.3, 0.6]])
    np.testing.assert_allclose(renormalise(rows, 2), [[0.25, 0.75]])


def test_an_unknown_way_to_combine_heads_is_named(make_reading: Make) -> None:
    with pytest.raises(ValueError, match=r"combine='sum' came\. Type one of 'mean', 'max', 'rollout'"):
        show_attention(make_reading(), combine="sum")


def test_the_maximum_of_heads_is_the_largest_of_each(make_reading: Make) -> None:
    reading = make_reading()
    shown = show_attention(reading, combine="max", layer=1, focus=2).selection["before"]
    np.testing.assert_allclose(shown, reading.attention[0, 1, :, 2].max(0).values)


# --- the graph's edges -------------------------------------------------------------------------------------------------


def _name_pairs(make_reading: Make) -> tuple[Reading, KnowledgeGraph]:
    """Six sentences of four mentions each, of which a chain of facts links some."""
    facts = pd.DataFrame(
        [["e0", "r", "e1"], ["e1", "r", "e2"], ["e3", "s", "e0"]], columns=["head", "relation", "tail"]
    )
    graph = KnowledgeGraph.from_pandas(facts)
    reading = make_reading(*[[f"w{i}" for i in range(11)]] * 6, seed=4)
    draw = np.random.default_rng(0)
    mentions = []
    for _ in range(6):
        starts, order = sorted(draw.choice(np.arange(1, 11, 2), 4, replace=False)), draw.permutation(4)
        mentions.append(
            tuple(
                Mention(0, 1, graph.entity_id(f"e{entity}"), "x", pieces=(int(start), int(start) + 1 + int(entity) % 2))
                for start, entity in zip(starts, order, strict=True)
            )
        )
    return replace(reading, mentions=tuple(mentions)), graph


def _list_pairs_by_hand(reading: Reading, graph: KnowledgeGraph) -> list[tuple[int, bool, np.ndarray]]:
    """Distance, link and attention [layer, head] of every ordered pair of mentions."""
    known = {(h, t) for h, _, t in graph.triples.tolist()}
    found = []
    for i, mentions in enumerate(reading.mentions):
        for one in mentions:
            for other in mentions:
                if one.entity == other.entity:
                    continue
                weight = np.zeros(reading.attention.shape[1:3])
                for query in range(*one.pieces):
                    for key in range(*other.pieces):
                        weight += reading.attention[i, :, :, query, key].double().numpy()
                linked = (one.entity, other.entity) in known or (other.entity, one.entity) in known
                found.append((other.pieces[0] - one.pieces[0], linked, weight / (one.pieces[1] - one.pieces[0])))
    return found


def test_attention_on_linked_pairs_is_compared_with_pairs_as_far_apart(make_reading: Make) -> None:
    reading, graph = _name_pairs(make_reading)
    score = score_links(reading, graph, permutations=4000, seed=1)
    pairs = _list_pairs_by_hand(reading, graph)
    by_distance: dict[int, list[tuple[bool, np.ndarray]]] = {}
    for distance, linked, weight in pairs:
        by_distance.setdefault(distance, []).append((linked, weight))
    telling = {d: each for d, each in by_distance.items() if 0 < sum(linked for linked, _ in each) < len(each)}
    seen = [weight for each in telling.values() for linked, weight in each if linked]
    assert score.pairs == len(seen) and score.left_out == sum(linked for _, linked, _ in pairs) - len(seen)
    matched = sum(
        sum(linked for linked, _ in each) * np.mean([weight for linked, weight in each if not linked], axis=0)
        for each in telling.values()
    ) / len(seen)
    np.testing.assert_allclose(score.linked[:, :3], np.mean(seen, axis=0))
    np.testing.assert_allclose(score.matched[:, :3], matched)
    np.testing.assert_allclose(score.linked[:, 3], np.mean(seen, axis=(0, 2)))
    draw, totals = random.Random(0), []
    for _ in range(4000):  # the permutation test by hand: links permuted within each distance
        total = np.zeros((2, 3))
        for each in telling.values():
            for _, weight in draw.sample(each, sum(linked for linked, _ in each)):
                total += weight
        totals.append(total / len(seen))
    p_value = (1 + (np.array(totals) >= np.mean(seen, axis=0) - 1e-12).sum(0)) / 4001
    np.testing.assert_allclose(score.p_value[:, :3], p_value, atol=0.035)
    np.testing.assert_allclose(score.twin[:, :3], np.mean(totals, axis=0), atol=0.004)
    np.testing.assert_allclose(score.twin_spread[:, :3], np.std(totals, axis=0), rtol=0.1)


def test_attention_that_only_follows_edges_is_found(make_reading: Make) -> None:
    reading, graph = _name_pairs(make_reading)
    attention = torch.zeros_like(reading.attention)
    known = {(h, t) for h, _, t in graph.triples.tolist()}
    for i, mentions in enumerate(reading.mentions):
        for one in mentions:
            for other in mentions:
                if {(one.entity, other.entity), (other.entity, one.entity)} & known:
                    attention[i, :, :, slice(*one.pieces), slice(*other.pieces)] = 0.2
    score = score_links(replace(reading, attention=attention), graph, permutations=500)
    assert (score.linked > 0.15).all() and (score.matched == 0).all() and (score.p_value < 0.01).all()


def test_without_pairs_to_compare_with_nothing_is_claimed(pair: tuple[Reading, Reading]) -> None:
    graph = KnowledgeGraph.from_pandas(pd.DataFrame([["a", "r", "b"]], columns=["head", "relation", "tail"]))
    score = score_links(pair[1], graph, permutations=10)
    assert (score.pairs, score.left_out) == (0, 0) and np.isnan(score.linked).all()
    assert show_attention(*pair, graph=graph).state["links"] == []


def test_edges_between_mentions_travel_and_are_drawn_in_blue(make_reading: Make) -> None:
    reading, graph = _name_pairs(make_reading)
    view = show_attention(reading, graph=graph)
    edges = view.state["sentences"][0]["edges"]
    spans = view.state["sentences"][0]["spans"]
    known = {frozenset((h, t)) for h, _, t in graph.triples.tolist()}
    linked = {frozenset((spans[edge["one"]]["entity"], spans[edge["other"]]["entity"])) for edge in edges}
    assert linked == known
    assert any(edge["text"] == "e3 · s · e0" for edge in edges)
    assert view.picture.count('class="line-edge"') == len(edges)
    assert "along the graph" in view.picture
    before, after = (view.state["links"][0]["figures"][name] for name in ("shape", "dtype"))
    assert (before, after) == ([2, 4, 3], "float32")


# --- beside attention --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [None, "entity", "memory"])
def test_gradient_times_input_is_the_slope_of_the_logit_by_finite_differences(
    bert: Bert, towns: GraphEmbedding, mode: Any
) -> None:
    text, step = "Rome is in [MASK].", 2e-2
    model = bert if mode is None else _open(bert, towns, mode, {})
    found = measure_importance(model, text, target="italy")
    mentions = [reading_mentions] if (reading_mentions := read(model, text).mentions[0]) else None
    encoding = encode_sentences(model, [text], mentions=mentions)
    piece = model.tokenizer.convert_tokens_to_ids("italy")
    words = model.words.weight

    def measure(place: int, factor: float) -> float:
        def scale(_module: Any, _given: Any, output: torch.Tensor) -> torch.Tensor:
            scaled = output.clone()
            scaled[0, place] *= factor
            return scaled

        handle = model.words.register_forward_hook(scale)
        try:
            with torch.no_grad():
                return float(model.fill_mask(encoding)[0, piece])
        finally:
            handle.remove()

    assert found.logit == pytest.approx(measure(0, 1.0), abs=1e-4)
    for place, score in enumerate(found.scores):
        by_hand = (measure(place, 1 + step) - measure(place, 1 - step)) / (2 * step)
        assert score == pytest.approx(by_hand, abs=5e-3)
    assert words is model.words.weight and words.grad is None
    assert found.tokens == read(model, text).tokens[0] and found.target == "italy"


def test_by_default_the_best_answer_is_weighed(bert: Bert) -> None:
    found = measure_importance(bert, "Rome is in [MASK].")
    encoding = encode_sentences(bert, ["Rome is in [MASK]."])
    with torch.no_grad():
        best = int(bert.fill_mask(encoding)[0].argmax())
    assert found.target == bert.tokenizer.convert_ids_to_tokens([best])[0]
    assert repr(found).startswith(f"Importance for {found.target!r} in minilm")
    assert list(found.frame.columns) == ["token", "score"]


def test_a_target_of_several_word_pieces_is_refused(bert: Bert) -> None:
    with pytest.raises(ValueError, match=r"target='Quorrin' is cut into \d word pieces, and one was expected"):
        measure_importance(bert, "Rome is in [MASK].", target="Quorrin")
    with pytest.raises(ValueError, match="holds 0 masks"):
        measure_importance(bert, "Rome is in Italy.")


def test_importance_and_shift_stand_beside_the_word_pieces(bert: Bert, towns: GraphEmbedding) -> None:
    model = _open(bert, towns, "memory", {})
    before, after = read(bert, TEXTS), read(model, TEXTS)
    weighed = measure_importance(model, TEXTS[1])
    sentences = show_attention(before, after, importance=weighed).state["sentences"]
    assert [one["importance"] is not None for one in sentences] == [False, True, False]
    packed = sentences[1]["shift"]
    shift = np.frombuffer(packed["view"], packed["dtype"]).reshape(packed["shape"])
    one, other = (r.hidden[1, 5, 3].double() for r in (before, after))
    assert packed["shape"] == [6, before.lengths[1]]
    assert shift[4, 3] == pytest.approx(1 - float(one @ other / one.norm() / other.norm()), abs=1e-5)


# --- long sentences ----------------------------------------------------------------------------------------------------


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


# --- linked views ------------------------------------------------------------------------------------------------------


def test_a_place_set_from_python_reaches_linked_views(make_reading: Make) -> None:
    one, other = show_attention(make_reading()), show_attention(make_reading())
    link(one, other)
    one.layer = 0
    one.head = 2
    assert (other.layer, other.head) == (0, 2)
    other.select(layer=1, sentence=0, token=3)
    assert (one.layer, one.head, one.focus) == (1, None, 3)


def test_entities_are_chosen_by_name_and_stay_beside_the_place(bert: Bert, towns: GraphEmbedding) -> None:
    view = show_attention(read(bert, TEXTS), graph=towns.graph)
    view.select(entities="Lyon", sentence=0, token=1, layer=2)
    assert view.choice.entities == (towns.graph.entity_id("Lyon"),)
    assert (view.layer, view.focus) == (2, 1)


def test_how_it_is_drawn_can_be_set_from_python(make_reading: Make) -> None:
    view = show_attention(make_reading())
    for name, value in (("drawn", "matrix"), ("pieces", "mentions"), ("difference", "renormalised"), ("least", 0.1)):
        setattr(view, name, value)
        assert getattr(view, name) == value
    with pytest.raises(TraitError):
        view.drawn = "circles"


def test_the_title_says_in_words_what_is_seen(pair: tuple[Reading, Reading], make_reading: Make) -> None:
    assert (
        show_attention(*pair, layer=1, head=2).title
        == "What [MASK] looks at in layer 1, head 2, before and after the graph"
    )
    assert show_attention(make_reading(), layer=0).title == "What [MASK] looks at in layer 0"
    rolled = show_attention(make_reading(), layer=0, combine="rollout").title
    assert rolled == "What [MASK] gathers from up to layer 0"
