"""Texts of any length as vectors."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import torch

from kgwb.axes import Float
from kgwb.bert import Bert, Encoding
from kgwb.learn.completion.entity_texts import pool_texts
from kgwb.words import count_things, mend_text

_log = logging.getLogger("kgwb.learn")


@torch.no_grad()
def vectorise_texts(bert: Bert, texts: Sequence[str]) -> Float[np.ndarray, "text width"]:
    """Each text as a vector of length one: the mean of BERT's last hidden states over its word pieces, marks included.

    What is longer than BERT's position table is cut at the end, and the log counts it.
    """
    tokenizer, width = bert.tokenizer, int(bert.model.config.hidden_size)
    if not texts:
        return np.empty((0, width))
    rows = tokenizer([mend_text(text) for text in texts], verbose=False)["input_ids"]
    cut = sum(len(row) > bert.longest for row in rows)
    if cut:
        _log.info(
            "%s of %s: cut to the first %d word pieces", f"{cut:,}", count_things(len(rows), "text"), bert.longest
        )
    kept = [row if len(row) <= bert.longest else [*row[: bert.longest - 1], row[-1]] for row in rows]
    filler, longest = int(tokenizer.pad_token_id or 0), max(map(len, kept))
    pieces = torch.tensor([row + [filler] * (longest - len(row)) for row in kept])  # [text, token]
    is_token = torch.arange(longest) < torch.tensor([len(row) for row in kept])[:, None]
    nothing = torch.full_like(pieces, -1)
    encoding = Encoding(pieces, is_token, nothing, torch.zeros_like(is_token), ((),) * len(kept))
    return pool_texts(bert.in_mode(training=False), encoding).double().cpu().numpy()
