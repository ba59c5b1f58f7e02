"""Facts as edges that messages pass over, and which of them a query needs, from what is given to what is asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from kgwb.axes import Bool, Int, Tensor
from kgwb.embed.queries import find_distinct
from kgwb.embed.row_sums import find_offsets
from kgwb.graph.joins import expand_ranges


class FactEdges(nn.Module):
    """Every fact as two edges: relation r from head to tail is step r, from tail to head step r + relations.

    Args:
        facts: ids of triples; one that stands there twice counts once.
        entities: how many entities there are.
        relations: how many relations there are.

    Attributes:
        start, step, end: one entry per edge, sorted by end, start, step.
        by_start, by_step: the order in which starts or steps ascend.

    Example:
        >>> edges = FactEdges(np.array([[0, 0, 1]]), entities=2, relations=1)
        >>> edges.start.tolist(), edges.step.tolist(), edges.end.tolist()
        ([1, 0], [1, 0], [0, 1])
    """

    start: Tensor
    step: Tensor
    end: Tensor
    by_start: Tensor
    by_step: Tensor

    def __init__(self, facts: Int[np.ndarray, "fact 3"], *, entities: int, relations: int) -> None:
        super().__init__()
        self.entities, self.relations = entities, relations
        head, relation, tail = find_distinct(facts, entities).T
        start, end = np.concatenate([head, tail]), np.concatenate([tail, head])
        step = np.concatenate([relation, relation + relations])
        order = np.lexsort((step, start, end))
        for name, column in (("start", start), ("step", step), ("end", end)):
            self.register_buffer(name, torch.from_numpy(column[order]), persistent=False)  # the graph has them
        self.register_buffer("by_start", self.start.argsort(stable=True), persistent=False)
        self.register_buffer("by_step", self.step.argsort(stable=True), persistent=False)
        self._keys = self._number(start, end, step)[order]  # ascending
        self._pairs = (end * entities + start)[order]  # ascending

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, facts: Int[np.ndarray, "fact 3"]) -> Int[np.ndarray, "fact 2"]:
        """The two edges of each fact, which is among those that the edges were made of."""
        head, relation, tail = facts.T
        forward, backward = self._number(head, tail, relation), self._number(tail, head, relation + self.relations)
        return np.stack([np.searchsorted(self._keys, forward), np.searchsorted(self._keys, backward)], axis=1)

    def find_between(
        self, one: Int[np.ndarray, " pair"], other: Int[np.ndarray, " pair"]
    ) -> tuple[Int[np.ndarray, " edge"], Int[np.ndarray, " edge"]]:
        """All edges between two entities, either way: (which of the pairs, edge)."""
        start, end = np.concatenate([one, other]), np.concatenate([other, one])
        first = np.searchsorted(self._pairs, end * self.entities + start)
        counts = np.searchsorted(self._pairs, end * self.entities + start, side="right") - first
        return np.repeat(np.tile(np.arange(len(one)), 2), counts), expand_ranges(first, counts)

    def _number(self, start: np.ndarray, end: np.ndarray, step: np.ndarray) -> np.ndarray:
        return (end * self.entities + start) * 2 * self.relations + step


@dataclass(frozen=True, eq=False)
class MessagePlan:
    """What one layer computes for a block of queries. A row is one entity of one query that has a state.

    Attributes:
        rows: query × entities + entity of each row, ascending, [row].
        starts: whose query each of the rows before is, [row before].
        before: the row of the same entity in the layer before; one behind the last where it has none, [row].
        after: the row of each of the rows before in this layer; one behind the last where it is gone, [row before].
        known: the rows of the entities that the queries give, [given].
        asking: whose query each of these is, [given].
        source: the row before that each message comes from, [message].
        target: the row that it goes to, ascending, [message].
        query: whose message it is, [message].
        edge: the edge that it passes over, [message].
        offsets: where the messages of each row begin, and where the last end, [row + 1].
        carries: which edge carries a message for which query, [query, edge].
    """

    rows: Int[Tensor, " row"]
    starts: Int[Tensor, " before"]
    before: Int[Tensor, " row"]
    after: Int[Tensor, " before"]
    known: Int[Tensor, " given"]
    asking: Int[Tensor, " given"]
    source: Int[Tensor, " message"]
    target: Int[Tensor, " message"]
    query: Int[Tensor, " message"]
    edge: Int[Tensor, " message"]
    offsets: Int[Tensor, " ends"]
    carries: Bool[Tensor, "query edge"]

    def sort(self, order: Int[Tensor, " edge"]) -> Int[Tensor, " message"]:
        """The messages, query by query in another order of the edges; nothing is sorted for it."""
        width = len(order)
        places = list_true(self.carries.index_select(1, order))
        numbers = number_rows(self.query * width + self.edge, self.carries.numel())
        return numbers[places // width * width + order[places % width]]


@torch.no_grad()
def plan_layers(
    edges: FactEdges,
    known: Int[Tensor, " query"],
    *,
    layers: int,
    removed: Int[Tensor, "removed 2"] | None = None,
    wanted: Bool[Tensor, "query entity"] | None = None,
) -> list[MessagePlan]:
    """The messages of each layer, exactly those that can matter.

    An entity has a state as soon as a walk from the known one has reached it, and it is computed only where a walk leads
    from it to an entity whose score is wanted. So the first layers see the neighbourhood of the known entity, the last
    ones that of the candidates, and both leave out nothing that would change a score.

    Args:
        edges: the facts.
        known: the entity that each query gives.
        layers: how many there are.
        removed: (query, edge) of those that carry nothing for this query.
        wanted: whose scores are needed; all where it is left out.
    """
    count, entities, width = len(known), edges.entities, len(edges)
    query = torch.arange(count, device=known.device)
    states = torch.zeros(count, entities, dtype=torch.bool, device=known.device)  # [query, entity]
    states[query, known] = True
    closed = torch.zeros(count, width, dtype=torch.bool, device=known.device)  # [query, edge]
    if removed is not None:
        closed[removed[:, 0], removed[:, 1]] = True
    reached, opened = [states], []
    for _ in range(layers):
        carries = reached[-1].index_select(1, edges.start).logical_and_(~closed)  # [query, edge]
        opened.append(carries)
        reached.append(_spread(reached[-1], carries, edges.end))
    needed = reached[-1] if wanted is None else reached[-1] & wanted
    kept = [needed]
    for layer in range(layers - 1, -1, -1):
        opened[layer] &= needed.index_select(1, edges.end)
        needed = (_spread(needed, opened[layer], edges.start)) & reached[layer]
        kept.insert(0, needed)
    given = query * entities + known
    return [_plan_layer(edges, kept[layer], kept[layer + 1], opened[layer], given) for layer in range(layers)]


@torch.no_grad()
def plan_everywhere(edges: FactEdges, removed: Int[Tensor, " removed"]) -> MessagePlan:
    """The messages of a layer in which every entity has a state, and none is given; removed edges carry nothing."""
    states = torch.ones(1, edges.entities, dtype=torch.bool, device=edges.start.device)
    carries = torch.ones(1, len(edges), dtype=torch.bool, device=edges.start.device)
    carries[0, removed] = False
    return _plan_layer(edges, states, states, carries, edges.start[:0])


def _spread(states: Tensor, carries: Tensor, ends: Tensor) -> Tensor:
    """The states, and those that some edge leads to, [query, entity]."""
    place = list_true(carries)
    spread = states.clone()
    spread.view(-1)[place // len(ends) * states.shape[1] + ends[place % len(ends)]] = True
    return spread


def list_true(cells: Bool[Tensor, "query cell"]) -> Int[Tensor, " place"]:
    """Where cells are true, row after row."""
    if cells.device.type == "cpu":  # five times as fast there
        return torch.from_numpy(np.flatnonzero(cells.numpy()))
    return cells.view(-1).nonzero()[:, 0]


def _plan_layer(edges: FactEdges, earlier: Tensor, later: Tensor, carries: Tensor, given: Tensor) -> MessagePlan:
    rows, rows_before = list_true(later), list_true(earlier)
    number, number_before = (
        number_rows(rows, later.numel()),
        number_rows(rows_before, earlier.numel()),
    )  # [query × entity]
    place = list_true(carries)
    query, edge = place // max(1, len(edges)), place % max(1, len(edges))
    target = number[query * edges.entities + edges.end[edge]]
    known = number[given]
    asking = (known < len(rows)).nonzero()[:, 0]
    return MessagePlan(
        rows=rows,
        starts=rows_before // edges.entities,
        before=number_before[rows],
        after=number[rows_before],
        known=known[asking],
        asking=asking,
        source=number_before[query * edges.entities + edges.start[edge]],
        target=target,
        query=query,
        edge=edge,
        offsets=find_offsets(target, len(rows)),
        carries=carries,
    )


def number_rows(rows: Int[Tensor, " row"], cells: int) -> Int[Tensor, " cell"]:
    """The place among the rows of each cell; one behind the last where it is none of them."""
    number = torch.full((cells,), len(rows), device=rows.device)
    number[rows] = torch.arange(len(rows), device=rows.device)
    return number
