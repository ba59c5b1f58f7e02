"""The graph door: a graph network over the neighbourhood of the mentions, fused into BERT by cross-attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from kgwb.axes import Bool, Float, Tensor
from kgwb.bert.doors.door import Door
from kgwb.bert.doors.gate import Gate, expect_strength, make_map, scale_to_one
from kgwb.bert.doors.graph_network import CrossAttention, Nodes, RelationalLayer, gather_nodes
from kgwb.bert.doors.nearby_facts import NearbyFacts, find_nearby_facts, list_named, sort_by_entity
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.shape import Shape
from kgwb.bert.trace import Hidden, Trace
from kgwb.checks import expect_at_least, expect_number
from kgwb.environment import draw_from


@dataclass(eq=False)
class NodeStates:
    """The nodes of a batch.

    Attributes:
        graph: which entities they are and how they are linked.
        states: their hidden states; the tower door renews them at each of its layers.
    """

    graph: Nodes
    states: Float[Tensor, "sentence node width"]


class GraphDoor(Door):
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
        most: facts per sentence; what is left out is counted in `Reading.left_out`.
        width: numbers per node.
        depth: steps of messages before the first layer that reads.
        bases: matrices that the relations share.
        layers: after which layers, counted from 0; by default three, from a third of the way.
        heads: of the cross-attention, 32 numbers each.
        strength: how long the vectors can get, in lengths of a hidden state.
        adaptive: let the context decide, token by token: on the sentinel, and how far the gate is open.
        seed: for the first weights.
    """

    name = "graph"
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
        layers: Sequence[int] | None = None,
        heads: int = 4,
        strength: float = 2.0,
        adaptive: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(knowledge, reads_facts=True)
        if exchange:
            self.name = "tower"  # the word in `mode` for this way of making the door
        counts = {"hops": hops, "most": most, "width": width, "depth": depth, "bases": bases, "heads": heads}
        for name, value in counts.items():
            expect_at_least(name, value, 1, whole=True)
        expect_number("depth", depth, usual=1, least=1, below=65, whole=True)  # each is a layer of weights
        expect_strength(strength)
        self.hops, self.most, self.exchange = hops, most, exchange
        self.layers = shape.pick_layers(
            layers, tuple(range(shape.layers // 3, min(shape.layers, shape.layers // 3 + 3)))
        )
        self.register_buffer("table", (scale_to_one(knowledge.entities) * strength).to(shape.dtype), persistent=True)
        self._relations = len(knowledge.relations)
        self.index_facts()
        draw, kinds, dtype = draw_from(seed, "door"), 2 * len(knowledge.relations), shape.dtype
        self.enter = make_map(self.table.shape[1], width, 1.0, draw, dtype)
        self.messages = nn.ModuleList(RelationalLayer(width, kinds, bases, draw, dtype) for _ in range(depth))
        between = len(self.layers) - 1 if exchange else 0
        self.later = nn.ModuleList(RelationalLayer(width, kinds, bases, draw, dtype) for _ in range(between))

        def attention(rows: int, others: int, length: float) -> CrossAttention:
            return CrossAttention(rows, others, heads=heads, length=length, draw=draw, adaptive=adaptive, dtype=dtype)

        self.to_text = nn.ModuleList(attention(shape.width, width, strength * shape.hidden_length) for _ in self.layers)
        self.to_nodes = nn.ModuleList(attention(width, shape.width, strength) for _ in range(between))
        self.gates = nn.ModuleList(Gate(shape.width, adaptive=adaptive, dtype=dtype) for _ in self.layers)

    def index_facts(self) -> None:
        self._index = sort_by_entity(self.facts.cpu(), len(self.table), self._relations)

    @property
    def learning_rate_factor(self) -> float:
        """A third: at a single map's rate, maps behind maps overshoot and learn one relation at a time."""
        return 1 / 3

    @property
    def touched_layers(self) -> tuple[int, ...]:
        return self.layers

    def look_up(self, encoding: Encoding) -> NearbyFacts:
        named = list_named(encoding, self.entities_at(encoding))
        return find_nearby_facts(named, self._index, hops=self.hops, most=self.most)

    def prepare(self, encoding: Encoding) -> NodeStates:
        """The nodes around a batch's mentions, after their messages."""
        named = list_named(encoding, self.entities_at(encoding))
        graph = gather_nodes(named, self.look_up(encoding), self._index.count).to(self.table.device)
        states = self.enter(self.table[graph.entities.clamp_min(0)])  # [sentence, node, width]
        for layer in self.messages:
            states = states + layer(states, graph)
        return NodeStates(graph, states)

    def after_layer(self, layer: int, hidden: Hidden, trace: Trace) -> Hidden:
        """h + g · CrossAttention(h, Z), and for two towers Z + CrossAttention(Z, h)."""
        nodes, number = trace.prepared[self], self.layers.index(layer)
        received, share = self.to_text[number](hidden, nodes.states, nodes.graph.is_node)
        openness = self.gates[number](hidden, received)  # [sentence, token, 1]
        trace.note_gate(self.name, layer + 1, openness[..., 0].abs() * share)
        if number < len(self.later):
            from_text, _ = self.to_nodes[number](nodes.states, hidden, trace.encoding.is_token)
            states = nodes.states + from_text
            nodes.states = states + self.later[number](states, nodes.graph)
        return hidden + (openness * received).to(hidden.dtype)

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Every word piece of a sentence that names an entity."""
        return encoding.is_token & (encoding.entities >= 0).any(1, keepdim=True)

    def extra_repr(self) -> str:
        return f"{len(self._index.facts):,} facts, hops={self.hops}, {super().extra_repr()}"
