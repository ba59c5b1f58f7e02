"""What an alignment refuses, and what it says to type instead."""

from __future__ import annotations

import pytest
import torch
from planted_words import draw, give_vectors, name_entities

import kgwb
from kgwb.bert.alignment.alignment import align_vectors, choose_fit


def test_vectors_of_another_embedding(bert, planted):
    with pytest.raises(ValueError, match=r"Vectors of 5 numbers came; this alignment maps 384. Type alignment.map\("):
        align_vectors(bert, planted, shuffles=0).map(torch.ones(2, 5))


def test_a_method_that_there_is_not():
    with pytest.raises(ValueError, match=r"method='magic' came. Type one of 'least squares', 'procrustes', 'trained'"):
        choose_fit("magic", {}, seed=0)


@pytest.mark.parametrize(
    ("method", "option", "text"),
    [
        ("procrustes", "ridge", r"ridge=1 came for method='procrustes', which takes no options."),
        ("least squares", "steps", r"steps=1 came for method='least squares', which takes ridge."),
        ("trained", "ridge", r"ridge=1 .* takes steps, learning_rate, temperature, batch."),
    ],
)
def test_an_option_of_another_method(bert, planted, method, option, text):
    with pytest.raises(TypeError, match=text):
        align_vectors(bert, planted, method=method, **{option: 1})


@pytest.mark.parametrize("share", [0.0, 1, 0.001, 0.999, -0.5])
def test_a_share_that_leaves_nobody_on_one_side(bert, planted, share):
    with pytest.raises(
        ValueError, match=rf"held_out={share} came for 54 different labels. It must leave at least 2 of"
    ):
        align_vectors(bert, planted, held_out=share)


def test_numbers_that_cannot_be(bert, planted):
    with pytest.raises(ValueError, match=r"ridge=-1 came. It must be at least 0"):
        align_vectors(bert, planted, ridge=-1)
    with pytest.raises(ValueError, match=r"shuffles=-1 came. It must be at least 0; type shuffles=0"):
        align_vectors(bert, planted, shuffles=-1)
    with pytest.raises(ValueError, match=r"k=0 came. It must be at least 1; type k=1"):
        align_vectors(bert, planted, shuffles=0).nearest_pieces("paris", 0)


def test_vectors_that_were_never_trained(bert, words):
    vectors = kgwb.GraphEmbedding(words, kgwb.ComplEx(), dim=8)
    with pytest.raises(
        ValueError,
        match=r"Of the 54 entities of 'graph' 0 have a vector and 0 of these a label that BERT knows a piece of. "
        r"Expected at least 4. Train the vectors first: for epoch in kgwb.train_embedding\(vectors, split\)",
    ):
        align_vectors(bert, vectors)


def test_labels_that_bert_does_not_know(bert):
    graph = name_entities(["😀"] * 6)
    with pytest.raises(ValueError, match=r"6 have a vector and 0 of these a label.*Give the entities labels in a lang"):
        align_vectors(bert, give_vectors(graph, draw(6, 3)))
