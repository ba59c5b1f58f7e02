"""The memory door: facts as slots in self-attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.embed.errors import expect_at_least, expect_choice
from kgwb.inject.controls import draw_from
from kgwb.inject.doors.gate import Gate, gate_at, widest
from kgwb.inject.doors.injector import Heads, Injector, Weights
from kgwb.inject.doors.maps import make_map
from kgwb.inject.doors.neighbourhood import Neighbourhood, gather_neighbourhood, index_facts, mentioned
from kgwb.inject.encoding import Encoding
from kgwb.inject.knowledge import Knowledge
from kgwb.inject.passage import Passage
from kgwb.inject.shape import Shape

Reach = Literal["mentions", "all"]


@dataclass(frozen=True, eq=False)
class Slots:
    """The slots of a batch.

    Attributes:
        keys: what they are found by, [e_owner; r], [sentence or 1, slot, inputs].
        values: what they tell, e_other, [sentence or 1, slot, dim].
        mask: 0 at a fact, −inf at padding, [sentence or 1, 1, 1, slot].
        around: which fact each slot holds.
    """

    keys: Float[Tensor, "batch slot inputs"]
    values: Float[Tensor, "batch slot dim"]
    mask: Float[Tensor, "batch 1 1 slot"]
    around: Neighbourhood


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
    triples: Tensor

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
        super().__init__(knowledge, "memory")
        expect_choice("reach", reach, get_args(Reach))
        expect_at_least("hops", hops, 1)
        expect_at_least("most", most, 1)
        self.reach, self.hops, self.most, self.shape = reach, hops, most, shape
        self.layers = shape.pick_layers(layers, tuple(range(shape.layers // 2, shape.layers)))
        for name, table in (("entities", knowledge.entities), ("relations", knowledge.directed_relations)):
            unit = table / table.norm(dim=1).mean().clamp_min(1e-12)
            self.register_buffer(name, (unit * strength * shape.hidden_length).to(shape.dtype), persistent=True)
        self.register_buffer("triples", knowledge.facts, persistent=True)
        self._index = index_facts(knowledge.facts, len(knowledge.entities), len(knowledge.relations))
        draw, dim = draw_from(seed, "door"), self.entities.shape[1]
        found_by = dim + self.relations.shape[1]

        def maps(inputs: int) -> nn.ModuleList:
            return nn.ModuleList(make_map(inputs, shape.width, 1.0, draw, shape.dtype) for _ in self.layers)

        self.keys, self.values = maps(found_by), maps(dim)
        self.gates = nn.ModuleList(
            Gate(shape.width // shape.heads, adaptive=adaptive, dtype=shape.dtype) for _ in self.layers
        )

    @property
    def facts(self) -> Int[Tensor, "fact 3"]:
        """The triples that it reads."""
        return self.triples

    def add(self, triples: Sequence[Sequence[int]] | np.ndarray) -> None:
        """Let it read more facts, from now on and without training."""
        self._keep(torch.cat([self.triples, self._check(triples)]))

    def withdraw(self, triples: Sequence[Sequence[int]] | np.ndarray) -> None:
        """Take facts away again.

        Raises:
            ValueError: if one is not there.
        """
        gone = self._check(triples)
        same = (self.triples[:, None] == gone[None]).all(-1)
        if not bool(same.any(0).all()):
            missing = gone[int((~same.any(0)).nonzero()[0, 0])]
            raise ValueError(f"The memory holds no fact {self._tell(missing)}. Its facts stand in injector.facts.")
        self._keep(self.triples[~same.any(1)])

    def replace(self, old: Sequence[Sequence[int]] | np.ndarray, new: Sequence[Sequence[int]] | np.ndarray) -> None:
        """Edit facts: withdraw the old ones, add the new ones."""
        added = self._check(new)
        self.withdraw(old)
        self._keep(torch.cat([self.triples, added]))

    def _keep(self, triples: Int[Tensor, "fact 3"]) -> None:
        self.triples = triples.unique(dim=0) if len(triples) else triples
        self._index = index_facts(self.triples.cpu(), len(self.entities), len(self.relations) // 2)

    def _check(self, triples: Sequence[Sequence[int]] | np.ndarray) -> Int[Tensor, "fact 3"]:
        table = torch.as_tensor(np.asarray(triples, dtype=np.int64).reshape(-1, 3), device=self.triples.device)
        limits = torch.tensor([len(self.entities), len(self.relations) // 2, len(self.entities)], device=table.device)
        outside = ((table < 0) | (table >= limits)).any(1)
        if bool(outside.any()):
            raise ValueError(
                f"Ids outside the graph came: {table[outside][0].tolist()}. Expected (head, relation, tail) ids: "
                "graph.entity_id('Paris'), graph.relation_id('capital of')."
            )
        return table

    def _tell(self, triple: Int[Tensor, 3]) -> str:
        head, relation, tail = triple.tolist()
        return repr((self.graph.labels[head], self.graph.relation_labels[relation], self.graph.labels[tail]))

    @property
    def touched_attention(self) -> tuple[int, ...]:
        return self.layers

    def prepare(self, encoding: Encoding) -> Slots:
        """The facts that each sentence may read."""
        around = self.find_facts(encoding)
        device = self.entities.device
        owners, relations, others = (part.to(device) for part in (around.owners, around.relations, around.others))
        keys = torch.cat([self.entities[owners.clamp_min(0)], self.relations[relations]], -1)
        mask = torch.zeros(owners.shape, dtype=keys.dtype, device=device).masked_fill(owners < 0, float("-inf"))
        return Slots(keys, self.entities[others.clamp_min(0)], mask[:, None, None], around)

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
        keys = self._split(self.keys[number](slots.keys))
        values = self._split(self.values[number](slots.values))
        found = torch.matmul(query, keys.transpose(2, 3)) * query.shape[-1] ** -0.5 + slots.mask
        # Against the tokens' own sum of exponentials; −inf throughout where a sentence has no fact.
        total = found.logsumexp(-1, keepdim=True)
        chosen = (found - total.clamp_min(torch.finfo(found.dtype).min)).exp()
        told = torch.matmul(chosen, values)
        excess = total - scores.logsumexp(-1, keepdim=True)
        mass = self._mass(number, query, told, excess)
        passage.note_gate(self, layer + 1, mass[..., 0].mean(1))
        if passage.record is not None:
            passage.record.slots[layer] = (chosen * mass).detach()
        return weights * (1 - mass), (1 - mass) * output + mass * told

    def _mass(
        self, number: int, query: Heads, told: Heads, excess: Float[Tensor, "sentence head query 1"]
    ) -> Float[Tensor, "sentence head query 1"]:
        """g S / (g S + Z), from log S − log Z."""
        opened = gate_at(self.gates, number).mass(query, told)
        ratio = excess.clamp(-80, 60).exp()
        share = opened * ratio / (opened * ratio + 1)
        return share.masked_fill(excess == float("-inf"), 0.0)

    def _split(self, vectors: Float[Tensor, "batch slot width"]) -> Float[Tensor, "batch head slot part"]:
        return vectors.unflatten(-1, (self.shape.heads, -1)).transpose(1, 2)

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
