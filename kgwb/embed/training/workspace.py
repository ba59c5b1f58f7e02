"""Room for blocks of scores: how many queries fit at once, and one buffer that every step uses again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import torch

from kgwb.axes import Bool, Float, Int, Tensor

GIB = 2**30
PIECE = 4096  # candidates that a processor's matmul gives scores of at a time
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
    _buffers: dict[str, Tensor] = field(default_factory=dict, repr=False)

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
        return self._room("block", rows, width, like=like)

    def narrow(self, table: Float[Tensor, "row dim"]) -> Float[Tensor, "row dim"]:
        """A table in the number format of the matmuls: itself, or a copy that the next step's is written over."""
        if table.dtype == self.precision:
            return table
        return self._room("table", *table.shape, like=table.new_empty((), dtype=self.precision)).copy_(table)

    def put_product(
        self,
        total: Float[Tensor, "row dim"],
        left: Float[Tensor, "row query"],
        right: Float[Tensor, "query width"],
        *,
        add: bool,
    ) -> Float[Tensor, "row width"]:
        """Write left · right over a total of fewer columns, or add it, and return all of it until the next is asked for.

        A new matrix of this size would be paid for page by page in every step, and so would the one that adding numbers
        of two formats makes; of pieces that the cache holds, it is small.
        """
        if total.dtype == right.dtype and total.shape[1] == right.shape[1]:
            return total.addmm_(left, right) if add else torch.mm(left, right, out=total)
        product = self._room("product", len(left), right.shape[1], like=right)
        torch.mm(left, right, out=product)
        wanted = product[:, : total.shape[1]]  # [row, dim]
        if not add:
            total.copy_(wanted)
            return product
        for rows in cut_rows(total):
            total[rows].add_(wanted[rows])
        return product

    @property
    def held(self) -> int:
        """Bytes of what is kept between steps: a block of scores, and what is as large as the table."""
        return sum(kept.numel() * kept.element_size() for kept in self._buffers.values())

    def _room(self, name: str, rows: int, width: int, *, like: Tensor) -> Tensor:
        kept = self._buffers.get(name)
        if kept is None or kept.numel() < rows * width or kept.dtype != like.dtype:
            self._buffers.pop(name, None)
            self._buffers[name] = kept = like.new_empty(rows * width)
        return kept[: rows * width].view(rows, width)

    def emptied(self) -> Workspace:
        """The same, holding nothing."""
        return replace(self, _buffers={})

    def halved(self) -> Workspace:
        """The same with half the memory, holding nothing."""
        return replace(self.emptied(), memory=self.memory / 2)


def multiply_queries(
    query: Float[Tensor, "query dim"], table: Float[Tensor, "candidate dim"], *, out: Float[Tensor, "query candidate"]
) -> None:
    """Every query with every candidate, written to `out`.

    In pieces on a processor: there, bfloat16 matmuls of 200 to 512 reals with 14,541 candidates take up to three times as
    long at once, and none was faster.
    """
    for rows in cut_rows(table):
        torch.mm(query, table[rows].T, out=out[:, rows])


def cut_rows(table: Float[Tensor, "row dim"]) -> Iterator[slice]:
    """The rows of a table in pieces of PIECE on a processor, all at once elsewhere.

    Example:
        >>> list(cut_rows(torch.zeros(5000, 2)))
        [slice(0, 4096, None), slice(4096, 5000, None)]
    """
    step = PIECE if table.device.type == "cpu" else max(1, len(table))
    for start in range(0, len(table), step):
        yield slice(start, min(start + step, len(table)))


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
