"""Word pieces, vectors and facts together are the whole row of attention: by hand and through real doors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from attention_of_towns import TEXTS, open_door, read_texts

from kgwb.bert import Bert, Reading, read
from kgwb.embed import GraphEmbedding
from kgwb.see.attention.view import show_attention
from kgwb.see.attention.weights import renormalise

Make = Callable[..., Reading]
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

# --- readings made by hand ----------------------------------------------------------------------------------------------


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


def test_renormalised_rows_compare_word_pieces_alone(make_reading: Make) -> None:
    view = show_attention(make_reading(seed=1), _read_memory(make_reading, 0.4), layer=0, head=0)
    change = view.selection["renormalised"]
    plain, memory = (r.attention[0, 0, 0, view.focus].numpy() for r in view.readings)
    np.testing.assert_allclose(change, memory / memory.sum() - plain / plain.sum(), atol=1e-6)
    assert view.scene.rest["renormalised"].isna().all()
    rows = np.array([[0.1, 0.3, 0.6]])
    np.testing.assert_allclose(renormalise(rows, 2), [[0.25, 0.75]])


# --- real doors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODES)
def test_rows_of_injected_models_sum_to_one_with_what_was_injected(
    bert: Bert, towns: GraphEmbedding, name: str
) -> None:
    mode, options = MODES[name]
    reading = read(open_door(bert, towns, mode, options), TEXTS)
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
    reading = read(open_door(bert, towns, "entity", {"place": "beside"}), TEXTS[:1])
    frame = show_attention(reading, graph=towns.graph, layer=2, head=3, focus=2).frame
    row = frame[frame["query"] == 2].set_index("key")["before"]
    names = frame[frame["key"] < 0].drop_duplicates("key")["key_token"]
    assert list(names) == ["vector of Paris", "vector of Lyon", "vector of France"]
    assert row[-1] == pytest.approx(float(reading.beside[0, 2, 3, 2, 0]), abs=1e-6)
    together = row[1] + row[-1]  # what the reading says of the word piece "paris"
    assert together == pytest.approx(float(reading.attention[0, 2, 3, 2, 1]), abs=1e-6)


def test_a_fact_is_told_in_words_and_its_mass_is_the_slots(bert: Bert, towns: GraphEmbedding) -> None:
    reading = read(open_door(bert, towns, "memory", {}), TEXTS[1:2])
    view = show_attention(reading, graph=towns.graph, layer=5, head=1)
    [fact] = view.scene.rest.to_dict("records")
    assert fact["key_token"] == "Rome · capital of · Italy"
    assert fact["before"] == pytest.approx(float(reading.slots[0, 5, 1, view.focus].sum()), abs=1e-6)
    assert "Rome · capital of · Italy" in read_texts(view.picture)
    assert "1.000" in read_texts(view.picture)  # the whole row
