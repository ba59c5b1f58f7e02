"""Sentences as word pieces, with the pieces where entities are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import torch

from kgwb.axes import Bool, Int, Tensor
from kgwb.graph import Mention, Sentence

if TYPE_CHECKING:
    from kgwb.bert.model import Bert


@dataclass(frozen=True, eq=False)
class Encoding:
    """A batch of sentences as BERT takes them.

    Attributes:
        pieces: word piece ids, padded at the end, [sentence, token].
        is_token: False at padding, [sentence, token].
        entities: the id of the entity that each piece names, −1 where none, [sentence, token].
        first_pieces: True at the first piece of each mention, [sentence, token].
        mentions: per sentence, its mentions with their word pieces filled in.
    """

    pieces: Int[Tensor, "sentence token"]
    is_token: Bool[Tensor, "sentence token"]
    entities: Int[Tensor, "sentence token"]
    first_pieces: Bool[Tensor, "sentence token"]
    mentions: tuple[tuple[Mention, ...], ...]

    def __len__(self) -> int:
        return len(self.pieces)

    def select(self, rows: Sequence[int]) -> Encoding:
        """The given sentences, without the padding that only longer ones needed."""
        index = torch.as_tensor(rows, dtype=torch.int64)
        length = int(self.is_token[index].sum(1).max())
        tensors = (self.pieces, self.is_token, self.entities, self.first_pieces)
        pieces, is_token, entities, first_pieces = (tensor[index, :length] for tensor in tensors)
        return Encoding(pieces, is_token, entities, first_pieces, tuple(self.mentions[i] for i in rows))

    def to(self, device: torch.device) -> Encoding:
        """The same on another device."""
        tensors = (self.pieces, self.is_token, self.entities, self.first_pieces)
        pieces, is_token, entities, first_pieces = (tensor.to(device) for tensor in tensors)
        return Encoding(pieces, is_token, entities, first_pieces, self.mentions)


def encode_sentences(
    bert: Bert, sentences: Sequence[str | Sentence], *, mentions: Sequence[Sequence[Mention]] | None = None
) -> Encoding:
    """Cut sentences into word pieces and find the pieces of each mention.

    Args:
        bert: whose tokenizer cuts.
        sentences: texts, or `Sentence`s with their own mentions.
        mentions: per sentence, where it names entities; by default those of the `Sentence`s, or none.

    Raises:
        ValueError: if there is no sentence, a sentence is longer than BERT's position table, or a mention lies
            outside its sentence, on another, or on no word piece.
    """
    texts = [sentence.text if isinstance(sentence, Sentence) else sentence for sentence in sentences]
    if not texts:
        raise ValueError("No sentence came. Expected at least one: kgwb.read(bert, ['Paris is in France.']).")
    if mentions is None:
        mentions = [sentence.mentions if isinstance(sentence, Sentence) else () for sentence in sentences]
    if len(mentions) != len(texts):
        raise ValueError(f"{len(mentions)} lists of mentions came for {len(texts)} sentences. Expected one for each.")
    cut = bert.tokenizer(texts, padding=True, return_offsets_mapping=True, return_tensors="pt")
    _check_length(cut["attention_mask"], texts, bert.longest)
    placed = tuple(
        tuple(place_mention(mention, text, offsets) for mention in found)
        for text, found, offsets in zip(texts, mentions, cut["offset_mapping"].tolist(), strict=True)
    )
    entities = torch.full_like(cut["input_ids"], -1)
    first_pieces = torch.zeros_like(entities, dtype=torch.bool)
    for row, found in enumerate(placed):
        _check_overlap(found, texts[row])
        for mention in found:
            first, last = mention.pieces or (0, 0)
            entities[row, first:last] = mention.entity
            first_pieces[row, first] = True
    return Encoding(cut["input_ids"], cut["attention_mask"].bool(), entities, first_pieces, placed)


def _check_length(attention_mask: Tensor, texts: Sequence[str], longest: int) -> None:
    lengths = attention_mask.sum(1)
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


def place_mention(mention: Mention, text: str, offsets: Sequence[Sequence[int]]) -> Mention:
    """The mention with its word pieces: those that share a character with it."""
    if not 0 <= mention.start < mention.end <= len(text):
        raise ValueError(
            f"A mention spans characters {mention.start} to {mention.end}, outside a sentence of {len(text)}: {text!r}. "
            "Offsets count characters from 0 and end one past the last."
        )
    inside = [i for i, (start, end) in enumerate(offsets) if start < mention.end and end > mention.start]
    if not inside:
        raise ValueError(
            f"No word piece lies under the mention {text[mention.start : mention.end]!r} of {text!r}. "
            "Expected a span with at least one character that the tokenizer keeps."
        )
    span = text[mention.start : mention.end]
    return replace(mention, text=span, pieces=(inside[0], inside[-1] + 1))
