"""What a search for settings is made of: its arguments, the space it draws from, its rungs, its budget, the loss's floor."""

from __future__ import annotations

import inspect
import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kgwb.embed import ComplEx, GraphEmbedding, RotatE, Scorer, find_loss_floor, find_settings, train_embedding
from kgwb.embed.settings.budget import Budget
from kgwb.embed.settings.halving import choose_leader, choose_promoted, list_stops, plan_cooling, plan_first_rung
from kgwb.embed.settings.space import LEVELS, Candidate, SettingsSpace
from kgwb.embed.settings.trial import Measured, TrialRecord, describe_record, read_trial
from kgwb.graph import KnowledgeGraph, Split


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"minutes": 0}, r"minutes=0 came\. It must be a number above 0; type minutes=5"),
        ({"passes": 0}, r"passes=0 came\. It must be a whole number, at least 1; type passes=100"),
        ({"seed": -1}, r"seed=-1 came"),
        ({"memory": 0}, r'memory=0 came\. It must be "auto" or a number above 0; type memory=4'),
        ({"evaluate_on": 0}, r"evaluate_on=0 came"),
        ({"fixed": {"epochs": 3}}, r"fixed holds 'epochs'\. Type one of dim, negatives, batch, .* fixed=\{'dim': 64\}"),
        ({"fixed": {"dim": 7}}, r"ComplEx needs an even dim"),
        ({"fixed": {"dropout": 2}}, r"dropout=2 came"),
        ({"fixed": {"loss": "l2"}}, r"loss='l2' came\. Type one of 'softmax'"),
        ({"fixed": {"negatives": 10**6}}, r"negatives=1000000 came"),
        (
            {"fixed": {"negatives": object()}},
            r"which trials cannot share\. Type fixed=\{'negatives': 'all'\}, or a number",
        ),
    ],
)
def test_arguments_out_of_range(split: Split, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        find_settings(split, **options)


def test_what_cannot_be_searched(split: Split) -> None:
    with pytest.raises(ValueError, match=r"No scorers came\. Type find_settings\(split, \[ComplEx\(\)\]\)\."):
        find_settings(split, [])
    none = split.train[:0]
    for part, lacking in {"train": (none, split.valid), "valid": (split.train, none)}.items():
        with pytest.raises(
            ValueError, match=rf"has no {part} triples, which the search needs\. Type find_settings\(split_"
        ):
            find_settings(Split(split.graph, *lacking, none))


triples = arrays.arrays(np.int64, st.tuples(st.integers(1, 30), st.just(3)), elements=st.integers(0, 3))


@given(triples)
def test_the_floor_is_the_entropy_of_even_chances(facts: np.ndarray) -> None:
    facts, asked = np.unique(facts, axis=0), defaultdict(list)
    for head, relation, tail in facts.tolist():
        asked["tail", head, relation].append(tail)
        asked["head", relation, tail].append(head)
    losses = [-math.log(1 / len(answers)) for answers in asked.values() for _ in answers]
    assert find_loss_floor(facts) == pytest.approx(np.mean(losses))


def test_no_training_gets_below_the_floor(graph: KnowledgeGraph) -> None:
    vectors = GraphEmbedding(graph, ComplEx(), dim=32)
    *_, last = train_embedding(vectors, graph, epochs=80, batch=50, learning_rate=0.5, reciprocal=True)
    floor = find_loss_floor(graph.triples)
    assert floor <= last.loss < floor + 0.2


def make_space(scorers: list[Scorer], **options: Any) -> SettingsSpace:
    given: dict[str, Any] = {"entities": 5_000, "relations": 9, "queries": 30_000, "fixed": {}, "seed": 0}
    return SettingsSpace(scorers, **given | options)


@pytest.mark.parametrize("entities", [100, 5_000, 10**6])
def test_whatever_is_drawn_fits_the_scorer_and_the_training(scorer: Scorer, entities: int) -> None:
    space = make_space([scorer], entities=entities)
    starts = space.starts()
    known = inspect.signature(train_embedding).parameters
    for each in [*starts, *(space.draw(number, starts) for number in range(40))]:
        settings = dict(each.settings)
        assert scorer.relation_width(settings.pop("dim")) > 0
        assert settings.keys() <= known.keys()
        assert all(settings[name] in LEVELS[name] for name in settings.keys() & LEVELS.keys())


def test_drawn_settings_are_near_what_they_are_drawn_around_and_spread() -> None:
    space = make_space([ComplEx()])
    centre = space.starts()[0]
    drawn = [space.draw(number, [centre]) for number in range(60)]
    assert len({each.key for each in drawn}) > 40
    for name, levels in LEVELS.items():
        places = [levels.index(each.settings[name]) - levels.index(centre.settings[name]) for each in drawn]
        assert max(map(abs, places)) <= 2
        assert len(set(places)) > 1
        assert np.mean(np.equal(places, 0)) > 0.3


def test_draws_hang_on_the_seed_alone() -> None:
    keys = [[make_space([ComplEx()], seed=seed).draw(5, make_space([ComplEx()]).starts()).key for seed in (0, 0, 1)]]
    assert keys[0][0] == keys[0][1] != keys[0][2]


def test_one_relation_is_not_guessed_and_steps_are_not_too_few() -> None:
    space = make_space([ComplEx(), RotatE()], relations=1, queries=2_000)
    starts = space.starts()
    for each in [*starts, *(space.draw(number, starts) for number in range(40))]:
        assert not each.settings["relation_weight"]
        assert each.settings["batch"] * 12 <= 2_000


def test_the_first_scorer_has_two_starts_for_one_of_each_other() -> None:
    scorers = [type(each.scorer).__name__ for each in make_space([ComplEx(), RotatE()]).starts()[:6]]
    assert scorers == ["ComplEx", "ComplEx", "RotatE"] * 2


def make_record(number: int, *at_rungs: float, state: Any = "waiting") -> TrialRecord:
    measured = [Measured(3**rung, mrr, mrr, mrr, mrr, 1.0, 1.0) for rung, mrr in enumerate(at_rungs)]
    candidate = Candidate(ComplEx(), {"dim": 8})
    return TrialRecord(number, candidate, len(at_rungs) - 1, measured, list(at_rungs), 0.0, state)


def test_the_best_third_of_a_rung_goes_on_highest_rung_first() -> None:
    trials = [make_record(number, mrr) for number, mrr in enumerate([0.1, 0.3, 0.2, 0.4, 0.05])]
    assert choose_promoted(trials[:2]) is None
    assert choose_promoted(trials) is trials[3]
    trials[3].state = "converged"
    assert choose_promoted(trials) is None
    assert choose_promoted([*trials, make_record(6, 0.01)]) is trials[1]  # of six, two
    assert choose_promoted([*trials, make_record(6, 0.01)], lambda trial: trial is not trials[1]) is None  # too dear
    higher = [make_record(number, 0.3, mrr) for number, mrr in enumerate([0.5, 0.6, 0.7])]
    assert choose_promoted([*trials, *higher]) is higher[2]


def test_at_the_end_only_the_best_few_go_on() -> None:
    trials = [make_record(number, mrr) for number, mrr in enumerate([0.1, 0.5, 0.6, 0.7])]
    assert choose_leader(trials) is trials[3]
    for trial in trials[1:]:
        trial.state = "converged"
    assert choose_leader(trials) is None


@given(st.integers(1, 50), st.integers(1, 5))
def test_a_rung_ends_where_it_should_and_is_measured_on_the_way(first: int, rung: int) -> None:
    stops = list_stops(first, rung)
    assert stops == sorted(set(stops)) and 1 <= len(stops) <= 6
    assert first * 3 ** (rung - 1) < stops[0] and stops[-1] == first * 3**rung


def test_the_first_rung_leaves_room_for_a_dozen() -> None:
    assert (
        plan_first_rung(4800, epoch=10, evaluation=0, steps=1000) == 4
    )  # a hundred steps, and no less than four epochs
    assert plan_first_rung(4800, epoch=10, evaluation=0, steps=12) == 9
    assert plan_first_rung(480, epoch=3, evaluation=1, steps=1000) == 3
    assert plan_first_rung(10, epoch=3, evaluation=1, steps=1000) == 1


def test_only_the_time_within_is_spent() -> None:
    now = [0.0]
    budget = Budget(10.0, lambda: now[0])
    with budget.counting():
        now[0] += 4
        assert budget.gone == 4
    now[0] += 100
    assert budget.left == 6


def test_a_trial_comes_back_from_its_record() -> None:
    trial = make_record(3, 0.1, 0.4, state="converged")
    back = read_trial(describe_record(trial, [RotatE(), ComplEx()]), [RotatE(), ComplEx()])
    assert vars(back) == vars(trial)
    assert back.freeze(0.5).best == Measured(3, 0.4, 0.4, 0.4, 0.4, 1.0, 1.0)
    trial.measured.append(Measured(5, 0.5, 0.4, 0.6, 0.9, 1.0, 2.0, cool_down=2))
    described = describe_record(trial, [ComplEx()])
    assert read_trial(described, [ComplEx()]).measured == trial.measured
    described["measured"] = [figures[:7] for figures in described["measured"]]  # as earlier versions wrote it
    assert [each.cool_down for each in read_trial(described, [ComplEx()]).measured] == [0, 0, 0]


@given(st.integers(1, 500), st.integers(0, 500))
def test_the_last_epochs_fit_into_what_is_left_and_leave_too_little_for_nothing(epochs: int, left: int) -> None:
    cooling = plan_cooling(epochs, left=left)
    wanted = max(1, epochs // 2)
    assert min(wanted, left) <= cooling <= left
    assert cooling == wanted or cooling == left < 2 * wanted


def test_three_measurements_without_progress_are_enough() -> None:
    rising = [0.1, 0.2, 0.3, 0.4]
    assert not make_record(1, *rising).is_stale(1, patience=3)
    assert make_record(1, 0.4, 0.4, 0.3, 0.4004).is_stale(1, patience=3)
    assert not make_record(1, 0.4, 0.4, 0.3, 0.4006).is_stale(1, patience=3)
    assert not make_record(1, 0.4, 0.4, 0.3).is_stale(1, patience=3)  # two measurements since
