"""Sentences as word pieces, with the pieces where entities are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from kgwb.axes import Bool, Int, Tensor
from kgwb.checks import expect_number
from kgwb.graph import Mention


@dataclass(frozen=True, eq=False)
class Encoding:
    """A batch of sentences as BERT takes them.

    Attributes:
        pieces: word piece ids, padded at the end, [sentence, token].
        is_token: False at padding, [sentence, token].
        entities: the id of the entity that each piece names, −1 where none, [sentence, token].
        first_pieces: True at the first piece of each mention, [sentence, token].
        mentions: per sentence, its mentions with their word pieces filled in.
        segments: 0 where a piece is of a pair's first text, 1 where of its second, [sentence, token]; None for texts that
            are no pairs.
    """

    pieces: Int[Tensor, "sentence token"]
    is_token: Bool[Tensor, "sentence token"]
    entities: Int[Tensor, "sentence token"]
    first_pieces: Bool[Tensor, "sentence token"]
    mentions: tuple[tuple[Mention, ...], ...]
    segments: Int[Tensor, "sentence token"] | None = None

    def __len__(self) -> int:
        return len(self.pieces)

    def select(self, rows: Sequence[int]) -> Encoding:
        """The given sentences, without the padding that only longer ones needed."""
        index = torch.as_tensor(rows, dtype=torch.int64)
        length = int(self.is_token[index].sum(1).max())
        tensors = (self.pieces, self.is_token, self.entities, self.first_pieces)
        pieces, is_token, entities, first_pieces = (tensor[index, :length] for tensor in tensors)
        segments = None if self.segments is None else self.segments[index, :length]
        return Encoding(pieces, is_token, entities, first_pieces, tuple(self.mentions[i] for i in rows), segments)

    def to(self, device: torch.device) -> Encoding:
        """The same on another device."""
        tensors = (self.pieces, self.is_token, self.entities, self.first_pieces)
        pieces, is_token, entities, first_pieces = (tensor.to(device) for tensor in tensors)
        segments = None if self.segments is None else self.segments.to(device)
        return Encoding(pieces, is_token, entities, first_pieces, self.mentions, segments)


def place_mention(mention: Mention, text: str, offsets: Sequence[Sequence[int]]) -> Mention:
    """The mention with its word pieces: those that share a character with it."""
    for name in ("start", "end", "entity"):
        expect_number(name, getattr(mention, name), usual=0, least=0, below=2**63, whole=True)
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


def share_pieces(mentions: Sequence[Mention]) -> list[list[int]]:
    """The word pieces of each mention alone: a shared one goes to the later mention, unless the earlier has no other.

    Args:
        mentions: of one sentence, with their word pieces; in any order.
    """
    owned: list[list[int]] = [[] for _ in mentions]
    owner: dict[int, list[int]] = {}
    for mention, mine in sorted(zip(mentions, owned, strict=True), key=lambda each: each[0].start):
        for piece in range(*(mention.pieces or (0, 0))):
            earlier = owner.get(piece, [])
            if len(earlier) == 1:
                continue
            if earlier:
                earlier.remove(piece)
            owner[piece] = mine
            mine.append(piece)
    return owned
