"""Each control takes the knowledge away and nothing else."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgwb.inject.controls import draw_from, take_knowledge_away


def make_table(entities: int, dim: int = 5) -> torch.Tensor:
    return torch.randn(entities, dim, generator=torch.Generator().manual_seed(entities)) * 3


@given(st.integers(2, 40), st.integers(0, 5))
def test_shuffled_keeps_every_vector_and_gives_none_to_its_owner(entities, seed):
    table = make_table(entities)
    shuffled = take_knowledge_away(table, "shuffled", seed=seed)
    assert sorted(shuffled.tolist()) == sorted(table.tolist())
    assert not (shuffled == table).all(1).any()


def test_random_keeps_each_length_and_nothing_else():
    table = make_table(500, dim=30)
    drawn = take_knowledge_away(table, "random", seed=1)
    torch.testing.assert_close(drawn.norm(dim=1), table.norm(dim=1))
    assert torch.cosine_similarity(drawn, table).mean().abs() < 0.05


def test_matched_gives_everyone_the_same_vector():
    table = make_table(20)
    matched = take_knowledge_away(table, "matched")
    assert len(matched.unique(dim=0)) == 1
    torch.testing.assert_close(matched[0].norm(), table.norm(dim=1).mean())


@pytest.mark.parametrize("control", ["shuffled", "random", "matched"])
def test_a_control_has_random_numbers_of_its_own(control):
    drawn = take_knowledge_away(torch.ones(300, 20), control, seed=0)
    weight = torch.randn(300, 20, generator=draw_from(0, "door"))
    fresh = torch.randn(300, 20, generator=torch.Generator().manual_seed(0))
    for other in (weight, fresh):
        assert torch.cosine_similarity(drawn, other).abs().max() < 0.95


def test_one_entity_cannot_be_shuffled():
    with pytest.raises(ValueError, match=r"1 entity cannot exchange vectors. Type control='random'"):
        take_knowledge_away(make_table(1), "shuffled")


@pytest.mark.parametrize("control", [None, "shuffled", "random", "matched"])
def test_the_real_table_is_not_touched(control):
    table = make_table(9)
    before = table.clone()
    take_knowledge_away(table, control, seed=2)
    assert torch.equal(table, before)
