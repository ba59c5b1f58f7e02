"""Vectors aligned with BERT's words: what is there is found, and what is not is called by its name."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_words import WORDS, draw, give_vectors, name_entities
from sklearn.metrics.pairwise import cosine_similarity

from kgwb.bert.alignment.alignment import Alignment, align_vectors
from kgwb.bert.alignment.word_space import read_labels

METHODS = ["least squares", "procrustes", "trained"]


def test_a_word_vector_is_the_mean_of_the_pieces(bert):
    words = read_labels(bert, ["New York", "", "😀", "Paris [MASK]"])
    table = bert.words.weight.detach().double()
    ids = bert.tokenizer("new york", add_special_tokens=False)["input_ids"]
    torch.testing.assert_close(words.vectors[0], table[ids].mean(0))
    assert words.found.tolist() == [True, False, False, True]
    assert words.vectors[1:3].abs().max() == 0
    assert len(words.pieces[3]) == 1


@pytest.mark.parametrize("method", METHODS)
def test_what_is_there_is_found_and_its_controls_find_nothing(bert, planted, method):
    alignment = align_vectors(bert, planted, method=method)
    table = alignment.summary
    assert list(table.index) == ["real pairs", "shuffled", "shuffled within types"]
    assert table["mrr"]["real pairs"] > 0.5 > 0.3 > table["mrr"].iloc[1:].max()
    assert table["r2"]["real pairs"] > 0 > table["r2"].iloc[1:].max()


def test_a_rotation_of_word_space_is_undone(bert, words):
    vectors = read_labels(bert, words.labels).vectors
    alignment = align_vectors(bert, give_vectors(words, 5 * vectors[:, :40] + 2), method="least squares", ridge=1e-9)
    inside = vectors[alignment.fitted_on]
    torch.testing.assert_close(alignment.map(5 * inside[:, :40] + 2)[:, :40], inside[:, :40], atol=1e-6, rtol=0)


def test_types_are_a_control_of_their_own(bert, words):
    """Vectors that tell nothing but the type: shuffling within types takes nothing away."""
    kinds = torch.tensor([[kind == "odd", kind == "even"] for kind in words.entities["type"]]).float()
    table = align_vectors(bert, give_vectors(words, kinds)).summary
    assert table["r2"]["shuffled within types"] == pytest.approx(table["r2"]["real pairs"])


def test_one_type_needs_no_second_control(bert, planted):
    graph = name_entities(WORDS)
    alignment = align_vectors(bert, give_vectors(graph, planted.table), shuffles=1)
    assert list(alignment.controls) == ["shuffled"]
    assert align_vectors(bert, planted, shuffles=0).controls == {}


def test_nearest_pieces_of_a_mapped_entity(bert, planted):
    alignment = align_vectors(bert, planted, method="procrustes", shuffles=0)
    nearest = alignment.nearest_pieces("vienna", 3)
    assert list(nearest.columns) == ["piece", "cosine", "in_label"]
    assert nearest.iloc[0]["piece"] == "vienna" and nearest["in_label"].tolist() == [True, False, False]
    assert nearest["cosine"].is_monotonic_decreasing
    offset = alignment.mapping.offset.numpy()
    mapped = alignment.map(planted.table[[planted.graph.entity_id("vienna")]]).numpy() - offset
    judge = cosine_similarity(mapped, alignment.vocabulary.embeddings.numpy() - offset)[0]
    assert nearest["cosine"].to_numpy() == pytest.approx(np.sort(judge)[::-1][:3], abs=1e-5)
    everything = alignment.nearest_pieces("vienna", 10**6)
    assert not everything["piece"].str.startswith(("[unused", "[MASK]", "[CLS]")).any()


def test_entities_of_one_label_are_never_on_both_sides(bert):
    labels = [*WORDS, *(word.upper() for word in WORDS), *WORDS]
    graph = name_entities(labels)
    alignment = align_vectors(bert, give_vectors(graph, draw(len(labels), 8)), held_out=0.5, shuffles=0)
    sides = [{graph.labels[i].lower() for i in side.tolist()} for side in (alignment.fitted_on, alignment.held_out)]
    assert len(sides[0]) == len(sides[1]) == len(WORDS) // 2 and not sides[0] & sides[1]
    assert len(alignment.quality.occurrences) == len(WORDS)


def test_entities_without_a_vector_or_a_word_are_left_out_and_counted(bert, planted):
    labels = [*WORDS[:-2], "😎", "😀"]
    graph = name_entities(labels)
    table = planted.table.clone()
    table[graph.entity_id("paris")] = torch.nan
    alignment = align_vectors(bert, give_vectors(graph, table), shuffles=0)
    assert alignment.without_vector == (graph.entity_id("paris"),)
    assert {graph.labels[i] for i in alignment.without_word} == {"😎", "😀"}
    assert len(alignment.fitted_on) + len(alignment.held_out) == len(labels) - 3
    assert repr(alignment).endswith("Left out: 1 without a vector, 2 without a known word")
    with pytest.raises(
        ValueError,
        match=r"'paris' has no vector. Type kgwb.bert.align_vectors\(bert, kgwb.bert.fill_missing_vectors\(bert, ve",
    ):
        alignment.nearest_pieces("paris")


def test_a_class_can_read_it(bert, planted):
    alignment = align_vectors(bert, planted, shuffles=1)
    lines = repr(alignment).splitlines()
    assert lines[0].startswith("Alignment of 'graph' by least squares, ridge ")
    assert lines[0].endswith("384 numbers to 384, fitted on 43 entities, judged on 11 others")
    assert lines[1].split() == ["r2", "mrr", "hits@1", "hubness"]
    assert [line[:21].strip() for line in lines[2:5]] == ["real pairs", "shuffled", "shuffled within types"]
    assert lines[5].startswith("Words near to most of the 11: ")


@pytest.mark.parametrize("method", METHODS)
def test_one_seed_gives_one_alignment_and_nothing_is_touched(bert, planted, method):
    before, embeddings = planted.table.clone(), bert.words.weight.detach().clone()
    random = torch.random.get_rng_state()
    first, again = (align_vectors(bert, planted, method=method, seed=3, shuffles=1) for _ in range(2))
    assert torch.equal(first.mapping.weight, again.mapping.weight)
    assert first.summary.equals(again.summary)
    assert not torch.equal(first.held_out, align_vectors(bert, planted, method=method, seed=4, shuffles=0).held_out)
    assert torch.equal(planted.table, before) and torch.equal(bert.words.weight, embeddings)
    assert torch.equal(torch.random.get_rng_state(), random)
    with pytest.raises(AttributeError):
        first.method = "other"


def test_mapping_keeps_the_type_and_takes_one_vector(bert, planted):
    alignment = align_vectors(bert, planted, shuffles=0)
    assert isinstance(alignment, Alignment)
    assert alignment.map(planted.table).dtype == torch.float32
    torch.testing.assert_close(alignment.map(planted.table[0]), alignment.map(planted.table)[0])
