"""The memory door: facts as slots in self-attention."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import nn

from kgwb.axes import Bool, Float, Tensor
from kgwb.bert.doors.gate import Gate, above_zero, gate_at, widest
from kgwb.bert.doors.injector import Heads, Injector, Weights
from kgwb.bert.doors.maps import make_map, map_at
from kgwb.bert.doors.neighbourhood import Neighbourhood, gather_neighbourhood, index_facts, mentioned
from kgwb.bert.doors.slots import Slots, Told, lay_out, read_slots, sum_exponentials
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.passage import Passage
from kgwb.bert.shape import Shape
from kgwb.checks import expect_at_least, expect_choice
from kgwb.environment import draw_from

Reach = Literal["mentions", "all"]


class MemoryInjector(Injector):
    """Facts as keys and values beside the tokens, read in the same softmax.

    A fact (h, r, t) is a slot with key K [e_h; r] and value V e_t, and read from the other side one with key
    K [e_t; r⁻¹] and value V e_h (the slots follow Wang et al., 2025, KBLaM). With S = Σ exp(slot scores) and Z the
    same sum over the tokens, slots hold the share μ = g S / (g S + Z) of each row, g = |tanh α| · σ zero at the start;
    what they tell is written into the token by the gated update o' = (1 − μ) o + μ · Σ p_slot V e.

    Args:
        knowledge: entity and relation vectors, and the facts.
        shape: of the BERT it leads into.
        reach: "mentions" reads the facts around the entities that a sentence names, "all" all facts in every sentence.
        hops: how far around.
        most: facts read per sentence; what is left out is counted in `Neighbourhood.left_out`.
        layers: in whose attention, counted from 0; by default the upper half.
        strength: how loud keys and values can get.
        adaptive: let the context decide how far the gate is open, token by token.
        seed: for the first weights.
    """

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
        layers: tuple[int, ...] | None = None,
        strength: float = 2.0,
        adaptive: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(knowledge, "memory", reads_facts=True)
        expect_choice("reach", reach, get_args(Reach))
        expect_at_least("hops", hops, 1)
        expect_at_least("most", most, 1)
        self.reach, self.hops, self.most, self.shape = reach, hops, most, shape
        self.layers = shape.pick_layers(layers, tuple(range(shape.layers // 2, shape.layers)))
        for name, table in (("entities", knowledge.entities), ("relations", knowledge.directed_relations)):
            unit = table / table.norm(dim=1).mean().clamp_min(1e-12)
            self.register_buffer(name, (unit * strength * shape.hidden_length).to(shape.dtype), persistent=True)
        self.sort_facts()
        draw, dim = draw_from(seed, "door"), self.entities.shape[1]
        found_by = dim + self.relations.shape[1]

        def maps(inputs: int) -> nn.ModuleList:
            return nn.ModuleList(make_map(inputs, shape.width, 1.0, draw, shape.dtype) for _ in self.layers)

        self.keys, self.values = maps(found_by), maps(dim)
        self.gates = nn.ModuleList(
            Gate(shape.width // shape.heads, adaptive=adaptive, dtype=shape.dtype) for _ in self.layers
        )

    def sort_facts(self) -> None:
        self._index = index_facts(self.triples.cpu(), len(self.entities), len(self.relations) // 2)

    @property
    def pace(self) -> float:
        """A third, as keys and values have to find each other."""
        return 1 / 3

    @property
    def touched_attention(self) -> tuple[int, ...]:
        return self.layers

    def prepare(self, encoding: Encoding) -> Slots:
        """The facts that each sentence may read."""
        return lay_out(self.find_facts(encoding), self.entities, self.relations)

    def find_facts(self, encoding: Encoding) -> Neighbourhood:
        """Which fact each slot of each sentence holds; one row stands for all sentences where all facts are read."""
        if self.reach == "mentions":
            return gather_neighbourhood(
                mentioned(encoding, self.who(encoding)), self._index, hops=self.hops, most=self.most
            )
        heads, relations, tails = self.triples.cpu().unbind(1)
        rows = torch.arange(len(heads))
        return Neighbourhood(heads[None], relations[None], tails[None], rows[None], torch.zeros(1, dtype=torch.int64))

    def change_output(
        self, layer: int, query: Heads, scores: Weights, weights: Weights, output: Heads, passage: Passage
    ) -> tuple[Weights, Heads]:
        slots, number = passage.prepared[self], self.layers.index(layer)
        tables, keep = self._map(number, slots), passage.record is not None
        read = read_slots(query, sum_exponentials(scores), slots, *tables, keep=keep)
        mass = self._mass(number, query, read)
        passage.note_gate(self, layer + 1, mass[..., 0].mean(1))
        if passage.record is not None and read.chosen is not None:
            passage.record.slots[layer] = (read.chosen * mass).detach()
        return weights * (1 - mass), output.lerp(read.told.to(output.dtype), mass.to(output.dtype))

    def _map(self, number: int, slots: Slots) -> tuple[Tensor, Tensor, Tensor]:
        """K [e; r] in two parts, for it is the sum of both, and V e; by head."""
        weight, dim = map_at(self.keys, number).weight, slots.entities.shape[1]
        by_owner = nn.functional.linear(slots.entities, weight[:, :dim])
        by_kind = nn.functional.linear(slots.directions, weight[:, dim:])
        by_other = map_at(self.values, number)(slots.entities)
        by_owner, by_kind, by_other = (
            table.unflatten(-1, (self.shape.heads, -1)) for table in (by_owner, by_kind, by_other)
        )
        return by_owner, by_kind, by_other

    def _mass(self, number: int, query: Heads, read: Told) -> Float[Tensor, "sentence head query 1"]:
        """g S / (g S + Z)."""
        held = gate_at(self.gates, number).mass(query, read.told) * read.held
        # Where next to nothing is left to the tokens, a closed gate is still closed, and its slope finite.
        return held / (held + above_zero(read.left))

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Every word piece of a sentence that has facts to read."""
        has_facts = self.find_facts(encoding).is_fact.any(-1).to(encoding.is_token.device)
        return encoding.is_token & has_facts[:, None]

    @property
    def gate(self) -> float:
        """|tanh(α)| of the widest of its gates."""
        return widest(self.gates)

    def extra_repr(self) -> str:
        return f"{len(self.triples):,} facts, reach={self.reach!r}, gate={self.gate:.3f}, control={self.control}"
