"""Controls: the same injection with the knowledge taken away."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Literal, get_args

import torch

from kgwb.axes import Float, Tensor
from kgwb.embed.errors import expect_choice

Control = Literal["shuffled", "random", "matched"]
Table = Float[Tensor, "entity dim"]


def take_knowledge_away(table: Table, control: Control | None, *, seed: int = 0) -> Table:
    """The table with its knowledge removed in one stated way; with None, the table itself.

    Args:
        table: one vector per entity, [entity, dim].
        control: "shuffled" gives every entity another's vector; "random" draws Gaussian vectors, each as long as the
            real one; "matched" gives every entity the same vector, so that only the extra parameters remain.
        seed: for the permutation or the draw.

    Raises:
        ValueError: for any other control, or when there is nobody to exchange vectors with.

    Example:
        >>> table = torch.eye(3)
        >>> sorted(take_knowledge_away(table, "shuffled").argmax(1).tolist())
        [0, 1, 2]
    """
    if control is None:
        return table
    expect_choice("control", control, get_args(Control))
    return _WAYS[control](table, draw_from(seed, control))


def draw_from(seed: int, purpose: str) -> torch.Generator:
    """A stream of random numbers of its own for each purpose: one seed must not make a control the image of a weight."""
    return torch.Generator().manual_seed(zlib.crc32(f"{purpose} {seed}".encode()))


def _shuffle(table: Table, generator: torch.Generator) -> Table:
    if len(table) < 2:
        raise ValueError(f"{len(table)} entity cannot exchange vectors. Type control='random', or use a larger graph.")
    # One cycle through a random order: no entity keeps its own vector.
    order = torch.randperm(len(table), generator=generator)
    shuffled = torch.empty_like(table)
    shuffled[order] = table[order.roll(1)]
    return shuffled


def _randomise(table: Table, generator: torch.Generator) -> Table:
    drawn = torch.randn(table.shape, generator=generator, dtype=table.dtype)
    return drawn * (table.norm(dim=1, keepdim=True) / drawn.norm(dim=1, keepdim=True).clamp_min(1e-12))


def _equalise(table: Table, generator: torch.Generator) -> Table:
    drawn = torch.randn(table.shape[1], generator=generator, dtype=table.dtype)
    return (drawn * (table.norm(dim=1).mean() / drawn.norm())).expand_as(table).clone()


_WAYS: dict[str, Callable[[Table, torch.Generator], Table]] = {
    "shuffled": _shuffle,
    "random": _randomise,
    "matched": _equalise,
}
