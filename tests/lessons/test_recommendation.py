"""Notebook 14's exams tell no test purchase, its figures are those of brute force, and what is taken away is gone."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.lessons import customers, reasons, recommendation
from kgwb.lessons.customers import PurchaseExam, Shop

RELATIONS = [*customers.FACETS, "interested_in"]
KINDS = ["next", "unseen", "new"]


@pytest.fixture(scope="module")
def shop() -> Shop:
    return customers.read_shop(kgwb.sample("shop"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_no_purchase_that_is_asked_for_may_be_learnt_from(shop: Shop, kind: str, seed: int) -> None:
    exam = customers.make_exam(shop, kind, seed=seed)
    both = pd.concat([exam.known, exam.asked])
    assert len(exam.asked) and not both.duplicated(["user", "item"]).any()
    joined = customers.join_purchases(shop.graph, exam.known, RELATIONS).to_pandas()
    told = set(joined.loc[joined["relation"] == "bought", ["head", "tail"]].itertuples(index=False, name=None))
    assert told == set(exam.known[["user", "item"]].itertuples(index=False, name=None))
    if kind == "next":
        latest = exam.known.groupby("user")["time"].max()
        assert (exam.asked.set_index("user")["time"] > latest).all()
    else:
        assert not set(exam.items) & set(exam.known["item"])
        assert set(exam.asked["item"]) <= set(exam.items)
    assert re.match(rf"PurchaseExam: {len(exam.known):,} purchases", repr(exam))


def test_what_is_no_longer_made_is_listed_only_where_it_is_asked_for(shop: Shop) -> None:
    usual, every = (customers.make_exam(shop, "next", every=each) for each in (False, True))
    assert len(every.items) - len(usual.items) == 6 and "A10010" in usual.items
    assert repr(shop) == "Shop: 250 items, 300 customers, 6,042 purchases"


def test_shuffled_facts_are_as_many_of_the_same_heads_and_untrue(shop: Shop) -> None:
    exam = customers.make_exam(shop, "next")
    true, untrue = (
        customers.join_purchases(shop.graph, exam.known, RELATIONS, shuffled=seed).to_pandas() for seed in (None, 1)
    )
    facts = [table[table["relation"] != "bought"] for table in (true, untrue)]
    for relation in RELATIONS:
        heads = [sorted(each.loc[each["relation"] == relation, "head"]) for each in facts]
        assert set(heads[0]) == set(heads[1])
    assert not len(facts[0].merge(facts[1]))


def test_floors_and_ceiling_are_those_of_the_shops_readme(shop: Shop) -> None:
    """The README's figures are measured by other code, which its own tests hold."""
    rows = []
    for seed in range(5):
        exam = customers.make_exam(shop, "next", seed=seed)
        guesses = {
            "popularity": customers.score_popularity(shop, exam),
            "facts": customers.score_facts(shop, exam),
            "the formula itself": customers.score_formula(shop),
        }
        rows.append({name: customers.measure_lists(each, shop, exam)["found"] for name, each in guesses.items()})
    readme = (kgwb.sample("shop") / "README.md").read_text(encoding="utf-8")
    for name, mean in pd.DataFrame(rows).mean().items():
        [stated] = re.findall(rf"^\| {name} \| ([\d.]+) ±", readme, re.MULTILINE)
        assert mean == pytest.approx(float(stated), abs=0.006), name


def test_a_list_is_measured_as_by_hand(shop: Shop) -> None:
    user, items = shop.users[0], shop.items
    asked = pd.DataFrame({"user": user, "item": [items[2], items[9]], "time": "2025-12-01"})
    exam = PurchaseExam(pd.DataFrame({"user": [user], "item": [items[0]], "time": ["2025-01-01"]}), asked, items, 5)
    scores = pd.DataFrame(-np.tile(np.arange(250.0), (300, 1)), shop.users, items)
    measured = customers.measure_lists(scores, shop, exam)  # the first is owned: places 2 and 9
    assert measured["found"] == 0.5
    assert measured["nDCG"] == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    tied = customers.measure_lists(scores * 0, shop, exam)
    assert tied["found"] == pytest.approx(5 / 248)  # of 249 items, less the other one that is asked for
    shown = recommendation.list_scored(scores, shop, exam, [user])
    assert shown["cases"][user] == (items[1:6].tolist(), set(asked["item"]), 5)
    assert shown["beside"][user] == measured["nDCG"]


def test_a_path_leads_over_a_purchase_to_the_item(shop: Shop) -> None:
    exam = customers.make_exam(shop, "new")
    joined = customers.join_purchases(shop.graph, exam.known, RELATIONS)
    facts = set(joined.to_pandas().itertuples(index=False, name=None))
    paths = reasons.list_paths(joined, "c005", "A10125")
    assert len(paths)
    for each in paths.itertuples():
        way = {("c005", "bought", each.bought), (each.bought, each.relation, each.value)}
        assert way | {("A10125", each.relation, each.value)} <= facts
    drawn = reasons.cut_paths(joined, "c005", "A10125", ["made_by"]).to_pandas()
    assert set(drawn.itertuples(index=False, name=None)) <= facts and set(drawn["relation"]) == {"made_by", "bought"}


def test_one_fact_of_each_hit_is_taken_away_and_no_other(shop: Shop) -> None:
    exam = customers.make_exam(shop, "unseen")
    scores = customers.score_facts(shop, exam)
    hits = reasons.choose_hits(scores, shop, exam)
    assert hits["item"].is_unique and hits["rank"].le(5).all() and len(hits) > 20
    assert len(hits.merge(exam.asked, on=["user", "item"])) == len(hits)
    joined = customers.join_purchases(shop.graph, exam.known, RELATIONS)
    taken = reasons.name_reasons(shop, exam, hits)
    assert not len(taken["the reason"].merge(taken["another fact"]))
    for facts in taken.values():
        assert facts["head"].tolist() == hits["item"].tolist()
        left = reasons.remove_facts(joined, facts)
        assert len(left) == len(joined) - len(hits) and not len(left.to_pandas().merge(facts))


def test_only_the_facts_that_are_told_are_counted_and_taken_away(shop: Shop) -> None:
    exam, quick = customers.make_exam(shop, "unseen"), {"dim": 8, "epochs": 1}
    every, brands = customers.score_facts(shop, exam), customers.score_facts(shop, exam, ["made_by", "interested_in"])
    assert every.equals(customers.score_facts(shop, exam, RELATIONS)) and not every.equals(brands)
    brand = customers.share_values(shop.graph, "made_by", shop.items).idxmax(axis=1)[exam.items]
    hidden = brands.loc[shop.users[0], exam.items]
    assert hidden.groupby(brand).nunique().eq(1).all() and hidden.nunique() > 5  # of an item only its brand matters
    guesses = customers.guess_items(shop, exam, ["made_by"], **quick)
    assert guesses["facts counted"].equals(customers.score_facts(shop, exam, ["made_by"]))
    hits = reasons.choose_hits(every, shop, exam)
    taken = reasons.name_reasons(shop, exam, hits, ["made_by"])
    assert set(taken["the reason"]["relation"]) == {"made_by"} and taken["another fact"].empty  # an item has one brand
    assert reasons.compare_removals(shop, exam, ["made_by"], seeds=1, **quick)["another fact"].between(1, 50).all()


def test_the_weight_of_a_path_is_what_facts_counted_adds(shop: Shop) -> None:
    exam = customers.make_exam(shop, "new")
    joined = customers.join_purchases(shop.graph, exam.known, RELATIONS)
    table = reasons.weigh_paths(shop, exam, joined, "c005", "A10125")
    assert table.loc[("made_by", "fenlorrow"), "earlier purchases"] == 5
    own = exam.known.query("user == 'c005'")["item"]  # by hand, with the 20 purchases of the average customer
    brand = customers.share_values(shop.graph, "made_by", shop.items)["fenlorrow"]
    usual = (brand[exam.known["item"]].sum() + 1) / (len(exam.known) + 20)
    assert table.loc[("made_by", "fenlorrow"), "times as often as others"] == pytest.approx(
        (brand[own].sum() + 20 * usual) / (len(own) + 20) / usual
    )
    alone = customers.join_purchases(shop.graph, exam.known, ["interested_in"])
    assert reasons.weigh_paths(shop, exam, alone, "c005", "A10125").empty


def test_removals_and_guesses_run_to_the_end(shop: Shop) -> None:
    exam, quick = customers.make_exam(shop, "unseen"), {"dim": 8, "epochs": 1}
    removed = reasons.compare_removals(shop, exam, RELATIONS, seeds=1, **quick)
    assert removed[["rank", "nothing", "the reason", "another fact"]].stack().between(1, 50).all()
    results = customers.compare_guesses(shop, ["new"], RELATIONS, seeds=1, **quick)
    assert results["guess"].tolist() == list(customers.GUESSES)
    picture = recommendation.draw_found(results, customers.GUESSES[:3])
    assert repr(picture).startswith("Picture: share found. new: chance 0.") and "nan" not in picture.svg
    assert "no graph" in " ".join(ElementTree.fromstring(picture.svg).itertext())


def test_what_lists_favour_is_counted_by_places(shop: Shop) -> None:
    exam = customers.make_exam(shop, "next", every=True)
    table = recommendation.summarise_lists({"popularity": customers.score_popularity(shop, exam)}, shop, exam)
    assert table.loc["popularity", "most bought"] > 0.95 and table.loc["popularity", "not in train"] == 0
    top = exam.known["item"].value_counts().index[:25]
    assert table.loc["what was bought", "most bought"] == pytest.approx(exam.asked["item"].isin(top).mean(), abs=0.01)
