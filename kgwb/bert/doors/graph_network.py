"""A graph network over the entities around a sentence: messages between them, and attention to and from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.gate import make_map
from kgwb.bert.doors.nearby_facts import NearbyFacts

# How long a relation's mark is, where vectors have length one or two: tokens find nodes by it first.
MARK_LENGTH = 4.0
HEAD_WIDTH = 32


@dataclass(frozen=True, eq=False)
class Nodes:
    """The entities that each sentence's facts hold, each once per sentence.

    Attributes:
        entities: [sentence, node], −1 at padding.
        source: where an edge comes from, as row of the flattened nodes, [edge].
        target: where it leads, [edge].
        relations: relation and direction, from target to source, [edge].
        norm: one over the number of edges of that relation at the target, [edge].
    """

    entities: Int[Tensor, "sentence node"]
    source: Int[Tensor, " edge"]
    target: Int[Tensor, " edge"]
    relations: Int[Tensor, " edge"]
    norm: Float[Tensor, " edge"]

    @property
    def is_node(self) -> Bool[Tensor, "sentence node"]:
        """False at padding."""
        return self.entities >= 0

    def to(self, device: torch.device) -> Nodes:
        """The same on another device."""
        parts = (self.entities, self.source, self.target, self.relations, self.norm)
        return Nodes(*(part.to(device) for part in parts))


def gather_nodes(named: Sequence[Sequence[int]], nearby: NearbyFacts, relations: int) -> Nodes:
    """The nodes of each sentence, named entities first, and an edge each way for each fact."""
    columns = [part.tolist() for part in (nearby.owners, nearby.relations, nearby.others)]
    rows: list[list[int]] = []
    edges: list[list[tuple[int, int, int]]] = []
    for entities, owners, kinds, others in zip(named, *columns, strict=True):
        place = {entity: i for i, entity in enumerate(dict.fromkeys(entities))}
        found: set[tuple[int, int, int]] = set()
        for owner, kind, other in zip(owners, kinds, others, strict=True):
            if owner >= 0:
                one, two = place.setdefault(owner, len(place)), place.setdefault(other, len(place))
                back = kind + relations if kind < relations else kind - relations
                found |= {(two, one, kind), (one, two, back)}
        rows.append(list(place))
        edges.append(sorted(found))
    width = max(1, max(map(len, rows), default=1))
    table = torch.tensor([row + [-1] * (width - len(row)) for row in rows], dtype=torch.int64).reshape(-1, width)
    flat = [(s * width + one, s * width + two, kind) for s, found in enumerate(edges) for one, two, kind in found]
    source, target, kinds = torch.tensor(flat, dtype=torch.int64).reshape(-1, 3).unbind(1)
    _, group, count = (target * (2 * relations) + kinds).unique(return_inverse=True, return_counts=True)
    return Nodes(table, source, target, kinds, 1 / count[group].float())


class RelationalLayer(nn.Module):
    """One step of messages: h'_i = ReLU(W₀ h_i + Σ_r 1/|N_r(i)| Σ_j (W_r h_j + b_r)) with W_r = Σ_b a_rb V_b.

    Schlichtkrull et al., 2018 (R-GCN with basis decomposition); b_r marks by which relation a node was reached.

    Args:
        width: numbers per node.
        relations: how many relations and directions.
        bases: how many matrices the relations share.
        draw: for the first weights.
        dtype: of the weights.
    """

    def __init__(self, width: int, relations: int, bases: int, draw: torch.Generator, dtype: torch.dtype) -> None:
        super().__init__()
        self.own = make_map(width, width, 1.0, draw, dtype)
        self.bases = nn.ModuleList(make_map(width, width, 1.0, draw, dtype) for _ in range(bases))
        self.mix = nn.Parameter(torch.randn(relations, bases, generator=draw, dtype=dtype) / bases**0.5)
        self.marks = nn.Parameter(
            torch.randn(relations, width, generator=draw, dtype=dtype) * (MARK_LENGTH / width**0.5)
        )

    def forward(
        self, nodes: Float[Tensor, "sentence node width"], graph: Nodes
    ) -> Float[Tensor, "sentence node width"]:
        """The nodes after one step."""
        flat = nodes.flatten(0, 1)  # [sentence · node, width]
        by_basis = torch.stack([basis(flat) for basis in self.bases], 1)  # [sentence · node, basis, width]
        mixed = (by_basis[graph.source] * self.mix[graph.relations][..., None]).sum(1) + self.marks[graph.relations]
        messages = mixed.to(flat.dtype) * graph.norm[:, None].to(flat.dtype)  # [edge, width]
        received = torch.zeros_like(flat).index_add(0, graph.target, messages)
        return torch.relu(self.own(flat) + received).view_as(nodes)


class CrossAttention(nn.Module):
    """What each of some rows takes from others: Σ_j softmax(q · k_j / √d) v_j, with the choice of nothing.

    The softmax runs over the others and one sentinel with value zero. Its score is 0, or where the context decides,
    w · q: a row that has nothing to look for looks at the sentinel.

    Args:
        width: numbers per row that looks.
        other_width: numbers per row that is looked at.
        heads: attention heads.
        length: how long an output is, about.
        draw: for the first weights.
        adaptive: let the context decide on the sentinel.
        dtype: of the weights.
    """

    def __init__(
        self,
        width: int,
        other_width: int,
        *,
        heads: int,
        length: float,
        draw: torch.Generator,
        adaptive: bool,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.heads = heads
        inner = HEAD_WIDTH * heads

        def make(inputs: int, outputs: int, length: float) -> nn.Linear:
            # For normalised inputs, whose length is √inputs.
            return make_map(inputs, outputs, length / inputs**0.5, draw, dtype)

        self.query, self.key = make(width, inner, inner**0.5), make(other_width, inner, inner**0.5)
        self.value, self.out = make(other_width, inner, inner**0.5), make(inner, width, length)
        self.adaptive = adaptive
        if adaptive:
            self.sentinel = nn.Parameter(torch.zeros(heads, HEAD_WIDTH, dtype=dtype))

    def forward(
        self,
        rows: Float[Tensor, "sentence row width"],
        others: Float[Tensor, "sentence other other_width"],
        is_other: Bool[Tensor, "sentence other"],
    ) -> tuple[Float[Tensor, "sentence row width"], Float[Tensor, "sentence row"]]:
        """What the rows receive, and the share of their attention that went to others and not to the sentinel."""
        rows, others = _normalise(rows), _normalise(others)
        query, key, value = map(self._split, (self.query(rows), self.key(others), self.value(others)))
        scores = torch.matmul(query, key.transpose(2, 3)) * HEAD_WIDTH**-0.5  # [sentence, head, row, other]
        scores = scores.masked_fill(~is_other[:, None, None], float("-inf"))
        nothing = (
            (query * self.sentinel[:, None]).sum(-1, keepdim=True)
            if self.adaptive
            else scores.new_zeros(*scores.shape[:3], 1)
        )
        weights = torch.cat([nothing.to(scores.dtype), scores], -1).softmax(-1)[..., 1:]  # the sentinel's value is zero
        received = torch.matmul(weights, value).transpose(1, 2).flatten(2)  # [sentence, row, head · part]
        return self.out(received), weights.sum(-1).mean(1)

    def _split(self, rows: Float[Tensor, "sentence row inner"]) -> Float[Tensor, "sentence head row part"]:
        return rows.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _normalise(rows: Tensor) -> Tensor:
    """Mean 0 and variance 1 over each row's numbers."""
    return nn.functional.layer_norm(rows, rows.shape[-1:])
