"""Hiding word pieces, for BERT to guess them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.encoding import Encoding
from kgwb.bert.model import Bert
from kgwb.embed.precision import widen_numbers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Of the pieces to be guessed: how many are shown as [MASK], and how many as that or as a random piece (Devlin et al., 2019).
AS_MASK, AS_MASK_OR_RANDOM = 0.8, 0.9


@dataclass(frozen=True, eq=False)
class MaskedPieces:
    """Sentences with some of their word pieces hidden.

    Attributes:
        encoding: what BERT is shown; a mention of which a piece is to be guessed is no mention there, so that no door
            gives the answer away.
        asked: True at the pieces to be guessed, [sentence, token].
        answers: what stood there, in the order of `asked`, [piece].
    """

    encoding: Encoding
    asked: Bool[Tensor, "sentence token"]
    answers: Int[Tensor, " piece"]

    def guess(self, bert: Bert) -> Float[Tensor, "piece vocabulary"]:
        """What the masked-language head says at the pieces to be guessed, as logits."""
        hidden = bert(self.encoding.to(bert.device)).last_hidden_state
        return widen_numbers(bert.answer_head(hidden[self.asked.to(bert.device)]))

    def loss(self, bert: Bert) -> Float[Tensor, ""]:
        """−log softmax of what stood there, averaged over the pieces; 0 where there are none."""
        total = cross_entropy(self.guess(bert), self.answers.to(bert.device), reduction="sum")
        return total / max(1, len(self.answers))


def mask_pieces(
    encoding: Encoding,
    tokenizer: PreTrainedTokenizerBase,
    *,
    share: float = 0.15,
    whole_mentions: bool = True,
    generator: torch.Generator,
) -> MaskedPieces:
    """Hide a share of each sentence's word pieces, at least one.

    What is chosen is shown as [MASK] in 80 of 100 cases, as a random piece in 10, and as it is in 10 (Devlin et al., 2019,
    "BERT: pre-training of deep bidirectional transformers").

    Args:
        encoding: the sentences, on the CPU.
        tokenizer: for the mask, and for the special pieces, which are never hidden.
        share: of each sentence's pieces, above 0 and at most 1.
        whole_mentions: hide all pieces of a mention or none, so that a name is not guessed from its other half; the
            share is then exceeded where the last mention chosen is long.
        generator: what the choice is drawn from.
    """
    ordinary = find_ordinary(encoding, tokenizer)
    starts = _find_starts(encoding)
    units = starts if whole_mentions else torch.arange(starts.shape[1]).expand_as(starts)
    draws = torch.rand(2, *starts.shape, generator=generator)
    order, fate = draws.gather(2, units.expand_as(draws))
    before = ((order[:, None, :] < order[:, :, None]) & ordinary[:, None, :]).sum(2)
    wanted = (share * ordinary.sum(1)).round().clamp(min=1)
    asked = ordinary & (before < wanted[:, None])
    vocabulary = _ordinary_vocabulary(tokenizer)
    random = vocabulary[torch.randint(len(vocabulary), starts.shape, generator=generator)]
    shown = torch.where(fate < AS_MASK_OR_RANDOM, random, encoding.pieces)
    shown = torch.where(fate < AS_MASK, int(tokenizer.mask_token_id or 0), shown)
    pieces = torch.where(asked, shown, encoding.pieces)
    return MaskedPieces(
        _forget_mentions(replace(encoding, pieces=pieces), asked, starts), asked, encoding.pieces[asked]
    )


def find_ordinary(encoding: Encoding, tokenizer: PreTrainedTokenizerBase) -> Bool[Tensor, "sentence token"]:
    """Where a word piece stands that may be hidden: no padding, no mark such as [SEP], nothing unknown."""
    return encoding.is_token & ~torch.isin(encoding.pieces, torch.tensor(tokenizer.all_special_ids))


def _ordinary_vocabulary(tokenizer: PreTrainedTokenizerBase) -> Tensor:
    every = torch.arange(len(tokenizer))
    return every[~torch.isin(every, torch.tensor(tokenizer.all_special_ids))]


def _find_starts(encoding: Encoding) -> Int[Tensor, "sentence token"]:
    """For each piece the position where its mention begins; outside mentions, its own."""
    goes_on = (encoding.entities >= 0) & ~encoding.first_pieces
    own = torch.arange(goes_on.shape[1]).expand_as(goes_on)
    return own.masked_fill(goes_on, 0).cummax(1).values


def _forget_mentions(encoding: Encoding, asked: Tensor, starts: Tensor) -> Encoding:
    """The encoding without the mentions that have a piece to be guessed."""
    touched = torch.zeros(asked.shape).scatter_reduce(1, starts, asked.float(), "amax").gather(1, starts) > 0
    kept = tuple(
        tuple(mention for mention in mentions if not _is_touched(row, mention.pieces))
        for mentions, row in zip(encoding.mentions, touched.tolist(), strict=True)
    )
    entities = encoding.entities.masked_fill(touched, -1)
    return replace(encoding, entities=entities, first_pieces=encoding.first_pieces & ~touched, mentions=kept)


def _is_touched(touched: Sequence[bool], pieces: tuple[int, int] | None) -> bool:
    return pieces is not None and any(touched[slice(*pieces)])
