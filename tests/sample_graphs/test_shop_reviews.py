"""Reviews of the invented shop follow purchases, say what their wordings say, and complain when the README says so."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from shop_numbers import FOLDER

import kgwb
from kgwb.lessons.opinions import RELATIONS, read_events, read_reviews


@pytest.fixture(scope="module")
def reviews() -> pd.DataFrame:
    return read_reviews(FOLDER)


def list_items(entity: str) -> set[str]:
    """The items that count for an entity."""
    pairs = kgwb.graph.roll_up(kgwb.read_graph(FOLDER), RELATIONS)
    return set(pairs.loc[pairs["counts_for"] == entity, "entity"])


def test_each_follows_a_purchase_within_the_days_stated(reviews):
    rows = pd.read_csv(FOLDER / "reviews.tsv", sep="\t")
    assert rows["purchase"].is_unique and rows["days"].between(3, 60).all()
    assert reviews["time"].between("2025-01-01", "2025-12-31").all() and reviews["time"].is_monotonic_increasing
    assert not reviews["text"].str.contains(r"[{}|]").any()


def test_a_wording_belongs_to_one_topic_and_sentiment():
    table = pd.read_csv(FOLDER / "review_wordings.csv")
    said = table[table["topic"] != "opening"].assign(text=lambda rows: rows["wordings"].str.split("|")).explode("text")
    assert said["text"].is_unique and not said["text"].str.contains("{", regex=False).any()
    counts = said.groupby(["language", "topic", "sentiment"]).size().groupby("language").agg(["size", "min", "max"])
    assert counts.loc["en"].tolist() == [10, 5, 5] and counts.loc["zh"].tolist() == [10, 3, 3]


def test_the_readme_counts_reviews_and_events(reviews, readme):
    counts = reviews["language"].value_counts()
    assert f"{len(reviews)} reviews, {counts['en']} in English and {counts['zh']} in Chinese" in readme
    rows = re.findall(
        r"^\| (\w+ \w+) \| `?([\w–]+)`? \| (\w+) \| (\S+) to (\S+) \| ([\d.]+) \| (\d+) of (\d+) \|$", readme, re.M
    )
    events = read_events(FOLDER)
    assert [row[0] for row in rows] == [name for name in events.index if name != "campaign"]
    for name, entity, topic, first, last, share, bad, count in rows:
        its = reviews[reviews["time"].between(first, last) & reviews["item"].isin(list_items(entity))]
        assert (its["topic"].eq(topic) & its["sentiment"].eq("bad")).sum() == int(bad) and len(its) == int(count), name
        stated = events.loc[name]
        assert (stated["entity"], stated["topic"], stated["share"]) == (entity, topic, float(share))


def test_outside_events_a_quarter_complains_of_each_topic_alike(reviews):
    quiet = reviews[reviews["time"] < "2025-07-01"]
    bad = quiet["sentiment"].eq("bad")
    assert bad.mean() == pytest.approx(0.25, abs=0.06)
    assert quiet["topic"].value_counts(normalize=True)["quality"] == pytest.approx(0.3, abs=0.07)


def test_the_campaign_brings_volume_and_no_other_sentiment(reviews):
    weekly = reviews.set_index("time").resample("7D", origin="2025-09-08")["sentiment"]
    sizes, bad = weekly.size(), weekly.apply(lambda its: its.eq("bad").mean())
    campaign = slice("2025-09-08", "2025-09-15")
    assert sizes[campaign].min() > 2.5 * sizes.drop(sizes[campaign].index).median()
    assert bad[campaign].mean() == pytest.approx(0.25, abs=0.1)
