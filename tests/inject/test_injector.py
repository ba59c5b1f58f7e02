"""What holds for every door: closed it is not there, off it is not there, and neighbours in a batch do not matter."""

from __future__ import annotations

import copy
from typing import get_args

import pytest
import torch
from torch import nn

import kgwb
from kgwb.inject import Bert, encode, find_mentions
from kgwb.inject.controls import Control
from kgwb.inject.door import Mode

MODES = get_args(Mode)
CONTROLS = [None, *get_args(Control)]
SENTENCES = [
    "Paris is the capital of France.",
    "Quorrin Vath was born in New York, not in York.",
    "Nobody is named here.",
]


def read_plainly(bert: Bert, sentence: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention and hidden states from Hugging Face's own front door."""
    cut = bert.tokenizer(sentence, return_tensors="pt")
    with torch.no_grad():
        output = bert.model(**cut, output_attentions=True, output_hidden_states=True)
    return torch.cat(output.attentions), torch.cat(output.hidden_states)


def largest_difference(bert: Bert, model: Bert, sentence: str) -> float:
    attention, hidden = read_plainly(bert, sentence)
    reading = kgwb.read(model, sentence)
    return max(float((reading.attention[0] - attention).abs().max()), float((reading.hidden[0] - hidden).abs().max()))


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_fresh_injector_leaves_bert_unchanged_to_the_bit(bert, vectors, mode, control, sentence):
    assert largest_difference(bert, kgwb.inject(bert, vectors, mode=mode, control=control), sentence) == 0


@pytest.mark.parametrize("sentence", SENTENCES[:2])
def test_an_open_door_changes_sentences_that_name_entities(bert, opened, sentence):
    assert largest_difference(bert, opened, sentence) > 1e-3


@pytest.mark.parametrize("sentence", SENTENCES)
def test_off_is_plain_bert_to_the_bit_and_comes_back(bert, opened, sentence):
    before = kgwb.read(opened, sentence).hidden
    with opened.injector.off():
        assert largest_difference(bert, opened, sentence) == 0
        with opened.injector.off():
            assert not opened.injector.is_on
        assert not opened.injector.is_on
    assert torch.equal(kgwb.read(opened, sentence).hidden, before)


def test_off_ends_when_the_block_raises(opened):
    with pytest.raises(KeyError), opened.injector.off():
        raise KeyError
    assert opened.injector.is_on


def test_neither_padding_nor_batch_mates_change_a_reading(opened):
    together = kgwb.read(opened, SENTENCES)
    for i, sentence in enumerate(SENTENCES):
        alone = kgwb.read(opened, sentence)
        length = together.lengths[i]
        assert torch.equal(together.attention[i, :, :, :length, :length], alone.attention[0])
        assert torch.equal(together.hidden[i, :, :length], alone.hidden[0])


@torch.no_grad()
def test_neither_padding_nor_batch_mates_change_an_answer(opened):
    texts = [f"{sentence} [MASK]" for sentence in SENTENCES]
    mentions = find_mentions(texts, opened.injector.graph, opened.tokenizer)
    together = encode(opened, texts, mentions=mentions)
    logits = opened.fill_mask(together)
    for i in range(len(texts)):
        torch.testing.assert_close(opened.fill_mask(together.select([i]))[0], logits[i], atol=2e-5, rtol=0)


def test_the_gradient_reaches_a_closed_door_through_exactly_one_factor(bert, vectors):
    model = kgwb.inject(bert, vectors)
    texts = ["Paris is the capital of [MASK]."]
    encoding = encode(model, texts, mentions=find_mentions(texts, vectors.graph, model.tokenizer))
    model.fill_mask(encoding)[0, 2605].backward()
    assert model.injector.alpha.grad.abs() > 0
    assert model.injector.project.weight.grad.abs().max() == 0
    assert model.injector.gate == 0


def test_only_the_pieces_of_a_mention_are_touched(opened):
    text = "Quorrin Vath was born in New York."
    encoding = encode(opened, [text], mentions=find_mentions([text], opened.injector.graph, opened.tokenizer))
    words = opened.model.get_input_embeddings()(encoding.pieces)
    moved = (opened.injector.at_input(words, encoding) != words).any(-1)
    assert torch.equal(moved, encoding.entities >= 0)
    pieces = [mention.pieces for mention in encoding.mentions[0]]
    assert [moved[0, first:last].all().item() for first, last in pieces] == [True, True]
    assert moved.sum() == sum(last - first for first, last in pieces)


def test_the_vector_can_enter_at_the_first_piece_only(bert, vectors):
    model = kgwb.inject(bert, vectors, pieces="first")
    nn.init.constant_(model.injector.alpha, 1.0)
    reading = kgwb.read(model, "Quorrin Vath was born in New York.")
    assert sum(reading.injected[0]) == len(reading.mentions[0]) == 2
    assert all(reading.injected[0][mention.pieces[0]] for mention in reading.mentions[0])


def test_injecting_leaves_the_model_and_the_vectors_as_they_were(bert, vectors):
    weights = copy.deepcopy(bert.state_dict())
    table = vectors.entity_vectors().clone()
    model = kgwb.inject(bert, vectors, control="shuffled")
    nn.init.zeros_(model.model.get_input_embeddings().weight)
    assert bert.injector is None and model.name == "minilm/entity/shuffled"
    assert all(torch.equal(bert.state_dict()[name], weight) for name, weight in weights.items())
    assert torch.equal(vectors.entity_vectors(), table)


def test_one_seed_gives_one_door(bert, vectors):
    first, again = (kgwb.inject(bert, vectors, control="random", seed=3).injector for _ in range(2))
    other = kgwb.inject(bert, vectors, control="random", seed=4).injector
    assert torch.equal(first.table, again.table) and torch.equal(first.project.weight, again.project.weight)
    assert not torch.equal(first.table, other.table)


def test_wide_open_an_average_vector_is_as_loud_as_strength_says(bert, vectors):
    injector = kgwb.inject(bert, vectors, strength=1.0).injector
    words = bert.model.get_input_embeddings().weight.norm(dim=1).mean()
    loudness = injector.project(injector.table).norm(dim=1).mean()
    assert loudness.item() == pytest.approx(words.item(), rel=0.35)


def test_a_second_injector_is_refused_with_what_to_type(opened, vectors):
    with pytest.raises(ValueError, match=r"'minilm/entity' already has an injector.*kgwb.inject\(kgwb.load_bert"):
        kgwb.inject(opened, vectors)
