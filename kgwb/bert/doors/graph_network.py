"""Entities around a sentence, and messages between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.maps import make_map
from kgwb.bert.doors.neighbourhood import Neighbourhood

# How long a relation's mark is, where vectors have length one or two: tokens find nodes by it first.
LOUD = 4.0


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


def gather_nodes(named: Sequence[Sequence[int]], around: Neighbourhood, relations: int) -> Nodes:
    """The nodes of each sentence, named entities first, and an edge each way for each fact."""
    columns = [part.tolist() for part in (around.owners, around.relations, around.others)]
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

    Schlichtkrull et al., 2018 (R-GCN with basis decomposition); b_r lets a node tell by which relation it was reached.

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
        self.marks = nn.Parameter(torch.randn(relations, width, generator=draw, dtype=dtype) * (LOUD / width**0.5))

    def forward(
        self, nodes: Float[Tensor, "sentence node width"], graph: Nodes
    ) -> Float[Tensor, "sentence node width"]:
        """The nodes after one step."""
        flat = nodes.flatten(0, 1)
        by_basis = torch.stack([basis(flat) for basis in self.bases], 1)  # [node, basis, width]
        mixed = (by_basis[graph.source] * self.mix[graph.relations][..., None]).sum(1) + self.marks[graph.relations]
        told = torch.zeros_like(flat).index_add(
            0, graph.target, mixed.to(flat.dtype) * graph.norm[:, None].to(flat.dtype)
        )
        return torch.relu(self.own(flat) + told).view_as(nodes)


class CrossAttention(nn.Module):
    """What each of some rows takes from others: Σ_j softmax(q · k_j / √d) v_j, with the choice of nothing.

    The softmax runs over the nodes and one sentinel with value zero. Its score is 0, or where the context decides,
    w · q: a row that has nothing to ask looks at the sentinel.

    Args:
        asking: numbers per row that asks.
        telling: numbers per row that tells.
        heads: attention heads.
        loudness: how long an answer is, about.
        draw: for the first weights.
        adaptive: let the context decide on the sentinel.
        dtype: of the weights.
    """

    def __init__(
        self,
        asking: int,
        telling: int,
        *,
        heads: int,
        loudness: float,
        draw: torch.Generator,
        adaptive: bool,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.heads = heads
        inner = 32 * heads

        def fresh(inputs: int, outputs: int, length: float) -> nn.Linear:
            # For normalised inputs, whose length is √inputs.
            return make_map(inputs, outputs, length / inputs**0.5, draw, dtype)

        self.query, self.key = fresh(asking, inner, inner**0.5), fresh(telling, inner, inner**0.5)
        self.value, self.out = fresh(telling, inner, inner**0.5), fresh(inner, asking, loudness)
        self.adaptive = adaptive
        if adaptive:
            self.sentinel = nn.Parameter(torch.zeros(heads, 32, dtype=dtype))

    def forward(
        self,
        rows: Float[Tensor, "sentence row asking"],
        others: Float[Tensor, "sentence other telling"],
        is_other: Bool[Tensor, "sentence other"],
    ) -> tuple[Float[Tensor, "sentence row asking"], Float[Tensor, "sentence row"]]:
        """What the rows are told, and the share of their attention that went to others and not to the sentinel."""
        asked, told_of = _normalise(rows), _normalise(others)
        query, key, value = map(self._split, (self.query(asked), self.key(told_of), self.value(told_of)))
        scores = torch.matmul(query, key.transpose(2, 3)) * 32**-0.5
        scores = scores.masked_fill(~is_other[:, None, None], float("-inf"))
        nothing = (
            (query * self.sentinel[:, None]).sum(-1, keepdim=True)
            if self.adaptive
            else scores.new_zeros(*scores.shape[:3], 1)
        )
        weights = torch.cat([nothing.to(scores.dtype), scores], -1).softmax(-1)[..., 1:]
        told = torch.matmul(weights, value).transpose(1, 2).flatten(2)
        return self.out(told), weights.sum(-1).mean(1)

    def _split(self, rows: Tensor) -> Tensor:
        return rows.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _normalise(rows: Tensor) -> Tensor:
    """Mean 0 and variance 1 over each row's numbers."""
    return nn.functional.layer_norm(rows, rows.shape[-1:])
