"""Numbers that cannot be are refused before anything is done, with the argument's name and what to type."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import kgwb

NAN = float("nan")
DOORS = ("entity", "relation", "graph", "tower", "memory")


@pytest.mark.parametrize("mode", DOORS)
@pytest.mark.parametrize("strength", [NAN, float("inf"), 0, -1.0, True, "2"])
def test_a_strength_is_a_finite_number_above_zero(bert, vectors, mode, strength):
    with pytest.raises(ValueError, match=r"strength=.* came. It must be a number above 0; type strength=2.0"):
        kgwb.inject(bert, vectors, mode=mode, strength=strength)


@pytest.mark.parametrize("value", [1.5, 0.5, NAN, True, 0, -1, "1", None])
@pytest.mark.parametrize(
    ("mode", "name"),
    [("memory", "hops"), ("memory", "most")]
    + [(mode, name) for mode in ("graph", "tower") for name in ("hops", "most", "width", "depth", "bases", "heads")],
)
def test_counts_of_doors_are_whole(bert, vectors, mode, name, value):
    with pytest.raises(ValueError, match=rf"{name}=.* came. It must be .*; type {name}=1"):
        kgwb.inject(bert, vectors, mode=mode, **{name: value})


@pytest.mark.parametrize(
    "layers", [3, (3, 3), (), (6,), (-1,), (1.0,), (True,), (NAN,), "3", ("3",), [2, 2], {3}, (None,), 2.5]
)
@pytest.mark.parametrize("mode", DOORS)
def test_layers_are_numbers_of_layers_each_once(bert, vectors, mode, layers):
    options = {"place": "middle"} if mode == "entity" else {}
    with pytest.raises(
        ValueError, match=r"layers=.* this BERT has layers 0 to 5. Expected some .* Type layers=\([35],\)"
    ):
        kgwb.inject(bert, vectors, mode=mode, layers=layers, **options)


def test_layers_may_come_as_a_list_or_from_numpy(bert, vectors):
    for layers in ([1, 4], range(1, 5, 3), np.array([1, 4]), (np.int64(1), 4)):
        door = kgwb.inject(bert, vectors, mode="memory", layers=layers).injector.doors[0]
        assert door.layers == (1, 4) and all(type(layer) is int for layer in door.layers)


@pytest.mark.parametrize("place", [(), ("input", "input")])
def test_places_are_different_ones(bert, vectors, place):
    with pytest.raises(ValueError, match=r"place=.* Expected one place or several different ones"):
        kgwb.inject(bert, vectors, place=place)


@pytest.mark.parametrize(
    "triples",
    [
        [[0.9, 1.2, 3.7]],
        [[0.0, 1.0, 3.0]],
        torch.tensor([[0.0, 1.0, 3.0]]),
        [[True, False, True]],
        [[0, True, 1]],
        np.array([[True, False, True]]),
        [["Paris", "capital of", "France"]],
        [[0, 1]],
        [[0, 1, 2], [0, 1]],
        [0, 1, 2],
        [[0, 1, 2, 0, 1, 2]],
        [[0, None, 1]],
        "Paris",
        None,
        7,
    ],
)
@pytest.mark.parametrize("call", ["add", "withdraw"])
def test_facts_are_rows_of_three_ids(bert, vectors, triples, call):
    model = kgwb.inject(bert, vectors, mode="memory")
    before = model.injector.facts.clone()
    with pytest.raises(ValueError, match=r"Facts came as .*Expected rows of three whole numbers.*graph.entity_id\("):
        getattr(model.injector, call)(triples)
    assert model.injector.facts.equal(before)


def test_no_facts_and_ids_of_any_whole_kind_are_taken(bert, vectors):
    model = kgwb.inject(bert, vectors, mode="memory")
    whole = model.injector.facts.clone()
    one = whole[:1]
    for fact in (
        one,
        one.int(),
        one.numpy(),
        one.numpy().astype(np.uint8),
        one.tolist(),
        (tuple(one[0].tolist()),),
        [one[0]],
    ):
        model.injector.withdraw(fact)
        assert len(model.injector.facts) == len(whole) - 1
        model.injector.add(fact)
    for nothing in ([], (), np.empty((0, 3), dtype=int), whole[:0]):
        model.injector.add(nothing)
    assert model.injector.facts.equal(whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"batch": value}, "batch=.* type batch=1") for value in (0, -1, 1.5, True, NAN)]
    + [
        ({"learning_rate": value}, "learning_rate=.* type learning_rate=5e-05")
        for value in (NAN, -1, 0, float("inf"), "1")
    ]
    + [({"epochs": value}, "epochs=.* type epochs=1") for value in (0, -1, 1.5, True)]
    + [({"top_layers": value}, "top_layers=.* type top_layers=0") for value in (-1, 1.5)]
    + [({"seed": value}, "seed=.* type seed=0") for value in (-1, 0.5, None)],
)
def test_tuning_refuses_before_its_first_step(bert, vectors, options, message):
    questions = kgwb.make_questions(kgwb.verbalise(vectors.graph), vectors.graph)
    with pytest.raises(ValueError, match=message):
        kgwb.tune(bert, kgwb.MaskedAnswers(questions), **options)


def test_a_seed_may_come_from_numpy(opened, vectors):
    questions = kgwb.make_questions(kgwb.verbalise(vectors.graph), vectors.graph)
    step = next(kgwb.tune(opened, kgwb.MaskedAnswers(questions), seed=np.int64(3), batch=np.int64(2)))
    assert step.number == 1
