"""Chance: shuffling and dealing that write the same world on every machine and Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


def pick(random: Random, items: Sequence[Item]) -> Item:
    """One of the items; uses only `random()`, the one method whose sequence Python promises to keep."""
    return items[int(random.random() * len(items))]


def shuffle(random: Random, items: Sequence[Item]) -> list[Item]:
    """The items in a random order."""
    return [item for _, item in sorted(((random.random(), item) for item in items), key=lambda pair: pair[0])]


def between(random: Random, least: int, most: int) -> int:
    """A whole number from least to most."""
    return least + int(random.random() * (most - least + 1))


def deal(random: Random, heads: Sequence[str], tails: Sequence[str]) -> dict[str, str]:
    """Give every head one tail, so that no tail is given twice more often than another."""
    rounds = -(-len(heads) // len(tails))
    cards = [tail for _ in range(rounds) for tail in shuffle(random, tails)][: len(heads)]
    return dict(zip(heads, shuffle(random, cards), strict=True))


def dependence(first: dict[str, str], second: dict[str, str]) -> float:
    """How much two deals tell of each other: χ² over its degrees of freedom, near 1 for independent deals."""
    cells = Counter((first[head], second[head]) for head in first)
    rows, columns = Counter(first.values()), Counter(second.values())
    total = sum(cells[row, column] ** 2 / (rows[row] * columns[column]) for row, column in cells)
    return len(first) * (total - 1) / ((len(rows) - 1) * (len(columns) - 1))
