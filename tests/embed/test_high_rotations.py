"""HousE and QuatE, relations that turn more than two numbers at a time, beside matrices that are multiplied out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

import kgwb
from kgwb.embed import GraphEmbedding, HousE, QuatE, RotatE, Scorer, load_embedding, rank_triples
from kgwb.graph import Split

BOTH = [HousE(), HousE(block=3, reflections=2), HousE(block=12, reflections=1), QuatE()]


def _draw(scorer: Scorer, seed: int, dim: int = 12) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    head, tail = torch.randn(2, dim, dtype=torch.float64, generator=generator)
    return head, torch.randn(scorer.relation_width(dim), dtype=torch.float64, generator=generator), tail


def _mirror_by_hand(scorer: HousE, head: np.ndarray, relation: np.ndarray) -> np.ndarray:
    """Each block times one whole matrix 1 − 2 u uᵀ / uᵀu after the other."""
    parts, k = [], scorer.block
    for number, block in enumerate(np.split(head, len(head) // k)):
        for mirror in np.split(relation, scorer.reflections):
            u = mirror[number * k : (number + 1) * k]
            block = (np.eye(k) - 2 * np.outer(u, u) / (u @ u)) @ block
        parts.append(block)
    return np.concatenate(parts)


def _as_matrix(a: float, b: float, c: float, d: float) -> np.ndarray:
    """The quaternion as a matrix of two complex rows and columns, whose product is Hamilton's."""
    return np.array([[a + b * 1j, c + d * 1j], [-c + d * 1j, a - b * 1j]])


def _score_quaternions(head: np.ndarray, relation: np.ndarray, tail: np.ndarray) -> float:
    total = 0.0
    for h, r, t in zip(*(np.reshape(part, (4, -1)).T for part in (head, relation, tail)), strict=True):
        turned = _as_matrix(*h) @ _as_matrix(*(r / np.linalg.norm(r)))
        total += turned[0].real @ _as_matrix(*t)[0].real + turned[0].imag @ _as_matrix(*t)[0].imag
    return total


@given(some.integers(0, 2**32), some.sampled_from(BOTH))
def test_the_score_is_that_of_matrices_multiplied_out(seed: int, scorer: Scorer) -> None:
    head, relation, tail = _draw(scorer, seed)
    found = scorer.score(head, relation, tail).item()
    if isinstance(scorer, HousE):
        turned = _mirror_by_hand(scorer, head.numpy(), relation.numpy())
        np.testing.assert_allclose(scorer.query_tail(head, relation), turned, atol=1e-9)
        assert found == pytest.approx(-np.linalg.norm(turned - tail.numpy()), abs=1e-9)
    else:
        assert found == pytest.approx(_score_quaternions(head.numpy(), relation.numpy(), tail.numpy()), abs=1e-9)


@given(some.integers(0, 2**32), some.sampled_from(BOTH), some.floats(0.1, 1e3))
def test_lengths_stay_the_way_back_leads_home_and_only_directions_count(seed: int, scorer: Scorer, size: float) -> None:
    head, relation, _ = _draw(scorer, seed)
    turned = scorer.query_tail(head, relation)
    torch.testing.assert_close(turned.norm(), head.norm())
    torch.testing.assert_close(scorer.query_head(relation, turned), head)
    torch.testing.assert_close(scorer.query_tail(head, size * relation), turned)
    assert not scorer.relation_magnitudes(relation).any()


@given(some.floats(-3, 3), some.floats(-3, 3))
def test_two_mirrors_of_two_numbers_are_rotate_by_twice_the_angle_between(first: float, second: float) -> None:
    mirrors = torch.tensor([first, second], dtype=torch.float64)
    point = torch.tensor([2.0, -1.0], dtype=torch.float64)
    relation = torch.stack([mirrors.cos(), mirrors.sin()], -1).flatten()
    expected = RotatE().query_tail(point, 2 * (mirrors[1:] - mirrors[:1]))
    torch.testing.assert_close(HousE(block=2, reflections=2).query_tail(point, relation), expected)


def test_one_mirror_is_symmetric_and_turns_of_more_numbers_do_not_commute() -> None:
    mirror = HousE(block=4, reflections=1)
    head, relation, tail = _draw(mirror, 0)
    torch.testing.assert_close(mirror.score(head, relation, tail), mirror.score(tail, relation, head))
    for scorer in (HousE(), QuatE()):
        head, one, other = *_draw(scorer, 1)[:2], _draw(scorer, 2)[1]
        there, back = (
            scorer.query_tail(scorer.query_tail(head, first), then) for first, then in ((one, other), (other, one))
        )
        assert (there - back).abs().max() > 0.1


def test_a_relation_without_a_direction_has_a_score_and_a_gradient() -> None:
    for scorer in (HousE(), QuatE()):
        head, _, tail = (part.float() for part in _draw(scorer, 0))
        relation = torch.zeros(scorer.relation_width(12), requires_grad=True)
        score = scorer.score(head, relation, tail)
        score.backward()
        assert score.isfinite() and relation.grad is not None and relation.grad.isfinite().all()
    torch.testing.assert_close(HousE().query_tail(head, torch.zeros(48)), head)


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        (QuatE(), r"QuatE needs a dim that is a multiple of 4, .* of 4 numbers, but dim=6 came\. Type dim=8\."),
        (HousE(block=5), r"HousE needs a dim that is a multiple of 5, .* but dim=6 came\. Type dim=10\."),
    ],
    ids=repr,
)
def test_a_dim_that_cuts_a_part_is_refused(scorer: Scorer, message: str, split: Split) -> None:
    with pytest.raises(ValueError, match=message):
        GraphEmbedding(split.graph, scorer, dim=6)


@pytest.mark.parametrize(("name", "came"), [("block", 0), ("reflections", 1.5), ("block", True)])
def test_mirrors_are_counted_in_whole_numbers(name: str, came: object) -> None:
    broken = object.__new__(HousE)  # the tests' own check of annotations would speak first
    for field, number in ({"block": 4, "reflections": 4} | {name: came}).items():
        object.__setattr__(broken, field, number)
    with pytest.raises(
        ValueError, match=rf"{name}={came} came, where a whole number from 1 on .* Type HousE\({name}=4\)"
    ):
        broken.__post_init__()


@pytest.mark.parametrize(
    ("scorer", "reciprocal"), [(HousE(), True), (HousE(block=8, reflections=2), False), (QuatE(), True)]
)
def test_it_learns_is_saved_and_predicts(scorer: Scorer, reciprocal: bool, split: Split, tmp_path: Path) -> None:
    vectors = GraphEmbedding(split.graph, scorer, dim=16)
    before = rank_triples(vectors, split.train, known=split.known).mrr
    for _ in kgwb.train_embedding(vectors, split, epochs=20, batch=50, learning_rate=0.3, reciprocal=reciprocal):
        pass
    after = rank_triples(vectors, split.train, known=split.known)
    assert after.mrr > max(2 * before, 0.5)
    back = load_embedding(vectors.save(tmp_path / "vectors"))
    assert back.scorer == scorer
    assert (rank_triples(back, split.train, known=split.known).ranks == after.ranks).all()
    first, second = (one.predict(head="place 03", relation="in_region", k=3) for one in (vectors, back))
    assert first.equals(second) and first.entity[0].startswith("region")


def test_a_search_for_settings_takes_them(split: Split) -> None:
    scorers = [HousE(), QuatE()]
    search = kgwb.find_settings(split, scorers, passes=12, evaluate_on=20, fixed={"dim": 8, "batch": 50})
    assert {trial.scorer for trial in search} == set(scorers) and search.best_scorer in scorers
