"""Vectors beside the words: set in at the mention's own position, and read by the words through a gate."""

from __future__ import annotations

import torch
from torch import nn

from kgwb.axes import Float, Int, Tensor
from kgwb.bert.doors.gate import Gate, gate_at, keep_above_zero, make_map
from kgwb.bert.encoding import Encoding
from kgwb.bert.shape import Shape
from kgwb.bert.trace import Heads, Inserted, InsertedView, Weights


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
        gates = [gate_at(self.gates, layer) for layer in range(len(self.gates))]
        return not torch.is_grad_enabled() and max(gate.openness for gate in gates) == 0

    def insert(self, entities: Int[Tensor, "sentence token"], table: Tensor, encoding: Encoding) -> Inserted | None:
        """One vector for each mention; None where no entity is named, or no word could see it."""
        named = encoding.first_pieces & (entities >= 0)
        most = int(named.sum(1).max())
        if most == 0 or self.is_closed:
            return None
        # A stable sort brings the named columns to the front and keeps their order.
        columns = named.int().argsort(dim=1, descending=True, stable=True)[:, :most]  # [sentence, extra]
        is_there = named.gather(1, columns)
        vectors = self.map(table[entities.gather(1, columns).clamp_min(0)]) + self.marker  # [sentence, extra, width]
        return Inserted(vectors, columns, is_there)

    def read(
        self, layer: int, query: Heads, scores: Weights, view: InsertedView, output: Heads
    ) -> tuple[Float[Tensor, "sentence head query 1"], Float[Tensor, "sentence head query extra"], Heads]:
        """The share that goes to vectors, how it is divided among them, and the output with it."""
        everything = torch.cat([scores, view.scores], -1).softmax(-1)  # [sentence, head, query, key + extra]
        chosen = everything[..., scores.shape[-1] :]
        share = chosen.sum(-1, keepdim=True)  # S / (S + Z)
        chosen = chosen / keep_above_zero(share)
        brought = torch.matmul(chosen, view.values)  # [sentence, head, query, part]
        share = gate_at(self.gates, layer).mass(query, brought) * share
        rest = everything[..., : scores.shape[-1]].sum(-1, keepdim=True)  # Z / (S + Z)
        share = share / (share + keep_above_zero(rest))
        return share, chosen * share, output.lerp(brought.to(output.dtype), share.to(output.dtype))
