"""The memory door: facts as slots in self-attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.door import Door
from kgwb.bert.doors.gate import Gate, expect_strength, gate_at, keep_above_zero, make_map, map_at, scale_to_one
from kgwb.bert.doors.nearby_facts import NearbyFacts, find_nearby_facts, list_named, sort_by_entity
from kgwb.bert.doors.slot_attention import Slots, SlotsRead, fill_slots, read_slots, sum_exponentials
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.shape import Shape
from kgwb.bert.trace import Heads, Trace, Weights
from kgwb.checks import expect_at_least, expect_choice
from kgwb.environment import draw_from

Reach = Literal["mentions", "all"]


class MemoryDoor(Door):
    """Facts as keys and values beside the tokens, read in the same softmax.

    A fact (h, r, t) is a slot with key K [e_h; r] and value V e_t, and read from the other side one with key
    K [e_t; r⁻¹] and value V e_h (the slots follow Wang et al., 2025, KBLaM). With S = Σ exp(slot scores) and Z the
    same sum over the tokens, slots hold the share μ = g S / (g S + Z) of each row, g = |tanh α| · σ zero at the start;
    what they bring is written into the token by the gated update o' = (1 − μ) o + μ · Σ p_slot V e.

    Args:
        knowledge: entity and relation vectors, and the facts.
        shape: of the BERT it leads into.
        reach: "mentions" reads the facts around the entities that a sentence names, "all" all facts in every sentence.
        hops: how far around.
        most: facts read per sentence; what is left out is counted in `Reading.left_out`.
        layers: in whose attention, counted from 0; by default the upper half.
        strength: how long keys and values can get, in lengths of a hidden state.
        adaptive: let the context decide how far the gate is open, token by token.
        seed: for the first weights.
    """

    name = "memory"
    entities: Tensor
    relations: Tensor

    def __init__(
        self,
        knowledge: Knowledge,
        shape: Shape,
        *,
        reach: Reach = "mentions",
        hops: int = 1,
        most: int = 64,
        layers: Sequence[int] | None = None,
        strength: float = 2.0,
        adaptive: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(knowledge, reads_facts=True)
        expect_choice("reach", reach, get_args(Reach))
        expect_at_least("hops", hops, 1, whole=True)
        expect_at_least("most", most, 1, whole=True)
        expect_strength(strength)
        self.reach, self.hops, self.most, self.shape = reach, hops, most, shape
        self.layers = shape.pick_layers(layers, tuple(range(shape.layers // 2, shape.layers)))
        for name, table in (("entities", knowledge.entities), ("relations", knowledge.directed_relations)):
            scaled = scale_to_one(table) * strength * shape.hidden_length
            self.register_buffer(name, scaled.to(shape.dtype), persistent=True)
        self.index_facts()
        draw, dim = draw_from(seed, "door"), self.entities.shape[1]
        found_by = dim + self.relations.shape[1]

        def maps(inputs: int) -> nn.ModuleList:
            return nn.ModuleList(make_map(inputs, shape.width, 1.0, draw, shape.dtype) for _ in self.layers)

        self.keys, self.values = maps(found_by), maps(dim)
        self.gates = nn.ModuleList(
            Gate(shape.width // shape.heads, adaptive=adaptive, dtype=shape.dtype) for _ in self.layers
        )

    def index_facts(self) -> None:
        self._index = sort_by_entity(self.facts.cpu(), len(self.entities), len(self.relations) // 2)

    @property
    def learning_rate_factor(self) -> float:
        """A third, as keys and values have to find each other."""
        return 1 / 3

    @property
    def touched_attention(self) -> tuple[int, ...]:
        return self.layers

    def prepare(self, encoding: Encoding) -> Slots:
        """The facts that each sentence may read."""
        return fill_slots(self.look_up(encoding), self.entities, self.relations)

    def find_facts(self, encoding: Encoding) -> Int[Tensor, "batch slot"]:
        return self.look_up(encoding).facts

    def look_up(self, encoding: Encoding) -> NearbyFacts:
        if self.reach == "mentions":
            named = list_named(encoding, self.entities_at(encoding))
            return find_nearby_facts(named, self._index, hops=self.hops, most=self.most)
        heads, relations, tails = self.facts.cpu().unbind(1)
        rows = torch.arange(len(heads))
        # No mention asks here: a fact is keyed by the entity that is given the facts of its head, the inverse of `identity`.
        owners = self.identity.cpu().argsort()[heads]
        # One row, [1, fact], stands for all sentences.
        return NearbyFacts(owners[None], relations[None], tails[None], rows[None], torch.zeros(1, dtype=torch.int64))

    def change_output(
        self, layer: int, query: Heads, scores: Weights, weights: Weights, output: Heads, trace: Trace
    ) -> tuple[Weights, Heads]:
        slots, number = trace.prepared[self], self.layers.index(layer)
        tables, keep = self._map(number, slots), trace.record is not None
        read = read_slots(query, sum_exponentials(scores), slots, *tables, keep=keep)
        mass = self._mass(number, query, read)  # [sentence, head, query, 1]
        trace.note_gate(self.name, layer + 1, mass[..., 0].mean(1))
        if read.weights is not None:
            trace.note_slots(layer, read.weights * mass)
        return weights * (1 - mass), output.lerp(read.output.to(output.dtype), mass.to(output.dtype))

    def _map(self, number: int, slots: Slots) -> tuple[Tensor, Tensor, Tensor]:
        """K [e; r] in two parts, for it is the sum of both, and V e; each [row, head, part]."""
        weight, dim = map_at(self.keys, number).weight, slots.entities.shape[1]
        by_owner = nn.functional.linear(slots.entities, weight[:, :dim])
        by_kind = nn.functional.linear(slots.directions, weight[:, dim:])
        by_other = map_at(self.values, number)(slots.entities)
        by_owner, by_kind, by_other = (
            table.unflatten(-1, (self.shape.heads, -1)) for table in (by_owner, by_kind, by_other)
        )
        return by_owner, by_kind, by_other

    def _mass(self, number: int, query: Heads, read: SlotsRead) -> Float[Tensor, "sentence head query 1"]:
        """g S / (g S + Z)."""
        share = gate_at(self.gates, number).mass(query, read.output) * read.share
        # Where next to nothing is left to the tokens, a closed gate is still closed, and its gradient finite.
        return share / (share + keep_above_zero(read.rest))

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Every word piece of a sentence that has facts to read."""
        has_facts = (self.find_facts(encoding) >= 0).any(-1).to(encoding.is_token.device)  # [batch]
        return encoding.is_token & has_facts[:, None]

    def extra_repr(self) -> str:
        return f"{len(self.facts):,} facts, reach={self.reach!r}, {super().extra_repr()}"
