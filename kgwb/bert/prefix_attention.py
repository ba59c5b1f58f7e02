"""Attention that reads a learned prefix and the words of a sentence in one softmax."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.bert.doors.gate import keep_above_zero
from kgwb.bert.doors.slot_attention import sum_exponentials
from kgwb.bert.trace import Heads, Weights

PLACE = "kgwb_prefix"


@dataclass(frozen=True, eq=False)
class PrefixRead:
    """What attention is once it has read the prefix.

    Attributes:
        scores: of the words, of which now the sum of exponentials is Z + g P: the prefix counts in it.
        kept: Z / (Z + g P), what the words keep of each row.
        weights: on each vector of the prefix.
        output: with what the prefix brought.
    """

    scores: Weights
    kept: Float[Tensor, "sentence head query 1"]
    weights: Float[Tensor, "sentence head query vector"]
    output: Heads


class PrefixAttention(nn.Module):
    """Keys and values of one layer that stand before every sentence, each head with a gate of its own.

    Args:
        layer: which one, counted from 0.
        length: how many vectors.
        heads: of the layer.
        part: numbers of each head.
        draw: for the first keys and values, about as long as BERT's own.
    """

    def __init__(self, layer: int, length: int, heads: int, part: int, draw: torch.Generator) -> None:
        super().__init__()
        self.layer = layer
        self.keys = nn.Parameter(torch.randn(heads, length, part, generator=draw))
        self.values = nn.Parameter(torch.randn(heads, length, part, generator=draw) / 2)
        self.alpha = nn.Parameter(torch.zeros(heads))

    def read(self, query: Heads, scores: Weights, output: Heads) -> PrefixRead:
        """Let the prefix take its share of each row.

        Args:
            query: of each word.
            scores: of each word for the others, masked, before the softmax.
            output: what the words gathered from one another.
        """
        own = (
            torch.matmul(query, self.keys.transpose(1, 2)) * query.shape[-1] ** -0.5
        )  # [sentence, head, query, vector]
        apart = own.logsumexp(-1, keepdim=True) - sum_exponentials(scores)  # log P − log Z
        share = self.gate[:, None, None] * apart.sigmoid()  # g P / (P + Z)
        rest = keep_above_zero((-apart).sigmoid())  # Z / (P + Z)
        mass = share / (share + rest)
        chosen = own.softmax(-1)
        brought = torch.matmul(chosen, self.values)
        kept = keep_above_zero(1 - mass)
        return PrefixRead(scores - kept.log(), kept, chosen * mass, output.lerp(brought.to(output), mass.to(output)))

    @property
    def gate(self) -> Float[Tensor, " head"]:
        """|tanh(α)| of each head: a share of attention cannot be negative; at α = 0 the gradient of |α| counts as 1."""
        return torch.tanh(torch.where(self.alpha >= 0, self.alpha, -self.alpha))


def find_prefix(attention: nn.Module) -> PrefixAttention | None:
    """The prefix of what attends in a layer, if it has one."""
    found = attention._modules.get(PLACE)
    return found if isinstance(found, PrefixAttention) else None
