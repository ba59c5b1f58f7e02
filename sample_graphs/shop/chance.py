"""Chance: shuffling, dealing and noise that come out the same on every machine and Python."""

from __future__ import annotations

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


def between(random: Random, least: float, most: float) -> float:
    """A number from least to most, all alike."""
    return least + random.random() * (most - least)


def deal(random: Random, heads: Sequence[str], tails: Sequence[str]) -> dict[str, str]:
    """Give every head one tail, so that no tail is given twice more often than another."""
    rounds = -(-len(heads) // len(tails))
    cards = [tail for _ in range(rounds) for tail in shuffle(random, tails)][: len(heads)]
    return dict(zip(heads, shuffle(random, cards), strict=True))


def noise(random: Random) -> float:
    """Mean 0, standard deviation 1, nearly normal: the sum of twelve even numbers, which needs no logarithm."""
    return sum(random.random() for _ in range(12)) - 6.0
