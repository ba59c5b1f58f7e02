"""Plain BERT, as doors meet it before they are in it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from kgwb.bert.encoding import Encoding
from kgwb.bert.model import Bert
from kgwb.bert.tokenizing import encode_sentences
from kgwb.bert.trace import Hidden


class PlainReader:
    """Reads texts with a plain BERT.

    Attributes:
        mask: the id of its mask.
        marks: the ids of all its special pieces, the unknown one among them.

    Args:
        bert: without doors, or with doors that are off.
    """

    def __init__(self, bert: Bert) -> None:
        self._bert = bert.in_mode(training=False)
        self.mask = int(bert.tokenizer.mask_token_id or 0)
        self.marks = tuple(map(int, bert.tokenizer.all_special_ids))

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> tuple[Encoding, Sequence[Hidden]]:
        """The texts as word pieces, and the hidden states after the embeddings and after each layer."""
        encoding = encode_sentences(self._bert, list(texts)).to(self._bert.device)
        return encoding, self._bert.observe(encoding).hidden
