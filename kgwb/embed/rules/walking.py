"""Walks along many paths at once: one sparse product per level of a prefix tree, entities met twice left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kgwb.embed.rules.frontier import Frontier, Shunned
from kgwb.embed.rules.path_tree import PathTree
from kgwb.graph.joins import Steps, cut, expand_ranges, hold
from kgwb.packages import load_package

WALKS_AT_ONCE = 1 << 22  # a product is taken in blocks of about so many walks: some hundred MB
EXACT = 3  # steps up to which walks meet nothing twice
LARGEST_TABLE = 1 << 25  # up to so many (step, entity), where each fan stands is kept in a table


@dataclass(frozen=True, eq=False)
class Landing:
    """Where some walks end, each distinct (query, node, entity) once.

    Attributes:
        query: the walk's query, [landing].
        node: the node of the tree, so the path walked, [landing].
        entity: where it ends, [landing].
    """

    query: np.ndarray
    node: np.ndarray
    entity: np.ndarray


@dataclass(frozen=True, eq=False)
class Walker:
    """The facts, ready to be walked along paths.

    Different letters of a path are different entities: exactly so up to three steps. From the fourth step on, walks
    do not return to where they began, and their first three steps meet nothing twice.

    Attributes:
        steps: the facts, none of which links an entity to itself.
    """

    steps: Steps

    @cached_property
    def fans(self) -> Any:
        """The ends of each (step, start) as a row, then one row per entity that leads to itself, CSR."""
        sparse = load_package("scipy.sparse", "mine_rules", install="scikit-learn")
        steps, count = self.steps, len(self.steps.fan_keys)
        offsets = np.concatenate([[0], np.cumsum(steps.fans[2]), len(steps.end) + np.arange(1, steps.entities + 1)])
        entity = np.concatenate([steps.end, np.arange(steps.entities)]).astype(np.int32)
        shape = (count + steps.entities, steps.entities)
        return sparse.csr_matrix((np.ones(len(entity), dtype=np.int64), entity, offsets.astype(np.int32)), shape=shape)

    @cached_property
    def sizes(self) -> np.ndarray:
        """How many ends each row of `fans` has, int64 [row]."""
        return np.diff(self.fans.indptr).astype(np.int64)

    @cached_property
    def _table(self) -> np.ndarray | None:
        size = 2 * self.steps.relations * self.steps.entities
        if size > LARGEST_TABLE:
            return None
        table = np.full(size, -1, dtype=np.int32)
        table[self.steps.fan_keys] = np.arange(len(self.steps.fan_keys))
        return table

    def find_fans(self, step: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The row of `fans` of each (step, start), -1 where that step leads nowhere."""
        wanted = step * np.int64(self.steps.entities) + start
        if self._table is not None:
            return self._table[wanted]
        keys = self.steps.fan_keys
        place = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1))
        return np.where(hold(keys, wanted), place, -1)

    @cached_property
    def facts(self) -> np.ndarray:
        """Step, start and end of each fact as one number, ascending, int64 [step]."""
        return self.steps.starts * self.steps.entities + self.steps.end

    @cached_property
    def _doubles(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(two steps, start) → how many ends both have; and which two steps ever have one, bool [step, step]."""
        steps, width = self.steps, 2 * self.steps.relations
        order = np.lexsort((steps.step, steps.end, steps.start))
        pair = (steps.start * steps.entities + steps.end)[order]
        first = np.flatnonzero(np.diff(pair, prepend=-1))
        size = np.diff(np.append(first, len(pair)))
        each = np.repeat(size, size)
        one = np.repeat(order, each)
        other = order[expand_ranges(np.repeat(first, size), each)]
        keys = (steps.step[one] * width + steps.step[other]) * steps.entities + steps.start[one]
        keys, counts = np.unique(keys, return_counts=True)
        ever = np.zeros(width * width, dtype=bool)
        ever[keys // steps.entities] = True
        return keys, counts, ever

    def walk(
        self,
        tree: PathTree,
        node: np.ndarray,
        start: np.ndarray,
        *,
        at_once: int = WALKS_AT_ONCE,
    ) -> Iterator[Landing]:
        """Where the paths of a tree lead, in blocks; a (query, node, entity) comes once.

        Args:
            tree: the paths.
            node: the root at which each query begins, [query].
            start: the entity at which it begins, and does not come back to, [query].
            at_once: about how many walks to take at once.
        """
        yield from self._set_out(tree, node, start, Shunned(EXACT, start, None), at_once)

    def walk_back(
        self,
        tree: PathTree,
        node: np.ndarray,
        end: np.ndarray,
        avoided: np.ndarray,
        *,
        steps: int,
        at_once: int = WALKS_AT_ONCE,
    ) -> Iterator[Landing]:
        """Where walks from `avoided` come to with their first step that end at `end`, and were not there after that step.

        Args:
            tree: the paths but for their first steps, turned.
            node: the root at which each query begins, [query].
            end: the entity at which the path ends, and the way back begins, [query].
            avoided: the entity at which the path begins, to which its other steps do not come, [query].
            steps: how many steps each of the paths in the tree has, 3 at least.
            at_once: about how many walks to take at once.
        """
        yield from self._set_out(tree, node, end, Shunned(steps, end, avoided), at_once)

    def _set_out(
        self, tree: PathTree, node: np.ndarray, start: np.ndarray, shunned: Shunned, at_once: int
    ) -> Iterator[Landing]:
        query = np.arange(len(start))
        ones = np.ones(len(start), dtype=np.int64)
        front = Frontier(query, node, np.arange(len(start) + 1), start, ones, query, None)
        yield from self._go_on(tree, shunned, front, at_once)

    def _go_on(self, tree: PathTree, shunned: Shunned, front: Frontier, at_once: int) -> Iterator[Landing]:
        lengths = np.diff(front.offsets)
        for block in cut(lengths * tree.count[front.node], at_once):
            rows = np.arange(block.start, block.stop)
            children = tree.count[front.node[rows]]
            parent = np.repeat(rows, children)
            child = expand_ranges(tree.begin[front.node[rows]], children)
            size = lengths[parent]
            at = expand_ranges(front.offsets[parent], size)
            row = np.repeat(np.arange(len(parent)), size)
            fan = self.find_fans(np.repeat(tree.step[child], size), front.entity[at])
            kept = np.flatnonzero(fan >= 0)
            row, fan, at = row[kept], fan[kept], at[kept]
            used, row = _renumber(row, len(parent))
            parent, child = parent[used], child[used]
            ends = np.searchsorted(row, np.arange(len(used) + 1))
            work = np.add.reduceat(self.sizes[fan], ends[:-1]) if len(used) else ends[:-1]
            for part in cut(work, at_once):
                entries = slice(ends[part.start], ends[part.stop])
                new = self._step(
                    tree,
                    shunned,
                    front,
                    (parent[part], child[part]),
                    (row[entries] - part.start, fan[entries], front.walks[at[entries]]),
                )
                yield from self._land(tree, new)
                deeper = tree.count[new.node] > 0
                if deeper.any():
                    yield from self._go_on(tree, shunned, new.select(deeper), at_once)

    def _land(self, tree: PathTree, front: Frontier) -> Iterator[Landing]:
        size = np.diff(front.offsets)
        if tree.wanted[front.node].all():
            yield Landing(np.repeat(front.query, size), np.repeat(front.node, size), front.entity)
        else:
            ends = np.repeat(tree.wanted[front.node], size)
            yield Landing(np.repeat(front.query, size)[ends], np.repeat(front.node, size)[ends], front.entity[ends])

    def _step(
        self,
        tree: PathTree,
        shunned: Shunned,
        front: Frontier,
        rows: tuple[np.ndarray, np.ndarray],
        entries: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> Frontier:
        """The next frontier: each of its rows is the sum of the fans at which its parent's walks stand."""
        parent, child = rows
        row, fan, walks = entries
        query = front.query[parent]
        depth = int(tree.depth[child[0]]) if len(child) else 0
        turns = depth == shunned.turn
        if turns:
            before = [each[query] for each in shunned.list_at(depth - 1)]
            back = self._find_returns(tree, before, front, parent, child)
            row, fan, walks = (np.concatenate(parts) for parts in zip(entries, back, strict=True))
        sparse = load_package("scipy.sparse", "mine_rules", install="scikit-learn")
        shape = (len(parent), self.fans.shape[0])
        if turns:
            taken = sparse.coo_matrix((walks, (row, fan)), shape=shape).tocsr()
        else:
            offsets = np.searchsorted(row, np.arange(len(parent) + 1)).astype(np.int32)
            taken = sparse.csr_matrix((walks, fan.astype(np.int32), offsets), shape=shape)
        reached = taken @ self.fans
        owner = np.repeat(np.arange(len(parent)), np.diff(reached.indptr))
        kept = reached.data > 0
        for each in shunned.list_at(depth):
            kept &= reached.indices != each[query][owner]
        offsets = np.append(0, np.cumsum(kept))[reached.indptr]
        return Frontier(query, child, offsets, reached.indices[kept], reached.data[kept], parent, front)

    def _find_returns(
        self, tree: PathTree, shunned: Sequence[np.ndarray], front: Frontier, parent: np.ndarray, child: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Walks x → z → w → z, to be subtracted at z: (row, the row of `fans` by which z leads to itself, −walks)."""
        steps, width = self.steps, 2 * self.steps.relations
        keys, counts, ever = self._doubles
        out, back = tree.step[front.node[parent]], steps.turn(tree.step[child])
        assert front.before is not None
        rows = np.flatnonzero(ever[out * width + back])
        earlier = front.parent[parent[rows]]
        size = np.diff(front.before.offsets)[earlier]
        row = np.repeat(rows, size)
        z = front.before.entity[expand_ranges(front.before.offsets[earlier], size)]
        wanted = (out[row] * width + back[row]) * steps.entities + z
        place = np.searchsorted(keys, wanted)
        met = np.flatnonzero(hold(keys, wanted))
        row, z, turns = row[met], z[met], counts[place[met]]
        for entity in shunned:  # w may be one of these, which was never met
            both = np.ones(len(row), dtype=bool)
            for step in (out, back):
                both &= hold(self.facts, (step[row] * steps.entities + z) * steps.entities + entity[row])
            turns = turns - both
        walks = front.before.walks[expand_ranges(front.before.offsets[earlier], size)][met]
        return row, len(steps.fan_keys) + z, -walks * turns


def _renumber(ascending: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The different numbers below `count`, and the place of each number among them."""
    holds = np.zeros(count, dtype=bool)
    holds[ascending] = True
    return np.flatnonzero(holds), (np.cumsum(holds) - 1)[ascending]
