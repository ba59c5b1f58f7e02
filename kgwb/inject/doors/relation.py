"""The relation door: attention knows which entities the graph links, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import nn

from kgwb.axes import Bool, Int, Tensor
from kgwb.embed.errors import expect_choice
from kgwb.inject.controls import draw_from
from kgwb.inject.doors.gate import Gate, gate_at, widest
from kgwb.inject.doors.injector import Heads, Injector, Weights
from kgwb.inject.doors.maps import make_map
from kgwb.inject.encoding import Encoding
from kgwb.inject.knowledge import Knowledge
from kgwb.inject.passage import Passage
from kgwb.inject.shape import Shape

How = Literal["keys and values", "bias", "visible"]


@dataclass(frozen=True, eq=False)
class Links:
    """Who is linked to whom in a batch.

    Attributes:
        kinds: relation and direction from each piece to each other, −1 where none, −2 outside mentions.
        linked: where there is one, for all heads alike.
        which: its place in `present`, 0 where there is none.
        present: the relations and directions that the batch holds.
    """

    kinds: Int[Tensor, "sentence query key"]
    linked: Bool[Tensor, "sentence 1 query key"]
    which: Int[Tensor, "sentence query key"]
    present: Int[Tensor, " kind"]


class RelationInjector(Injector):
    """Relation vectors in self-attention, between the word pieces of two mentions that the graph links.

    For a linked pair (i, j) with relation and direction r, and g = tanh(α), zero at the start:

    - "keys and values": the score gains g · q_i · a_r / √d and the output g · Σ_j p_ij v_r (Shaw et al., 2018, with
      a_r = A r, v_r = V r from the graph's relation vectors).
    - "bias": the score gains g · b_r, one number per head.
    - "visible": mentions that the graph does not link see less of each other, by log(1 − |g|) (the visible matrix of
      Liu et al., 2020, K-BERT, with a gate).

    Args:
        knowledge: relation vectors and facts. Where several facts link a pair, the first one counts.
        shape: of the BERT it leads into.
        how: "keys and values", "bias" or "visible".
        layers: in whose attention, counted from 0; by default all but the last, whose change a mask elsewhere could not see.
        strength: how loud the relation vectors can get.
        adaptive: let the context decide how far the gate is open, token by token ("keys and values" only).
        seed: for the first weights.
    """

    relations: Tensor
    links: Tensor
    kinds: Tensor

    def __init__(
        self,
        knowledge: Knowledge,
        shape: Shape,
        *,
        how: How = "keys and values",
        layers: tuple[int, ...] | None = None,
        strength: float = 2.0,
        adaptive: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(knowledge, "relation", reads_facts=True)
        expect_choice("how", how, get_args(How))
        self.how = how
        self.layers = shape.pick_layers(layers, tuple(range(max(1, shape.layers - 1))))
        self.shape = shape
        directed = knowledge.directed_relations.to(shape.dtype)
        unit = directed / directed.norm(dim=1).mean().clamp_min(1e-12)
        self.register_buffer("relations", unit * strength * shape.hidden_length, persistent=True)
        for name in ("links", "kinds"):
            self.register_buffer(name, torch.empty(0, dtype=torch.int64), persistent=False)
        self.sort_facts()
        draw = draw_from(seed, "door")
        width = self.relations.shape[1]
        if how == "keys and values":
            self.keys, self.values = (
                nn.ModuleList(make_map(width, shape.width, 1.0, draw, shape.dtype) for _ in self.layers)
                for _ in ("keys", "values")
            )
        if how == "bias":
            count = len(self.relations)
            self.bias = nn.ParameterList(
                torch.randn(count, shape.heads, generator=draw, dtype=shape.dtype) * strength for _ in self.layers
            )
        self.gates = nn.ModuleList(
            Gate(shape.width // shape.heads, adaptive=adaptive and how == "keys and values", dtype=shape.dtype)
            for _ in self.layers
        )

    def sort_facts(self) -> None:
        self.links, self.kinds = _sort_links(self.triples, len(self.identity), len(self.relations) // 2)

    @property
    def touched_attention(self) -> tuple[int, ...]:
        return self.layers

    def prepare(self, encoding: Encoding) -> Links:
        """The links among the mentions of a batch."""
        kinds = self._find_kinds(encoding)
        present = kinds[kinds >= 0].unique()
        linked = kinds >= 0
        return Links(kinds, linked[:, None], torch.searchsorted(present, kinds) * linked, present)

    def _find_kinds(self, encoding: Encoding) -> Int[Tensor, "sentence query key"]:
        """The relation and direction from each piece to each other, −1 where there is none, −2 outside mentions."""
        who = self.who(encoding)
        pair = (who[:, :, None] >= 0) & (who[:, None, :] >= 0) & (who[:, :, None] != who[:, None, :])
        if self.control == "matched":  # the same constant for every pair: which pairs are linked is knowledge
            return torch.where(pair, 0, -2)
        kinds = self._find_links(who[:, :, None] * len(self.identity) + who[:, None, :])
        return torch.where(pair, kinds, -2)

    def _find_links(self, pairs: Int[Tensor, "sentence query key"]) -> Int[Tensor, "sentence query key"]:
        if not len(self.links):
            return torch.full_like(pairs, -1)
        place = torch.searchsorted(self.links, pairs).clamp_max(len(self.links) - 1)
        return torch.where(self.links[place] == pairs, self.kinds[place], -1)

    def change_scores(self, layer: int, query: Heads, scores: Weights, passage: Passage) -> Weights:
        links, number = passage.prepared[self], self.layers.index(layer)
        if not len(links.present) and self.how != "visible":
            return scores
        if self.how == "visible":
            hidden = (links.kinds == -1)[:, None]
            gate = gate_at(self.gates, number)
            share = gate.mass(query[:, 0], query[:, 0])[:, None]  # one number, repeated
            return scores + torch.log1p(-share.clamp_max(1 - 1e-6)) * hidden
        if self.how == "bias":
            bias = self.bias[number][links.present][links.which].permute(0, 3, 1, 2)
            return scores + gate_at(self.gates, number).factor * bias * links.linked
        # q · a_r for every relation first, then each pair takes its own: pairs are many, relations few.
        keys = self._split(self.keys[number](self.relations[links.present]))
        by_relation = torch.einsum("bhqd,rhd->bhqr", query, keys) * query.shape[-1] ** -0.5
        chosen = by_relation.gather(-1, links.which[:, None].expand_as(scores))
        return scores + gate_at(self.gates, number).factor * chosen * links.linked

    def change_output(
        self, layer: int, query: Heads, scores: Weights, weights: Weights, output: Heads, passage: Passage
    ) -> tuple[Weights, Heads]:
        links, number = passage.prepared[self], self.layers.index(layer)
        gate, any_link = gate_at(self.gates, number), links.linked[:, 0].any(-1)
        if self.how != "keys and values" or not len(links.present):
            opened = gate.factor.abs() * any_link
            passage.note_gate(self, layer + 1, opened)
            return weights, output
        values = self._split(self.values[number](self.relations[links.present]))
        # How much each query looks at each relation, summed over the pairs that hold it.
        shares = weights.new_zeros(*weights.shape[:3], len(links.present))
        shares = shares.scatter_add(-1, links.which[:, None].expand_as(weights), weights * links.linked)
        told = torch.einsum("bhqr,rhd->bhqd", shares, values)
        openness = gate(query, told)
        passage.note_gate(self, layer + 1, openness[..., 0].abs().mean(1) * any_link)
        return weights, output + openness * told

    def _split(self, vectors: Tensor) -> Tensor:
        """[relation, width] -> [relation, head, part]."""
        return vectors.unflatten(-1, (self.shape.heads, -1))

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Every word piece of a mention that the graph links to another one of its sentence."""
        return (self._find_kinds(encoding) >= 0).any(-1)

    @property
    def gate(self) -> float:
        """|tanh(α)| of the widest of its gates."""
        return widest(self.gates)

    def extra_repr(self) -> str:
        return f"{len(self.links) // 2:,} linked pairs, {self.how}, gate={self.gate:.3f}, control={self.control}"


def _sort_links(
    facts: Int[Tensor, "fact 3"], entities: int, relations: int
) -> tuple[Int[Tensor, " link"], Int[Tensor, " link"]]:
    """Pairs as one number each, sorted, and the relation and direction of each pair's first fact."""
    heads, asserted, tails = facts.unbind(1)
    pairs = torch.cat([heads * entities + tails, tails * entities + heads])
    kinds = torch.cat([asserted, asserted + relations])
    order = pairs.argsort(stable=True)
    pairs, kinds = pairs[order], kinds[order]
    first = torch.ones(len(pairs), dtype=torch.bool, device=pairs.device)
    first[1:] = pairs[1:] != pairs[:-1]
    return pairs[first].contiguous(), kinds[first].contiguous()
