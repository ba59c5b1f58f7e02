"""Every record of training is kept and told in words, and stopping keeps what there is."""

from __future__ import annotations

import math
import sys
import xml.etree.ElementTree as Tree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from epoch_records import Record, run_epochs

from kgwb.see.training import scene as training_scene
from kgwb.see.training import view as training
from kgwb.see.training.view import show_training


@dataclass(frozen=True)
class StepRecord:
    number: int
    loss: float
    seconds: float
    gate: float | None
    total: int


# --- what is kept -------------------------------------------------------------------------------------------------------


def test_every_epoch_is_kept() -> None:
    view = show_training(run_epochs(6))
    assert view.frame["loss"].tolist() == [3 / i for i in range(1, 7)]
    assert view.frame["MRR on 5 triples"].isna().tolist() == [True, False] * 3
    assert (view.frame["seconds"].diff().dropna() >= 0).all()
    assert view.selection["number"].tolist() == [6]
    assert "training: 6 epochs in" in view.caption and "loss 3 to 0.5" in view.caption


def test_steps_bring_their_total_and_gate() -> None:
    view = show_training(StepRecord(i, 2.0, 0.1 * i, 0.01 * i, 40) for i in range(1, 11))
    assert view.unit == "step" and view.total == 40
    assert view.frame["gate"].iloc[-1] == pytest.approx(0.1)
    assert view.progress.startswith("step 10 of 40")


def test_one_epoch_draws() -> None:
    Tree.fromstring(show_training([Record(1, 2.0)]).picture)


def test_time_left_is_shown_while_it_runs() -> None:
    view = training.TrainingView(("a",), 10, {"a": [Record(1, 1.0)]}, {"a": [2.0]}, running=True)
    assert view.progress == "epoch 1 of 10 · 2.0 s · 2.0 s/epoch · about 18 s left"


def test_speed_and_memory_are_shown_and_kept() -> None:
    view = show_training(run_epochs(4))
    assert "10,000 triples/s" in view.progress and " GiB" in view.progress
    assert (view.frame["memory in GiB"] > 0.01).all()
    shown = show_training([Record(1, 1.0, metrics={"memory in GiB": 7.04})])
    assert shown.frame["memory in GiB"].tolist() == [7.04] and "7.0 GiB" in shown.progress


def test_memory_is_left_out_where_it_cannot_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert training_scene.measure_memory() == {}
    assert "GiB" not in show_training(run_epochs(2)).progress


def test_memory_of_the_graphics_card_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_initialized", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.memory_reserved", lambda device: 2**30 * (device + 1))
    assert training_scene.measure_memory()["GPU memory in GiB"] == 3.0
    assert "GPU 3.0 GiB" in show_training(run_epochs(2)).progress


# --- stopping -----------------------------------------------------------------------------------------------------------


def test_stopping_keeps_the_picture_and_says_so() -> None:
    view = show_training(run_epochs(9, stop=4), total=9)
    assert view.stopped and len(view.frame) == 3
    assert "Stopped by hand after epoch 3 of training; what it learnt is kept" in view.caption
    assert "Stopped by hand" in " ".join(Tree.fromstring(view.picture).itertext())


def test_stopping_before_anything_came_stops() -> None:
    with pytest.raises(KeyboardInterrupt):
        show_training(run_epochs(3, stop=1))


def test_runs_after_the_stop_are_named() -> None:
    view = show_training({"one": run_epochs(4, stop=3), "two": run_epochs(4)})
    assert "Not run: two" in view.caption and view.frame["run"].unique().tolist() == ["one"]


def test_an_error_of_the_training_is_not_swallowed() -> None:
    def broken() -> Iterator[Record]:
        yield Record(1, 1.0)
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        show_training(broken())


# --- what is said -------------------------------------------------------------------------------------------------------


def test_many_runs_are_summed_up_in_the_caption() -> None:
    records = [Record(1, 2.0), Record(2, math.inf), Record(3, 1.0, metrics={"MRR": math.nan})]
    view = show_training({**{f"run {i}": run_epochs(4) for i in range(3)}, "odd": records})
    assert view.caption.startswith(
        "4 runs of 3 to 4 epochs each, 0.0 s in all. odd: the loss is NaN or infinite at 1 epoch"
    )
    assert "odd: MRR is missing 1 of 1 times" in view.caption


def test_a_loss_that_is_no_number_is_said_and_drawn_around() -> None:
    view = show_training(Record(i, math.nan if i > 2 else 1.0) for i in range(1, 5))
    assert "the loss is NaN or infinite from epoch 3 on" in view.caption
    assert "missing: no number" in view.picture
    assert 'd="Mnan' not in view.picture and "Lnan" not in view.picture


def test_an_interval_is_a_band_and_said_in_words() -> None:
    figures = {"MRR on 5 triples": 0.4, "MRR on 5 triples, low": 0.31, "MRR on 5 triples, high": 0.52}
    view = show_training(Record(i, 1 / i, metrics=figures if i > 1 else {}) for i in range(1, 4))
    assert "MRR on 5 triples 0.400 (0.310 to 0.520)" in view.caption and "95 % interval" in view.caption
    assert 'opacity=".13"' in view.picture and ", low" not in view.picture
    assert "interval" not in show_training(run_epochs(4)).caption


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    name = "</svg><script>window.hit=1</script>"
    metrics = {"<img src=x onerror=window.hit=1>": 1.0}
    view = show_training({name: [Record(1, 1.0, metrics=metrics)], "b": [Record(1, 1.0)]})
    tags = {element.tag.partition("}")[2] for element in Tree.fromstring(view.picture).iter()}
    assert not tags & {"script", "img"}
    page = view.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert name not in page and next(iter(metrics)) not in page


# --- errors -------------------------------------------------------------------------------------------------------------


def test_an_empty_generator_says_what_to_type() -> None:
    with pytest.raises(
        ValueError, match=r"'training' gave no epoch: .*used up already.*show_training\(train_embedding\("
    ):
        show_training(iter(()))


def test_a_film_follows_one_run() -> None:
    with pytest.raises(
        ValueError, match=r"film= follows one run, and 2 came: a, b\. Type record_film\(vectors, epochs\)"
    ):
        show_training({"a": run_epochs(1), "b": run_epochs(1)}, film=object())
