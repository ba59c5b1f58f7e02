"""One contract for every scorer: three ways to one score."""

from __future__ import annotations

import pytest
import torch

from kgwb.embed import RESCAL, ComplEx, DistMult, RotatE, Scorer, TransE
from kgwb.embed.scorers import SCORERS


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


def test_one_matmul_orders_candidates_as_the_score_does(scorer: Scorer) -> None:
    head, relation, tail = _vectors(scorer, 20)
    query = scorer.query_tail(head, relation)
    if scorer.measure.matmul is None:
        assert scorer == TransE(norm=1)  # the one that has no such form
        return
    length = tail.square().sum(-1) if scorer.measure.matmul == "distance" else 0
    assert ((2 * query @ tail.T - length).argsort(-1) == scorer.compare(query, tail).argsort(-1)).all()


@pytest.mark.parametrize(
    "scorer", [made() for made in SCORERS.values() if made.query_relation is not Scorer.query_relation], ids=repr
)
def test_asking_for_the_relation_orders_relations_as_the_score_does(scorer: Scorer) -> None:
    head, relation, tail = (rows[:5] for rows in _vectors(scorer, 20))
    found = scorer.query_relation(head, tail) @ scorer.relation_keys(relation).T
    each = torch.stack([scorer.score(head, one.expand(5, -1), tail) for one in relation], -1)
    assert (found.argsort(-1) == each.argsort(-1)).all()


def test_start_is_small_finite_and_of_the_width_asked_for(scorer: Scorer) -> None:
    generator = torch.Generator().manual_seed(0)
    assert scorer.start_entities(5, 8, generator).shape == (5, 8)
    assert scorer.start_relations(4, 8, generator).shape == (4, scorer.relation_width(8))


def test_gradients_are_finite_even_where_everything_is_zero(scorer: Scorer) -> None:
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
    assert TransE(norm=1).score(head, torch.tensor([2.0, 0.0]), tail) == pytest.approx(-3.0)
    assert TransE(norm=1).score(head, torch.tensor([0.0, 0.0]), tail) == pytest.approx(-5.0)
    matrix = torch.tensor([10.0, 1.0, 0.0, 2.0])  # (1, 2) [[10, 1], [0, 2]] (3, 5) = 10·3 + 1·5 + 2·2·5
    assert RESCAL().score(head, matrix, tail) == pytest.approx(55.0)
    product = (1 + 2j) * (7 + 11j) * (3 - 5j)  # h r t̄
    assert ComplEx().score(head, torch.tensor([7.0, 11.0]), tail) == pytest.approx(product.real)
    assert RotatE().score(head, torch.tensor([torch.pi / 2]), torch.tensor([-2.0, 5.0])) == pytest.approx(-4.0)


def test_rescal_with_a_diagonal_is_distmult_and_costs_the_same() -> None:
    head, relation, tail = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    diagonal = relation.diag().flatten()
    assert RESCAL().score(head, diagonal, tail) == pytest.approx(DistMult().score(head, relation, tail).item())
    cubes = [scorer.relation_magnitudes(r).pow(3).sum() for scorer, r in ((RESCAL(), diagonal), (DistMult(), relation))]
    torch.testing.assert_close(*cubes)


def test_transe_has_two_norms_and_says_so() -> None:
    assert [repr(TransE()), repr(TransE(norm=1))] == ["TransE()", "TransE(norm=1)"]
    broken = object.__new__(TransE)  # the tests' own check of annotations would speak first
    object.__setattr__(broken, "norm", 3)
    with pytest.raises(ValueError, match=r"norm=3 came\. Type TransE\(norm=1\) or TransE\(norm=2\)\."):
        broken.__post_init__()


def test_symmetry_and_its_absence() -> None:
    head, relation, tail = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    assert DistMult().score(head, relation, tail) == pytest.approx(DistMult().score(tail, relation, head).item())
    assert ComplEx().score(head, relation, tail) != pytest.approx(ComplEx().score(tail, relation, head).item())
