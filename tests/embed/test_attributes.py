"""Filled attributes: what they learn from, whether intervals hold, and what is said of values that will not do."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.embed import GraphEmbedding, TransE, fill_attributes, train_embedding
from kgwb.embed.attributes.features import Evidence, find_components, find_nearest_medians
from kgwb.embed.attributes.intervals import bound_values
from kgwb.embed.attributes.neighbour_values import Neighbourhood
from kgwb.embed.attributes.regressors import mix_models
from kgwb.embed.attributes.scale import Scale, choose_scale
from kgwb.graph import KnowledgeGraph, read_graph
from kgwb.graph.errors import UnknownNameError

WORLD = Path(__file__).parents[2] / "sample_graphs" / "world"
TOWNS = 60


@pytest.fixture(scope="module")
def world() -> GraphEmbedding:
    vectors = GraphEmbedding(read_graph(WORLD), TransE(), dim=16)
    for _ in train_embedding(vectors, vectors.graph, epochs=10, precision="float32"):
        pass
    return vectors


@pytest.fixture(scope="module")
def towns() -> GraphEmbedding:
    """Towns in four lands; untrained, so that all there is to learn from are the facts."""
    facts = [(f"town {i:02}", "in", f"land {i % 4}") for i in range(TOWNS)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    return GraphEmbedding(graph, TransE(), dim=8)


def _rain(count: int, start: int = 0) -> pd.DataFrame:
    """The rain of some towns, which their land tells but for a little."""
    noise = np.random.default_rng(0).normal(size=TOWNS)
    rows = [(f"town {i:02}", "rain", 500 + 100 * (i % 4) + 5 * noise[i]) for i in range(start, start + count)]
    return pd.DataFrame(rows, columns=["entity", "attribute", "value"])


def test_areas_and_populations_of_the_world_are_nearer_than_their_median(world: GraphEmbedding) -> None:
    countries = world.graph.entities.query("type == 'country'")
    table = countries[["entity", "area", "population"]].melt("entity", var_name="attribute")
    hidden = np.random.default_rng(0).random(len(table)) < 0.2
    asked, truth = table[hidden][["entity", "attribute"]], table[hidden]["value"].to_numpy()
    filled = fill_attributes(world, table[~hidden], asked=asked, coverage=0.8)
    assert filled.frame[["entity", "attribute"]].equals(asked.reset_index(drop=True).astype(str))
    medians = table[~hidden].groupby("attribute")["value"].median()[asked["attribute"]].to_numpy()
    frame = filled.frame
    assert np.abs(np.log(frame["value"] / truth)).mean() < 0.9 * np.abs(np.log(medians / truth)).mean()
    assert 0.65 <= ((frame["low"] <= truth) & (truth <= frame["high"])).mean() <= 0.95
    assert (filled.attributes["scale"] == "logarithm").all()
    assert frame["how"].str.contains("from 1[0-9][0-9] values").all()
    assert repr(filled).startswith(
        f"FilledAttributes of 'world': {hidden.sum()} numbers of 2 attributes, intervals for 80%"
    )


def test_without_asking_what_lacks_is_filled_and_only_of_the_types_that_have_it(world: GraphEmbedding) -> None:
    filled = fill_attributes(world, _without(world, "area", ["france", "japan"]))
    assert filled.frame["entity"].tolist() == ["france", "japan"]
    assert fill_attributes(world, ["area", "population"]).frame.empty  # all countries have both, and no city has either


def _without(vectors: GraphEmbedding, column: str, entities: list[str]) -> pd.DataFrame:
    table = vectors.graph.entities.dropna(subset=[column])
    kept = table[~table["entity"].isin(entities)]
    return pd.DataFrame({"entity": kept["entity"], "attribute": column, "value": kept[column]})


def test_neighbours_tell_what_untrained_vectors_cannot(towns: GraphEmbedding) -> None:
    filled = fill_attributes(towns, _rain(48), asked=_rain(12, 48)[["entity", "attribute"]])
    truth = _rain(12, 48)["value"]
    assert np.abs(filled.frame["value"] - truth).mean() < 15
    assert filled.attributes["error"].item() < 0.3 * filled.attributes["median_error"].item()
    assert ((filled.frame["low"] <= truth) & (truth <= filled.frame["high"])).mean() >= 0.75


def test_no_prediction_leaves_the_range_of_what_is_known(towns: GraphEmbedding) -> None:
    """Neither by a line that goes on, nor by a logarithm that makes a little of it much."""
    random = np.random.default_rng(0)
    known = pd.DataFrame({"entity": [f"town {i:02}" for i in range(50)], "attribute": "size"})
    known["value"] = random.lognormal(5, 3, 50)
    far = GraphEmbedding(towns.graph, TransE(), dim=8)
    with torch.no_grad():
        far.entity_table.mul_(torch.logspace(-2, 4, len(towns.graph.entities))[:, None])
    frame = fill_attributes(far, known).frame
    assert len(frame) == 14
    assert frame["value"].between(known["value"].min(), known["value"].max()).all()


def test_the_same_seed_gives_the_same_and_the_order_of_values_changes_nothing(towns: GraphEmbedding) -> None:
    asked = pd.DataFrame({"entity": ["town 59", "town 50"], "attribute": "rain"})
    first = fill_attributes(towns, _rain(40), asked=asked, seed=3).frame
    again = fill_attributes(towns, _rain(40).sample(frac=1, random_state=1), asked=asked, seed=3).frame
    pd.testing.assert_frame_equal(first, again)
    turned = fill_attributes(towns, _rain(40), asked=asked[::-1], seed=3).frame
    pd.testing.assert_frame_equal(turned[::-1].reset_index(drop=True), first)
    assert not fill_attributes(towns, _rain(40), asked=asked, seed=4).frame["value"].equals(first["value"])


def test_nothing_that_is_given_changes(towns: GraphEmbedding) -> None:
    values, asked = _rain(40), pd.DataFrame({"entity": ["town 59"], "attribute": ["rain"]})
    kept = values.copy(), asked.copy(), towns.graph.entities.copy(), towns.graph.triples.copy()
    state = {name: tensor.clone() for name, tensor in towns.state_dict().items()}

    def spoil(entities: pd.DataFrame) -> np.ndarray:
        entities["label"] = "spoilt"
        return np.ones((len(entities), 2))

    fill_attributes(towns, values, asked=asked, texts=spoil)
    pd.testing.assert_frame_equal(values, kept[0])
    pd.testing.assert_frame_equal(asked, kept[1])
    pd.testing.assert_frame_equal(towns.graph.entities, kept[2])
    assert (towns.graph.triples == kept[3]).all()
    assert all(torch.equal(tensor, state[name]) for name, tensor in towns.state_dict().items())


def test_texts_that_tell_the_value_are_read(towns: GraphEmbedding) -> None:
    number = {name: float(place) for place, name in enumerate(towns.graph.entities["entity"])}
    order = np.random.default_rng(1).permutation(TOWNS)
    values = pd.DataFrame({"entity": [f"town {i:02}" for i in order[:48]], "attribute": "place"})
    values["value"] = values["entity"].map(number)
    asked = pd.DataFrame({"entity": [f"town {i:02}" for i in order[48:]], "attribute": "place"})

    def place(entities: pd.DataFrame) -> np.ndarray:
        return np.stack([entities["entity"].map(number), np.ones(len(entities))], axis=1)

    def err(texts: Callable[[pd.DataFrame], np.ndarray] | None) -> float:
        found = fill_attributes(towns, values, asked=asked, texts=texts).frame["value"]
        return float(np.abs(found - asked["entity"].map(number)).mean())

    assert err(place) < 0.5 * err(None)


def test_few_values_give_their_median_and_say_how_little_it_tells(towns: GraphEmbedding) -> None:
    asked = pd.DataFrame({"entity": ["town 59"], "attribute": ["rain"]})
    few = fill_attributes(towns, _rain(5), asked=asked).frame.iloc[0]
    assert few["value"] == pytest.approx(_rain(5)["value"].median(), abs=60)
    assert (few["low"], few["high"]) == (-math.inf, math.inf)
    assert few["how"] == "median of 5 values, too few for a model; too few for an interval that holds 90%"
    more = fill_attributes(towns, _rain(15), asked=asked).frame.iloc[0]
    assert more["how"] == "median of 15 values, too few for a model"
    assert -math.inf < more["low"] < 500 and 800 < more["high"] < math.inf
    one = fill_attributes(towns, _rain(1), asked=asked)
    assert one.frame["how"].item() == "the only value, which bounds nothing"
    assert one.frame["value"].item() == _rain(1)["value"].item()
    assert one.frame["high"].item() == math.inf and "error nan" in repr(one)


@pytest.mark.parametrize("count", [12, 40])
def test_a_constant_attribute_stays_constant_and_says_so(towns: GraphEmbedding, count: int) -> None:
    asked = pd.DataFrame({"entity": ["town 59"], "attribute": ["rain"]})
    row = fill_attributes(towns, _rain(count).assign(value=7.0), asked=asked).frame.iloc[0]
    assert (row["low"], row["value"], row["high"]) == (7.0, 7.0, 7.0)
    assert row["how"] == f"all {count} values are equal"


def test_what_is_empty_infinite_or_twice_is_left_out_and_counted(towns: GraphEmbedding) -> None:
    values = _rain(30)
    bad = values.iloc[:4].assign(value=[np.nan, np.inf, -np.inf, 700.0])
    asked = pd.DataFrame({"entity": ["town 59"], "attribute": ["rain"]})
    filled = fill_attributes(towns, pd.concat([values.iloc[3:], bad]), asked=asked)
    assert dict(filled.notes) == {
        "empty values left out": 1,
        "infinite values left out": 2,
        "values merged with others of the same entity and attribute": 1,
    }
    assert "counted while reading: 2 infinite values left out" in repr(filled)
    assert filled.attributes["known"].item() == 27


def test_numbers_written_as_text_count_and_ids_name_entities(towns: GraphEmbedding) -> None:
    asked = pd.DataFrame({"entity": [towns.graph.entity_id("town 59")], "attribute": ["rain"]})
    numbers = fill_attributes(towns, _rain(30), asked=asked).frame
    values = _rain(30)
    values["value"] = [repr(float(value)) for value in values["value"]]
    pd.testing.assert_frame_equal(fill_attributes(towns, values, asked=asked).frame, numbers)
    assert numbers["label"].tolist() == ["town 59"]


def test_errors_name_what_came_and_what_to_type(towns: GraphEmbedding, world: GraphEmbedding) -> None:
    values, asked = _rain(30), pd.DataFrame({"entity": ["town 59"], "attribute": ["rain"]})
    with pytest.raises(ValueError, match=r"No column of the entities of 'graph' holds numbers\. Type fill_attributes"):
        fill_attributes(towns)
    with pytest.raises(ValueError, match=r"None of 30 values is a finite number\. Type fill_attributes"):
        fill_attributes(towns, values.assign(value=np.nan))
    for coverage in (0, 1, 1.5, float("nan")):
        with pytest.raises(ValueError, match=rf"coverage={coverage} came\. It must be a number between 0 and 1; type"):
            fill_attributes(towns, values, coverage=coverage)
    with pytest.raises(UnknownNameError, match=r"Unknown entity 'town 99'\. The nearest labels are 'town"):
        fill_attributes(towns, values.assign(entity="town 99"))
    with pytest.raises(UnknownNameError, match="Unknown entity 'town 99'"):
        fill_attributes(towns, values, asked=asked.assign(entity="town 99"))
    wet = values.astype({"value": object})
    wet.loc[[2, 5], "value"] = ["wet", True]
    with pytest.raises(ValueError, match=r"'wet' of 'town 02' \('rain'\) is no number, one of 2 such rows\. Type"):
        fill_attributes(towns, wet)
    with pytest.raises(
        ValueError, match=r"'Capital city in Western Asia' of 'abu_dhabi' \('description'\) is no number"
    ):
        fill_attributes(world, ["description"])
    with pytest.raises(ValueError, match=r"no attribute 'height'; numeric ones are .*'area', 'population'\. Type"):
        fill_attributes(world, ["height"])
    with pytest.raises(ValueError, match=r"No column came\. Type fill_attributes"):
        fill_attributes(world, [])
    with pytest.raises(TypeError, match=r"A frame of values, or a list of columns, was expected, but the text 'area'"):
        fill_attributes(world, "area")
    with pytest.raises(ValueError, match=r"frame of values came without a column 'value'\. Type fill_attributes"):
        fill_attributes(towns, values[["entity", "attribute"]])
    with pytest.raises(ValueError, match=r"What is asked came without a column 'attribute'\. Type asked="):
        fill_attributes(towns, values, asked=asked[["entity"]])
    with pytest.raises(
        ValueError, match=r"No value tells of the attribute 'snow'\. The nearest are 'rain'\. Type asked="
    ):
        fill_attributes(towns, values, asked=asked.assign(attribute="snow"))
    with pytest.raises(ValueError, match=r"'rain' of 'town 03' is asked, and it is known\. Leave it out"):
        fill_attributes(towns, values, asked=asked.assign(entity="town 03"))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (lambda entities: np.ones(len(entities)), r"of shape \(64,\) and type float64; expected numbers \[64, width\]"),
        (lambda entities: np.ones((3, 2)), r"of shape \(3, 2\)"),
        (lambda entities: np.full((len(entities), 2), "a"), "and type <U1"),
        (lambda entities: np.full((len(entities), 2), np.nan), "numbers that are not finite"),
    ],
)
def test_texts_of_another_shape_are_refused(towns: GraphEmbedding, texts: Any, said: str) -> None:
    with pytest.raises(ValueError, match=rf"texts gave .*{said}.* Type texts=lambda"):
        fill_attributes(towns, _rain(30), texts=texts)


@pytest.mark.parametrize("texts", [torch.nn.Linear(2, 2), TransE])
def test_texts_that_are_no_function_are_refused(towns: GraphEmbedding, texts: Any) -> None:
    said = r"A function of the table of entities was expected, but .* came\. Type texts=lambda"
    with pytest.raises(TypeError, match=said):
        fill_attributes(towns, _rain(30), texts=texts)


def test_without_scikit_learn_the_install_line_is_given(towns: GraphEmbedding, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__
    monkeypatch.setattr("kgwb.packages.import_module", lambda name: real("a_package_that_is_missing"))
    with pytest.raises(ImportError, match=r"Filling attributes needs scikit-learn.* Type: pip install scikit-learn"):
        fill_attributes(towns, _rain(30))


DRAWS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda random, count: random.normal(size=count),
    "skewed": lambda random, count: random.exponential(size=count) ** 3,
    "no mean": lambda random, count: random.standard_cauchy(count),
    "ties": lambda random, count: random.integers(0, 3, count).astype(float),
}


@settings(max_examples=20, deadline=None)
@given(
    draw=some.sampled_from(sorted(DRAWS)),
    count=some.integers(12, 60),
    coverage=some.sampled_from([0.5, 0.8, 0.9]),
    folds=some.sampled_from([3, 5, 12]),
    seed=some.integers(0, 2**20),
)
def test_intervals_hold_what_they_say_whatever_the_values(
    draw: str, count: int, coverage: float, folds: int, seed: int
) -> None:
    """Exchangeable draws: the last one is asked, the others are known; the model is the mean, a poor one for most."""
    random, held, repetitions = np.random.default_rng(seed), 0, 600
    for _ in range(repetitions):
        drawn = DRAWS[draw](random, count + 1)
        known, fold = drawn[:count], random.permutation(count) % folds
        means = np.array([known[fold != number].mean() for number in range(folds)])
        spreads = np.array([known[fold != number].std() + 0.1 for number in range(folds)])
        scores = np.abs(known - means[fold]) / spreads[fold]
        low, high = bound_values(means[:, None], spreads[:, None], scores, fold, coverage=coverage)
        held += int(low[0] <= drawn[count] <= high[0])
    assert held / repetitions >= coverage - 0.08  # four standard deviations of a share of 600


@settings(max_examples=50)
@given(seed=some.integers(0, 999), count=some.integers(1, 30), coverage=some.floats(0.05, 0.95))
def test_ends_are_those_of_the_definition(seed: int, count: int, coverage: float) -> None:
    random = np.random.default_rng(seed)
    fold = random.permutation(count) % 3
    predictions, spreads = random.normal(size=(3, 4)), random.random((3, 4)) + 0.1
    scores = random.random(count)
    low, high = bound_values(predictions, spreads, scores, fold, coverage=coverage)
    rank = math.ceil(coverage * (count + 1) - 1e-9)
    for asked in range(4):
        ends = [
            sorted(predictions[k, asked] + sign * s * spreads[k, asked] for k, s in zip(fold, scores, strict=True))
            for sign in (-1, 1)
        ]
        wanted = (-math.inf, math.inf) if rank > count else (ends[0][count - rank], ends[1][rank - 1])
        assert (low[asked], high[asked]) == wanted


def test_a_wider_coverage_never_gives_a_narrower_interval(towns: GraphEmbedding) -> None:
    asked = _rain(12, 48)[["entity", "attribute"]]
    frames = [fill_attributes(towns, _rain(48), asked=asked, coverage=share).frame for share in (0.5, 0.8, 0.95)]
    for narrow, wide in pairwise(frames):
        assert (wide["low"] <= narrow["low"]).all() and (narrow["high"] <= wide["high"]).all()
    for frame in frames:
        assert ((frame["low"] <= frame["value"]) & (frame["value"] <= frame["high"])).all()


def test_pure_noise_is_covered_too_and_no_better_than_its_median(towns: GraphEmbedding) -> None:
    held, errors = [], []
    for seed in range(6):
        noise = np.random.default_rng(seed).lognormal(0, 2, TOWNS)
        values = pd.DataFrame({"entity": [f"town {i:02}" for i in range(TOWNS)], "attribute": "noise", "value": noise})
        hidden = np.random.default_rng(seed + 100).permutation(TOWNS) < 25
        asked = values[hidden][["entity", "attribute"]]
        frame = fill_attributes(towns, values[~hidden], asked=asked, coverage=0.8, seed=seed).frame
        truth = noise[hidden]
        held.append(((frame["low"] <= truth) & (truth <= frame["high"])).mean())
        errors.append(np.abs(np.log(frame["value"] / truth)).mean() / np.abs(np.log(np.median(noise) / truth)).mean())
    assert np.mean(held) >= 0.8 - 0.1  # 150 values, of which every 25 share their known ones
    assert np.mean(errors) > 0.9


@settings(max_examples=30, deadline=None)
@given(seed=some.integers(0, 999))
def test_means_over_neighbours_and_siblings_are_those_of_the_definition(seed: int) -> None:
    random = np.random.default_rng(seed)
    triples = np.unique(random.integers(0, [6, 2, 6], (12, 3)), axis=0)
    graph = _numbered_graph(triples)
    values = np.where(random.random(6) < 0.7, random.normal(size=6), np.nan)
    steps = [(h, r, t) for h, r, t in graph.triples.tolist()] + [(t, r + 2, h) for h, r, t in graph.triples.tolist()]
    neighbourhood = Neighbourhood.of(graph)
    chosen = np.arange(2 * len(graph.relations))
    near = neighbourhood.average_neighbours(values)
    far = neighbourhood.average_siblings(values)
    for entity in range(6):
        for step in chosen.tolist():
            ends = [end for start, along, end in steps if (start, along) == (entity, step)]
            seen = [values[end] for end in ends if end != entity and not np.isnan(values[end])]
            assert near.along(chosen)[entity, step] == pytest.approx(np.mean(seen) if seen else np.nan, nan_ok=True)
            means, weights = [], []
            for end in ends:
                reach = {start for start, along, other in steps if (along, other) == (step, end)}
                others = [values[start] for start in reach - {entity} if not np.isnan(values[start])]
                if others:
                    means.append(np.mean(others))
                    weights.append(1 / np.log2(2 + len(reach)))
            wanted = np.average(means, weights=weights) if means else np.nan
            assert far.along(chosen)[entity, step] == pytest.approx(wanted, nan_ok=True)


def _numbered_graph(triples: np.ndarray) -> KnowledgeGraph:
    entities = pd.DataFrame({"entity": [str(i) for i in range(6)]})
    relations = pd.DataFrame({"relation": ["0", "1"]})
    facts = pd.DataFrame(triples.astype(str), columns=["head", "relation", "tail"])
    return KnowledgeGraph.from_pandas(facts, entities, relations=relations)


def test_no_feature_of_an_entity_looks_at_its_own_value(world: GraphEmbedding) -> None:
    vectors = world.entity_vectors().double().numpy()
    values = np.log(world.graph.entities["population"].to_numpy(dtype=float))
    evidence = Evidence(
        Neighbourhood.of(world.graph), vectors, find_components(vectors), vectors[:, :0], {"population": values}
    )
    known = np.flatnonzero(np.isfinite(values))
    before = evidence.describe_known(values, known)
    for place in (0, 17, 100):
        other = values.copy()
        other[known[place]] += 1000
        after = evidence.describe_known(other, known)
        np.testing.assert_allclose(after[place], before[place], atol=1e-6)
        assert not np.array_equal(np.delete(after, place, 0), np.delete(before, place, 0), equal_nan=True)
    fixed = evidence.describe_fixed("population", known, known)
    turned = replace(evidence, known={"population": -values})
    np.testing.assert_array_equal(fixed, turned.describe_fixed("population", known, known))


def test_the_nearest_are_the_nearest_by_direction() -> None:
    angles = np.radians([0, 10, 20, 40, 90])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    medians = find_nearest_medians(vectors, np.array([5.0, 1.0, 2.0, 4.0, np.nan]), np.array([0, 4]))
    assert medians[:, 0].tolist() == [1.0, 4.0]  # its own 5 is not looked at
    assert medians[:, 1].tolist() == [2.0, 2.0]  # of 1, 2, 4, and of 4, 2, 1


def test_a_mixture_is_never_worse_than_the_best_model_on_what_it_was_chosen_on() -> None:
    random = np.random.default_rng(0)
    values = random.lognormal(size=50)
    means = np.log(values) + random.normal(size=(4, 50)) * np.array([[0.1], [0.5], [1.0], [2.0]])
    weights = mix_models(means, values, Scale(logarithm=True))
    assert weights.sum() == pytest.approx(1)
    assert np.abs(np.exp(weights @ means) - values).mean() <= np.abs(np.exp(means) - values).mean(1).min() + 1e-12


def test_the_logarithm_is_for_long_positive_tails_only() -> None:
    random = np.random.default_rng(0)
    assert choose_scale(random.lognormal(10, 2, 500)) == Scale(logarithm=True)
    assert choose_scale(2020 - random.exponential(30, 500)) == Scale()
    assert choose_scale(random.lognormal(10, 2, 500) - 1) == Scale(logarithm=True)
    assert choose_scale(np.append(random.lognormal(10, 2, 500), 0.0)) == Scale()
    assert choose_scale(np.array([4.0])) == choose_scale(np.full(9, 4.0)) == Scale()
