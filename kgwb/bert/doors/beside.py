"""Vectors beside the words: set in at the mention's own position, and read by the words through a gate."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.gate import Gate, above_zero, gate_at, widest
from kgwb.bert.doors.injector import Heads, Hidden, Weights
from kgwb.bert.doors.maps import make_map
from kgwb.bert.encoding import Encoding
from kgwb.bert.shape import Shape


@dataclass(frozen=True, eq=False)
class Inserted:
    """Vectors that travel through BERT behind the words of their sentence.

    Attributes:
        vectors: in the place of word embeddings, [sentence, extra, width].
        columns: the word piece whose position each shares, [sentence, extra].
        is_there: False where a sentence has fewer than others, [sentence, extra].
        reader: how words attend to them.
    """

    vectors: Float[Tensor, "sentence extra width"]
    columns: Int[Tensor, "sentence extra"]
    is_there: Bool[Tensor, "sentence extra"]
    reader: Beside


@dataclass(frozen=True, eq=False)
class Aside:
    """What the words of one layer find beside them.

    Attributes:
        scores: of each word for each vector, masked, before the softmax.
        values: what they tell.
        output: what the vectors gathered themselves, from words and from one another.
    """

    scores: Float[Tensor, "sentence head query extra"]
    values: Float[Tensor, "sentence head extra part"]
    output: Float[Tensor, "sentence head extra part"]


class Beside(nn.Module):
    """W e + m at the position of the mention's first piece, in a row of its own behind the sentence.

    The vector attends to all words, and is attended to: of each word's attention, in one softmax with the words, it
    holds the share μ = g S / (g S + Z), where S and Z are the sums of exp(score) over vectors and words, and g a layer's
    gate (0 at the start). m, learnt, tells such vectors from words, as the marker [E] does. Positions that a mention and
    its vector share follow Liu et al., 2020, K-BERT.

    Args:
        dim: numbers per entity.
        shape: of the BERT it leads into.
        draw: for the first W.
        adaptive: let the context decide how far the gate is open, token by token.
    """

    def __init__(self, dim: int, shape: Shape, *, draw: torch.Generator, adaptive: bool) -> None:
        super().__init__()
        self.map = make_map(dim, shape.width, shape.word_length, draw, shape.dtype)
        self.marker = nn.Parameter(torch.zeros(shape.width, dtype=shape.dtype))
        part = shape.width // shape.heads
        self.gates = nn.ModuleList(Gate(part, adaptive=adaptive, dtype=shape.dtype) for _ in range(shape.layers))

    @property
    def is_closed(self) -> bool:
        """Whether no word can see a vector, nor a gradient open it."""
        return not torch.is_grad_enabled() and widest(self.gates) == 0

    def insert(self, who: Int[Tensor, "sentence token"], table: Tensor, encoding: Encoding) -> Inserted | None:
        """One vector for each mention; None where nobody is named, or nobody could see it."""
        named = encoding.first_pieces & (who >= 0)
        most = int(named.sum(1).max())
        if most == 0 or self.is_closed:
            return None
        # A stable sort brings the named columns to the front and keeps their order.
        columns = named.int().argsort(dim=1, descending=True, stable=True)[:, :most]
        is_there = named.gather(1, columns)
        vectors = self.map(table[who.gather(1, columns).clamp_min(0)]) + self.marker
        return Inserted(vectors, columns, is_there, self)

    def read(
        self, layer: int, query: Heads, scores: Weights, aside: Aside, output: Heads
    ) -> tuple[Float[Tensor, "sentence head query 1"], Float[Tensor, "sentence head query extra"], Heads]:
        """The share that goes to vectors, how it is dealt out among them, and the output with it."""
        everything = torch.cat([scores, aside.scores], -1).softmax(-1)
        chosen = everything[..., scores.shape[-1] :]
        held = chosen.sum(-1, keepdim=True)
        chosen = chosen / above_zero(held)
        told = torch.matmul(chosen, aside.values)
        held = gate_at(self.gates, layer).mass(query, told) * held
        left = everything[..., : scores.shape[-1]].sum(-1, keepdim=True)
        share = held / (held + above_zero(left))
        return share, chosen * share, output.lerp(told.to(output.dtype), share.to(output.dtype))


def fold(
    weights: Weights, chosen: Float[Tensor, "sentence head query extra"], columns: Int[Tensor, "sentence extra"]
) -> Weights:
    """Attention to a vector, counted as attention to the word piece whose position it shares."""
    onto = columns[:, None, None].expand(chosen.shape)
    return weights.scatter_add(-1, onto, chosen.to(weights.dtype))


def lay_beside(words: Hidden, inserted: Inserted) -> Float[Tensor, "sentence column width"]:
    """Words, and the vectors behind them."""
    return torch.cat([words, inserted.vectors.to(words.dtype)], 1)
