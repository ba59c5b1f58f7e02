"""Watching training: every record is kept, the picture is drawn while it runs, stopping keeps what there is."""

from __future__ import annotations

import base64
import math
import re
import sys
import xml.etree.ElementTree as Tree
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from kgwb.see import live
from kgwb.see import output as see_output
from kgwb.see import view as see_view
from kgwb.see.palette import TYPE_COLOURS
from kgwb.see.panels import spread_labels
from kgwb.see.training import scene as training_scene
from kgwb.see.training import view as training
from kgwb.see.training.view import show_training


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
    assert "loss on the training data" in text and "MRR on 5 triples" in text and "triples per second" not in text
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


def read_texts(picture: str) -> list[tuple[str, float]]:
    """Every text of a picture, and how far down it stands."""
    found = [each for each in Tree.fromstring(picture).iter() if each.tag.endswith("}text")]
    return [("".join(each.itertext()), float(each.get("y", 0))) for each in found]


def test_every_line_is_named_where_it_ends_and_no_label_covers_another() -> None:
    names = [f"run {i}" for i in range(8)]
    picture = show_training({name: run_epochs(4) for name in names}).picture
    for value in ("0.750", "1.00"):  # the last loss, and the last MRR
        heights = sorted(y for text, y in read_texts(picture) if text.startswith(f"{value} run"))
        assert len(heights) == 8
        assert min(b - a for a, b in pairwise(heights)) >= 12.9


def test_many_runs_are_all_named_and_what_they_share_is_said() -> None:
    view = show_training({f"run {i}": run_epochs(4) for i in range(30)})
    texts = [text for text, _ in read_texts(view.picture)]
    assert sum(text.startswith("0.750 run") for text in texts) == 30
    assert "30 runs share 9 colours" in view.caption and "only the first" not in view.caption
    many = show_training({f"run {i}": run_epochs(1) for i in range(61)})
    assert "Beside the panels only the first 60 of 61 are named" in many.caption
    assert sum(text.startswith("3.00 run") for text, _ in read_texts(many.picture)) == 60
    assert "share" not in show_training({"a": run_epochs(1), "a/shuffled": run_epochs(1)}).caption


@given(st.lists(st.floats(-50, 250), min_size=1, max_size=12), st.sampled_from([5.0, 13.0]))
def test_labels_are_pushed_apart_as_little_as_can_be(wanted: list[float], gap: float) -> None:
    places = spread_labels(wanted, gap, 0.0, 200.0)
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(wanted))
    ceiling = 200.0 - steps[-1]
    fit = IsotonicRegression(y_min=0.0, y_max=ceiling).fit_transform(steps, np.array(wanted)[order] - steps)
    np.testing.assert_allclose(np.array(places)[order], fit + steps, atol=1e-3)


def test_seeds_are_thin_and_their_mean_has_a_band() -> None:
    losses = np.random.default_rng(0).uniform(1, 2, (3, 5))
    runs = [[Record(i + 1, loss) for i, loss in enumerate(seed)] for seed in losses.tolist()]
    view = show_training({"entity": runs, "entity/shuffled": run_epochs(5)})
    assert view.runs == ("entity/seed 0", "entity/seed 1", "entity/seed 2", "entity/shuffled")
    lines = [line for line in view.scene.lines if line.figure == "loss"]
    assert [(line.name, line.kind) for line in lines] == [
        ("entity", "seed"),
        ("entity", "seed"),
        ("entity", "seed"),
        ("entity", "mean"),
        ("entity/shuffled", "run"),
    ]
    mean, spread = losses.mean(axis=0), losses.std(axis=0, ddof=1)
    np.testing.assert_allclose(lines[3].rows, np.stack([np.arange(1, 6), mean, mean - spread, mean + spread], axis=1))
    assert view.picture.count('stroke-width="0.75"') >= 3 and 'opacity=".13"' in view.picture
    assert (
        "Thin lines are single seeds; the thick one is the mean of 3, its band one standard deviation" in view.caption
    )
    assert [text for text, _ in read_texts(view.picture)].count(f"{mean[-1]:#.3g} entity") == 1
    assert set(view.frame["run"]) == set(view.runs)


def test_runs_named_by_their_seed_are_seeds_and_one_alone_is_a_run() -> None:
    view = show_training({"a/seed 7": run_epochs(2), "a/seed 9": run_epochs(3), "b/seed 0": run_epochs(2)})
    losses = [line for line in view.scene.lines if line.figure == "loss"]
    assert [(line.name, line.kind) for line in losses] == [("a", "seed"), ("a", "seed"), ("a", "mean"), ("b", "run")]
    assert losses[2].rows[:, 0].tolist() == [1, 2]  # where every seed came
    assert [line.colour for line in losses] == ["", "", "", TYPE_COLOURS[0]]
    assert not any(line.dashed for line in losses)


def test_floors_are_drawn_with_their_reason() -> None:
    view = show_training(run_epochs(3), floor={"uniform: ln 240": math.log(240)})
    assert "uniform: ln 240 = 5.48" in [text for text, _ in read_texts(view.picture)]
    assert view.state["panels"][0]["floors"] == [["uniform: ln 240", math.log(240)]]
    assert "floor = 0.690" in [text for text, _ in read_texts(show_training(run_epochs(3), floor=0.69).picture)]


@pytest.mark.parametrize("floor", [math.nan, {"low": 1, "high": math.inf}])
def test_a_floor_that_is_no_number_is_refused(floor: Any) -> None:
    with pytest.raises(ValueError, match=r"floor=.* came\. .*type floor=5\.48"):
        show_training(run_epochs(3), floor=floor)


def test_many_runs_are_summed_up_in_the_caption() -> None:
    records = [Record(1, 2.0), Record(2, math.inf), Record(3, 1.0, metrics={"MRR": math.nan})]
    view = show_training({**{f"run {i}": run_epochs(4) for i in range(3)}, "odd": records})
    assert view.caption.startswith(
        "4 runs of 3 to 4 epochs each, 0.0 s in all. odd: the loss is NaN or infinite at 1 epoch"
    )
    assert "odd: MRR is missing 1 of 1 times" in view.caption


def test_each_figure_has_its_own_panel_and_rows_are_full() -> None:
    figures = dict.fromkeys(("MRR", "Hits@1", "Hits@10"), 0.5)
    view = show_training(Record(i, 1 / i, metrics=figures) for i in range(1, 4))
    assert [panel["title"] for panel in view.state["panels"]] == ["loss on the training data", *figures]
    assert view.title == "Loss, MRR and 2 more figures of training over 3 epochs"
    rules = re.findall(r'd="M([\d.]+) [\d.]+H([\d.]+)" class="line-muted"', view.picture)
    widths = [float(right) - float(left) for left, right in rules]
    assert widths[0] > 2.5 * widths[1]  # the first row holds one panel, as wide as the other three


def test_the_script_is_sent_what_the_picture_shows() -> None:
    view = show_training({"a": run_epochs(6), "b": run_epochs(5)})
    panels = view.state["panels"]
    assert [line["name"] for line in panels[0]["lines"]] == ["a", "b"]
    rows = np.frombuffer(panels[0]["lines"][1]["rows"]["view"], np.float32).reshape(-1, 4)
    np.testing.assert_allclose(rows[:, 1], [3 / i for i in range(1, 6)], rtol=1e-6)
    assert not view.state["running"] and view.state["unit"] == "epoch"


def test_runs_after_the_stop_are_named() -> None:
    view = show_training({"one": run_epochs(4, stop=3), "two": run_epochs(4)})
    assert "Not run: two" in view.caption and view.frame["run"].unique().tolist() == ["one"]


def test_a_loss_that_is_no_number_is_said_and_drawn_around() -> None:
    view = show_training(Record(i, math.nan if i > 2 else 1.0) for i in range(1, 5))
    assert "the loss is NaN or infinite from epoch 3 on" in view.caption
    assert "missing: no number" in view.picture
    assert 'd="Mnan' not in view.picture and "Lnan" not in view.picture


def test_one_epoch_draws() -> None:
    Tree.fromstring(show_training([Record(1, 2.0)]).picture)


def test_many_steps_stay_a_small_picture_of_stated_means() -> None:
    view = show_training(Record(i, 1 / i) for i in range(1, 20_001))
    assert len(view.frame) == 20_000 and len(view.picture) < 30_000
    assert "means of 50 epochs" in view.picture


def test_time_left_is_shown_while_it_runs() -> None:
    view = training.TrainingView(("a",), 10, {"a": [Record(1, 1.0)]}, {"a": [2.0]}, running=True)
    assert view.progress == "epoch 1 of 10 · 2.0 s · 2.0 s/epoch · about 18 s left"


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    name = "</svg><script>window.hit=1</script>"
    metrics = {"<img src=x onerror=window.hit=1>": 1.0}
    view = show_training({name: [Record(1, 1.0, metrics=metrics)], "b": [Record(1, 1.0)]})
    tags = {element.tag.partition("}")[2] for element in Tree.fromstring(view.picture).iter()}
    assert not tags & {"script", "img"}
    page = view.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert name not in page and next(iter(metrics)) not in page


def test_an_empty_generator_says_what_to_type() -> None:
    with pytest.raises(
        ValueError, match=r"'training' gave no epoch: .*used up already.*show_training\(train_embedding\("
    ):
        show_training(iter(()))


def test_an_interval_is_a_band_and_said_in_words() -> None:
    figures = {"MRR on 5 triples": 0.4, "MRR on 5 triples, low": 0.31, "MRR on 5 triples, high": 0.52}
    view = show_training(Record(i, 1 / i, metrics=figures if i > 1 else {}) for i in range(1, 4))
    assert "MRR on 5 triples 0.400 (0.310 to 0.520)" in view.caption and "95 % interval" in view.caption
    assert 'opacity=".13"' in view.picture and ", low" not in view.picture
    assert "interval" not in show_training(run_epochs(4)).caption


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


def test_a_film_follows_one_run() -> None:
    with pytest.raises(
        ValueError, match=r"film= follows one run, and 2 came: a, b\. Type record_film\(vectors, epochs\)"
    ):
        show_training({"a": run_epochs(1), "b": run_epochs(1)}, film=object())


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """As if in a notebook; gives what is displayed there."""
    drawn: list[Any] = []

    class Handle:
        def update(self, bundle: Any, raw: bool) -> None:
            drawn.append(bundle)

    def display(bundle: Any, raw: bool = False, display_id: bool = False) -> Handle:
        drawn.append(bundle)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(see_output, "in_notebook", lambda: True)
    monkeypatch.setattr(training, "current_cell", lambda: 7)
    monkeypatch.setattr(live, "in_notebook", lambda: True)
    monkeypatch.setattr(live, "mounts_views", lambda: True)
    monkeypatch.setattr(see_output, "mounts_views", lambda: True)
    monkeypatch.setattr(see_output, "REDRAW", 0.0)
    return drawn


@pytest.fixture
def elsewhere(notebook: list[Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """As if in a notebook that makes a widget's model only where its output is."""
    monkeypatch.setattr(live, "mounts_views", lambda: False)
    monkeypatch.setattr(see_output, "mounts_views", lambda: False)
    monkeypatch.setattr(see_view, "in_notebook", lambda: True)
    return notebook


def test_the_button_ends_the_run_after_its_epoch(notebook: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    views, closed, said, sent = [], [], [], []
    monkeypatch.setattr(see_output, "answer_at_once", said.append)

    def click_at_three() -> Iterator[Record]:
        try:
            for record in run_epochs(9):
                if record.number == 3:
                    widget = said[0]
                    widget.send = lambda message, _buffers: sent.append(message)
                    widget._handle_custom_msg({"kgwb": "opened"}, [])
                    assert sent == [{"asked": None, "kgwb": "answered"}]
                    widget._handle_custom_msg({"kgwb": "stop"}, [])
                yield record
        finally:
            closed.append(True)

    views.append(show_training(click_at_three()))
    assert views[0].stopped and len(views[0].frame) == 3 and closed == [True]
    state = said[0].state
    assert not state["running"] and "epoch 3" in state["progress"] and "Stopped by hand" in state["caption"]


def test_the_picture_moves_by_its_state_alone(notebook: list[Any]) -> None:
    seen = []

    def watched() -> Iterator[Record]:
        for record in run_epochs(4):
            yield record
            seen.append((len(notebook), len(view_of[0].widget.state["panels"][0]["lines"])))

    view_of: list[Any] = []
    made = training.TrainingView.__init__

    def keep(self: Any, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        view_of.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.TrainingView, "__init__", keep)
        show_training(watched())
    assert [count for count, _ in seen] == [1] * 4  # the output itself is written at the start and at the end
    assert seen[-1][1] == 1
    assert len(notebook) == 2


def test_what_is_saved_is_a_still_picture_at_its_end(notebook: list[Any]) -> None:
    view = show_training(run_epochs(3))
    assert [set(bundle) for bundle in notebook] == [{"text/plain", "text/html"}] * 2
    still = notebook[-1]["text/html"]
    assert f"kgwb-still-{view.widget.mark}" in still and notebook[0]["text/html"] != still
    packed = re.search(r"base64,([^\"]+)", still)[1]  # type: ignore[index]
    assert base64.b64decode(packed).decode() == view.picture


def test_elsewhere_the_widget_goes_and_the_picture_stays(elsewhere: list[Any]) -> None:
    view = show_training(run_epochs(3))
    assert set(elsewhere[0]) == {"application/vnd.jupyter.widget-view+json", "text/plain", "image/svg+xml"}
    assert len(elsewhere) == 2 and elsewhere[-1] == {"text/plain": repr(view), "image/svg+xml": view.picture}


def test_the_button_goes_when_training_fails(notebook: list[Any], elsewhere: list[Any]) -> None:
    with pytest.raises(ValueError, match="gave no epoch"):
        show_training(iter(()))
    assert set(elsewhere[-1]) == {"text/plain", "image/svg+xml"}


@pytest.mark.parametrize("message", [{"kgwb": "else"}, {}, {"kgwb": "opened"}])
def test_a_message_that_is_not_ours_or_too_late_does_nothing(message: dict[str, str]) -> None:
    view = training.TrainingView(("a",))
    assert view.answer(message) is None and not view.stop_asked


def test_the_widget_answers_in_the_thread_that_it_is_asked_in(notebook: list[Any]) -> None:
    view = training.TrainingView(("a",))
    see_output.LiveOutput(view).open()
    assert view.widget.comm._reply_subshell_for is None
    view.widget.close()


def test_without_widgets_one_output_is_drawn_again_and_again(
    notebook: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    view = show_training(run_epochs(3))
    assert len(notebook) == 5 and all(set(bundle) == {"text/plain", "image/svg+xml"} for bundle in notebook)
    view._ipython_display_()
    assert len(notebook) == 5  # the cell that ran it shows it already
    monkeypatch.setattr(training, "current_cell", lambda: 8)
    view._ipython_display_()
    assert len(notebook) == 6
