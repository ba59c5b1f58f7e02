"""The purchases of the invented shop are made as its README says, and facts explain of them what it says."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from shop_numbers import FACETS, FOLDER, Shop, measure_new, measure_next, measure_unseen, score_formula

NEW_FROM = "2025-10-01"
LIKED = {"brand": 3, "category": 3, "material": 2, "style": 1}
UNKNOWING = ["chance", "popularity", "other customers", "shuffled facts"]


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "interactions.tsv", sep="\t", dtype=str)


@pytest.fixture(scope="module")
def tastes() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "tastes.tsv", sep="\t", keep_default_na=False, dtype=str).set_index("entity")


@pytest.fixture(scope="module")
def shop(entities, triples) -> Shop:
    return Shop.of(entities, triples)


@pytest.fixture(scope="module")
def formula(shop, tastes, readme) -> np.ndarray:
    return score_formula(shop, tastes, read_weights(readme))


def read_weights(readme: str) -> dict[str, float]:
    rows = re.findall(r"^\| `(\w+)` \| (\d\.\d) \| `?(?:\w|`, )", readme, re.MULTILINE)
    return {term: float(weight) for term, weight in rows}


@pytest.fixture(scope="module")
def measured(shop, formula, purchases, entities) -> dict[str, pd.DataFrame]:
    """Shares of purchases found, by the column of the README."""
    return {
        "next": measure_next(shop, formula, purchases),
        "unseen": measure_unseen(shop, formula, purchases),
        "new": measure_new(shop, formula, purchases, entities["launched"], NEW_FROM),
    }


def test_a_customer_buys_once_a_day_and_never_an_item_twice(purchases, shop):
    assert not purchases.duplicated(["user", "item"]).any() and not purchases.duplicated(["user", "time"]).any()
    counts = purchases["user"].value_counts()
    assert set(counts.index) == set(shop.users) and (counts.min(), counts.max()) == (12, 28)
    assert purchases.groupby("user")["time"].apply(lambda times: times.is_monotonic_increasing).all()
    assert purchases["time"].min() >= "2024-01-01" and purchases["time"].max() < "2026-01-01"


def test_an_item_is_bought_while_it_is_sold(purchases, entities, triples):
    launched = entities["launched"]
    assert (purchases["time"] >= launched[purchases["item"]].to_numpy()).all()
    replaced = triples[triples["relation"] == "replaced_by"].set_index("head")["tail"]
    assert replaced.isin(purchases["item"]).all() and set(replaced.index) <= set(purchases["item"])
    late = purchases[purchases["item"].isin(replaced.index)]
    assert (late["time"].to_numpy() < launched[replaced[late["item"]]].to_numpy()).all()


def test_the_readme_names_the_items_that_no_customer_bought(readme, purchases, shop, entities):
    unsold = set(shop.items) - set(purchases["item"])
    (listed,) = re.findall(r"Four have no purchase: (.*)\. A model", readme)
    assert set(re.findall(r"A\d{5}", listed)) == unsold and len(unsold) == 4
    assert set(entities.index[entities["type"].eq("item") & entities["rating"].eq("")]) == unsold
    new, old = (re.findall(r"A\d{5}", part) for part in listed.split(" are new, "))
    assert (entities["launched"][new] >= NEW_FROM).all() and (entities["launched"][old] < NEW_FROM).all()


def test_every_customer_likes_so_many(tastes, shop, triples):
    for facet, count in LIKED.items():
        liked = tastes.loc[shop.users, facet].str.split("|")
        assert liked.map(len).eq(count).all() and liked.map(lambda found: len(set(found))).eq(count).all(), facet
    appeal = pd.to_numeric(tastes.loc[shop.items, "appeal"])
    usual = appeal[appeal > -9]
    assert len(usual) == len(appeal) - 1 and abs(usual.mean()) < 0.2 and 0.85 < usual.std() < 1.15


def test_what_was_bought_had_the_highest_utility_but_for_noise(formula, shop, purchases, entities):
    """The noise lies between −3 and 3, so whatever was passed over was wanted by less than 6 more."""
    bought, lead = np.zeros(len(shop.items), bool), []
    launched = entities["launched"][shop.items].to_numpy()
    for user, rows in purchases.groupby("user"):
        row, bought = formula[shop.users.get_loc(user)], np.zeros(len(shop.items), bool)
        for item, time in zip(rows["item"], rows["time"], strict=True):
            place = shop.items.get_loc(item)
            lead.append(row[~bought & (launched <= time)].max() - row[place])
            bought[place] = True
    assert max(lead) < 6 and 0.5 < np.mean(lead) < 1.5


def test_the_formula_leaves_nothing_that_city_color_or_price_would_tell(formula, shop, purchases, entities, triples):
    # A softmax stands in for the noise: near enough to see whether anything else pulls at purchases.
    bought = shop.mark(purchases)
    expected = np.exp(1.5 * (formula - formula.max(axis=1, keepdims=True)))
    expected *= bought.sum(axis=1, keepdims=True) / expected.sum(axis=1, keepdims=True)
    surplus = pd.Series((bought - expected).sum(axis=0), index=shop.items)
    known = surplus[(entities["launched"][shop.items] < "2024-01-01").to_numpy()]
    for number in ("price", "stock"):
        assert abs(known.corr(pd.to_numeric(entities[number][known.index]), method="spearman")) < 0.2, number
    color = triples[triples["relation"] == "has_color"].set_index("head")["tail"][known.index]
    between = known.groupby(color.to_numpy()).transform("mean").var() / known.var()
    assert between < 0.1


def test_the_readme_states_what_facts_and_other_customers_explain(readme, measured):
    names = list(measured["next"].index)
    rows = dict(re.findall(rf"^\| ({'|'.join(names)}) \|((?: [\d.]+ ± [\d.]+ \|){{3}})$", readme, re.MULTILINE))
    assert list(rows) == names
    for name, cells in rows.items():
        stated = [float(number) for number in re.findall(r"[\d.]+", cells)]
        seen = [measured[column].loc[name, part] for column in measured for part in ("mean", "std")]
        assert stated == pytest.approx(seen, abs=0.011), name


def test_the_readme_states_what_each_relation_tells_of_unseen_items(readme, measured):
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) ± ([\d.]+) \|$", readme, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(FACETS)
    for name, mean, spread in rows:
        assert measured["unseen"].loc[name].to_list() == pytest.approx([float(mean), float(spread)], abs=0.011), name


def test_facts_tell_of_items_that_nothing_else_tells_of_and_no_guess_beats_the_formula(measured):
    for column in ("unseen", "new"):
        mean = measured[column]["mean"]
        assert mean["facts"] > 3 * mean[UNKNOWING].max() and mean[UNKNOWING].max() < mean["chance"] + 0.03
    unseen = measured["unseen"]["mean"]
    assert unseen["facts"] > unseen[list(FACETS)].max()
    following = measured["next"]["mean"]
    assert (
        following["popularity"] > following["chance"] + 0.05 and following["shuffled facts"] < following["popularity"]
    )
    assert following["facts"] > following["other customers"] > following["popularity"]
    for column in measured:
        assert (
            measured[column]["mean"].drop("the formula itself").max() + 0.2
            < measured[column]["mean"]["the formula itself"]
        )
