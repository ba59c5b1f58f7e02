"""Where each head looks, on the average over many sentences, in one picture; and texts without sense, for a control."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, Reading
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_text
from kgwb.see.palette import TYPE_COLOURS

PLACES = ("the piece before", "itself", "the piece after", "[CLS]", "[SEP]", "elsewhere")
_COLOURS = (*TYPE_COLOURS[:4], TYPE_COLOURS[5], "rule")
_LEFT, _TOP, _ROW, _GAP, _BAR = 66.0, 34.0, 30.0, 6.0, 18.0


def summarise_heads(reading: Reading) -> pd.DataFrame:
    """How each head's attention is shared out, as the mean over all queries of all sentences.

    The first and the last piece between [CLS] and [SEP] ask no question here, for there the piece before, or after, is
    one of those two. A sentence of less than three pieces has no other and counts for nothing.

    Args:
        reading: of one or more sentences.

    Returns:
        One row per layer and head, one column for each of `PLACES`; each row sums to one.

    Raises:
        ValueError: if no sentence has three pieces.
    """
    shares = [share for row in range(len(reading.tokens)) for share in _share_out(reading, row)]
    if not shares:
        message = "No sentence has three word pieces between [CLS] and [SEP], so no piece has two neighbours."
        raise ValueError(f"{message} Type kgwb.read(bert, ['Paris is in France.']).")
    mean = torch.stack(shares).mean(0)  # [place, layer, head]
    rows = pd.MultiIndex.from_product([range(mean.shape[1]), range(mean.shape[2])], names=["layer", "head"])
    return pd.DataFrame(mean.flatten(1).T.numpy(), index=rows, columns=list(PLACES))


def _share_out(reading: Reading, row: int) -> Iterator[Float[Tensor, "place layer head"]]:
    """For each query of a sentence, what its heads give to each place."""
    last = reading.lengths[row] - 1
    for query in range(2, last - 1):
        weights = reading.attention[row, :, :, query]  # [layer, head, key]
        near = [weights[..., key] for key in (query - 1, query, query + 1, 0, last)]
        yield torch.stack([*near, weights.sum(-1) - sum(near)])


def draw_heads(shares: pd.DataFrame) -> Picture:
    """One bar for each head, a row of them for each layer; what `summarise_heads` gave, in colours.

    Args:
        shares: one row per (layer, head), one column for each of `PLACES`.
    """
    layers, heads = (max(numbers) + 1 for numbers in zip(*shares.index, strict=True))
    width = (WIDTH - _LEFT - 12) / heads
    parts = [draw_text("head", _LEFT - 8, 22, role="muted", anchor="end")]
    parts += [
        draw_text(str(head), _LEFT + (head + 0.5) * width - _GAP / 2, 22, role="muted", anchor="middle")
        for head in range(heads)
    ]
    for layer in range(layers):
        top = _TOP + layer * _ROW
        parts.append(draw_text(f"layer {layer}", _LEFT - 8, top + 13, anchor="end"))
        for head in range(heads):
            parts += _draw_shares(shares.loc[(layer, head)], _LEFT + head * width, top, width - _GAP)
    marks = [Mark(name, colour) for name, colour in zip(PLACES, _COLOURS, strict=True)]
    bottom = _TOP + layers * _ROW
    legend, taken = draw_legend(marks, _LEFT, bottom, WIDTH - _LEFT)
    caption = "Where each head looks, as a share of its attention: the mean over the pieces of all sentences."
    svg = draw_picture([*parts, legend], WIDTH, bottom + taken + 6, title=caption, caption=caption)
    means = ", ".join(f"{place} {share:.2f}" for place, share in shares.mean().items())
    return Picture(svg, f"where each of {layers} × {heads} heads looks; on the average {means}.")


def _draw_shares(shares: pd.Series, x: float, top: float, width: float) -> list[str]:
    parts = []
    for colour, share in zip(_COLOURS, shares, strict=True):
        fill = f'fill="{colour}"' if colour.startswith("#") else f'class="{colour}"'
        long = width * max(0.0, float(share))
        parts.append(f'<rect x="{x:.1f}" y="{top:.1f}" width="{long:.1f}" height="{_BAR:g}" {fill}/>')
        x += long
    return parts


def deal_words(bert: Bert, sentences: Sequence[str], *, seed: int = 0) -> list[str]:
    """Sentences of the same lengths, of words drawn by lot from those that BERT knows whole.

    Example:
        >>> from kgwb import load_bert
        >>> [nonsense] = deal_words(load_bert(), ["Paris is in France."])
        >>> len(nonsense.split())
        4
    """
    dice = np.random.default_rng(seed)
    words = sorted(piece for piece in bert.tokenizer.get_vocab() if piece.isascii() and piece.isalpha())
    return [" ".join(dice.choice(words, len(sentence.split()))) for sentence in sentences]


def deal_places(bert: Bert, *, seed: int = 0) -> Bert:
    """A copy in which each place of a sentence has another place's vector, by lot; its words are what they were."""
    dealt = copy.deepcopy(bert)
    model: Any = dealt.model.base_model
    table = model.embeddings.position_embeddings.weight.data
    table[:] = table[torch.from_numpy(np.random.default_rng(seed).permutation(len(table)))]
    return dealt
