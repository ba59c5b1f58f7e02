"""Sums of rows, against plain loops."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgwb.embed.row_sums import find_offsets, sum_rows, sum_runs


@given(st.integers(0, 10**6), st.sampled_from([torch.float32, torch.float64]), st.booleans(), st.integers(0, 12))
def test_rows_are_summed_by_place_as_a_loop_does(seed: int, dtype: torch.dtype, weighted: bool, uses: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(5, 3, generator=generator, dtype=dtype)
    rows, place = (
        torch.randint(count, (uses,), generator=generator) for count in (5, 4)
    )  # no use, and places without any
    weights = torch.randn(uses, generator=generator, dtype=dtype) if weighted else None
    right = torch.zeros(4, 3, dtype=dtype)
    for use in range(uses):
        right[place[use]] += table[rows[use]] * (1 if weights is None else weights[use])
    torch.testing.assert_close(sum_rows(table, rows, place, weights, count=4), right)


def test_the_same_input_gives_the_same_bits_however_the_uses_are_shared_out() -> None:
    generator = torch.Generator().manual_seed(0)
    table, rows = torch.randn(40, 7, generator=generator), torch.randint(40, (900,), generator=generator)
    place = torch.randint(30, (900,), generator=generator)
    once, again = (sum_rows(table, rows, place, count=30) for _ in range(2))
    assert once.equal(again)
    order = place.argsort(stable=True)
    assert once.equal(sum_runs(table[rows[order]], None, find_offsets(place[order], 30)))


@pytest.mark.parametrize(
    ("place", "count", "ends"), [([], 2, [0, 0, 0]), ([0, 0, 2], 3, [0, 2, 2, 3]), ([1], 2, [0, 0, 1])], ids=str
)
def test_offsets(place: list[int], count: int, ends: list[int]) -> None:
    assert find_offsets(torch.tensor(place, dtype=torch.int64), count).tolist() == ends
