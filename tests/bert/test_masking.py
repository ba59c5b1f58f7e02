"""Masking: what is hidden, what is shown instead, and that no door gives it away."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgwb.bert import encode_sentences
from kgwb.bert.masking import find_ordinary, mask_pieces
from kgwb.graph import Mention, Sentence

TEXT = "Quorrin Vath was born in Paris, and New York is far."
NAMES = ((0, 12, 5), (25, 30, 4), (36, 44, 3))


@pytest.fixture(scope="module")
def encoding(bert):
    named = Sentence(TEXT, tuple(Mention(*name) for name in NAMES))
    return encode_sentences(bert, [named, "A short one.", Sentence("Paris.", (Mention(0, 5, 4),))])


def draw(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(seed=st.integers(0, 10_000), share=st.floats(0.01, 1), whole=st.booleans())
def test_at_least_the_share_of_ordinary_pieces_is_hidden_and_no_mention_by_half(bert, encoding, seed, share, whole):
    masked = mask_pieces(encoding, bert.tokenizer, share=share, whole_mentions=whole, generator=draw(seed))
    ordinary = find_ordinary(encoding, bert.tokenizer)
    assert not bool((masked.asked & ~ordinary).any())
    assert torch.equal(masked.answers, encoding.pieces[masked.asked])
    assert torch.equal(masked.encoding.pieces[~masked.asked], encoding.pieces[~masked.asked])
    wanted = (share * ordinary.sum(1)).round().clamp(min=1)
    surplus = masked.asked.sum(1) - wanted
    longest = max(m.pieces[1] - m.pieces[0] for m in encoding.mentions[0]) if whole else 1
    assert bool((surplus >= 0).all()) and bool((surplus < longest).all())
    for row, mentions in enumerate(encoding.mentions):
        for mention in mentions:
            hidden = masked.asked[row, slice(*mention.pieces)]
            assert not whole or bool(hidden.all()) or not bool(hidden.any())
            # A mention with a hidden piece is no mention: a door would name it.
            kept = mention in masked.encoding.mentions[row]
            assert kept == (not bool(hidden.any()))
            here = slice(*mention.pieces)
            assert bool((masked.encoding.entities[row, here] == (mention.entity if kept else -1)).all())
            assert bool(masked.encoding.first_pieces[row, mention.pieces[0]]) == kept


def test_eighty_are_masks_ten_random_ten_as_they_were(bert):
    encoding = encode_sentences(bert, ["one two three four five six seven eight nine ten"] * 2000)
    masked = mask_pieces(encoding, bert.tokenizer, share=0.5, generator=draw(0))
    shown = masked.encoding.pieces[masked.asked]
    assert len(shown) == 10_000
    as_mask, kept = shown == bert.tokenizer.mask_token_id, shown == masked.answers
    assert as_mask.float().mean().item() == pytest.approx(0.8, abs=0.02)
    assert kept.float().mean().item() == pytest.approx(0.1, abs=0.02)
    random = shown[~as_mask & ~kept]
    assert not set(random.tolist()) & set(bert.tokenizer.all_special_ids)
    assert len(random.unique()) > 0.9 * len(random)


def test_every_piece_is_as_likely_as_another(bert):
    encoding = encode_sentences(bert, ["one two three four five six seven eight nine ten"] * 4000)
    masked = mask_pieces(encoding, bert.tokenizer, generator=draw(1))
    counts = masked.asked.sum(0)[1:-1] / 4000
    assert torch.allclose(counts, torch.full((10,), 0.2), atol=0.03)  # 2 of 10: .15 rounds up


def test_the_generator_alone_decides(bert, encoding):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    one, same, other = (mask_pieces(encoding, bert.tokenizer, share=0.5, generator=draw(seed)) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(one.encoding.pieces, same.encoding.pieces)
    assert not torch.equal(one.encoding.pieces, other.encoding.pieces)
    assert torch.equal(encoding.pieces, encode_sentences(bert, [TEXT, "A short one.", "Paris."]).pieces)  # untouched


def test_the_loss_is_the_mean_over_hidden_pieces(bert, encoding):
    masked = mask_pieces(encoding, bert.tokenizer, share=0.5, generator=draw(1))
    with torch.no_grad():
        logits = bert.answer_head(bert(masked.encoding).last_hidden_state)[masked.asked]
        chosen = logits.log_softmax(-1)[torch.arange(len(masked.answers)), masked.answers]
        assert masked.loss(bert).item() == pytest.approx(-chosen.mean().item(), rel=1e-5)


def test_marks_and_unknown_pieces_are_never_hidden(bert):
    encoding = encode_sentences(bert, ["[MASK] [SEP] 𐀀"])
    masked = mask_pieces(encoding, bert.tokenizer, share=1.0, generator=draw(0))
    assert not bool(masked.asked.any()) and torch.equal(masked.encoding.pieces, encoding.pieces)
    with torch.no_grad():
        assert masked.loss(bert).item() == 0


def test_a_mention_that_begins_with_an_unknown_piece(bert):
    encoding = encode_sentences(bert, [Sentence("𐀀 Vath.", (Mention(0, 6, 1),))])
    masked = mask_pieces(encoding, bert.tokenizer, share=1.0, generator=draw(0))
    assert int(masked.asked.sum()) == int(find_ordinary(encoding, bert.tokenizer).sum()) > 0
    assert masked.encoding.mentions == ((),)


def test_no_door_sees_a_hidden_mention(opened):
    paris = opened.injector.graph.entity_id("Paris")
    encoding = encode_sentences(opened, [Sentence("Paris.", (Mention(0, 5, paris),))])
    every = mask_pieces(encoding, opened.tokenizer, share=1.0, generator=draw(0))
    with torch.no_grad():
        opened_door = opened(every.encoding).last_hidden_state
        with opened.injector.off():
            assert torch.equal(opened(every.encoding).last_hidden_state, opened_door)
        assert not torch.equal(opened(replace(encoding, pieces=every.encoding.pieces)).last_hidden_state, opened_door)
