"""One contract for every scorer: three ways to one score."""

from __future__ import annotations

import pytest
import torch

from kgwb.embed import ComplEx, DistMult, RotatE, Scorer, TransE


def _vectors(scorer: Scorer, count: int, dim: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    head, tail = torch.randn(2, count, dim, generator=generator)
    return head, torch.randn(count, scorer.relation_width(dim), generator=generator), tail


def test_score_is_the_entry_in_the_row_of_all_tails_and_of_all_heads(scorer: Scorer) -> None:
    head, relation, tail = _vectors(scorer, 20)
    score = scorer.score(head, relation, tail)
    torch.testing.assert_close(scorer.compare(scorer.query_tail(head, relation), tail).diagonal(), score)
    torch.testing.assert_close(scorer.compare(scorer.query_head(relation, tail), head).diagonal(), score)


def test_single_vectors_score_like_rows(scorer: Scorer) -> None:
    head, relation, tail = _vectors(scorer, 3)
    torch.testing.assert_close(scorer.score(head[1], relation[1], tail[1]), scorer.score(head, relation, tail)[1])


def test_training_logits_order_candidates_as_the_score_does(scorer: Scorer) -> None:
    head, relation, tail = _vectors(scorer, 20)
    query = scorer.query_tail(head, relation)
    scale, bias = scorer.measure.linear(tail)
    logits = scale * query @ tail.T + (0 if bias is None else bias)
    assert (logits.argsort(-1) == scorer.compare(query, tail).argsort(-1)).all()


def test_start_is_small_finite_and_of_the_width_asked_for(scorer: Scorer) -> None:
    generator = torch.Generator().manual_seed(0)
    assert scorer.start_entities(5, 6, generator).shape == (5, 6)
    assert scorer.start_relations(4, 6, generator).shape == (4, scorer.relation_width(6))


def test_gradients_are_finite_even_where_everything_is_nought(scorer: Scorer) -> None:
    head = torch.zeros(2, 4, requires_grad=True)
    relation = torch.zeros(2, scorer.relation_width(4), requires_grad=True)
    loss = scorer.score(head, relation, head).sum() + scorer.magnitudes(head).pow(3).sum()
    (loss + scorer.relation_magnitudes(relation).pow(3).sum()).backward()
    assert head.grad is not None and head.grad.isfinite().all()


@pytest.mark.parametrize("scorer", [ComplEx(), RotatE()], ids=repr)
def test_odd_width_for_complex_numbers_is_refused(scorer: Scorer) -> None:
    message = rf"{type(scorer).__name__} needs an even dim, .* but dim=7 came\. Type dim=8\."
    with pytest.raises(ValueError, match=message):
        scorer.relation_width(7)


def test_the_equations() -> None:
    head, tail = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 5.0])
    assert TransE().score(head, torch.tensor([2.0, 3.0]), tail) == pytest.approx(0.0, abs=1e-5)
    assert TransE().score(head, torch.tensor([2.0, 0.0]), tail) == pytest.approx(-3.0)
    assert DistMult().score(head, torch.tensor([10.0, 1.0]), tail) == pytest.approx(40.0)
    product = (1 + 2j) * (7 + 11j) * (3 - 5j)  # h r t̄
    assert ComplEx().score(head, torch.tensor([7.0, 11.0]), tail) == pytest.approx(product.real)
    assert RotatE().score(head, torch.tensor([torch.pi / 2]), torch.tensor([-2.0, 5.0])) == pytest.approx(-4.0)


def test_symmetry_and_its_absence() -> None:
    head, relation, tail = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    assert DistMult().score(head, relation, tail) == pytest.approx(DistMult().score(tail, relation, head).item())
    assert ComplEx().score(head, relation, tail) != pytest.approx(ComplEx().score(tail, relation, head).item())
