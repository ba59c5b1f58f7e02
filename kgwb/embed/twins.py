"""Entities with one vector, which must score as equals: a matmul may round their columns differently, as processors do."""

from __future__ import annotations

import torch

from kgwb.axes import Float, Int, Tensor

_PROBE = 2  # columns that are compared first: equal rows agree in them, and few others do
_FACTOR = 0x5DEECE66D  # odd, so that no bit is lost when numbers wrap


def find_twins(table: Float[Tensor, "row dim"]) -> tuple[Int[Tensor, " later"], Int[Tensor, " later"]] | None:
    """The rows that equal an earlier one, and the first row that each equals; None where all differ.

    Example:
        >>> find_twins(torch.tensor([[1.0, 2], [0, 0], [1, 2], [-0.0, 0]]))
        (tensor([2, 3]), tensor([0, 1]))
        >>> find_twins(torch.tensor([[1.0, 2], [1, 3]]))
    """
    table, rows = table.detach(), torch.arange(len(table), device=table.device)
    for width in (_PROBE, table.shape[1]):
        _, group, counts = _hash_rows(table[rows, :width]).unique(return_inverse=True, return_counts=True)
        several = counts[group] > 1
        rows, group = rows[several], group[several]
        if not len(rows):
            return None
    first = torch.full((len(counts),), len(table), device=table.device)
    first = first.scatter_reduce(0, group, rows, "amin")[group]  # [row]
    later = (rows != first) & (table[rows] == table[first]).all(1)
    return (rows[later], first[later]) if bool(later.any()) else None


def _hash_rows(rows: Float[Tensor, "row dim"]) -> Int[Tensor, " row"]:
    """One number for each row, the same for equal rows; minus zero is zero."""
    whole = torch.int64 if rows.dtype == torch.float64 else torch.int32
    bits = (rows + 0.0).contiguous().view(whole)  # [row, dim]
    key = torch.zeros(len(rows), dtype=torch.int64, device=rows.device)
    for column in range(bits.shape[1]):  # one column at a time: no second table is held
        key = (key + bits[:, column]) * _FACTOR
        key ^= key >> 29
    return key
