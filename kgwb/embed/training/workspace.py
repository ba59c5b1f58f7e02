"""Room for blocks of scores: how many queries fit at once, and one buffer that every step uses again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import torch

from kgwb.axes import Bool, Int, Tensor

GIB = 2**30
Memory = Literal["auto"] | int | float


@dataclass(eq=False)
class Workspace:
    """What the losses of one training run share.

    Attributes:
        memory: how large a block of scores may get, in GiB.
        precision: of the matmuls.
        weight: of each answer in the step's loss; gradients that are written by hand hold it already.
    """

    memory: int | float
    precision: torch.dtype
    weight: float = 1.0
    _buffer: Tensor | None = field(default=None, repr=False)

    def height(self, width: int, wanted: int) -> int:
        """How many rows of `width` scores fit, at most `wanted` and at least one."""
        size = torch.finfo(self.precision).bits // 8
        return max(1, min(wanted, int(self.memory * GIB) // (width * size)))

    def blocks(
        self, rows: Int[Tensor, " answer"], *, queries: int, width: int, share: int = 1
    ) -> Iterator[tuple[slice, Bool[Tensor, " answer"] | slice, Int[Tensor, " inside"]]]:
        """The queries in as many turns as `width` scores each ask for.

        Args:
            rows: the query of each answer.
            queries: how many there are.
            width: the scores of each.
            share: how often smaller than the memory a block should be, where more of its size is needed beside it.

        Returns:
            For each turn the queries, which answers are theirs, and the queries of these, counted within the turn.
        """
        height = max(1, self.height(width, queries) // share)
        for start in range(0, queries, height):
            here = slice(start, min(start + height, queries))
            inside = (rows >= here.start) & (rows < here.stop) if height < queries else slice(None)
            yield here, inside, rows[inside] - here.start

    def block(self, rows: int, width: int, *, like: Tensor) -> Tensor:
        """A matrix that is not cleared, of the same kind as `like`; it holds what was asked for last."""
        if self._buffer is None or self._buffer.numel() < rows * width or self._buffer.dtype != like.dtype:
            self._buffer = like.new_empty(rows * width)
        return self._buffer[: rows * width].view(rows, width)

    def halved(self) -> Workspace:
        """The same with half the memory and an empty buffer."""
        return replace(self, memory=self.memory / 2, _buffer=None)


def choose_memory(memory: Memory, device: torch.device) -> float:
    """GiB for a block of scores: what was asked for, or an eighth of what is free now, from 1/16 to 2.

    Example:
        >>> choose_memory(0.5, torch.device("cpu"))
        0.5
    """
    if memory != "auto":
        return min(float(memory), float(GIB))  # more than any machine has
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    elif "SC_AVPHYS_PAGES" in getattr(os, "sysconf_names", {}):
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    else:
        free = 4 * GIB  # Windows and macOS do not say
    return min(2.0, max(1 / 16, free / 8 / GIB))
