"""Cutting sentences into word pieces, and finding the pieces of each mention."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch

from kgwb.axes import Bool, Int, Tensor
from kgwb.bert.encoding import Encoding, place_mention, share_pieces
from kgwb.bert.model import Bert
from kgwb.checks import expect_each, expect_kind
from kgwb.graph import Mention, Sentence
from kgwb.words import count_things, mend_text

_BLANK = "▁"
_SIGNS = "(。a"


def encode_sentences(
    bert: Bert, sentences: Sequence[str | Sentence], *, mentions: Sequence[Sequence[Mention]] | None = None
) -> Encoding:
    """Cut sentences into word pieces and find the pieces of each mention.

    Mentions may meet in a word piece; each keeps one of its own wherever there is one, and a warning counts the others.

    Args:
        bert: whose tokenizer cuts.
        sentences: texts, or `Sentence`s with their own mentions.
        mentions: per sentence, where it names entities; by default those of the `Sentence`s, or none.

    Raises:
        ValueError: if there is no sentence, a sentence is longer than BERT's position table, or a mention lies
            outside its sentence, on another, or on no word piece.
    """
    expect_kind(bert, Bert, "A BERT", call="encode_sentences(kgwb.load_bert(), sentences)")
    sentences = list_texts(sentences, call="encode_sentences(bert, ['Paris is in France.'])")
    texts = [sentence.text if isinstance(sentence, Sentence) else sentence for sentence in sentences]
    if not texts:
        raise ValueError("No sentence came. Expected at least one: kgwb.read(bert, ['Paris is in France.']).")
    if mentions is None:
        mentions = [sentence.mentions if isinstance(sentence, Sentence) else () for sentence in sentences]
    mentions = list_mentions(mentions, len(texts))
    # Padded here: padding, like truncation, would be set on the tokenizer, which other threads are using.
    cut = bert.tokenizer([mend_text(text) for text in texts], return_offsets_mapping=True, verbose=False)
    is_token = _pad([[1] * len(row) for row in cut["input_ids"]], 0).bool()  # [sentence, token]
    _check_length(is_token, texts, bert.longest)
    pieces = _pad(cut["input_ids"], bert.tokenizer.pad_token_id or 0)
    placed = tuple(
        tuple(place_mention(mention, text, offsets) for mention in found)
        for text, found, offsets in zip(texts, mentions, cut["offset_mapping"], strict=True)
    )
    entities = torch.full_like(pieces, -1)
    first_pieces = torch.zeros_like(entities, dtype=torch.bool)
    crowded: list[str] = []
    for row, found in enumerate(placed):
        _check_overlap(found, texts[row])
        for mention, free in zip(found, share_pieces(found), strict=True):
            if free:
                entities[row, free] = mention.entity
                first_pieces[row, free[0]] = True
            else:
                crowded.append(mention.text)
    if crowded:
        warnings.warn(
            f"{count_things(len(crowded), 'mention')} with no word piece that another mention leaves free "
            f"({', '.join(map(repr, crowded[:3]))}): in such a piece the vector of the other one enters. "
            "Take a tokenizer that knows the words, or give the mentions that matter: read(model, texts, mentions=...).",
            stacklevel=2,
        )
    return Encoding(pieces, is_token, entities, first_pieces, placed)


def list_texts(sentences: object, *, call: str) -> list[str | Sentence]:
    """A text, or several, as a list.

    Raises:
        TypeError: for anything else; says what to type.
    """
    if isinstance(sentences, (str, Sentence)):
        return [sentences]
    expect_kind(sentences, Iterable, "A text, or a list of them,", call=call)
    return expect_each(sentences, (str, Sentence), "A text", call=call)


def list_mentions(mentions: object, count: int) -> list[list[Mention]]:
    """The mentions of each of so many sentences.

    Raises:
        TypeError: these are no lists of mentions; says what to type.
        ValueError: there are more lists than sentences, or fewer.
    """
    call = "find_mentions(sentences, graph, bert.tokenizer)"
    found = [
        expect_each(each, Mention, "A mention", call=call) for each in expect_each(mentions, object, "", call=call)
    ]
    if len(found) != count:
        raise ValueError(
            f"{len(found)} lists of mentions came for {count} sentences. Expected one for each: type {call}."
        )
    return found


def cut_names(bert: Bert, names: Sequence[str], *, after_blank: bool = True) -> list[list[int]]:
    """The word pieces of names as they stand in a text: RoBERTa's pieces hold the blank before a word, BERT's do not.

    SentencePiece's (XLM-R, CamemBERT) see a blank at the start of every text: without one before it, as in Chinese, a name is
    cut behind a sign.

    Args:
        bert: whose tokenizer cuts.
        names: what to cut.
        after_blank: whether a blank stands before them, as between words; see `follows_blank`.

    Example:
        >>> from kgwb import load_bert
        >>> [len(pieces) for pieces in cut_names(load_bert(), ["New York", ""])]
        [2, 0]
    """
    given = [mend_text(f" {name}" if after_blank else name) for name in names]
    cut = bert.tokenizer(given, add_special_tokens=False, verbose=False)["input_ids"]
    if after_blank or not _begins_with_blank(bert):
        return cut
    behind = [_cut_behind(bert, name) for name in given]
    return [pieces if found is None else found for pieces, found in zip(cut, behind, strict=True)]


def follows_blank(bert: Bert, text: str, start: int) -> bool:
    """Whether a name that stands at a place of a text is cut as one behind a blank.

    Args:
        bert: whose tokenizer cuts.
        text: the text.
        start: the first character of the name.

    Example:
        >>> from kgwb import load_bert
        >>> follows_blank(load_bert(), "in Rome", 3), follows_blank(load_bert(), "Rome", 0)
        (True, False)
    """
    return text[start - 1].isspace() if start else _begins_with_blank(bert)


def _begins_with_blank(bert: Bert) -> bool:
    """Whether the tokenizer sees a blank at the start of every text."""
    return any(piece.startswith(_BLANK) for piece in bert.tokenizer.tokenize("a"))


def _cut_behind(bert: Bert, name: str) -> list[int] | None:
    """The pieces of a name behind a sign that shares none with it; None where no sign does."""
    for sign in _SIGNS:
        cut = bert.tokenizer(sign + name, return_offsets_mapping=True, add_special_tokens=False, verbose=False)
        offsets = cut["offset_mapping"]
        if all(end <= len(sign) or start >= len(sign) for start, end in offsets):
            return [piece for piece, (start, _) in zip(cut["input_ids"], offsets, strict=True) if start >= len(sign)]
    return None


def _pad(rows: Sequence[Sequence[int]], filler: int) -> Int[Tensor, "sentence token"]:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows], dtype=torch.int64)


def _check_length(is_token: Bool[Tensor, "sentence token"], texts: Sequence[str], longest: int) -> None:
    lengths = is_token.sum(1)
    if int(lengths.max()) > longest:
        worst = int(lengths.argmax())
        raise ValueError(
            f"Sentence {worst} has {int(lengths[worst])} word pieces; this BERT has positions for {longest}. "
            f"Split it in two; nothing is cut in silence. It begins {texts[worst][:60]!r}."
        )


def _check_overlap(mentions: Sequence[Mention], text: str) -> None:
    ordered = sorted(mentions, key=lambda mention: mention.start)
    for one, other in pairwise(ordered):
        if other.start < one.end:
            raise ValueError(
                f"The mentions {one.text!r} and {other.text!r} of {text!r} overlap. Expected each character in one at most."
            )
