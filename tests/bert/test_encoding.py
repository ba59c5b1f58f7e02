"""Word pieces under mentions, and what is said when there are none."""

from __future__ import annotations

import pytest
import torch

from kgwb.bert import encode_sentences
from kgwb.graph import Mention, Sentence


def test_a_mention_covers_exactly_its_pieces(bert):
    text = "In New York, Quorrin sings."
    encoding = encode_sentences(bert, [Sentence(text, (Mention(3, 11, 4), Mention(13, 20, 7)))])
    pieces = bert.tokenizer.convert_ids_to_tokens(encoding.pieces[0].tolist())
    spelled = ["".join(pieces[slice(*mention.pieces)]).replace("##", "") for mention in encoding.mentions[0]]
    assert spelled == ["newyork", "quorrin"]
    assert [mention.text for mention in encoding.mentions[0]] == ["New York", "Quorrin"]
    assert encoding.first_pieces.sum() == 2
    assert encoding.entities[0][encoding.first_pieces[0]].tolist() == [4, 7]


def test_selecting_drops_padding_that_only_longer_sentences_needed(bert):
    encoding = encode_sentences(bert, ["One.", "One two three four five six.", "Two words."])
    chosen = encoding.select([2, 0])
    assert chosen.pieces.shape == (2, 5)
    assert torch.equal(chosen.pieces[1, :4], encoding.pieces[0, :4])
    assert chosen.is_token.sum(1).tolist() == [5, 4]


def test_no_sentence(bert):
    with pytest.raises(ValueError, match=r"No sentence came. Expected at least one: kgwb.read\(bert"):
        encode_sentences(bert, [])


def test_a_sentence_too_long_is_said_and_not_cut(bert):
    with pytest.raises(ValueError, match=r"Sentence 1 has 602 word pieces; this BERT has positions for 512. Split it"):
        encode_sentences(bert, ["Short.", "word " * 600])


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (4, 4), (6, 5), (0, 99)])
def test_a_mention_outside_its_sentence(bert, start, end):
    with pytest.raises(ValueError, match=rf"A mention spans characters {start} to {end}, outside a sentence of 11"):
        encode_sentences(bert, ["Hello there"], mentions=[[Mention(start, end, 0)]])


def test_a_mention_of_nothing(bert):
    with pytest.raises(ValueError, match=r"No word piece lies under the mention ' ' of 'Hello there'"):
        encode_sentences(bert, ["Hello there"], mentions=[[Mention(5, 6, 0)]])


def test_overlapping_mentions(bert):
    with pytest.raises(ValueError, match=r"The mentions 'New York' and 'York' of 'New York' overlap"):
        encode_sentences(bert, ["New York"], mentions=[[Mention(4, 8, 1), Mention(0, 8, 0)]])


def test_mentions_for_another_number_of_sentences(bert):
    with pytest.raises(ValueError, match=r"2 lists of mentions came for 1 sentences. Expected one for each"):
        encode_sentences(bert, ["Hello"], mentions=[[], []])
