"""Word pieces under mentions, and what is said when there are none."""

from __future__ import annotations

import pytest
import torch

from kgwb.bert import encode_sentences
from kgwb.bert.encoding import place_mention, share_pieces
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


def test_the_order_in_which_mentions_are_listed_says_nothing(bert):
    text = "ParisFrance"  # paris ##fra ##nce: the first two meet in a piece
    mentions = [Mention(0, 3, 1), Mention(3, 5, 2), Mention(5, 11, 3)]
    with pytest.warns(UserWarning, match="1 mention with no word piece that another mention leaves free"):
        encodings = [encode_sentences(bert, [text], mentions=[listed]) for listed in (mentions, mentions[::-1])]
    assert encodings[0].entities.equal(encodings[1].entities)


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
    said = (
        rf"A mention spans characters {start} to {end}, outside a sentence of 11" if start >= 0 else r"start=-1 came\."
    )
    with pytest.raises(ValueError, match=said):
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


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 2), (2, 4)], [[1], []]),
        ([(0, 2), (2, 4), (4, 9)], [[1], [], [2, 3]]),
        ([(0, 5), (2, 9)], [[1], [2, 3]]),  # what they share is the earlier one's only piece
        ([(0, 6), (6, 9)], [[1], [2, 3]]),  # of two the later one takes what they share
        ([(0, 5), (5, 7), (7, 9)], [[1], [2], [3]]),
    ],
)
def test_mentions_that_meet_in_a_word_piece_each_keep_one_where_there_is_one(spans, expected):
    offsets = [(0, 0), (0, 5), (5, 7), (7, 9)]
    mentions = [place_mention(Mention(*span, number), "a" * 9, offsets) for number, span in enumerate(spans)]
    assert share_pieces(mentions) == expected


def test_a_mention_without_a_piece_of_its_own_is_counted(bert):
    text = "ไทยลาว ไทย"  # two countries that MiniLM reads as one unknown word
    mentions = [Mention(0, 3, 4), Mention(3, 6, 7), Mention(7, 10, 4)]
    with pytest.warns(UserWarning, match=r"^1 mention with no word piece that another mention leaves free \('ลาว'\)"):
        encoding = encode_sentences(bert, [text], mentions=[mentions])
    assert encoding.entities[0].tolist()[1] == 4 and encoding.first_pieces.sum() == 2
    assert [mention.entity for mention in encoding.mentions[0]] == [4, 7, 4]
