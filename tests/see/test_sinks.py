"""Other tools are told every epoch, and the epochs come out unchanged."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kgwb.embed import Epoch
from kgwb.see.epochs import log_to_tensorboard, log_to_wandb
from kgwb.see.training.view import show_training


def run_epochs(count: int, closed: list[bool] | None = None) -> Iterator[Epoch]:
    try:
        for i in range(1, count + 1):
            yield Epoch(i, 3 / i, 0.5, {"triples per second": 100.0, "MRR on 5 triples": i / 10})
    finally:
        if closed is not None:
            closed.append(True)


class Run:
    """Stands in for a run of Weights & Biases."""

    def __init__(self) -> None:
        self.logged: list[tuple[int, dict[str, float]]] = []
        self.finished = False

    def log(self, figures: dict[str, float], step: int) -> None:
        self.logged.append((step, figures))

    def finish(self) -> None:
        self.finished = True


def test_tensorboard_gets_every_figure(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard: pip install tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    passed = list(log_to_tensorboard(run_epochs(3), tmp_path / "first"))
    assert passed == list(run_epochs(3))
    events = EventAccumulator(str(tmp_path / "first")).Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "seconds", "triples per second", "MRR on 5 triples"}
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(1, 3.0), (2, 1.5), (3, 1.0)]


def test_tensorboard_leaves_no_folder_before_it_runs(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard: pip install tensorboard")
    log_to_tensorboard(run_epochs(3), tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_tensorboard_missing_says_what_to_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ImportError, match=r"log_to_tensorboard needs tensorboard, .*Type: pip install tensorboard$"):
        log_to_tensorboard(run_epochs(1), tmp_path)


def test_stopping_early_closes_the_training_and_the_log(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard: pip install tensorboard")
    closed: list[bool] = []
    for epoch in log_to_tensorboard(run_epochs(9, closed), tmp_path):
        if epoch.number == 2:
            break
    assert closed == [True] and any(tmp_path.iterdir())


def test_wandb_opens_a_run_offline_and_finishes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run, asked = Run(), {}
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **options: asked.update(options) or run))
    epochs = log_to_wandb(run_epochs(2), project="islands", name="first")
    assert asked == {}  # nothing before it runs
    assert list(epochs) == list(run_epochs(2))
    assert asked == {"project": "islands", "name": "first", "mode": "offline"} and run.finished
    assert [step for step, _ in run.logged] == [1, 2]
    assert run.logged[1][1] == {"loss": 1.5, "seconds": 0.5, "triples per second": 100.0, "MRR on 5 triples": 0.2}


def test_wandb_finishes_its_run_when_training_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run()
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **options: run))

    def broken() -> Iterator[Epoch]:
        yield Epoch(1, 1.0, 0.1)
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        list(log_to_wandb(broken()))
    assert run.finished and len(run.logged) == 1


def test_a_run_of_the_users_is_left_open() -> None:
    run, closed = Run(), []
    epochs = log_to_wandb(run_epochs(3, closed), run=run)
    next(epochs)
    epochs.close()
    assert len(run.logged) == 1 and not run.finished and closed == [True]


def test_wandb_missing_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ImportError, match=r"log_to_wandb needs wandb, .*Type: pip install wandb$"):
        log_to_wandb(run_epochs(1))


def test_steps_log_their_gate() -> None:
    run = Run()
    step: Any = SimpleNamespace(number=4, loss=1.0, seconds=0.1, gate=0.25)
    list(log_to_wandb([step], run=run))
    assert run.logged == [(4, {"loss": 1.0, "seconds": 0.1, "gate": 0.25})]


def test_sinks_and_the_picture_go_together() -> None:
    run = Run()
    view = show_training(log_to_wandb(run_epochs(4), run=run))
    assert len(view.frame) == len(run.logged) == 4
