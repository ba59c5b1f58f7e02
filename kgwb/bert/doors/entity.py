"""The entity door: a vector joins where the text names the entity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.beside import Beside
from kgwb.bert.doors.door import Door
from kgwb.bert.doors.gate import Gate, expect_strength, make_map, scale_to_one
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.shape import Shape
from kgwb.bert.trace import Heads, Hidden, Inserted, InsertedView, Trace, Weights
from kgwb.checks import expect_choice, expect_each
from kgwb.environment import draw_from
from kgwb.words import quote_value

Place = Literal["input", "beside", "middle", "output"]


class EntityDoor(Door):
    """Brings an entity's mapped vector to where BERT reads its name.

    At the input: x' = x + g · W e, on the word embeddings (the mapping of entity vectors into word space follows
    Poerner et al., 2020, E-BERT). Beside: W e is set in at the name's own position, and words attend to it, see
    `Beside`. In the middle: h' = h + g · W e after chosen layers (Zhang et al., 2019, ERNIE). At
    the output: an entity e scores g · e · W h at a mask, beside its name's word pieces. g is `Gate`'s, zero at the start.
    With the gate wide open, W e of an average entity starts `strength` times as long as an average word embedding, or
    hidden state.

    Args:
        knowledge: one frozen vector per entity.
        shape: of the BERT it leads into.
        place: "input", "beside", "middle" or "output", or several of them.
        layers: in the middle: after which layers, counted from 0; by default the middle one.
        pieces: "all" adds at every piece of the mention, "first" at its first only; beside, there is one vector for each
            mention.
        strength: how long the vector can get, in lengths of a word embedding or hidden state.
        adaptive: let the context decide how far the gate is open, token by token.
        seed: for the first W.
    """

    name = "entity"
    table: Tensor

    def __init__(
        self,
        knowledge: Knowledge,
        shape: Shape,
        *,
        place: Place | Sequence[Place] = "input",
        layers: Sequence[int] | None = None,
        pieces: Literal["all", "first"] = "all",
        strength: float = 2.0,
        adaptive: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(knowledge)
        expect_choice("pieces", pieces, ("all", "first"))
        expect_strength(strength)
        self.places = (
            (place,) if isinstance(place, str) else tuple(expect_each(place, object, "A place", call="place='input'"))
        )
        for one in self.places:
            expect_choice("place", one, get_args(Place))
        if not self.places or len(set(self.places)) < len(self.places):
            raise ValueError(
                f"place={quote_value(place)} came. Expected one place or several different ones; "
                "type place=('input', 'middle')."
            )
        middle = "middle" in self.places
        # A door that was kept without one says so: layers=().
        chosen = (
            ()
            if isinstance(layers, tuple) and not layers and not middle
            else shape.pick_layers(layers, (shape.layers // 2,))
        )
        self.layers = chosen if middle else ()
        self.pieces = pieces
        # The length sits in the table rather than in W: a gradient on W is then as large as the vector is long.
        self.register_buffer("table", (scale_to_one(knowledge.entities) * strength).to(shape.dtype), persistent=True)
        draw, dim = draw_from(seed, "door"), knowledge.entities.shape[1]
        stops = [name for name in ("input", "output") if name in self.places] + [f"layer {n}" for n in self.layers]
        lengths = {"input": shape.word_length, "output": 1.0}
        self.maps = nn.ModuleDict(
            {
                stop: make_map(dim, shape.width, lengths.get(stop, shape.hidden_length), draw, shape.dtype)
                for stop in stops
            }
        )
        self.gates = nn.ModuleDict({stop: Gate(shape.width, adaptive=adaptive, dtype=shape.dtype) for stop in stops})
        self.beside = Beside(dim, shape, draw=draw, adaptive=adaptive) if "beside" in self.places else None

    @property
    def touched_layers(self) -> tuple[int, ...]:
        return self.layers

    @property
    def touched_attention(self) -> tuple[int, ...]:
        return () if self.beside is None else tuple(range(len(self.beside.gates)))

    def at_input(self, embeddings: Hidden, trace: Trace) -> Hidden:
        return self._add("input", 0, embeddings, trace) if "input" in self.places else embeddings

    def insert(self, trace: Trace) -> Inserted | None:
        if self.beside is None:
            return None
        inserted = self.beside.insert(self.entities_at(trace.encoding), self.table, trace.encoding)
        if inserted is None and "input" not in self.places:
            trace.note_gate(self.name, 0, torch.zeros_like(trace.encoding.is_token, dtype=self.table.dtype))
        return inserted

    def read_inserted(
        self, layer: int, query: Heads, scores: Weights, view: InsertedView, output: Heads
    ) -> tuple[Float[Tensor, "sentence head query 1"], Float[Tensor, "sentence head query extra"], Heads]:
        assert self.beside is not None
        return self.beside.read(layer, query, scores, view, output)

    def after_layer(self, layer: int, hidden: Hidden, trace: Trace) -> Hidden:
        return self._add(f"layer {layer}", layer + 1, hidden, trace)

    def _add(self, stop: str, place: int, hidden: Hidden, trace: Trace) -> Hidden:
        """h + g · W e where an entity is named, h elsewhere."""
        here = self.enters_at(trace.encoding)  # [sentence, token]
        vectors = self.maps[stop](self.table[self.entities_at(trace.encoding)[here]])  # [named piece, width]
        openness = self.gates[stop](hidden[here], vectors)  # [named piece, 1]
        change = torch.zeros_like(hidden)
        change[here] = (openness * vectors).to(change.dtype)
        closed = torch.zeros_like(here, dtype=openness.dtype)
        trace.note_gate(self.name, place, closed.masked_scatter(here, openness.abs()))
        return hidden + change

    def score_entities(
        self, hidden: Float[Tensor, "row width"], entities: Int[Tensor, "row candidate"], trace: Trace
    ) -> Float[Tensor, "row candidate"] | None:
        if "output" not in self.places:
            return None
        candidates = self.table[self.identity[entities.clamp_min(0)]]  # [row, candidate, dim]
        mapped, gate = self.maps["output"](candidates), self.gates["output"]
        assert isinstance(gate, Gate)
        scores = (mapped * hidden[:, None]).sum(-1) * gate.factor
        return scores.masked_fill(entities < 0, 0.0)

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Every word piece of each mention, or its first."""
        named = encoding.entities >= 0
        return named & encoding.first_pieces if self.pieces == "first" else named

    def extra_repr(self) -> str:
        entities, dim = self.table.shape
        return f"{entities:,} entities of {dim} numbers, {super().extra_repr()}"
