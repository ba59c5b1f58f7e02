"""The hidden states that heads see: of each unit of some texts, its stretches of word pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.nn.functional import normalize

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert
from kgwb.embed.precision import widen_numbers
from kgwb.learn.frames.texts import Examples

BATCH = 64


def pool_states(bert: Bert, examples: Examples, rows: Sequence[int]) -> Float[Tensor, "unit width"]:
    """Of each unit, its stretches' mean hidden states of the last layer, each of length one, side by side."""
    units = sum(len(examples.units[row]) for row in rows)
    return normalize(read_stretches(bert, examples, rows), dim=-1).reshape(units, -1)


def read_stretches(bert: Bert, examples: Examples, rows: Sequence[int]) -> Float[Tensor, "stretch dim"]:
    """The mean hidden state of the last layer over each stretch of the units of some texts."""
    encoding = examples.encoding.select(rows).to(bert.device)
    hidden = bert(encoding).last_hidden_state  # [row, token, dim]
    found = [[stretch for unit in examples.units[row] for stretch in unit] for row in rows]
    weights = torch.zeros(len(rows), max(map(len, found)), hidden.shape[1])  # [row, stretch, token]
    for row, stretches in enumerate(found):
        for i, (start, end) in enumerate(stretches):
            weights[row, i, start:end] = 1 / (end - start)
    pooled = weights.to(hidden) @ hidden  # [row, stretch, dim]
    return widen_numbers(torch.cat([means[: len(each)] for means, each in zip(pooled, found, strict=True)]))


def sweep_units(
    examples: Examples,
    compute: Callable[[list[int]], Tensor],
    *,
    texts: Sequence[int] | None = None,
    batch: int = BATCH,
) -> list[Tensor]:
    """What is computed for the units of each text, or of some texts; those of like length are read together."""
    wanted = torch.arange(len(examples)) if texts is None else torch.tensor(texts)
    order = wanted[examples.encoding.is_token.sum(1)[wanted].argsort(stable=True)]
    found: dict[int, Tensor] = {}
    for chosen in order.split(batch):
        rows = chosen.tolist()
        parts = compute(rows).split([len(examples.units[row]) for row in rows])
        found |= dict(zip(rows, parts, strict=True))
    return [found[text] for text in wanted.tolist()]
