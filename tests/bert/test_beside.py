"""A vector beside the words is a token like any other, but for its position and for the gate in front of it."""

from __future__ import annotations

import math

import pytest
import torch

import kgwb
from kgwb.bert import encode_sentences, find_mentions

TEXT = "Quorrin Vath was born in New York, not in York."
ALPHA = 0.5


@pytest.fixture
def beside(bert, vectors, set_gates):
    model = set_gates(kgwb.inject(bert, vectors, mode="entity", place="beside"), ALPHA)
    with torch.no_grad():
        model.injector.doors[0].beside.marker.normal_(generator=torch.Generator().manual_seed(1))
    return model


@torch.no_grad()
def test_hugging_faces_own_model_with_more_tokens_agrees(bert, beside):
    """The same sequence, positions and a mask of log g, put together by hand and given to the unmodified model."""
    reading = kgwb.read(beside, TEXT)
    door, [mentions] = beside.injector.doors[0], reading.mentions
    pieces = bert.tokenizer(TEXT, return_tensors="pt")["input_ids"]
    length, starts = pieces.shape[1], [mention.pieces[0] for mention in mentions]
    inserted = torch.stack([door.beside.map(door.table[mention.entity]) + door.beside.marker for mention in mentions])
    mask = torch.zeros(1, 1, length + len(starts), length + len(starts))
    mask[..., :length, length:] = math.log(math.tanh(ALPHA))
    output = bert.model.base_model(
        inputs_embeds=torch.cat([bert.words(pieces), inserted[None]], 1),
        position_ids=torch.tensor([[*range(length), *starts]]),
        attention_mask=mask,
        output_attentions=True,
        output_hidden_states=True,
    )
    assert len(starts) == 3
    hidden, attention = torch.cat(output.hidden_states), torch.cat(output.attentions)
    torch.testing.assert_close(reading.hidden[0], hidden[:, :length], atol=2e-5, rtol=0)
    shares = attention[:, :, :length, length:]
    torch.testing.assert_close(reading.gates["entity"][0, 1:], shares.sum(-1).mean(1), atol=2e-6, rtol=0)
    folded = attention[:, :, :length, :length].clone()
    for column, share in zip(starts, shares.unbind(-1), strict=True):
        folded[..., column] += share
    torch.testing.assert_close(reading.attention[0], folded, atol=2e-6, rtol=0)


def test_a_sentence_as_long_as_the_position_table_has_room_beside_it(beside):
    text = " ".join(["Paris", *["is"] * (beside.longest - 3)])
    assert kgwb.read(beside, text).lengths == (beside.longest,)


def test_a_closed_door_and_a_text_without_names_insert_nothing(bert, vectors, beside, set_gates):
    for model, text in (
        (beside, "Nobody is named here."),
        (set_gates(kgwb.inject(bert, vectors, place="beside"), 0.0), TEXT),
    ):
        encoding = encode_sentences(model, [text], mentions=find_mentions([text], vectors.graph, model.tokenizer))
        with torch.no_grad():
            record = model.observe(encoding)
        assert record.gates["entity"][0].abs().max() == 0 and list(record.gates["entity"]) == [0]


def test_the_marker_learns_to_tell_vectors_from_words(bert, vectors, beside):
    text = "Paris is the capital of [MASK]."
    encoding = encode_sentences(beside, [text], mentions=find_mentions([text], vectors.graph, beside.tokenizer))
    beside.fill_mask(encoding)[0, 2605].backward()
    assert beside.injector.doors[0].beside.marker.grad.abs().max() > 0
