"""Slots are read in one softmax with the tokens, whichever kernel does it, and however long they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from kgwb.bert.doors.nearby_facts import NearbyFacts
from kgwb.bert.doors.slot_attention import Slots, SlotsRead, fill_slots, read_slots, sum_exponentials

HEADS, PART = 3, 4
DRAW = torch.Generator().manual_seed(0)


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=DRAW, dtype=torch.float64)


def make_slots(shared: bool) -> Slots:
    """Five facts for both of two sentences, or five for one and three for the other."""
    facts = torch.arange(5)[None] if shared else torch.tensor([[0, 1, 2, 3, 4], [5, 6, 7, -1, -1]])
    owners, others = (facts * 3 % 7).masked_fill(facts < 0, -1), (facts * 5 % 6).masked_fill(facts < 0, -1)
    around = NearbyFacts(owners, (facts % 4).clamp_min(0), others, facts, torch.zeros(len(facts), dtype=torch.int64))
    return fill_slots(around, draw(7, 6), draw(4, 5))


def read(slots: Slots, query: torch.Tensor, scores: torch.Tensor, *, keep: bool, scale: float = 1.0) -> SlotsRead:
    maps = [torch.randn(n, HEADS * PART, generator=torch.Generator().manual_seed(n)).double() for n in (6, 5)]
    by_entity = (slots.entities @ maps[0]).unflatten(-1, (HEADS, PART)) * scale
    by_kind = (slots.directions @ maps[1]).unflatten(-1, (HEADS, PART)) * scale
    return read_slots(query, sum_exponentials(scores), slots, by_entity, by_kind, by_entity, keep=keep)


def read_one_by_one(slots: Slots, query: torch.Tensor, scores: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
    """One softmax over tokens and slots, for each query by itself; then output, share and rest."""
    maps = [torch.randn(n, HEADS * PART, generator=torch.Generator().manual_seed(n)).double() for n in (6, 5)]
    answers = []
    for s, h, q in torch.cartesian_prod(*map(torch.arange, query.shape[:3])).tolist():
        row = 0 if len(slots.owners) == 1 else s
        count = 5 if row == 0 else 3
        keys, values = [], []
        for i in range(count):
            owner, other = (slots.entities[ids[row, i]] @ maps[0] for ids in (slots.owners, slots.others))
            kind = slots.directions[slots.kinds[row, i]] @ maps[1]
            keys.append((owner + kind).unflatten(0, (HEADS, PART))[h] * scale)
            values.append(other.unflatten(0, (HEADS, PART))[h] * scale)
        found = torch.stack(keys) @ query[s, h, q] / PART**0.5
        weights = torch.cat([scores[s, h, q], found]).softmax(-1)
        share = weights[-count:].sum()
        answers.append(torch.cat([found.softmax(-1) @ torch.stack(values), share[None], weights[:-count].sum()[None]]))
    return torch.stack(answers).unflatten(0, query.shape[:3])


@pytest.mark.parametrize("keep", [True, False], ids=["weights", "kernel"])
@pytest.mark.parametrize("shared", [True, False], ids=["all", "mentions"])
def test_slots_and_tokens_share_one_softmax(shared, keep):
    slots, query, scores = make_slots(shared), draw(2, HEADS, 6, PART), draw(2, HEADS, 6, 6)
    found = read(slots, query, scores, keep=keep)
    expected = read_one_by_one(slots, query, scores)
    torch.testing.assert_close(torch.cat([found.output, found.share, found.rest], -1), expected, atol=1e-12, rtol=1e-12)
    assert (found.weights is not None) == keep
    if found.weights is not None:
        torch.testing.assert_close(found.weights.sum(-1), torch.ones(2, HEADS, 6, dtype=torch.float64))
        assert shared or found.weights[1, ..., 3:].abs().max() == 0


@pytest.mark.parametrize("scale", [0.01, 30.0])
def test_what_is_left_to_the_tokens_is_exact_where_it_is_next_to_nothing(scale):
    slots, query, scores = make_slots(shared=True), draw(2, HEADS, 6, PART), draw(2, HEADS, 6, 6)
    found, expected = read(slots, query, scores, keep=False, scale=scale), read_one_by_one(slots, query, scores, scale)
    torch.testing.assert_close(found.rest, expected[..., -1:], rtol=1e-9, atol=0)
    torch.testing.assert_close(found.output, expected[..., :-2], rtol=1e-6, atol=1e-9)


def test_a_gradient_takes_the_same_way_for_both_kinds_of_slots():
    for shared in (True, False):
        slots, query, scores = make_slots(shared), draw(2, HEADS, 3, PART).requires_grad_(), draw(2, HEADS, 3, 3)
        assert torch.autograd.gradcheck(lambda q, s=slots, z=scores: read(s, q, z, keep=False).output, query)
        assert torch.autograd.gradgradcheck(lambda q, s=slots, z=scores: read(s, q, z, keep=False).rest, query)


def test_no_fact_at_all_leaves_everything_to_the_tokens():
    nothing = torch.full((2, 1), -1)
    around = NearbyFacts(nothing, nothing.clamp_min(0), nothing, nothing, torch.zeros(2, dtype=torch.int64))
    found = read(fill_slots(around, draw(7, 6), draw(4, 5)), draw(2, HEADS, 4, PART), draw(2, HEADS, 4, 4), keep=False)
    assert found.share.abs().max() == 0 and torch.equal(found.rest, torch.ones_like(found.rest))
    assert found.output.abs().max() == 0


def test_the_sum_of_exponentials_is_torchs_own():
    scores = draw(2, 3, 4, 5) * 20
    scores[..., 3:] += torch.finfo(torch.float64).min
    torch.testing.assert_close(sum_exponentials(scores), scores.logsumexp(-1, keepdim=True))


@pytest.mark.parametrize("away", [60.0, 84.0, 88.0, 100.0, 120.0])
def test_slots_that_next_to_nothing_goes_to_have_a_finite_gradient(away):
    slots, query, scores = make_slots(shared=True), draw(2, HEADS, 6, PART).float(), draw(2, HEADS, 6, 6).float() + away
    narrow = replace(slots, entities=slots.entities.float(), directions=slots.directions.float())
    table = torch.randn(len(slots.entities), HEADS, PART, generator=torch.Generator().manual_seed(0)).requires_grad_()
    kinds = torch.zeros(len(slots.directions), HEADS, PART)
    found = read_slots(query, sum_exponentials(scores), narrow, table, kinds, table * 30, keep=False)
    (found.output * found.share).sum().backward()
    assert found.output.isfinite().all() and table.grad.isfinite().all()
