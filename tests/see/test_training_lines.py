"""The picture of training: a panel for each figure, every line named where it ends, seeds with their mean, floors."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as Tree
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from epoch_records import Record, run_epochs
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from kgwb.learn import Agreement, Step
from kgwb.see.palette import TYPE_COLOURS
from kgwb.see.panels import spread_labels
from kgwb.see.training.view import show_training


def read_texts(picture: str) -> list[tuple[str, float]]:
    """Every text of a picture, and how far down it stands."""
    found = [each for each in Tree.fromstring(picture).iter() if each.tag.endswith("}text")]
    return [("".join(each.itertext()), float(each.get("y", 0))) for each in found]


# --- panels -------------------------------------------------------------------------------------------------------------


def test_metrics_have_their_own_axis_and_speed_none() -> None:
    text = " ".join(Tree.fromstring(show_training(run_epochs(6)).picture).itertext())
    assert "loss on the training data" in text and "MRR on 5 triples" in text and "triples per second" not in text
    alone = show_training(Record(i, 1 / i) for i in range(1, 4)).picture
    assert "MRR" not in alone


def test_each_figure_has_its_own_panel_and_rows_are_full() -> None:
    figures = dict.fromkeys(("MRR", "Hits@1", "Hits@10"), 0.5)
    view = show_training(Record(i, 1 / i, metrics=figures) for i in range(1, 4))
    assert [panel["title"] for panel in view.state["panels"]] == ["loss on the training data", *figures]
    assert view.title == "Loss, MRR and 2 more figures of training over 3 epochs"
    rules = re.findall(r'd="M([\d.]+) [\d.]+H([\d.]+)" class="line-muted"', view.picture)
    widths = [float(right) - float(left) for left, right in rules]
    assert widths[0] > 2.5 * widths[1]  # the first row holds one panel, as wide as the other three


def test_a_step_from_several_tasks_shows_each_loss_weight_and_how_the_gradients_agree() -> None:
    steps = [
        Step(
            *(number, 3.0 - 0.1 * number, 0.5 * number, None, 4, "text + graph"),
            losses={"text": 2.0, "graph": 1.0},
            weights={"text": 1.0, "graph": 0.25 * number},
            agreement=(Agreement(("text", "graph"), 0.5 - 0.2 * number, {"layer 0": 0.1}),),
            valid_loss=2.5 if number % 2 == 0 else None,
        )
        for number in range(1, 5)
    ]
    view = show_training(steps, name="both")
    shown = [text for text, _ in read_texts(view.picture)]
    for title in ("loss of text", "loss of graph", "λ of text", "λ of graph", "cosine: text, graph", "held-out loss"):
        assert title in shown
    assert "-0.3" in shown and "2.5" in shown, "what each line ends with"
    assert "Cosine: of the gradients of two tasks, 1 where they agree" in view.caption
    alone = show_training([Step(1, 2.0, 0.1, None, 1, losses={"text": 2.0}, weights={"text": 1.0})], name="one")
    assert not any("λ" in text or "loss of" in text for text, _ in read_texts(alone.picture))


def test_the_script_is_sent_what_the_picture_shows() -> None:
    view = show_training({"a": run_epochs(6), "b": run_epochs(5)})
    panels = view.state["panels"]
    assert [line["name"] for line in panels[0]["lines"]] == ["a", "b"]
    rows = np.frombuffer(panels[0]["lines"][1]["rows"]["view"], np.float32).reshape(-1, 4)
    np.testing.assert_allclose(rows[:, 1], [3 / i for i in range(1, 6)], rtol=1e-6)
    assert not view.state["running"] and view.state["unit"] == "epoch"


def test_many_steps_stay_a_small_picture_of_stated_means() -> None:
    view = show_training(Record(i, 1 / i) for i in range(1, 20_001))
    assert len(view.frame) == 20_000 and len(view.picture) < 30_000
    assert "means of 50 epochs" in view.picture


# --- several runs -------------------------------------------------------------------------------------------------------


def test_several_runs_and_their_controls() -> None:
    view = show_training({"plain": run_epochs(4), "entity": run_epochs(4), "entity/shuffled": run_epochs(4, stop=3)})
    assert view.frame.groupby("run").size().to_dict() == {"plain": 4, "entity": 4, "entity/shuffled": 2}
    assert "stroke-dasharray" in view.picture and "entity/shuffled" in view.picture


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


# --- floors -------------------------------------------------------------------------------------------------------------


def test_floors_are_drawn_with_their_reason() -> None:
    view = show_training(run_epochs(3), floor={"uniform: ln 240": math.log(240)})
    assert "uniform: ln 240 = 5.48" in [text for text, _ in read_texts(view.picture)]
    assert view.state["panels"][0]["floors"] == [["uniform: ln 240", math.log(240)]]
    assert "floor = 0.690" in [text for text, _ in read_texts(show_training(run_epochs(3), floor=0.69).picture)]


@pytest.mark.parametrize("floor", [math.nan, {"low": 1, "high": math.inf}])
def test_a_floor_that_is_no_number_is_refused(floor: Any) -> None:
    with pytest.raises(ValueError, match=r"floor=.* came\. .*type floor=5\.48"):
        show_training(run_epochs(3), floor=floor)
