"""For notebook 16: a series of reviews for each entity and topic, alarms at one stated false-alarm rate, what they find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.graph import KnowledgeGraph, roll_up
from kgwb.learn import run_cusum
from kgwb.lessons.opinions import RELATIONS
from kgwb.lessons.seeing_a_space import shuffle_facts

TOPICS = ("colour", "delivery", "fit", "price", "quality")
GROUPINGS = ("whole shop", "as named", "rolled up", "shuffled roll-up")
SHOP, FALSE = "the shop", "false alarms"
COMPLAINING = 0.4  # the share of reviews with one complaint that an alarm is made for
_DAYS_LATE = 7  # an alarm so long after an event's last day still belongs to it


@dataclass(frozen=True, repr=False)
class Watch:
    """An alarm for every entity and topic.

    Attributes:
        weights: of a review that complains of the topic, and of one that does not: [topic, 2].
        alarm_at: the height of the alarm, the same for all series.
    """

    weights: np.ndarray
    alarm_at: float

    def __repr__(self) -> str:
        return f"Watch: alarm at {self.alarm_at:.2f}, complaints weigh {self.weights[:, 0].min():.2f} or more"


def code_complaints(told: pd.DataFrame) -> np.ndarray:
    """Of each review the number of the topic it complains of, −1 for none: int64 [review]."""
    numbers = told["topic"].map({topic: number for number, topic in enumerate(TOPICS)}).to_numpy(int)
    return np.where(told["sentiment"] == "bad", numbers, -1)


def group_reviews(
    grouping: str, named: pd.Series, graph: KnowledgeGraph, *, relations: Iterable[str] = RELATIONS, seed: int = 0
) -> pd.DataFrame:
    """For which entities each review counts.

    Args:
        grouping: "whole shop": for all; "as named": for whom it names; "rolled up": for all that the facts lead to from
            there; "shuffled roll-up": the same with the tails of each relation shuffled.
        named: the entity that each review names, in order of time.
        graph: whose facts are followed.
        relations: which of them.
        seed: of the shuffle.

    Returns:
        Columns review (its place) and counts_for, in order of time.
    """
    every = pd.DataFrame({"review": np.arange(len(named)), "entity": named.to_numpy()})
    if grouping == "whole shop":
        return every.assign(counts_for=SHOP)[["review", "counts_for"]]
    if grouping == "as named":
        return every.set_axis(["review", "counts_for"], axis=1)
    pairs = roll_up(graph if grouping == "rolled up" else shuffle_facts(graph, seed=seed), list(relations))
    return every.merge(pairs, on="entity").sort_values("review", kind="stable")[["review", "counts_for"]]


def weigh(quiet: np.ndarray, *, complaining: float = COMPLAINING) -> np.ndarray:
    """The weights of `run_cusum` by topic, ln p₁/p₀ and ln (1 − p₁)/(1 − p₀), p₀ the share in quiet time: [topic, 2]."""
    usual = np.array([(quiet == topic).sum() + 0.5 for topic in range(len(TOPICS))]) / (len(quiet) + 1)
    return np.log(np.stack([complaining / usual, (1 - complaining) / (1 - usual)], axis=1))


def run_series(groups: pd.DataFrame, codes: np.ndarray, watch: Watch) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The sum of each entity and topic at each of its reviews.

    Args:
        groups: as `group_reviews` gives them.
        codes: what each review complains of, [review] or [review, draw].
        watch: its weights and height.

    Returns:
        By entity: the places of its reviews, and sums [its review, topic] or [its review, draw, topic].
    """
    is_complaint = codes[..., None] == np.arange(len(TOPICS))  # [review, (draw,) topic]
    weights = np.where(is_complaint, watch.weights[:, 0], watch.weights[:, 1])
    found = {}
    for entity, places in groups.groupby("counts_for", sort=True)["review"]:
        own = places.to_numpy()
        found[str(entity)] = (own, run_cusum(weights[own], alarm_at=watch.alarm_at))
    return found


def list_alarms(groups: pd.DataFrame, codes: np.ndarray, watch: Watch, times: pd.Series) -> pd.DataFrame:
    """Every alarm: time, entity, topic, height, reviews (of the entity up to then), draw (0 for one stream), by time."""
    rows = []
    for entity, (own, sums) in run_series(groups, codes.reshape(len(codes), -1), watch).items():
        for at, draw, topic in np.argwhere(sums >= watch.alarm_at):
            rows.append((times.iloc[own[at]], entity, TOPICS[topic], sums[at, draw, topic], at + 1, draw))
    table = pd.DataFrame(rows, columns=["time", "entity", "topic", "height", "reviews", "draw"])
    table = table.astype({"time": times.dtype})
    return table.sort_values(["draw", "time", "entity"], ignore_index=True)


def count_alarms(groups: pd.DataFrame, codes: np.ndarray, watch: Watch) -> np.ndarray:
    """How many alarms all series together give, [draw]."""
    series = run_series(groups, codes, watch).values()
    return np.sum([(sums >= watch.alarm_at).sum(axis=(0, 2)) for _, sums in series], axis=0)


def draw_quiet(quiet: np.ndarray, size: int, *, draws: int, seed: int = 0) -> np.ndarray:
    """Streams without an event: each review complains as one of quiet time, drawn with replacement: [review, draw]."""
    return np.random.default_rng(seed).choice(quiet, (size, draws))


def set_alarm(
    groups: pd.DataFrame, quiet: np.ndarray, size: int, *, expected: float = 1.0, draws: int = 100, seed: int = 0
) -> Watch:
    """The lowest height at which all series together give so many false alarms in a quiet stream, found by halving.

    Args:
        groups: as `group_reviews` gives them.
        quiet: what reviews of quiet time complain of.
        size: reviews in the stream.
        expected: false alarms of all series together, over the whole stream.
        draws: how many quiet streams, drawn by the seed.
        seed: of the draw.
    """
    weights, streams = weigh(quiet), draw_quiet(quiet, size, draws=draws, seed=seed)
    low, high = 0.5, 20.0
    for _ in range(11):
        middle = (low + high) / 2
        many = count_alarms(groups, streams, Watch(weights, middle)).mean() > expected
        low, high = (middle, high) if many else (low, middle)
    return Watch(weights, high)


def judge_events(alarms: pd.DataFrame, events: pd.DataFrame, concerned: Mapping[str, Iterable[str]]) -> pd.DataFrame:
    """For each event when an alarm found it, and when one named it.

    Args:
        alarms: of one stream, as `list_alarms` gives them.
        events: as `read_events` gives them; one without a topic is a decoy.
        concerned: for each event, the entities whose reviews it touches.

    Returns:
        By event: "found", days until the first alarm of its topic for an entity it touches; "named", until the first for
        the very entity; NaN where there is none. The last row counts "false alarms", of no event.
    """
    left, rows = np.ones(len(alarms), bool), {}
    for event in events.itertuples():
        end = event.last + pd.Timedelta(days=_DAYS_LATE)
        its = alarms["time"].between(event.first, end) & (alarms["topic"] == event.topic)
        its &= alarms["entity"].isin([*concerned[event.Index], SHOP])
        left &= ~its.to_numpy()
        days = (alarms["time"] - event.first).dt.days
        rows[event.Index] = {"found": days[its].min(), "named": days[its & (alarms["entity"] == event.entity)].min()}
    return pd.concat([pd.DataFrame(rows).T, pd.DataFrame({"found": left.sum()}, index=[FALSE])])


def list_concerned(events: pd.DataFrame, graph: KnowledgeGraph) -> dict[str, list[str]]:
    """For each event the entity, what counts for it, and all that these count for: whose reviews it touches."""
    pairs = roll_up(graph, list(RELATIONS))
    touched = {}
    for event, entity in events["entity"].items():
        below = pairs.loc[pairs["counts_for"] == entity, "entity"]
        touched[str(event)] = sorted({*below, *pairs.loc[pairs["entity"].isin(below), "counts_for"]})
    return touched


def redraw_stream(
    reviews: pd.DataFrame, quiet: np.ndarray, events: pd.DataFrame, graph: KnowledgeGraph, *, draws: int, seed: int = 0
) -> np.ndarray:
    """Streams with the same events, whose reviews say something else: [review, draw].

    A review complains as one of quiet time; in an event's days the stated share of its items' complains of its topic.
    """
    codes = draw_quiet(quiet, len(reviews), draws=draws, seed=seed)
    chance = np.random.default_rng([seed, 1]).random(codes.shape)
    pairs = roll_up(graph, list(RELATIONS))
    for event in events[events["topic"].notna()].itertuples():
        below = pairs.loc[pairs["counts_for"] == event.entity, "entity"]
        its = (reviews["item"].isin(below) & reviews["time"].between(event.first, event.last)).to_numpy()
        codes = np.where(its[:, None] & (chance < event.share), TOPICS.index(event.topic), codes)
    return codes


def compare_groupings(
    reviews: pd.DataFrame,
    named: pd.Series,
    quiet: np.ndarray,
    graph: KnowledgeGraph,
    events: pd.DataFrame,
    *,
    seeds: int = 5,
    draws: int = 20,
    expected: float = 1.0,
    relations: Iterable[str] = RELATIONS,
) -> pd.DataFrame:
    """What each grouping finds in redrawn streams, all at one stated number of false alarms.

    Args:
        reviews: the stream.
        named: the entity that each names.
        quiet: what reviews of quiet time complain of.
        graph: for the roll-up.
        events: what was planted.
        seeds: of the redrawing, of the height, and of the shuffle.
        draws: streams of each seed.
        expected: false alarms of all series together in a quiet stream.
        relations: which facts are followed.

    Returns:
        A row for each seed, grouping and event: share "found" and "named" of the draws, median "days" of those found; and
        rows "false alarms": their mean in quiet streams ("found") that did not choose the height.
    """
    concerned, rows = list_concerned(events, graph), []
    for seed in range(seeds):
        streams = redraw_stream(reviews, quiet, events, graph, draws=draws, seed=seed)
        fresh = draw_quiet(quiet, len(reviews), draws=100, seed=seed + 1000)
        for grouping in GROUPINGS:
            groups = group_reviews(grouping, named, graph, relations=relations, seed=seed)
            watch = set_alarm(groups, quiet, len(reviews), expected=expected, seed=seed)
            alarms = list_alarms(groups, streams, watch, reviews["time"])
            judged = [judge_events(alarms[alarms["draw"] == draw], events, concerned) for draw in range(draws)]
            for event in events.index[events["topic"].notna()]:
                found = pd.DataFrame([each.loc[event] for each in judged])
                shares = found.notna().mean().to_dict()
                rows.append(
                    {"seed": seed, "grouping": grouping, "event": event, **shares, "days": found["found"].median()}
                )
            false = count_alarms(groups, fresh, watch).mean()
            rows.append({"seed": seed, "grouping": grouping, "event": FALSE, "found": false})
    return pd.DataFrame(rows)


def compare_decoy(
    reviews: pd.DataFrame,
    groups: pd.DataFrame,
    quiet: np.ndarray,
    decoy: pd.Series,
    *,
    seeds: int = 5,
    draws: int = 100,
) -> pd.DataFrame:
    """False alarms in a burst of reviews that says nothing new: of an alarm on shares, and of one on weekly counts.

    The one on counts sums w = x ln μ₁/μ₀ − (μ₁ − μ₀) over the weeks, x complaints where μ₀ are usual (Lucas, 1985,
    "Counted data CUSUM's"), μ₁/μ₀ = p₁/p₀. Its height is set on weeks of quiet time, as is the other's.

    Args:
        reviews: the stream, its quiet time first.
        groups: as `group_reviews` gives them.
        quiet: what the reviews of quiet time complain of, the first of the stream.
        decoy: the row of `read_events`.
        seeds: of the draws.
        draws: streams of each seed, without any event.

    Returns:
        A row for each seed and alarm: mean false alarms in "quiet time" and in "the burst".
    """
    weeks = ((reviews["time"] - reviews["time"].min()).dt.days // 7).to_numpy()
    calm = int(weeks[len(quiet)])  # weeks of quiet time
    burst = np.unique(weeks[reviews["time"].between(decoy["first"], decoy["last"]).to_numpy()])
    weights, rows = weigh(quiet), []
    early = groups[groups["review"] < len(quiet)]
    for seed in range(seeds):
        streams = draw_quiet(quiet, len(reviews), draws=draws, seed=seed)
        watch = set_alarm(early, quiet, len(quiet), expected=1.0, seed=seed + 1000)
        alarms = list_alarms(groups, streams, watch, pd.Series(weeks))["time"].to_numpy()
        low, high = 0.5, 30.0
        for _ in range(11):
            middle = (low + high) / 2
            found = _count_weekly(early, streams[: len(quiet)], weeks[: len(quiet)], calm, weights, middle)
            low, high = (middle, high) if found.sum() / draws > 1.0 else (low, middle)
        counts = _count_weekly(groups, streams, weeks, calm, weights, high) / draws
        for name, weekly in (("shares", np.bincount(alarms, minlength=len(counts)) / draws), ("counts", counts)):
            rows.append(
                {"seed": seed, "alarm on": name, "quiet time": weekly[:calm].sum(), "the burst": weekly[burst].sum()}
            )
    return pd.DataFrame(rows)


def _count_weekly(
    groups: pd.DataFrame, codes: np.ndarray, weeks: np.ndarray, calm: int, weights: np.ndarray, alarm_at: float
) -> np.ndarray:
    """Alarms in each week, of all series and draws together, by counts."""
    ratio = np.exp(weights[:, 0])  # p₁/p₀
    usual = COMPLAINING / ratio
    total = np.zeros(weeks.max() + 1)
    for _, own in groups.groupby("counts_for")["review"]:
        places = own.to_numpy()
        counts = np.zeros((len(total), codes.shape[1], len(TOPICS)))
        np.add.at(counts, weeks[places], codes[places][..., None] == np.arange(len(TOPICS)))
        mean = usual * ((weeks[places] < calm).sum() + 0.5) / calm  # complaints a week in quiet time
        sums = run_cusum(counts * weights[:, 0] - mean * (ratio - 1), alarm_at=alarm_at)
        total += (sums >= alarm_at).sum(axis=(1, 2))
    return total
