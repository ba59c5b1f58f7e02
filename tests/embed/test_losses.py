"""The losses, and their gradients written by hand, against what torch derives and what plain numbers say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, logsigmoid

from kgwb.embed import Scorer
from kgwb.embed.scorers.measure import DISTANCE, PRODUCT, SQUARED_DISTANCE, Measure
from kgwb.embed.training.losses import LOSSES, compared_loss, make_loss, softmax_loss
from kgwb.embed.training.objective import penalise_sizes
from kgwb.embed.training.softmax import sampled_softmax, shared_softmax
from kgwb.embed.training.workspace import PIECE, Workspace, choose_memory

ROWS = torch.tensor([0, 0, 1, 2, 2, 2])
ANSWERS = torch.tensor([3, 5, 5, 0, 1, 9])
ONE_ROW = 50 / 2**30  # GiB; room for one question's scores


def _tables() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    query, table = torch.randn(3, 4, generator=generator), torch.randn(10, 4, generator=generator)
    return query.requires_grad_(), table.requires_grad_()


def _trained_by(measure: Measure) -> Measure:
    return SQUARED_DISTANCE if measure is DISTANCE else measure


@pytest.fixture
def matmul_measure(scorer: Scorer) -> Measure:
    if scorer.measure.matmul is None:
        pytest.skip("this measure takes more than a matmul: the general loss serves it")
    return scorer.measure


@pytest.mark.parametrize("memory", [1.0, ONE_ROW], ids=["one block", "a row at a time"])
@pytest.mark.parametrize(("precision", "near"), [(torch.float32, 1e-5), (torch.bfloat16, 0.1)], ids=str)
def test_shared_softmax_equals_one_softmax_per_triple(
    matmul_measure: Measure, memory: float, precision: torch.dtype, near: float
) -> None:
    query, table = _tables()
    logits = _trained_by(matmul_measure).compare(query, table)
    expected = cross_entropy(logits[ROWS], ANSWERS, reduction="sum")
    right = torch.autograd.grad(expected, [query, table])
    gradient = torch.ones_like(table)
    workspace = Workspace(memory, precision, weight=3.0)
    loss = shared_softmax(
        query, table.detach(), ROWS, ANSWERS, measure=matmul_measure, gradient=gradient, workspace=workspace
    )
    torch.testing.assert_close(loss, expected, rtol=near, atol=near)
    (loss * workspace.weight).backward()
    torch.testing.assert_close(query.grad, 3 * right[0], rtol=near, atol=6 * near)
    torch.testing.assert_close(gradient, 3 * right[1], rtol=near, atol=6 * near)  # written over what was there


@pytest.mark.parametrize("memory", [1.0, ONE_ROW], ids=["one block", "a row at a time"])
@pytest.mark.parametrize(("precision", "near"), [(torch.float32, 1e-5), (torch.bfloat16, 0.1)], ids=str)
@pytest.mark.parametrize("drawn", [torch.tensor([9, 2, 3, 7]), torch.arange(10), torch.tensor([3, 5])], ids=str)
def test_sampled_softmax_is_what_the_general_loss_says(
    matmul_measure: Measure, drawn: torch.Tensor, memory: float, precision: torch.dtype, near: float
) -> None:
    query, table = _tables()
    expected, right = _compare(query, table, _trained_by(matmul_measure), softmax_loss, drawn, 1.0)
    expected.backward()
    expected_gradient, query.grad = query.grad, None
    gradient = torch.ones_like(table)
    options = {"drawn": drawn, "measure": matmul_measure, "gradient": gradient}
    workspace = Workspace(memory, precision, weight=3.0)
    loss = sampled_softmax(query, table.detach(), ROWS, ANSWERS, **options, workspace=workspace)
    torch.testing.assert_close(loss, expected, rtol=near, atol=near)
    (loss * workspace.weight).backward()
    torch.testing.assert_close(query.grad, 3 * expected_gradient, rtol=near, atol=6 * near)
    torch.testing.assert_close(gradient, 1 + 3 * right, rtol=near, atol=6 * near)


def _by_hand(name: str, gold: float, others: np.ndarray, margin: float, temperature: float) -> float:
    log_sigmoid = lambda x: logsigmoid(torch.tensor(x)).numpy()  # noqa: E731
    if name == "softmax":
        return float(np.log(np.exp(gold) + np.exp(others).sum()) - gold)
    if name == "self-adversarial":
        weights = np.exp(temperature * others) / np.exp(temperature * others).sum()
        return float(-log_sigmoid(margin + gold) - (weights * log_sigmoid(-others - margin)).sum())
    if name == "margin":
        return float(np.maximum(0, margin - gold + others).mean())
    return float(-log_sigmoid(gold) - log_sigmoid(-others).mean())


@pytest.mark.parametrize("drawn", [None, torch.tensor([9, 2, 3, 7])], ids=["all", "drawn"])
@pytest.mark.parametrize("memory", [1.0, ONE_ROW], ids=["one block", "a row at a time"])
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_its_formula(scorer: Scorer, name: str, drawn: torch.Tensor | None, memory: float) -> None:
    query, table = _tables()
    scores = scorer.measure.compare(query, table).detach().double().numpy()
    candidates = range(10) if drawn is None else drawn.tolist()
    expected = 0.0
    for row, answer in zip(ROWS.tolist(), ANSWERS.tolist(), strict=True):
        others = [e for e in candidates if e not in ANSWERS[row == ROWS].tolist()]
        expected += _by_hand(name, scores[row, answer], scores[row, others], 1.5, 0.7)
    loss = _compare(query, table, scorer.measure, make_loss(name, margin=1.5, temperature=0.7), drawn, memory)[0]
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def _compare(
    query: torch.Tensor,
    table: torch.Tensor,
    measure: Measure,
    loss: Callable,
    drawn: torch.Tensor | None,
    memory: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    gradient = torch.zeros_like(table)
    options = {"drawn": drawn, "loss": loss, "measure": measure, "gradient": gradient}
    workspace = Workspace(memory, query.dtype)
    return compared_loss(query, table.detach(), ROWS, ANSWERS, **options, workspace=workspace), gradient


@pytest.mark.parametrize("drawn", [None, torch.tensor([9, 2, 3, 7])], ids=["all", "drawn"])
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_of_every_loss_are_its_differences(scorer: Scorer, name: str, drawn: torch.Tensor | None) -> None:
    query, table = (part.detach().double().requires_grad_() for part in _tables())
    loss = make_loss(name, margin=1.5, temperature=0.0)  # no weights that hang on scores without a gradient
    value, gradient = _compare(query, table, scorer.measure, loss, drawn, 1.0)
    value.backward()
    for tensor, gradients in ((query, query.grad), (table, gradient)):
        for place in ((0, 1), (2, 3)):
            moved = []
            for step in (1e-5, -1e-5):
                other = tensor.detach().clone()
                other[place] += step
                pair = (other, table) if tensor is query else (query, other)
                moved.append(_compare(*pair, scorer.measure, loss, drawn, 1.0)[0].item())
            assert gradients[place].item() == pytest.approx((moved[0] - moved[1]) / 2e-5, abs=2e-3)


def test_a_question_without_negatives_left_gives_no_nan(scorer: Scorer) -> None:
    for name in LOSSES:
        query, table = _tables()
        gradient, workspace = torch.zeros_like(table), Workspace(1.0, torch.float32)
        options = {"loss": make_loss(name, margin=1, temperature=1), "measure": scorer.measure, "gradient": gradient}
        drawn = torch.tensor([3, 5])
        loss = compared_loss(
            query[:1], table.detach(), ROWS[:2], ANSWERS[:2], drawn=drawn, **options, workspace=workspace
        )
        loss.backward()
        assert loss.isfinite() and query.grad.isfinite().all() and gradient.isfinite().all()


def test_the_softmax_of_one_answer_alone_costs_nothing() -> None:
    nothing = torch.full((1, 2), -1e9)
    assert softmax_loss(torch.tensor([0.3]), nothing, torch.tensor([0])).item() == pytest.approx(0.0)


def test_memory_is_what_was_asked_for_or_a_share_of_what_is_free() -> None:
    assert choose_memory(0.25, torch.device("cpu")) == 0.25
    assert 1 / 16 <= choose_memory("auto", torch.device("cpu")) <= 2


def test_the_block_keeps_to_its_memory() -> None:
    workspace = Workspace(1000 * 4 / 2**30, torch.float32)
    assert (workspace.height(100, 50), workspace.height(2000, 50), workspace.height(10, 50)) == (10, 1, 50)
    assert workspace.halved().height(100, 50) == 5


def test_the_penalty_of_sizes_is_the_sum_of_cubes_and_squares() -> None:
    generator = torch.Generator().manual_seed(0)
    sizes, weight = (
        torch.rand(5, 3, generator=generator, dtype=torch.float64),
        torch.rand(5, generator=generator).double(),
    )
    for cubes, squares in ((0.5, 0.0), (0.0, 0.25), (0.5, 0.25)):
        right = (weight[:, None] * (cubes * sizes**3 + squares * sizes**2)).sum()
        torch.testing.assert_close(penalise_sizes(sizes, weight, cubes=cubes, squares=squares), right)
        leaf = sizes.clone().requires_grad_()
        torch.autograd.gradcheck(partial(penalise_sizes, weight=weight, cubes=cubes, squares=squares), (leaf,))


@pytest.mark.parametrize("wide", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("columns", [4, 6])
def test_a_product_is_written_and_then_added(wide: torch.dtype, columns: int) -> None:
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(5000, 3, generator=generator), torch.randn(3, columns, generator=generator)  # two pieces
    total, workspace = torch.ones(5000, 4, dtype=wide), Workspace(1, torch.float32)
    for add, times in ((False, 1), (True, 2), (True, 3)):
        found = workspace.put_product(total, left, right, add=add)
        torch.testing.assert_close(total, times * (left @ right)[:, :4].to(wide), rtol=1e-5, atol=1e-5)
    if columns > 4:
        torch.testing.assert_close(found, left @ right)


@pytest.mark.parametrize("measure", [PRODUCT, DISTANCE], ids=["product", "distance"])
@pytest.mark.parametrize("entities", [1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 809])
@pytest.mark.parametrize("memory", [1.0, 2e-5], ids=["one block", "several"])
def test_the_shared_softmax_over_more_candidates_than_a_piece_holds(
    measure: Measure, entities: int, memory: float
) -> None:
    generator = torch.Generator().manual_seed(entities)
    query, table = (torch.randn(n, 6, generator=generator, dtype=torch.float64) for n in (7, entities))
    rows, answers = torch.arange(7), torch.randint(entities, (7,), generator=generator)
    query, table = query.requires_grad_(), table.requires_grad_()
    expected = cross_entropy(_trained_by(measure).compare(query, table), answers, reduction="sum")
    right = torch.autograd.grad(expected, [query, table])
    gradient = torch.full_like(table, torch.nan).detach()
    options = {"measure": measure, "gradient": gradient, "workspace": Workspace(memory, torch.float64)}
    loss = shared_softmax(query, table.detach(), rows, answers, **options)
    loss.backward()
    for found, wanted in ((loss, expected), (query.grad, right[0]), (gradient, right[1])):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)  # chances are read as float32
