"""Filled attributes: what they learn from, and what is said of values that will not do."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from rainy_towns import TOWNS, make_rain

from kgwb.embed import GraphEmbedding, TransE, fill_attributes
from kgwb.graph.errors import UnknownNameError


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
    filled = fill_attributes(towns, make_rain(48), asked=make_rain(12, 48)[["entity", "attribute"]])
    truth = make_rain(12, 48)["value"]
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
    first = fill_attributes(towns, make_rain(40), asked=asked, seed=3).frame
    again = fill_attributes(towns, make_rain(40).sample(frac=1, random_state=1), asked=asked, seed=3).frame
    pd.testing.assert_frame_equal(first, again)
    turned = fill_attributes(towns, make_rain(40), asked=asked[::-1], seed=3).frame
    pd.testing.assert_frame_equal(turned[::-1].reset_index(drop=True), first)
    assert not fill_attributes(towns, make_rain(40), asked=asked, seed=4).frame["value"].equals(first["value"])


def test_nothing_that_is_given_changes(towns: GraphEmbedding) -> None:
    values, asked = make_rain(40), pd.DataFrame({"entity": ["town 59"], "attribute": ["rain"]})
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
    few = fill_attributes(towns, make_rain(5), asked=asked).frame.iloc[0]
    assert few["value"] == pytest.approx(make_rain(5)["value"].median(), abs=60)
    assert (few["low"], few["high"]) == (-math.inf, math.inf)
    assert few["how"] == "median of 5 values, too few for a model; too few for an interval that holds 90%"
    more = fill_attributes(towns, make_rain(15), asked=asked).frame.iloc[0]
    assert more["how"] == "median of 15 values, too few for a model"
    assert -math.inf < more["low"] < 500 and 800 < more["high"] < math.inf
    one = fill_attributes(towns, make_rain(1), asked=asked)
    assert one.frame["how"].item() == "the only value, which bounds nothing"
    assert one.frame["value"].item() == make_rain(1)["value"].item()
    assert one.frame["high"].item() == math.inf and "error nan" in repr(one)


@pytest.mark.parametrize("count", [12, 40])
def test_a_constant_attribute_stays_constant_and_says_so(towns: GraphEmbedding, count: int) -> None:
    asked = pd.DataFrame({"entity": ["town 59"], "attribute": ["rain"]})
    row = fill_attributes(towns, make_rain(count).assign(value=7.0), asked=asked).frame.iloc[0]
    assert (row["low"], row["value"], row["high"]) == (7.0, 7.0, 7.0)
    assert row["how"] == f"all {count} values are equal"


def test_what_is_empty_infinite_or_twice_is_left_out_and_counted(towns: GraphEmbedding) -> None:
    values = make_rain(30)
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
    numbers = fill_attributes(towns, make_rain(30), asked=asked).frame
    values = make_rain(30)
    values["value"] = [repr(float(value)) for value in values["value"]]
    pd.testing.assert_frame_equal(fill_attributes(towns, values, asked=asked).frame, numbers)
    assert numbers["label"].tolist() == ["town 59"]


def test_errors_name_what_came_and_what_to_type(towns: GraphEmbedding, world: GraphEmbedding) -> None:
    values, asked = make_rain(30), pd.DataFrame({"entity": ["town 59"], "attribute": ["rain"]})
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
        fill_attributes(towns, make_rain(30), texts=texts)


@pytest.mark.parametrize("texts", [torch.nn.Linear(2, 2), TransE])
def test_texts_that_are_no_function_are_refused(towns: GraphEmbedding, texts: Any) -> None:
    said = r"A function of the table of entities was expected, but .* came\. Type texts=lambda"
    with pytest.raises(TypeError, match=said):
        fill_attributes(towns, make_rain(30), texts=texts)


def test_without_scikit_learn_the_install_line_is_given(towns: GraphEmbedding, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__
    monkeypatch.setattr("kgwb.packages.import_module", lambda name: real("a_package_that_is_missing"))
    with pytest.raises(ImportError, match=r"Filling attributes needs scikit-learn.* Type: pip install scikit-learn"):
        fill_attributes(towns, make_rain(30))
