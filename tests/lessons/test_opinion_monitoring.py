"""Notebook 16's alarms are those of a loop by hand, their false alarms those stated, and no event is known before it began."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.lessons import opinion_alarms, opinion_monitoring, opinions
from kgwb.lessons.opinion_alarms import FALSE, GROUPINGS, SHOP, TOPICS, Watch


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.read_graph(kgwb.sample("shop"))


@pytest.fixture(scope="module")
def reviews() -> pd.DataFrame:
    every = opinions.read_reviews(kgwb.sample("shop"))
    return every[every["time"] >= opinions.LABELLED_UNTIL].reset_index(drop=True)


@pytest.fixture(scope="module")
def quiet(reviews: pd.DataFrame) -> np.ndarray:
    return opinion_alarms.code_complaints(reviews[reviews["time"] < opinions.QUIET_UNTIL])


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    return opinions.read_events(kgwb.sample("shop"))


def test_nothing_is_planted_in_quiet_time(events: pd.DataFrame) -> None:
    assert events["first"].min() >= pd.Timestamp(opinions.QUIET_UNTIL)


def test_a_review_names_its_item_brand_or_category(reviews: pd.DataFrame, graph: kgwb.KnowledgeGraph) -> None:
    some = reviews.head(60)
    named = opinions.link_reviews(some, graph, kgwb.load_bert("minilm"))
    pairs = kgwb.graph.roll_up(graph, opinions.RELATIONS).groupby("entity")["counts_for"].agg(set)
    right = [name in pairs[item] for name, item in zip(named, some["item"], strict=True)]
    assert np.mean(right) > 0.95  # two items share a label
    facts = opinions.tell_facts(named, graph)
    assert facts.shape[0] == 60 and set(np.unique(facts)) == {0.0, 1.0}


def test_groupings_count_each_review_where_they_should(reviews: pd.DataFrame, graph: kgwb.KnowledgeGraph) -> None:
    named = reviews["item"]
    sizes = {name: opinion_alarms.group_reviews(name, named, graph) for name in GROUPINGS}
    assert set(sizes["whole shop"]["counts_for"]) == {SHOP} and len(sizes["whole shop"]) == len(reviews)
    assert sizes["as named"]["counts_for"].tolist() == named.tolist()
    brand = graph.to_pandas().query("relation == 'made_by'").set_index("head")["tail"]
    rolled = sizes["rolled up"]
    its = rolled.loc[rolled["counts_for"] == "lorvatch", "review"]
    assert its.tolist() == np.flatnonzero(named.map(brand) == "lorvatch").tolist()
    shuffled = sizes["shuffled roll-up"]
    assert its.tolist() != shuffled.loc[shuffled["counts_for"] == "lorvatch", "review"].tolist()


def test_alarms_are_those_of_a_loop(reviews: pd.DataFrame, graph: kgwb.KnowledgeGraph, quiet: np.ndarray) -> None:
    codes = opinion_alarms.code_complaints(reviews)
    groups = opinion_alarms.group_reviews("rolled up", reviews["item"], graph)
    watch = Watch(opinion_alarms.weigh(quiet), 5.0)
    expected = []
    for entity, its in groups.groupby("counts_for")["review"]:
        for topic in range(len(TOPICS)):
            total = 0.0
            for place in its:
                total = max(0.0, total + watch.weights[topic, 0 if codes[place] == topic else 1])
                if total >= 5.0:
                    expected.append((reviews["time"][place], entity, TOPICS[topic]))
                    total = 0.0
    alarms = opinion_alarms.list_alarms(groups, codes, watch, reviews["time"])
    assert sorted(alarms[["time", "entity", "topic"]].itertuples(index=False, name=None)) == sorted(expected)
    assert opinion_alarms.count_alarms(groups, codes[:, None], watch).tolist() == [len(expected)]


def test_a_weight_is_the_log_of_the_likelihood_ratio(quiet: np.ndarray) -> None:
    weights, share = opinion_alarms.weigh(quiet), ((quiet == 4).sum() + 0.5) / (len(quiet) + 1)
    assert weights[4] == pytest.approx([np.log(0.4 / share), np.log(0.6 / (1 - share))])


@pytest.mark.parametrize("expected", [0.5, 2.0])
def test_false_alarms_are_as_many_as_stated(
    reviews: pd.DataFrame, graph: kgwb.KnowledgeGraph, quiet: np.ndarray, expected: float
) -> None:
    groups = opinion_alarms.group_reviews("whole shop", reviews["item"], graph)
    watch = opinion_alarms.set_alarm(groups, quiet, len(reviews), expected=expected)
    fresh = opinion_alarms.draw_quiet(quiet, len(reviews), draws=300, seed=7)
    assert opinion_alarms.count_alarms(groups, fresh, watch).mean() == pytest.approx(expected, rel=0.4)


def test_redrawn_streams_complain_in_events_and_nowhere_else(
    reviews: pd.DataFrame, graph: kgwb.KnowledgeGraph, quiet: np.ndarray, events: pd.DataFrame
) -> None:
    streams = opinion_alarms.redraw_stream(reviews, quiet, events, graph, draws=200)
    late = reviews["time"].between("2025-07-07", "2025-08-03").to_numpy()
    pairs = kgwb.graph.roll_up(graph, opinions.RELATIONS)
    its = reviews["item"].isin(pairs.loc[pairs["counts_for"] == "istrick", "entity"]).to_numpy()
    usual = (quiet == TOPICS.index("delivery")).mean()
    bad = streams == TOPICS.index("delivery")
    assert bad[late & its].mean() == pytest.approx(0.5 + 0.5 * usual, abs=0.03)
    assert bad[~(late & its)].mean() == pytest.approx(usual, abs=0.03)


def test_an_alarm_is_judged_by_day_topic_and_entity(events: pd.DataFrame, graph: kgwb.KnowledgeGraph) -> None:
    rows = [
        ("2025-07-12", "fenlorrow", "delivery"),  # a brand of the supplier: found
        ("2025-07-20", "istrick", "delivery"),  # named
        ("2025-08-11", "istrick", "delivery"),  # too late
        ("2025-07-20", "istrick", "fit"),  # another topic
        ("2025-07-20", "quenvast", "delivery"),  # another supplier's
    ]
    alarms = pd.DataFrame(rows, columns=["time", "entity", "topic"]).astype({"time": "datetime64[ns]"})
    judged = opinion_alarms.judge_events(alarms, events, opinion_alarms.list_concerned(events, graph))
    assert judged.loc["late parcels"].tolist() == [5, 13] and judged.loc[FALSE, "found"] == 3
    assert judged.drop(index=["late parcels", FALSE]).isna().all(axis=None)


def test_comparisons_run_and_their_pictures_say_what_they_found(
    reviews: pd.DataFrame, graph: kgwb.KnowledgeGraph, quiet: np.ndarray, events: pd.DataFrame
) -> None:
    named = reviews["item"]
    results = opinion_alarms.compare_groupings(reviews, named, quiet, graph, events, seeds=1, draws=2)
    assert len(results) == 5 * len(GROUPINGS) and results["named"].le(results["found"]).sum() == 4 * len(GROUPINGS)
    picture = opinion_monitoring.draw_detections(results)
    assert "rolled up" in " ".join(ElementTree.fromstring(picture.svg).itertext()) and "nan" not in picture.svg
    groups = opinion_alarms.group_reviews("rolled up", named, graph)
    decoy = opinion_alarms.compare_decoy(reviews, groups, quiet, events.loc["campaign"], seeds=1, draws=20)
    assert decoy.set_index("alarm on")["the burst"].idxmax() == "counts"
    watches = dict.fromkeys(GROUPINGS, Watch(opinion_alarms.weigh(quiet), 5.0))
    codes = opinion_alarms.code_complaints(reviews)
    traced = opinion_monitoring.trace_sums(
        GROUPINGS, named, graph, codes, reviews["time"], watches, entity="istrick", topic="delivery"
    )
    picture = opinion_monitoring.draw_sums(traced, *events.loc["late parcels", ["first", "last"]], title="Late")
    assert repr(picture).startswith("Picture: Late. whole shop: first alarm 2025-0") and "nan" not in picture.svg


def test_weeks_count_what_is_there(reviews: pd.DataFrame, graph: kgwb.KnowledgeGraph) -> None:
    groups = opinion_alarms.group_reviews("whole shop", reviews["item"], graph)
    weekly = opinion_monitoring.count_by_week(groups, reviews, SHOP)
    assert (
        weekly["reviews"].sum() == len(reviews) and weekly["complaints"].sum() == (reviews["sentiment"] == "bad").sum()
    )
    assert ((1 - 2 * weekly["complaints"] / weekly["reviews"]) - weekly["mean"]).abs().max() < 1e-9


def test_readers_are_compared_on_wordings_they_never_met(reviews: pd.DataFrame, graph: kgwb.KnowledgeGraph) -> None:
    bert = kgwb.load_bert("minilm")
    some = reviews.head(150)
    told = opinions.compare_readers(some, some["item"], graph, bert, seeds=1)
    assert set(told["way"]) >= {"majority", "MiniLM and shuffled facts"} and told["both"].between(0, 1).all()
    assert (told["both"] <= told[["topic", "sentiment"]].min(axis=1) + 1e-9).all()
