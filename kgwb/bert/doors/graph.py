"""The graph door: a graph network over the neighbourhood of the mentions, fused into BERT by cross-attention."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from kgwb.axes import Bool, Float, Tensor
from kgwb.bert.doors.gate import Gate, widest
from kgwb.bert.doors.injector import Hidden, Injector
from kgwb.bert.doors.maps import make_map
from kgwb.bert.doors.neighbourhood import gather_neighbourhood, index_facts, mentioned
from kgwb.bert.doors.nodes import CrossAttention, Nodes, RelationalLayer, gather_nodes
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.passage import Passage
from kgwb.bert.shape import Shape
from kgwb.checks import expect_at_least
from kgwb.environment import draw_from


@dataclass(eq=False)
class Around:
    """The nodes of a batch.

    Attributes:
        graph: who they are and how they are linked.
        states: what they hold; the tower door renews it at each of its layers.
    """

    graph: Nodes
    states: Float[Tensor, "sentence node width"]


class GraphInjector(Injector):
    """Messages along the facts around the mentions, read by every token.

    Z = R-GCN(e) over the neighbourhood (`RelationalLayer`), then h' = h + g · CrossAttention(h, Z) after chosen layers,
    with g = tanh(α) zero at the start (gated cross-attention follows Alayrac et al., 2022). With `exchange`, nodes read
    the tokens too, Z' = Z + CrossAttention(Z, h), and pass a message between two such layers: two towers that talk at
    chosen layers (Zhang et al., 2022, GreaseLM).

    Args:
        knowledge: entity vectors and facts.
        shape: of the BERT it leads into.
        exchange: whether the nodes read the tokens: the "tower" door.
        hops: how far around the mentions.
        most: facts per sentence; what is left out is counted in `Neighbourhood.left_out`.
        width: numbers per node.
        depth: steps of messages before the first layer that reads.
        bases: matrices that the relations share.
        layers: after which layers, counted from 0; by default three, from a third of the way.
        heads: of the cross-attention, 32 numbers each.
        strength: how loud the vectors can get.
        adaptive: let the context decide, token by token: on the sentinel, and how far the gate is open.
        seed: for the first weights.
    """

    table: Tensor

    def __init__(
        self,
        knowledge: Knowledge,
        shape: Shape,
        *,
        exchange: bool = False,
        hops: int = 1,
        most: int = 64,
        width: int = 128,
        depth: int = 1,
        bases: int = 4,
        layers: tuple[int, ...] | None = None,
        heads: int = 4,
        strength: float = 2.0,
        adaptive: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(knowledge, "tower" if exchange else "graph", reads_facts=True)
        for name, value in (("hops", hops), ("most", most), ("width", width), ("depth", depth), ("bases", bases)):
            expect_at_least(name, value, 1)
        self.hops, self.most, self.exchange = hops, most, exchange
        self.layers = shape.pick_layers(
            layers, tuple(range(shape.layers // 3, min(shape.layers, shape.layers // 3 + 3)))
        )
        unit = knowledge.entities / knowledge.entities.norm(dim=1).mean().clamp_min(1e-12)
        self.register_buffer("table", (unit * strength).to(shape.dtype), persistent=True)
        self._relations = len(knowledge.relations)
        self.sort_facts()
        draw, kinds, dtype = draw_from(seed, "door"), 2 * len(knowledge.relations), shape.dtype
        self.enter = make_map(self.table.shape[1], width, 1.0, draw, dtype)
        self.messages = nn.ModuleList(RelationalLayer(width, kinds, bases, draw, dtype) for _ in range(depth))
        between = len(self.layers) - 1 if exchange else 0
        self.later = nn.ModuleList(RelationalLayer(width, kinds, bases, draw, dtype) for _ in range(between))

        def attention(asking: int, telling: int, loudness: float) -> CrossAttention:
            return CrossAttention(
                asking, telling, heads=heads, loudness=loudness, draw=draw, adaptive=adaptive, dtype=dtype
            )

        self.to_text = nn.ModuleList(attention(shape.width, width, strength * shape.hidden_length) for _ in self.layers)
        self.to_nodes = nn.ModuleList(attention(width, shape.width, strength) for _ in range(between))
        self.gates = nn.ModuleList(Gate(shape.width, adaptive=adaptive, dtype=dtype) for _ in self.layers)

    def sort_facts(self) -> None:
        self._index = index_facts(self.triples.cpu(), len(self.table), self._relations)

    @property
    def pace(self) -> float:
        """A third: at a single map's rate, maps behind maps overshoot and learn one relation at a time."""
        return 1 / 3

    @property
    def touched_layers(self) -> tuple[int, ...]:
        return self.layers

    def prepare(self, encoding: Encoding) -> Around:
        """The nodes around a batch's mentions, after their messages."""
        who = mentioned(encoding, self.who(encoding))
        around = gather_neighbourhood(who, self._index, hops=self.hops, most=self.most)
        graph = gather_nodes(who, around, self._index.count).to(self.table.device)
        states = self.enter(self.table[graph.entities.clamp_min(0)])
        for layer in self.messages:
            states = states + layer(states, graph)
        return Around(graph, states)

    def after_layer(self, layer: int, hidden: Hidden, passage: Passage) -> Hidden:
        """h + g · CrossAttention(h, Z), and for two towers Z + CrossAttention(Z, h)."""
        around, number = passage.prepared[self], self.layers.index(layer)
        told, share = self.to_text[number](hidden, around.states, around.graph.is_node)
        openness = self.gates[number](hidden, told)
        passage.note_gate(self, layer + 1, openness[..., 0].abs() * share)
        if number < len(self.later):
            asked, _ = self.to_nodes[number](around.states, hidden, passage.encoding.is_token)
            states = around.states + asked
            around.states = states + self.later[number](states, around.graph)
        return hidden + (openness * told).to(hidden.dtype)

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Every word piece of a sentence that names an entity."""
        return encoding.is_token & (encoding.entities >= 0).any(1, keepdim=True)

    @property
    def gate(self) -> float:
        """|tanh(α)| of the widest of its gates."""
        return widest(self.gates)

    def extra_repr(self) -> str:
        return f"{len(self._index.facts):,} facts, hops={self.hops}, gate={self.gate:.3f}, control={self.control}"
