"""Watching training: every record is kept, the picture is drawn while it runs, stopping keeps what there is."""

from __future__ import annotations

import math
import xml.etree.ElementTree as Tree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kgwb.see import training
from kgwb.see.training import show_training


@dataclass(frozen=True)
class Record:
    number: int
    loss: float
    seconds: float = 0.1
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StepRecord:
    number: int
    loss: float
    seconds: float
    gate: float | None
    total: int


def run_epochs(count: int, stop: int | None = None) -> Iterator[Record]:
    for i in range(1, count + 1):
        if i == stop:
            raise KeyboardInterrupt
        metrics = {"triples per second": 1e4} | ({"MRR on 5 triples": i / count} if i % 2 == 0 else {})
        yield Record(i, 3 / i, metrics=metrics)


def test_every_epoch_is_kept() -> None:
    view = show_training(run_epochs(6))
    assert view.frame["loss"].tolist() == [3 / i for i in range(1, 7)]
    assert view.frame["MRR on 5 triples"].isna().tolist() == [True, False] * 3
    assert (view.frame["seconds"].diff().dropna() >= 0).all()
    assert view.selection["number"].tolist() == [6]
    assert "training: 6 epochs in" in view.caption and "loss 3 to 0.5" in view.caption


def test_metrics_have_their_own_axis_and_speed_none() -> None:
    text = " ".join(Tree.fromstring(show_training(run_epochs(6)).picture).itertext())
    assert "loss (nats)" in text and "MRR on 5 triples" in text and "triples per second" not in text
    alone = show_training(Record(i, 1 / i) for i in range(1, 4)).picture
    assert "MRR" not in alone


def test_steps_bring_their_total_and_gate() -> None:
    view = show_training(StepRecord(i, 2.0, 0.1 * i, 0.01 * i, 40) for i in range(1, 11))
    assert view.unit == "step" and view.total == 40
    assert view.frame["gate"].iloc[-1] == pytest.approx(0.1)
    assert view.progress.startswith("step 10 of 40")


def test_stopping_keeps_the_picture_and_says_so() -> None:
    view = show_training(run_epochs(9, stop=4), total=9)
    assert view.stopped and len(view.frame) == 3
    assert "Stopped by hand after epoch 3 of training; what it learnt is kept" in view.caption
    assert "Stopped by hand" in " ".join(Tree.fromstring(view.picture).itertext())


def test_stopping_before_anything_came_stops() -> None:
    with pytest.raises(KeyboardInterrupt):
        show_training(run_epochs(3, stop=1))


def test_an_error_of_the_training_is_not_swallowed() -> None:
    def broken() -> Iterator[Record]:
        yield Record(1, 1.0)
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        show_training(broken())


def test_several_runs_and_their_controls() -> None:
    view = show_training({"plain": run_epochs(4), "entity": run_epochs(4), "entity/shuffled": run_epochs(4, stop=3)})
    assert view.frame.groupby("run").size().to_dict() == {"plain": 4, "entity": 4, "entity/shuffled": 2}
    assert "stroke-dasharray" in view.picture and "entity/shuffled" in view.picture


def test_runs_after_the_stop_are_named() -> None:
    view = show_training({"one": run_epochs(4, stop=3), "two": run_epochs(4)})
    assert "Not run: two" in view.caption and view.frame["run"].unique().tolist() == ["one"]


def test_a_loss_that_is_no_number_is_said_and_drawn_around() -> None:
    view = show_training(Record(i, math.nan if i > 2 else 1.0) for i in range(1, 5))
    assert "the loss is no number from epoch 3 on" in view.caption
    assert 'd="Mnan' not in view.picture and "Lnan" not in view.picture


def test_one_epoch_draws() -> None:
    Tree.fromstring(show_training([Record(1, 2.0)]).picture)


def test_many_steps_stay_a_small_picture_of_stated_means() -> None:
    view = show_training(Record(i, 1 / i) for i in range(1, 20_001))
    assert len(view.frame) == 20_000 and len(view.picture) < 30_000
    assert "means of 50 epochs" in view.picture


def test_time_left_is_told_while_it_runs() -> None:
    view = training.TrainingView(("a",), 10, {"a": [Record(1, 1.0)]}, {"a": [2.0]}, running=True)
    assert view.progress == "epoch 1 of 10 · 2.0 s · 2.0 s/epoch · about 18 s left"


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    name = "</svg><script>window.hit=1</script>"
    metrics = {"<img src=x onerror=window.hit=1>": 1.0}
    view = show_training({name: [Record(1, 1.0, metrics=metrics)], "b": [Record(1, 1.0)]})
    tags = {element.tag.partition("}")[2] for element in Tree.fromstring(view.picture).iter()}
    assert not tags & {"script", "img"}
    page = view.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page and "<img" not in page


def test_an_empty_generator_says_what_to_type() -> None:
    with pytest.raises(
        ValueError, match=r"'training' gave no epoch: .*used up already.*show_training\(train_embedding\("
    ):
        show_training(iter(()))


def test_in_a_notebook_one_output_is_drawn_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []

    class Handle:
        def update(self, bundle: Any, raw: bool) -> None:
            drawn.append(bundle)

    def display(bundle: Any, raw: bool = False, display_id: bool = False) -> Handle:
        drawn.append(bundle)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(training, "in_notebook", lambda: True)
    monkeypatch.setattr(training, "current_cell", lambda: 7)
    monkeypatch.setattr(training, "_REDRAW", 0.0)
    view = show_training(run_epochs(3))
    assert len(drawn) == 4 and set(drawn[-1]) == {"text/plain", "image/svg+xml"}
    view._ipython_display_()
    assert len(drawn) == 4  # the cell that ran it shows it already
    monkeypatch.setattr(training, "current_cell", lambda: 8)
    view._ipython_display_()
    assert len(drawn) == 5
