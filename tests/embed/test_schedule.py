"""The learning rate over a run as the optimizer sees it, and when a run stops and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.optimizer import register_optimizer_step_pre_hook

from kgwb.embed import (
    DistMult,
    Epoch,
    GraphEmbedding,
    PathNetwork,
    estimate_cost,
    train_embedding,
    train_path_network,
)
from kgwb.embed.training.schedule import Best, Schedule
from kgwb.graph import KnowledgeGraph, Split

STEPS = 4  # per epoch of the training triples below
PEAK = [0.1, 0.5, 0.4, 0.3, 0.45, 0.2, 0.1, 0.1, 0.1, 0.1]  # best after the second epoch


@contextmanager
def _watch_rates() -> Iterator[list[float]]:
    rates: list[float] = []
    hook = register_optimizer_step_pre_hook(lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"]))
    try:
        yield rates
    finally:
        hook.remove()


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[float]], None]:
    """Evaluations that give these figures, one per epoch, whatever the embedding."""

    def say(figures: list[float]) -> None:
        plan = lambda embedding, split, **options: lambda number: {"MRR": figures[number - 1]}  # noqa: E731
        monkeypatch.setattr("kgwb.embed.training.loop.plan_evaluation", plan)

    return say


def _start(split: Split, **options: object) -> tuple[GraphEmbedding, Iterator[Epoch]]:
    embedding = GraphEmbedding(split.graph, DistMult(), dim=8)
    queries = len({(h, r) for h, r, _ in split.train.tolist()}) + len({(r, t) for _, r, t in split.train.tolist()})
    return embedding, train_embedding(embedding, split, batch=-(-queries // STEPS), **options)


def test_a_rate_cannot_fall_for_longer_than_the_run(split: Split) -> None:
    """As it would where a preset's epochs are changed and its cool_down is not."""
    said = r"cool_down=24 came with epochs=5, so the .* full height\. Type cool_down=2, or epochs=48\."
    with pytest.raises(ValueError, match=said):
        _start(split, epochs=5, cool_down=24)
    with pytest.raises(ValueError, match=said):
        estimate_cost(GraphEmbedding(split.graph, DistMult(), dim=8), split, epochs=5, cool_down=24)
    network = PathNetwork(split, dim=4, layers=1)
    with pytest.raises(ValueError, match=said):
        next(iter(train_path_network(network, split, epochs=5, cool_down=24)))
    assert len([*_start(split, epochs=5, cool_down=5)[1]]) == 5


def test_the_rate_is_full_without_a_schedule(split: Split) -> None:
    with _watch_rates() as rates:
        list(_start(split, epochs=2, learning_rate=0.3)[1])
    assert rates == [0.3] * 2 * STEPS


def test_the_optimizer_sees_the_rate_rise_and_fall(split: Split) -> None:
    with _watch_rates() as rates:
        list(_start(split, epochs=4, learning_rate=0.8, warm_up=1, cool_down=2)[1])
    assert rates == pytest.approx(
        [0.2, 0.4, 0.6, 0.8] + [0.8] * STEPS + [0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0], abs=1e-9
    )


def test_half_an_epoch_is_a_warm_up_too(split: Split) -> None:
    with _watch_rates() as rates:
        list(_start(split, epochs=1, learning_rate=1, warm_up=0.5)[1])
    assert rates == pytest.approx([0.5, 1, 1, 1])


@given(done=st.floats(0, 20), warm_up=st.floats(0, 10), cool_down=st.floats(0, 10), halvings=st.integers(0, 5))
def test_the_share_is_never_more_than_all_nor_less_than_nothing(
    done: float, warm_up: float, cool_down: float, halvings: int
) -> None:
    assert 0 <= Schedule(10, warm_up=warm_up, cool_down=cool_down).share(done, halvings=halvings) <= 0.5**halvings


def test_a_plateau_halves_the_rate_each_time(split: Split, figures: Callable) -> None:
    figures(PEAK)
    with _watch_rates() as rates:
        list(_start(split, epochs=8, learning_rate=0.8, plateau=2, evaluate_every=1)[1])
    by_epoch = rates[::STEPS]
    assert by_epoch == pytest.approx([0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.2, 0.2])  # best in 2; none in 3, 4; in 5, 6


def test_a_better_figure_ends_the_plateau() -> None:
    best, embedding = Best(), torch.nn.Linear(1, 1)
    for epoch, figure in enumerate([0.1, 0.05, 0.2, 0.1, 0.1, 0.3], start=1):
        best.note(figure, epoch, embedding, plateau=2)
    assert (best.figure, best.epoch, best.stale, best.halvings) == (0.3, 6, 0, 1)


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_stops_and_gives_back_the_best(split: Split, figures: Callable, patience: int) -> None:
    figures(PEAK)
    embedding, training = _start(split, epochs=10, patience=patience, evaluate_every=1)
    seen = [(epoch.number, embedding.entity_vectors()) for epoch in training]
    assert [number for number, _ in seen] == list(range(1, 2 + patience + 1))
    assert embedding.entity_vectors().equal(seen[1][1]) and not embedding.entity_vectors().equal(seen[-1][1])


def test_the_best_comes_back_after_break_too(split: Split, figures: Callable) -> None:
    figures(PEAK)
    embedding, training = _start(split, epochs=10, patience=5, evaluate_every=1)
    seen = []
    for epoch in training:
        seen.append(embedding.entity_vectors())
        if epoch.number == 4:
            break
    training.close()  # as leaving the loop does where nothing else refers to the generator
    assert embedding.entity_vectors().equal(seen[1])


def test_the_best_comes_back_when_the_epochs_run_out(split: Split, figures: Callable) -> None:
    figures(PEAK)
    embedding, training = _start(split, epochs=4, patience=5, evaluate_every=1)
    seen = [embedding.entity_vectors() for _ in training]
    assert len(seen) == 4 and embedding.entity_vectors().equal(seen[1])


def test_without_patience_the_last_stays(split: Split, figures: Callable) -> None:
    figures(PEAK)
    embedding, training = _start(split, epochs=4, evaluate_every=1)
    seen = [embedding.entity_vectors() for _ in training]
    assert embedding.entity_vectors().equal(seen[-1])


def test_a_tie_is_not_better_and_zero_is_better_than_nothing(split: Split, figures: Callable) -> None:
    figures([0.0, 0.0, 0.0, 0.0])
    embedding, training = _start(split, epochs=4, patience=2, evaluate_every=1)
    seen = [embedding.entity_vectors() for _ in training]
    assert len(seen) == 3 and embedding.entity_vectors().equal(seen[0])


def test_only_evaluations_count(split: Split) -> None:
    """Every third epoch is measured: nothing is better than what one evaluation gave, so patience takes six epochs."""
    embedding, training = _start(split, epochs=30, patience=1, evaluate_every=3, learning_rate=1e-30)
    assert [epoch.number for epoch in training] == [1, 2, 3, 4, 5, 6]
    assert not embedding.training


def test_inverses_are_given_back_too(split: Split, figures: Callable) -> None:
    figures(PEAK)
    embedding, training = _start(split, epochs=4, patience=5, evaluate_every=1, reciprocal=True)
    seen = [embedding.inverse_table.detach().clone() for _ in training]
    assert embedding.inverse_table.equal(seen[1])


@pytest.mark.parametrize("asked", ["patience", "plateau"])
def test_there_must_be_evaluations_to_go_by(graph: KnowledgeGraph, split: Split, asked: str) -> None:
    message = rf"{asked}=3 came without evaluations to go by\. Type evaluate_every=5, {asked}=3\."
    with pytest.raises(ValueError, match=message):
        train_embedding(GraphEmbedding(graph, DistMult(), dim=4), split, **{asked: 3})
    with pytest.raises(ValueError, match=rf"{asked}=-1 came\. It must be a whole number, at least 0; type {asked}=3\."):
        train_embedding(GraphEmbedding(graph, DistMult(), dim=4), split, evaluate_every=1, **{asked: -1})
