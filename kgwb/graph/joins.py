"""Facts as steps from entity to entity, sorted so that many walks are taken at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

ROWS_AT_ONCE = 1 << 22  # a join is taken in blocks of about so many rows: a few hundred MB


@dataclass(frozen=True, eq=False)
class Steps:
    """Every fact walked both ways: relation r from head to tail is step r, from tail to head step r + relations.

    Attributes:
        entities: how many entities there are.
        relations: how many relations there are.
        step, start, end: one entry per fact and direction, sorted by step, start, end, int64 [step].
    """

    entities: int
    relations: int
    step: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, triples: np.ndarray, *, entities: int, relations: int) -> Steps:
        """The steps that some triples allow.

        Example:
            >>> steps = Steps.of(np.array([[0, 0, 1]]), entities=2, relations=1)
            >>> steps.step, steps.start, steps.end
            (array([0, 1]), array([0, 1]), array([1, 0]))
        """
        head, relation, tail = triples.T
        forward = (relation * entities + head) * entities + tail  # [triple]
        backward = ((relation + relations) * entities + tail) * entities + head  # [triple]
        keys = distinct(np.concatenate([forward, backward]))  # [step]
        return cls(entities, relations, keys // entities**2, keys // entities % entities, keys % entities)

    @cached_property
    def starts(self) -> np.ndarray:
        """Step and start as one number, ascending, int64 [step]."""
        return self.step * self.entities + self.start

    @cached_property
    def bounds(self) -> np.ndarray:
        """Step s has the entries bounds[s] to bounds[s + 1], int64 [2 × relations + 1]."""
        return np.searchsorted(self.step, np.arange(2 * self.relations + 1))

    @cached_property
    def fans(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Each distinct (step, start), ascending, and how many ends it has: (step, start, count)."""
        first = np.flatnonzero(np.diff(self.starts, prepend=-1))
        return self.step[first], self.start[first], np.diff(np.append(first, len(self.starts)))

    @cached_property
    def fan_keys(self) -> np.ndarray:
        """Step and start of each fan as one number, ascending, int64 [fan]."""
        return self.fans[0] * self.entities + self.fans[1]

    @cached_property
    def fan_bounds(self) -> np.ndarray:
        """Step s has the fans fan_bounds[s] to fan_bounds[s + 1], int64 [2 × relations + 1]."""
        return np.searchsorted(self.fans[0], np.arange(2 * self.relations + 1))

    def turn(self, step: np.ndarray) -> np.ndarray:
        """The same relation walked the other way."""
        return (step + self.relations) % (2 * self.relations)

    def find(self, step: np.ndarray | int, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the ends of each (step, start) begin, and how many there are."""
        wanted = step * self.entities + start
        first = np.searchsorted(self.starts, wanted)
        return first, np.searchsorted(self.starts, wanted, side="right") - first

    def follow(self, step: np.ndarray | int, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where each step leads from each start: (which of the starts, end)."""
        first, counts = self.find(step, start)  # [start]
        return np.repeat(np.arange(len(counts)), counts), self.end[expand_ranges(first, counts)]


def hold(ascending: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Which of the wanted numbers stand among ascending ones, bool.

    Example:
        >>> hold(np.array([1, 3]), np.array([3, 4, 1]))
        array([ True, False,  True])
    """
    if not len(ascending):
        return np.zeros(len(wanted), dtype=bool)
    return ascending[np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)] == wanted


def distinct(keys: np.ndarray) -> np.ndarray:
    """The different numbers, ascending; on millions of them several times faster than numpy's unique, which hashes.

    Example:
        >>> distinct(np.array([2, 1, 2]))
        array([1, 2])
    """
    ascending = np.sort(keys)
    return ascending[np.diff(ascending, prepend=-1) != 0]


def expand_ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The numbers start, start + 1, ... of each range, one range after another.

    Example:
        >>> expand_ranges(np.array([5, 0]), np.array([2, 3]))
        array([5, 6, 0, 1, 2])
    """
    ends = np.cumsum(counts)  # [range]
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - counts), counts)


def cut(counts: np.ndarray, rows: int = ROWS_AT_ONCE) -> Iterator[slice]:
    """Slices of items whose counts add up to about `rows` each; an item is never cut in two.

    Example:
        >>> list(cut(np.array([3, 3, 9, 1]), rows=6))
        [slice(0, 2, None), slice(2, 3, None), slice(3, 4, None)]
    """
    ends, start = np.cumsum(counts), 0
    while start < len(counts):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + rows, side="right")))
        yield slice(start, stop)
        start = stop


def add_up(several: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Counts by key, of several lists of (keys, counts), as one ascending list.

    Example:
        >>> add_up([(np.array([1, 4]), np.array([2, 1])), (np.array([4]), np.array([5]))])
        (array([1, 4]), array([2, 6]))
    """
    if not several:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    keys, counts = (np.concatenate(parts) for parts in zip(*several, strict=True))
    order = np.argsort(keys, kind="stable")
    first = np.flatnonzero(np.diff(keys[order], prepend=-1))
    return keys[order][first], np.add.reduceat(counts[order], first) if len(first) else counts
