"""The relation door: attention knows which entities the graph links, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.gate import Gate, gate_at, widest
from kgwb.bert.doors.injector import Heads, Injector, Weights
from kgwb.bert.doors.links import LinkedPieces, gather_links
from kgwb.bert.doors.maps import make_map, map_at
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.passage import Passage
from kgwb.bert.shape import Shape
from kgwb.checks import expect_choice
from kgwb.environment import draw_from

How = Literal["keys and values", "bias", "visible"]


@dataclass(frozen=True, eq=False)
class Linked:
    """Who is linked to whom in a batch.

    Attributes:
        links: the pieces of mentions that the graph links.
        hidden: True between mentions that it does not, where that counts.
    """

    links: LinkedPieces
    hidden: Bool[Tensor, "sentence 1 query key"] | None


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

    def prepare(self, encoding: Encoding) -> Linked:
        """The links among the mentions of a batch."""
        pairs, kinds = self._find_pairs(encoding)
        linked, length = kinds >= 0, encoding.pieces.shape[1]
        links = gather_links(pairs[linked], kinds[linked], length)
        if self.how != "visible":
            return Linked(links, None)
        hidden = encoding.is_token.new_zeros(len(encoding), 1, length, length)
        sentences, queries, keys = pairs[~linked].unbind(1)
        hidden[sentences, 0, queries, keys] = True
        return Linked(links, hidden)

    def _find_pairs(self, encoding: Encoding) -> tuple[Int[Tensor, "pair 3"], Int[Tensor, " pair"]]:
        """Sentence, query and key where two pieces name two entities, and how the graph links these; −1 if it does not."""
        who = self.who(encoding)
        named = who >= 0
        pairs = (named[:, :, None] & named[:, None, :] & (who[:, :, None] != who[:, None, :])).nonzero()
        sentences, queries, keys = pairs.unbind(1)
        if self.control == "matched":  # the same constant for every pair: which pairs are linked is knowledge
            return pairs, torch.zeros_like(sentences)
        return pairs, self._find_links(who[sentences, queries] * len(self.identity) + who[sentences, keys])

    def _find_links(self, pairs: Int[Tensor, " pair"]) -> Int[Tensor, " pair"]:
        if not len(self.links):
            return torch.full_like(pairs, -1)
        place = torch.searchsorted(self.links, pairs).clamp_max(len(self.links) - 1)
        return torch.where(self.links[place] == pairs, self.kinds[place], -1)

    def change_scores(self, layer: int, query: Heads, scores: Weights, passage: Passage) -> Weights:
        linked, gate = passage.prepared[self], gate_at(self.gates, self.layers.index(layer))
        if linked.hidden is not None:
            share = gate.mass(query[:, 0], query[:, 0])[:, None]  # one number, repeated
            return scores + torch.log1p(-share.clamp_max(1 - 1e-6)) * linked.hidden
        if not len(linked.links):
            return scores
        gain = gate.factor * self._score_links(self.layers.index(layer), query, linked.links)
        return scores.index_put(_at_pairs(linked.links, scores), gain.to(scores.dtype), accumulate=True)

    def _score_links(self, number: int, query: Heads, links: LinkedPieces) -> Float[Tensor, "pair head"]:
        """q · a_r / √d, or b_r."""
        if self.how == "bias":
            return self.bias[number][links.present][links.kinds][links.groups]
        keys = self._split(map_at(self.keys, number)(self.relations[links.present]))
        asked = query[links.asker_sentences, :, links.asker_pieces]
        by_group = (asked[links.askers] * keys[links.kinds]).sum(-1) * query.shape[-1] ** -0.5
        return by_group[links.groups]

    def change_output(
        self, layer: int, query: Heads, scores: Weights, weights: Weights, output: Heads, passage: Passage
    ) -> tuple[Weights, Heads]:
        links, number = passage.prepared[self].links, self.layers.index(layer)
        gate, where = gate_at(self.gates, number), (links.asker_sentences, links.asker_pieces)
        openness = gate.factor.abs().expand(len(links.asker_pieces))
        if self.how == "keys and values" and len(links):
            told = self._tell_links(number, weights, links)
            opened = gate(query[where[0], :, where[1]], told)
            heads = torch.arange(output.shape[1], device=output.device)
            at_askers = (where[0][:, None], heads, where[1][:, None])
            output = output.index_put(at_askers, (opened * told).to(output.dtype), accumulate=True)
            openness = opened[..., 0].abs().mean(1)
        blank = openness.new_zeros(passage.encoding.pieces.shape)
        passage.note_gate(self, layer + 1, blank.index_put(where, openness))
        return weights, output

    def _tell_links(self, number: int, weights: Weights, links: LinkedPieces) -> Float[Tensor, "asker head part"]:
        """Σ_j p_ij v_r for each asker: how much it looks at each kind of link first, then what the kind tells."""
        values = self._split(map_at(self.values, number)(self.relations[links.present]))
        looks = weights[links.sentences, :, links.queries, links.keys]
        shares = looks.new_zeros(len(links.kinds), looks.shape[1]).index_add(0, links.groups, looks)
        told = values.new_zeros(len(links.asker_pieces), *values.shape[1:])
        return told.index_add(0, links.askers, (shares[..., None] * values[links.kinds]).to(told.dtype))

    def _split(self, vectors: Tensor) -> Tensor:
        """[relation, width] -> [relation, head, part]."""
        return vectors.unflatten(-1, (self.shape.heads, -1))

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Every word piece of a mention that the graph links to another one of its sentence."""
        pairs, kinds = self._find_pairs(encoding)
        sentences, queries, _ = pairs[kinds >= 0].unbind(1)
        here = torch.zeros_like(encoding.is_token)
        here[sentences, queries] = True
        return here

    @property
    def gate(self) -> float:
        """|tanh(α)| of the widest of its gates."""
        return widest(self.gates)

    def extra_repr(self) -> str:
        return f"{len(self.links) // 2:,} linked pairs, {self.how}, gate={self.gate:.3f}, control={self.control}"


def _at_pairs(links: LinkedPieces, scores: Weights) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Where pairs stand among the scores, for each head."""
    heads = torch.arange(scores.shape[1], device=scores.device)
    return links.sentences[:, None], heads, links.queries[:, None], links.keys[:, None]


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
