"""The relation door: attention knows which entities the graph links, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.door import Door
from kgwb.bert.doors.gate import Gate, expect_strength, gate_at, make_map, map_at, scale_to_one
from kgwb.bert.doors.nearby_facts import NearbyFacts, list_named, pad_facts
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.shape import Shape
from kgwb.bert.trace import Heads, Trace, Weights
from kgwb.checks import expect_choice
from kgwb.environment import draw_from

How = Literal["keys and values", "bias", "visible"]


@dataclass(frozen=True, eq=False)
class LinkedPieces:
    """Linked pairs of pieces, few among all pairs, and their groups, so that nothing is computed twice.

    A group holds the pairs of one query that are linked to it in the same way.

    Attributes:
        sentences: of each pair.
        queries: the piece that looks.
        keys: the piece that is looked at.
        groups: the group of each pair.
        kinds: the relation and direction of each group, as row of `present`.
        owners: the linked query of each group.
        query_sentences: the sentence of each linked query.
        query_pieces: which piece it is.
        present: the relations and directions that the batch holds.
        hidden: True between mentions that the graph does not link, where that counts.
    """

    sentences: Int[Tensor, " pair"]
    queries: Int[Tensor, " pair"]
    keys: Int[Tensor, " pair"]
    groups: Int[Tensor, " pair"]
    kinds: Int[Tensor, " group"]
    owners: Int[Tensor, " group"]
    query_sentences: Int[Tensor, " linked"]
    query_pieces: Int[Tensor, " linked"]
    present: Int[Tensor, " kind"]
    hidden: Bool[Tensor, "sentence 1 query key"] | None = None

    def __len__(self) -> int:
        return len(self.sentences)


def group_pairs(
    pairs: Int[Tensor, "pair 3"],
    kinds: Int[Tensor, " pair"],
    length: int,
    hidden: Bool[Tensor, "sentence 1 query key"] | None = None,
) -> LinkedPieces:
    """Sort linked pairs of pieces into groups.

    Args:
        pairs: sentence, query and key.
        kinds: the relation and direction from query to key.
        length: word pieces per sentence.
        hidden: see `LinkedPieces`.
    """
    present, rows = kinds.unique(return_inverse=True)
    sentences, queries, keys = pairs.unbind(1)
    count = max(1, len(present))
    found, groups = ((sentences * length + queries) * count + rows).unique(return_inverse=True)
    places, owners = (found // count).unique(return_inverse=True)
    return LinkedPieces(
        sentences, queries, keys, groups, found % count, owners, places // length, places % length, present, hidden
    )


class RelationDoor(Door):
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
        strength: how long the relation vectors can get, in lengths of a hidden state.
        adaptive: let the context decide how far the gate is open, token by token ("keys and values" only).
        seed: for the first weights.
    """

    name = "relation"
    relations: Tensor
    links: Tensor
    kinds: Tensor

    def __init__(
        self,
        knowledge: Knowledge,
        shape: Shape,
        *,
        how: How = "keys and values",
        layers: Sequence[int] | None = None,
        strength: float = 2.0,
        adaptive: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(knowledge, reads_facts=True)
        expect_choice("how", how, get_args(How))
        expect_strength(strength)
        self.how = how
        self.layers = shape.pick_layers(layers, tuple(range(max(1, shape.layers - 1))))
        self.shape = shape
        unit = scale_to_one(knowledge.directed_relations.to(shape.dtype))
        self.register_buffer("relations", unit * strength * shape.hidden_length, persistent=True)
        for name in ("links", "kinds"):
            self.register_buffer(name, torch.empty(0, dtype=torch.int64), persistent=False)
        self.index_facts()
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

    def index_facts(self) -> None:
        self.links, self.kinds, self._rows = _sort_links(self.facts, len(self.identity), len(self.relations) // 2)

    @property
    def touched_attention(self) -> tuple[int, ...]:
        return self.layers

    def prepare(self, encoding: Encoding) -> LinkedPieces:
        """The links among the mentions of a batch."""
        pairs, kinds = self._find_pairs(encoding)
        linked, length, hidden = kinds >= 0, encoding.pieces.shape[1], None
        if self.how == "visible":
            hidden = encoding.is_token.new_zeros(len(encoding), 1, length, length)  # [sentence, 1, query, key]
            sentences, queries, keys = pairs[~linked].unbind(1)
            hidden[sentences, 0, queries, keys] = True
        return group_pairs(pairs[linked], kinds[linked], length, hidden)

    def _find_pairs(self, encoding: Encoding) -> tuple[Int[Tensor, "pair 3"], Int[Tensor, " pair"]]:
        """Sentence, query and key where two pieces name two entities, and how the graph links these; −1 if it does not."""
        entities = self.entities_at(encoding)  # [sentence, token]
        named = entities >= 0
        two = named[:, :, None] & named[:, None, :] & (entities[:, :, None] != entities[:, None, :])
        pairs = two.nonzero()
        sentences, queries, keys = pairs.unbind(1)
        if self.control == "matched":  # the same constant for every pair: which pairs are linked is knowledge
            return pairs, torch.zeros_like(sentences)
        return pairs, self._find_links(entities[sentences, queries] * len(self.identity) + entities[sentences, keys])

    def look_up(self, encoding: Encoding) -> NearbyFacts:
        """The fact by which each two entities of a sentence are linked; further facts of the two do not fit."""
        named = list_named(encoding, self.entities_at(encoding))
        found = [self._link_all(entities if self.control != "matched" else []) for entities in named]
        return pad_facts([sides for sides, _ in found], [left for _, left in found])

    def _link_all(self, entities: Sequence[int]) -> tuple[list[tuple[int, int, int, int]], int]:
        """(owner, relation and direction, other, fact) for each fact that links two of some entities, and how many more do."""
        count = len(self.identity)
        pairs = [(one, two) for one in entities for two in entities if one != two]
        keys = [one * count + two for one, two in pairs]
        kinds = self._find_links(torch.tensor(keys, dtype=torch.int64, device=self.links.device))
        heads, _, tails = self.facts.unbind(1)
        ends = torch.tensor(list(entities), dtype=torch.int64, device=self.facts.device)
        both = torch.isin(heads, ends) & torch.isin(tails, ends) & (heads != tails)
        sides: dict[int, tuple[int, int, int, int]] = {}
        for (one, two), key, kind in zip(pairs, keys, kinds.tolist(), strict=True):
            if kind >= 0:
                row = int(self._rows[int(torch.searchsorted(self.links, key))])
                sides.setdefault(row, (one, kind, two, row))
        return list(sides.values()), int(both.sum()) - len(sides)

    def _find_links(self, pairs: Int[Tensor, " pair"]) -> Int[Tensor, " pair"]:
        if not len(self.links):
            return torch.full_like(pairs, -1)
        place = torch.searchsorted(self.links, pairs).clamp_max(len(self.links) - 1)
        return torch.where(self.links[place] == pairs, self.kinds[place], -1)

    def change_scores(self, layer: int, query: Heads, scores: Weights, trace: Trace) -> Weights:
        number = self.layers.index(layer)
        links, gate = trace.prepared[self], gate_at(self.gates, number)
        if links.hidden is not None:
            share = gate.mass(query[:, 0], query[:, 0])[:, None]  # one number, repeated: [sentence, 1, query, 1]
            return scores + torch.log1p(-share.clamp_max(1 - 1e-6)) * links.hidden
        if not len(links):
            return scores
        gain = gate.factor * self._score_links(number, query, links)  # [pair, head]
        heads = torch.arange(scores.shape[1], device=scores.device)
        at_pairs = (links.sentences[:, None], heads, links.queries[:, None], links.keys[:, None])
        return scores.index_put(at_pairs, gain.to(scores.dtype), accumulate=True)

    def _score_links(self, number: int, query: Heads, links: LinkedPieces) -> Float[Tensor, "pair head"]:
        """q · a_r / √d, or b_r."""
        if self.how == "bias":
            return self.bias[number][links.present][links.kinds][links.groups]
        keys = self._split(map_at(self.keys, number)(self.relations[links.present]))  # [kind, head, part]
        queries = query[links.query_sentences, :, links.query_pieces]  # [linked, head, part]
        by_group = (queries[links.owners] * keys[links.kinds]).sum(-1) * query.shape[-1] ** -0.5  # [group, head]
        return by_group[links.groups]

    def change_output(
        self, layer: int, query: Heads, scores: Weights, weights: Weights, output: Heads, trace: Trace
    ) -> tuple[Weights, Heads]:
        links, number = trace.prepared[self], self.layers.index(layer)
        gate, where = gate_at(self.gates, number), (links.query_sentences, links.query_pieces)
        openness = gate.factor.abs().expand(len(links.query_pieces))
        if self.how == "keys and values" and len(links):
            values = self._gather_values(number, weights, links)  # [linked, head, part]
            opened = gate(query[where[0], :, where[1]], values)  # [linked, head, 1]
            heads = torch.arange(output.shape[1], device=output.device)
            at_queries = (where[0][:, None], heads, where[1][:, None])
            output = output.index_put(at_queries, (opened * values).to(output.dtype), accumulate=True)
            openness = opened[..., 0].abs().mean(1)
        closed = openness.new_zeros(trace.encoding.pieces.shape)
        trace.note_gate(self.name, layer + 1, closed.index_put(where, openness))
        return weights, output

    def _gather_values(self, number: int, weights: Weights, links: LinkedPieces) -> Float[Tensor, "linked head part"]:
        """Σ_j p_ij v_r for each linked query: how much it looks at each kind of link first, then the kind's value."""
        values = self._split(map_at(self.values, number)(self.relations[links.present]))  # [kind, head, part]
        looks = weights[links.sentences, :, links.queries, links.keys]  # [pair, head]
        shares = looks.new_zeros(len(links.kinds), looks.shape[1]).index_add(0, links.groups, looks)  # [group, head]
        summed = values.new_zeros(len(links.query_pieces), *values.shape[1:])
        return summed.index_add(0, links.owners, (shares[..., None] * values[links.kinds]).to(summed.dtype))

    def _split(self, vectors: Float[Tensor, "kind width"]) -> Float[Tensor, "kind head part"]:
        return vectors.unflatten(-1, (self.shape.heads, -1))

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Every word piece of a mention that the graph links to another one of its sentence."""
        pairs, kinds = self._find_pairs(encoding)
        sentences, queries, _ = pairs[kinds >= 0].unbind(1)
        here = torch.zeros_like(encoding.is_token)
        here[sentences, queries] = True
        return here

    def extra_repr(self) -> str:
        return f"{len(self.links) // 2:,} linked pairs, {self.how}, {super().extra_repr()}"


def _sort_links(
    facts: Int[Tensor, "fact 3"], entities: int, relations: int
) -> tuple[Int[Tensor, " link"], Int[Tensor, " link"], Int[Tensor, " link"]]:
    """Pairs as one number each, sorted, the relation and direction of each pair's first fact, and the row of that fact."""
    heads, asserted, tails = facts.unbind(1)
    pairs = torch.cat([heads * entities + tails, tails * entities + heads])
    kinds = torch.cat([asserted, asserted + relations])
    order = pairs.argsort(stable=True)
    pairs, kinds, rows = pairs[order], kinds[order], order % max(1, len(facts))
    first = torch.ones(len(pairs), dtype=torch.bool, device=pairs.device)
    first[1:] = pairs[1:] != pairs[:-1]
    return pairs[first].contiguous(), kinds[first].contiguous(), rows[first]
