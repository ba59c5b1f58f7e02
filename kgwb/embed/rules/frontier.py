"""How far walks have come, and what they do not come to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Frontier:
    """How far walks have come: one row per (query, node), in CSR, with the number of walks to each entity.

    Attributes:
        query: whose walks they are, [row].
        node: of the path tree, that they have come to, [row].
        offsets: where each row's entities begin, and the last one's end, [row + 1].
        entity: where walks end, [end].
        walks: how many end there, [end].
        parent: the row of `before` that each row came from, [row].
        before: one step earlier; None where the walks begin.
    """

    query: np.ndarray
    node: np.ndarray
    offsets: np.ndarray
    entity: np.ndarray
    walks: np.ndarray
    parent: np.ndarray
    before: Frontier | None

    def select(self, rows: np.ndarray) -> Frontier:
        """Some of the rows.

        Args:
            rows: which, bool [row].
        """
        size = np.diff(self.offsets)
        inside = np.repeat(rows, size)
        offsets = np.append(0, np.cumsum(size[rows]))
        return Frontier(
            self.query[rows],
            self.node[rows],
            offsets,
            self.entity[inside],
            self.walks[inside],
            self.parent[rows],
            self.before,
        )


@dataclass(frozen=True, eq=False)
class Shunned:
    """What walks do not come to.

    Attributes:
        turn: the step that does not lead to where the walk stood two steps before.
        start: where each query begins, [query]. A walk does not come to it; one back does not with its last step.
        avoided: of walks back, where the whole path begins, to which they never come, [query].
    """

    turn: int
    start: np.ndarray
    avoided: np.ndarray | None

    def list_at(self, depth: int) -> list[np.ndarray]:
        """The entities that no walk of so many steps ends at, each [query]."""
        if self.avoided is None:
            return [self.start]
        return [self.avoided, self.start] if depth == self.turn else [self.avoided]
