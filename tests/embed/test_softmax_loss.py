"""The loss written by hand against the one that torch derives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from kgwb.embed import Scorer
from kgwb.embed.training.softmax_loss import all_candidates_loss, sampled_candidates_loss

ROWS = torch.tensor([0, 0, 1, 2, 2, 2])
ANSWERS = torch.tensor([3, 5, 5, 0, 1, 9])


def _tables() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    query, table = torch.randn(3, 4, generator=generator), torch.randn(10, 4, generator=generator)
    return query.requires_grad_(), table.requires_grad_()


def _reference(query: torch.Tensor, table: torch.Tensor, scorer: Scorer) -> torch.Tensor:
    scale, bias = scorer.measure.linear(table)
    logits = scale * query @ table.T + (0 if bias is None else bias)
    return cross_entropy(logits[ROWS], ANSWERS, reduction="sum")


@pytest.mark.parametrize("memory", [1.0, 50 / 2**30], ids=["one block", "a row at a time"])
def test_loss_and_gradient_equal_one_softmax_per_triple(scorer: Scorer, memory: float) -> None:
    query, table = _tables()
    expected = _reference(query, table, scorer)
    slopes = torch.autograd.grad(expected, [query, table])
    options = {"measure": scorer.measure, "precision": torch.float32, "memory": memory}
    loss = all_candidates_loss(query, table, ROWS, ANSWERS, **options)
    torch.testing.assert_close(loss, expected)
    for slope, right in zip(torch.autograd.grad(3 * loss, [query, table]), slopes, strict=True):
        torch.testing.assert_close(slope, 3 * right)


def test_half_precision_is_near(scorer: Scorer) -> None:
    query, table = _tables()
    expected = _reference(query, table, scorer)
    options = {"measure": scorer.measure, "precision": torch.bfloat16, "memory": 1.0}
    loss = all_candidates_loss(query, table, ROWS, ANSWERS, **options)
    torch.testing.assert_close(loss, expected, rtol=0.05, atol=0.05)
    slopes = torch.autograd.grad(expected, [query, table])
    for slope, right in zip(torch.autograd.grad(loss, [query, table]), slopes, strict=True):
        torch.testing.assert_close(slope, right, rtol=0.1, atol=0.1)


def test_sampling_every_entity_leaves_out_only_the_other_answers(scorer: Scorer) -> None:
    query, table = _tables()
    scale, bias = scorer.measure.linear(table)
    logits = (scale * query @ table.T + (0 if bias is None else bias)).detach().numpy().astype(np.float64)
    expected = 0.0
    for row, answer in zip(ROWS.tolist(), ANSWERS.tolist(), strict=True):
        others = [e for e in range(10) if e not in ANSWERS[row == ROWS].tolist()]
        expected += np.log(np.exp(logits[row, [answer, *others]]).sum()) - logits[row, answer]
    everyone = torch.arange(10)
    options = {"measure": scorer.measure, "precision": torch.float32, "negatives": everyone}
    loss = sampled_candidates_loss(query, table, ROWS, ANSWERS, **options)
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_a_question_without_negatives_left_gives_no_nan(scorer: Scorer) -> None:
    query, table = _tables()
    options = {"measure": scorer.measure, "precision": torch.float32, "negatives": torch.tensor([3, 5])}
    loss = sampled_candidates_loss(query[:1], table, ROWS[:2], ANSWERS[:2], **options)
    assert loss.item() == pytest.approx(0.0)
    assert all(slope.isfinite().all() for slope in torch.autograd.grad(loss, [query, table]))
