"""A drawn search for settings: the best is the best, ranks are where they belong, and what chance gives is not called more."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as Tree
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kgwb
from kgwb.embed import ComplEx, DistMult, Scorer, SettingsSearch, TransE, Trial
from kgwb.embed.settings.space import LEVELS
from kgwb.embed.settings.tables import list_effects, list_measured
from kgwb.embed.settings.trial import Measured
from kgwb.graph import Split
from kgwb.see import output as see_output
from kgwb.see import show_search
from kgwb.see.search import view as search_view
from kgwb.see.search.effects import list_blocks, share_columns
from kgwb.see.search.influence import expect_mean_rank, measure_influence
from kgwb.see.search.picture import draw_search
from kgwb.see.search.scene import SearchScene

PLAIN = {name: levels[0] for name, levels in LEVELS.items()}


def make_trial(number: int, mrrs: Sequence[float], scorer: Scorer = ComplEx(), **chosen: Any) -> Trial:  # noqa: B008
    measured = [
        Measured(3 * (i + 1), mrr, mrr - 0.02, mrr + 0.02, min(1.0, 2 * mrr), 2.0, 1.5 * (i + 1))
        for i, mrr in enumerate(mrrs)
    ]
    state = "waiting" if measured else "diverged"
    return Trial(number, scorer, PLAIN | chosen, 0, tuple(measured), 1.0, state)


def make_scene(trials: Sequence[Trial], **told: Any) -> SearchScene:
    given: dict[str, Any] = {"progress": "a few trials", "settings": {"dim": 32}, "left_out": {}} | told
    return SearchScene(list_measured(trials), list_effects(trials), **given)


DROPPED = [
    make_trial(1, [0.10, 0.20, 0.31], dropout=0.5),
    make_trial(2, [0.12, 0.22], DistMult(), dropout=0.5),
    make_trial(3, [0.05], TransE(), dropout=0.0),
    make_trial(4, [], dropout=0.0),
    make_trial(5, [0.04], dropout=0.0, dim=64),
]


def read_texts(picture: str) -> list[str]:
    return ["".join(each.itertext()) for each in Tree.fromstring(picture).iter() if each.tag.endswith("text")]


def test_the_title_says_what_ranked_best_and_the_caption_what_is_missing() -> None:
    scene = make_scene(DROPPED, left_out={"needed more memory than allowed": 2})
    assert scene.title == "ComplEx ranked best, validation MRR 0.310; no setting stands out"
    assert scene.best is not None and (scene.best.number, scene.best.top) == (1, 2)
    assert scene.caption.startswith("4 trials, a line each")
    assert "1 trial diverged before the first measurement" in scene.caption
    assert "Not tried: 2 settings that needed more memory than allowed" in scene.caption


def test_the_best_of_each_scorer_is_named_and_the_training_of_the_best() -> None:
    texts = read_texts(draw_search(make_scene(DROPPED)))
    assert {"0.310 ComplEx", "0.220 DistMult", "0.050 TransE", "0.620 training", "0.310 validation"} <= set(texts)
    assert "best: ComplEx, dim=32" in texts and "on training triples" in texts


@pytest.mark.parametrize("over", ["seconds", "epochs"])
def test_a_point_stands_at_its_time_and_its_mrr(over: Any) -> None:
    scene = make_scene(DROPPED[:3], over=over)
    picture = draw_search(scene)
    name = "seconds spent on the trial" if over == "seconds" else "epochs"
    assert f"{name}, logarithmic" in read_texts(picture)
    ticks = re.findall(r'<path d="M([\d.]+) [\d.]+v4" class="line-muted"/><text [^>]*>([\d.,]+)</text>', picture)
    (x_one, one), (x_other, other) = [(float(x), np.log10(float(value))) for x, value in (ticks[0], ticks[-1])]
    best = re.search(r'<circle cx="([\d.]+)" cy="[\d.]+" r="4.5"', picture)
    time = {"seconds": 4.5, "epochs": 9.0}[over]
    expected = x_one + (np.log10(time) - one) / (other - one) * (x_other - x_one)
    assert best is not None and float(best[1]) == pytest.approx(expected, abs=0.2)


def test_a_mean_rank_stands_on_its_axis_and_the_best_trials_value_is_filled() -> None:
    trials = [make_trial(i + 1, [0.5 - 0.01 * i], dropout=0.1 * (i % 3)) for i in range(9)]
    scene = make_scene(trials)
    picture = draw_search(scene)
    (block,) = list_blocks(scene)
    assert block.name == "dropout" and block.chosen == "0"
    assert list(block.rows["mean rank"]) == [4.0, 5.0, 6.0]
    ticks = dict(re.findall(r'<text x="([\d.]+)" [^>]*text-anchor="middle">(\d)</text><path [^>]*line-rule', picture))
    places = {value: float(x) for x, value in ticks.items()}
    rows = re.findall(r'<circle cx="([\d.]+)" cy="[\d.]+" r="4" class="(\w+) line-ink"', picture)
    step = (places["9"] - places["1"]) / 8 if "9" in places else (places["4"] - places["1"]) / 3
    assert [look for _, look in rows] == ["ink", "paper", "paper"]
    assert [float(x) for x, _ in rows] == pytest.approx(
        [places["1"] + step * (rank - 1) for rank in (4, 5, 6)], abs=0.2
    )


def test_a_setting_that_decides_is_said_to_have_mattered() -> None:
    random = np.random.default_rng(0)
    trials = [
        make_trial(i + 1, [0.1 + 0.2 * (i % 2) + 0.05 * random.random()], dropout=0.4 * (i % 2), dim=32 << int(i % 3))
        for i in range(24)
    ]
    scene = make_scene(trials)
    assert scene.title.endswith("; dropout mattered most") and scene.influence.chance < 0.01
    assert list(scene.influence.shares) == ["dropout", "dim"] and "p < 0.002" in scene.caption


def test_by_chance_alone_a_setting_stands_out_as_often_as_it_says() -> None:
    random, found = np.random.default_rng(0), []
    for _ in range(120):
        table = pd.DataFrame({"rank": random.permutation(20) + 1.0})
        for name, kinds in (("a", 2), ("b", 4), ("c", 9)):
            table[name] = random.integers(0, kinds, 20)
        found.append(measure_influence(table, ["a", "b", "c"]).chance)
    assert np.mean(np.array(found) <= 0.05) < 0.12
    assert 0.35 < np.mean(found) < 0.65


def test_shares_are_adjusted_r_squared() -> None:
    random = np.random.default_rng(1)
    table = pd.DataFrame({"rank": np.arange(30) + 1.0, "value": random.integers(0, 4, 30)})
    columns = pd.get_dummies(table["value"]).to_numpy(float)
    fitted = columns @ np.linalg.lstsq(columns, table["rank"], rcond=None)[0]
    plain = 1 - ((table["rank"] - fitted) ** 2).sum() / ((table["rank"] - table["rank"].mean()) ** 2).sum()
    adjusted = 1 - (1 - plain) * 29 / (30 - columns.shape[1])
    assert measure_influence(table, ["value"]).shares["value"] == pytest.approx(max(0.0, adjusted))


@pytest.mark.parametrize("ranks", [[], [1.0], [2.0, 2.0, 2.0], [1.0, 2.0]])
def test_too_little_to_tell_explains_nothing(ranks: list[float]) -> None:
    found = measure_influence(pd.DataFrame({"rank": ranks, "dim": range(len(ranks))}), ["dim"])
    assert found.shares == {"dim": 0.0} and found.chance == 1.0


def test_the_grey_bar_holds_95_of_100_means_of_so_many_ranks() -> None:
    low, high = expect_mean_rank(4, 12)
    means = [np.mean(each) for each in itertools.combinations(range(1, 13), 4)]  # all 495 of them
    assert 0.93 < np.mean([low <= mean <= high for mean in means]) < 0.97
    assert expect_mean_rank(12, 12) == (6.5, 6.5) and expect_mean_rank(1, 5) == (1.0, 5.0)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.lists(st.floats(0, 1), max_size=3), st.integers(0, 8), st.integers(0, 2)), max_size=8))
def test_any_search_is_drawn_within_its_picture(made: list[tuple[list[float], int, int]]) -> None:
    scorers = (ComplEx(), DistMult(), TransE())
    trials = [
        make_trial(i + 1, mrrs, scorers[which], dropout=LEVELS["dropout"][dropout])
        for i, (mrrs, dropout, which) in enumerate(made)
    ]
    picture = draw_search(make_scene(trials))
    document = Tree.fromstring(picture)
    _, _, width, height = map(float, document.attrib["viewBox"].split())
    for each in document.iter():
        assert 0 <= float(each.attrib.get("x", 0)) <= width and 0 <= float(each.attrib.get("y", 0)) <= height
    assert "nan" not in picture and "inf" not in picture


def test_many_settings_stand_in_two_columns_none_much_higher_than_the_other() -> None:
    random = np.random.default_rng(0)
    trials = [
        make_trial(
            i + 1, [0.3 + 0.1 * random.random()], **{n: v[int(random.integers(len(v)))] for n, v in LEVELS.items()}
        )
        for i in range(80)
    ]
    blocks = list_blocks(make_scene(trials))
    right = share_columns(blocks, 400.0)
    heights = [sum(each.height for each in part) for part in (blocks[:right], blocks[right:])]
    assert len(blocks) == len(LEVELS) and 0 < right < len(blocks)
    assert abs(heights[0] - heights[1] - 400) <= max(each.height for each in blocks)


@pytest.fixture(scope="module")
def split() -> Split:
    facts = [(f"town {i}", "beside", f"town {(i + step) % 12}") for i in range(12) for step in (1, 2)]
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    return kgwb.split_triples(graph)


@pytest.fixture
def search(split: Split) -> SettingsSearch:
    return kgwb.find_settings(split, [ComplEx()], passes=4, fixed={"dim": 4, "precision": "float32"})


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """As if in a notebook; gives what is displayed there."""
    drawn: list[Any] = []

    def display(bundle: Any, raw: bool = False, display_id: bool = False) -> Any:
        drawn.append(bundle)
        return SimpleNamespace(update=lambda bundle, raw: drawn.append(bundle))

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(see_output, "in_notebook", lambda: True)
    monkeypatch.setattr(search_view, "current_cell", lambda: 7)
    monkeypatch.setattr(see_output, "REDRAW", 0.0)
    return drawn


def test_what_is_drawn_is_the_search_as_it_stands(search: SettingsSearch) -> None:
    view = show_search(search)
    assert view.title == "A search for settings, before anything was measured"
    assert view.frame.empty and view.effects.empty and "nothing was measured yet" in read_texts(view.picture)
    next(search)
    assert len(view.frame) and view.title.startswith("ComplEx ranked best, validation MRR")
    assert view.widget is None and view.fragment().title == view.title


def test_a_loop_over_the_view_searches_on_and_the_picture_follows(search: SettingsSearch, notebook: list[Any]) -> None:
    view, counts = show_search(search), []
    for trial in view:
        counts.append((len(notebook), trial.number))
    assert [count for count, _ in counts] == list(
        range(2, 2 + len(counts))
    )  # the empty picture, and one for each trial
    assert len(notebook) == len(counts) + 2  # and the last
    assert notebook[-1]["image/svg+xml"] == view.picture and notebook[0]["image/svg+xml"] != view.picture
    view._ipython_display_()
    assert len(notebook) == len(counts) + 2  # the cell that searched shows it already
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_view, "current_cell", lambda: 8)
        view._ipython_display_()
    assert len(notebook) == len(counts) + 3


def test_a_loop_that_is_left_leaves_its_picture_and_goes_on_later(search: SettingsSearch, notebook: list[Any]) -> None:
    view = show_search(search)
    for _ in view:
        break
    assert notebook[-1]["image/svg+xml"] == view.picture
    before = len(view.frame)
    assert sum(1 for _ in view) > 0 and len(view.frame) > before


def test_an_interrupt_leaves_what_was_found(search: SettingsSearch, notebook: list[Any]) -> None:
    def interrupt() -> Iterator[Trial]:
        yield next(search)
        raise KeyboardInterrupt

    view = show_search(search)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SettingsSearch, "__iter__", lambda _: interrupt())
        with pytest.raises(KeyboardInterrupt):
            for _ in view:
                pass
    assert notebook[-1]["image/svg+xml"] == view.picture and len(view.frame)


def test_outside_a_notebook_it_is_quiet_and_saved(search: SettingsSearch, tmp_path: Path) -> None:
    view = show_search(search, over="epochs")
    assert [trial.number for trial in view] and view.scene.over == "epochs"
    assert view.save(tmp_path / "search.svg").read_text(encoding="utf-8") == view.picture
    page = view.save(tmp_path / "search.html").read_text(encoding="utf-8")
    assert view.picture in page and 'class="unseen"' in page
    assert "share" in view.effects and repr(view).startswith("SearchView: ")
