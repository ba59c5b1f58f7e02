"""Laws of the search for settings: it never sees the test, repeats itself, goes on where it stopped, and keeps its budget."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kgwb.citation import cite
from kgwb.embed import ComplEx, DistMult, GraphEmbedding, SettingsSearch, TrainingError, find_settings, train_embedding
from kgwb.embed.ranking.ranks import rank_triples
from kgwb.embed.settings.running import Exam, RunningTrial
from kgwb.embed.training.workspace import GIB
from kgwb.graph import Split

PASSES = 16
SMALL: dict[str, Any] = {"dim": 8, "precision": "float32", "batch": 50}
SCORERS = (ComplEx(), DistMult())


def search(split: Split, **options: Any) -> SettingsSearch:
    given: dict[str, Any] = {"passes": PASSES, "fixed": SMALL, "scorers": SCORERS} | options
    return find_settings(split, given.pop("scorers"), **given)


def run(split: Split, **options: Any) -> SettingsSearch:
    found = search(split, **options)
    for _ in found:
        pass
    return found


def compare(one: SettingsSearch, other: SettingsSearch, *without: str) -> None:
    """The same trials with the same figures, to the bit, but for the seconds."""
    columns = ["seconds", *without]
    pd.testing.assert_frame_equal(
        one.trials.drop(columns=columns), other.trials.drop(columns=columns), check_exact=True
    )
    assert one.best == other.best and one.best_scorer == other.best_scorer


@pytest.fixture(scope="module")
def whole(split: Split) -> SettingsSearch:
    return run(split)


def test_test_triples_are_never_touched(split: Split, whole: SettingsSearch) -> None:
    poisoned = Split(split.graph, split.train, split.valid, np.full((5, 3), 10**6))  # ids that no table has
    compare(run(poisoned), whole)


def test_a_seed_and_a_number_of_passes_give_one_result(split: Split, whole: SettingsSearch) -> None:
    compare(run(split), whole)


def test_it_spends_the_passes_it_was_given_and_no_more(whole: SettingsSearch) -> None:
    epochs = whole.trials.groupby("trial")["epochs"].max()
    assert epochs.sum() == PASSES
    assert len(epochs) >= 3
    assert epochs.max() > epochs.min()  # some went on


def test_promoted_trials_go_on_from_where_they_stood(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    train = RunningTrial.train

    def count(self: RunningTrial) -> Any:
        begun.append(self.number)
        return train(self)

    monkeypatch.setattr(RunningTrial, "train", count)
    found = run(split)
    assert len(begun) == PASSES
    assert begun.count(0) == len(found.trials.groupby("trial"))  # every trial began once


@pytest.mark.parametrize("taken", [0, 1, 4])
def test_a_search_that_was_left_goes_on(split: Split, whole: SettingsSearch, taken: int, tmp_path: Path) -> None:
    first = search(split, folder=tmp_path)
    for _ in range(taken):
        next(first)
    compare(run(split, folder=tmp_path), whole)


@pytest.mark.parametrize("measured", [1, 3, 7])
def test_a_search_that_was_killed_goes_on(
    split: Split, whole: SettingsSearch, measured: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the checkpoint of an epoch and the record of what it was measured at."""
    left, measure = [measured], Exam.measure

    def interrupt(self: Exam, *args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return measure(self, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(Exam, "measure", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(split, folder=tmp_path)
    again = run(split, folder=tmp_path)
    compare(again, whole, "loss")
    assert again.trials["loss"].isna().sum() <= 1  # of the epoch that nobody saw the end of


def test_a_kept_search_can_be_given_more(split: Split, tmp_path: Path) -> None:
    few = run(split, folder=tmp_path, passes=8)
    more = run(split, folder=tmp_path, passes=11)
    assert more.trials.groupby("trial")["epochs"].max().sum() == 11
    pd.testing.assert_frame_equal(
        more.trials[["trial", "epochs", "valid MRR"]].merge(few.trials[["trial", "epochs"]]),
        few.trials[["trial", "epochs", "valid MRR"]],
    )


def test_best_is_the_best_of_the_trials_and_training_with_it_is_as_good(split: Split, whole: SettingsSearch) -> None:
    table = whole.trials
    top = table.loc[table["valid MRR"].idxmax()]
    options = whole.best
    assert options["epochs"] == top["epochs"]
    assert repr(whole.best_scorer) == top["scorer"]
    assert whole.best_trial.mrr == top["valid MRR"]
    vectors = GraphEmbedding(split.graph, whole.best_scorer, dim=options.pop("dim"))
    for _ in train_embedding(vectors, split, **options):
        pass
    known = np.concatenate([split.train, split.valid])
    assert rank_triples(vectors, split.valid, known=known).mrr == top["valid MRR"]


def test_the_best_end_with_a_falling_rate_as_training_with_their_settings_does(split: Split) -> None:
    found = run(split, passes=40)
    table, settings = found.trials, [name for name in found.best if name != "dim"]
    assert not table.loc[table["state"] != "cooled", "cool_down"].any()
    cooled = table[table["cool_down"] > 0].to_dict("records")
    assert len(cooled) >= 1 and {row["state"] for row in cooled} == {"cooled"}
    known = np.concatenate([split.train, split.valid])
    for row in cooled:
        scorer = next(each for each in SCORERS if repr(each) == row["scorer"])
        vectors = GraphEmbedding(split.graph, scorer, dim=row["dim"])
        for _ in train_embedding(vectors, split, **{name: row[name] for name in {*settings, "cool_down"}}):
            pass
        assert rank_triples(vectors, split.valid, known=known).mrr == row["valid MRR"]


def test_best_is_ones_own_to_change_and_to_be_had_after_break(split: Split) -> None:
    found = search(split)
    with pytest.raises(ValueError, match=r"Nothing was tried yet\. Type: for trial in search: print\(trial\)"):
        _ = found.best
    for _ in found:
        break
    found.best["dim"] = 99
    assert found.best["dim"] == 8
    assert list(found.best)[:2] == ["dim", "epochs"]
    assert next(found).number == 2  # the same search goes on


class Clock:
    """Seconds that pass while something is trained, and at no other time."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """An epoch takes seven seconds, and is known to."""
    made, train, estimate = Clock(), RunningTrial.train, RunningTrial.estimate

    def wait(self: RunningTrial) -> Any:
        made.now += 7
        return train(self)

    def tell(self: RunningTrial, evaluated: int) -> Any:
        return replace(estimate(self, evaluated), epoch_seconds=7.0, evaluation_seconds=0.0)

    monkeypatch.setattr(RunningTrial, "train", wait)
    monkeypatch.setattr(RunningTrial, "estimate", tell)
    return made


def test_the_minutes_are_used_and_kept_within_an_epoch(split: Split, clock: Clock) -> None:
    found = search(split, passes=None, minutes=2.5, clock=clock)
    for _ in found:
        clock.now += 1000  # what whoever watches takes is not the search's
    spent = found.trials.groupby("trial")["epochs"].max().sum() * 7
    assert 150 - 7 < spent <= 150
    assert "147 of 150 seconds" in repr(found)


def test_what_cannot_end_a_rung_in_time_is_left_out_and_counted(split: Split, clock: Clock) -> None:
    found = run(split, passes=None, minutes=0.1, clock=clock)
    assert found.trials.empty
    (reason,) = found.left_out
    assert reason == "could not end a first rung in the time left" and found.left_out[reason] > 1
    with pytest.raises(ValueError, match=r"No trial came to an end: \d+ settings could not end .* Type more minutes"):
        _ = found.best


def test_no_trial_but_the_best_eats_the_time(split: Split, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the settings take twenty times as long: no lowest rung of theirs begins, once others are known to be cheap."""
    train, estimate = RunningTrial.train, RunningTrial.estimate

    def is_slow(trial: RunningTrial) -> bool:
        return bool(trial._options["learning_rate"] > 0.1)

    def wait(self: RunningTrial) -> Any:
        clock.now += 133 if is_slow(self) else 0
        return train(self)

    def tell(self: RunningTrial, evaluated: int) -> Any:
        return replace(estimate(self, evaluated), epoch_seconds=140.0 if is_slow(self) else 7.0)

    monkeypatch.setattr(RunningTrial, "train", wait)
    monkeypatch.setattr(RunningTrial, "estimate", tell)
    found = run(split, passes=None, minutes=30, clock=clock)
    table = found.trials
    slow = table[table["learning_rate"] > 0.1]
    assert found.left_out["would have taken much of the time, several times as long as others"] > 1
    assert slow["trial"].nunique() <= 1 < table["trial"].nunique()  # the first of all cannot be known to be dear


def test_what_does_not_fit_into_memory_is_left_out_and_counted(split: Split) -> None:
    found = run(split, memory=1e-9)
    assert found.trials.empty
    assert set(found.left_out) == {"needed more memory than allowed"}
    assert "left out:" in repr(found) and "needed more memory than allowed" in repr(found)


def test_vectors_that_wait_stay_within_memory(split: Split) -> None:
    limit = 30_000  # bytes: a trial, and one that waits
    found = search(split, memory=limit / GIB)
    course = found._course
    for _ in found:
        held = [course._prices.costs[number] for number in course._running]
        assert sum(cost.table_bytes + cost.optimizer_bytes for cost in held) <= limit
    dropped = (found.trials["state"] == "dropped").any()
    assert dropped and "dropped" in repr(found)


def test_a_trial_that_diverges_is_counted_and_does_not_end_the_search(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, calls = RunningTrial.train, [0]

    def diverge(self: RunningTrial) -> Any:
        calls[0] += 1
        if calls[0] == 2:
            raise TrainingError("Training diverged")
        return train(self)

    monkeypatch.setattr(RunningTrial, "train", diverge)
    found = run(split)
    table = found.trials
    assert (table["state"] == "diverged").sum() == 1
    assert table.loc[table["state"] == "diverged", "valid MRR"].isna().all()
    assert table["trial"].max() > 3 and not math.isnan(found.best_trial.mrr)
    assert "1 diverged" in repr(found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"seed": 3},
            r"is of seed=0, but seed=3 came\. Give what that search was given to go on with it, or type folder=",
        ),
        ({"scorers": [DistMult()]}, r"scorers=\['ComplEx\(\)', 'DistMult\(\)'\], but scorers=\['DistMult\(\)'\] came"),
        ({"fixed": SMALL | {"dim": 4}}, r"but fixed="),
        ({"passes": None}, r"is of counted='passes', but counted='minutes' came"),
    ],
)
def test_another_search_does_not_go_on_with_this_one(
    split: Split, change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    next(search(split, folder=tmp_path))
    with pytest.raises(ValueError, match=said):
        search(split, folder=tmp_path, **change)


def test_a_file_of_others_stays_as_it_is(split: Split, tmp_path: Path) -> None:
    (tmp_path / "search.json").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"search\.json is no file of kgwb's"):
        search(split, folder=tmp_path)
    assert (tmp_path / "search.json").read_text(encoding="utf-8") == "mine"


def test_a_record_that_was_changed_is_not_gone_on_with(split: Split, tmp_path: Path) -> None:
    next(search(split, folder=tmp_path / "kept"))
    shutil.copytree(tmp_path / "kept", tmp_path / "copy")
    record = tmp_path / "copy" / "search.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"drawn": 1', '"drawn": 2'), encoding="utf-8")
    with pytest.raises((ValueError, FileExistsError), match=r"search\.json .*(changed|broken)"):
        search(split, folder=tmp_path / "copy")


def test_it_says_what_mattered_and_how_it_was_made(whole: SettingsSearch) -> None:
    effects = whole.effects()
    assert list(effects) == ["setting", "value", "trials", "mean rank", "mean first MRR", "best MRR"]
    counts = effects.groupby("setting")["trials"].sum()
    assert (counts == whole.trials["trial"].nunique()).all()
    assert effects["best MRR"].max() == whole.best_trial.mrr
    assert "dim" not in set(effects["setting"])  # it was fixed
    said = repr(cite(whole))
    assert "A search for settings on the knowledge graph 'places'" in said and "settings found: dim=8, epochs=" in said
