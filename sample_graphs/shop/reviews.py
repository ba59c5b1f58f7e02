"""What buyers write, and when; in some weeks something goes wrong, and most reviews of what it concerns say so."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from random import Random

from chance import between, pick
from entities import Entity, Groups
from facts import Fact
from purchases import Purchase, list_values

COLUMNS = ("purchase", "days", "opening", "wording")
EVENTS_COLUMNS = ("event", "entity", "topic", "first", "last", "share")
# event, whom it concerns, of what the reviews complain, first day, last day, share of the reviews that do
EVENTS = (
    ("late parcels", "istrick", "delivery", "2025-07-07", "2025-08-03", "0.5"),
    ("faded batch", "A10722", "colour", "2025-08-18", "2025-09-07", "0.8"),
    ("campaign", "", "", "2025-09-08", "2025-09-21", "0"),
    ("bad clay", "ceramic", "quality", "2025-10-06", "2025-11-02", "0.6"),
    ("wrong sizes", "lorvatch", "fit", "2025-11-10", "2025-12-28", "0.6"),
)
FIRST, LAST = "2025-01-01", "2025-12-31"
WRITES, WRITES_IF_BAD, WRITES_IF_ASKED, WRITES_IF_FADED = 0.2, 0.6, 0.25, 0.9
LEAST_DAYS, MOST_DAYS, ASKED_DAYS = 3, 17, 60
BAD, CHINESE = 0.25, 0.25
TOPICS = {"quality": 0.3, "delivery": 0.2, "price": 0.2, "fit": 0.15, "colour": 0.15}
NAMED = {"label": 0.55, "number": 0.15, "brand": 0.2, "category": 0.1}
Row = tuple[str, ...]


def write_reviews(groups: Groups, facts: list[Fact], purchases: list[Purchase], random: Random) -> list[Row]:
    """For each review the line of its purchase, days since, and the numbers of opening and wording."""
    texts, items = _read_wordings(), {item.name: item for item in groups["item"]}
    suppliers = {head: tail for head, relation, tail in facts if relation == "supplied_by"}
    rows = []
    for number, (_, item, bought) in enumerate(purchases):
        written = _choose_day(_list_concerns(items[item], suppliers), date.fromisoformat(bought), random)
        if written and FIRST <= str(written[0]) <= LAST:
            topic, sentiment = _choose_opinion(written[1], random)
            language = "zh" if random.random() < CHINESE else "en"
            opening = pick(random, texts[language, "opening", _draw(NAMED, random)])
            days = (written[0] - date.fromisoformat(bought)).days
            rows.append((number, days, opening, pick(random, texts[language, topic, sentiment])))
    return [tuple(map(str, row)) for row in rows]


def _read_wordings() -> dict[Row, list[int]]:
    """The numbers of the texts of each language, topic and sentiment, counted through the file."""
    texts: dict[Row, list[int]] = {}
    with Path(__file__).with_name("review_wordings.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            before, more = sum(map(len, texts.values())), len(row["wordings"].split("|"))
            texts[row["language"], row["topic"], row["sentiment"]] = list(range(before, before + more))
    return texts


def _list_concerns(item: Entity, suppliers: dict[str, str]) -> set[str]:
    """The item, its brand and materials, and who supplies the brand."""
    brand = item.parts["brand"]
    return {item.name, brand, suppliers[brand], *list_values(item, "material")}


def _choose_day(concerns: set[str], bought: date, random: Random) -> tuple[date, Row | None] | None:
    """When something is written, and the event that it is about; None where nothing is."""
    day = bought + timedelta(int(between(random, LEAST_DAYS, MOST_DAYS + 1)))
    event = next((each for each in EVENTS if each[1] in concerns and each[3] <= str(day) <= each[4]), None)
    if random.random() < (WRITES_IF_BAD if event else WRITES):
        return day, event
    for each in EVENTS:  # the campaign asks all who bought lately; a faded item shows some time after it was bought
        asked = {"campaign": WRITES_IF_ASKED, "faded batch": WRITES_IF_FADED * (each[1] in concerns)}.get(each[0], 0.0)
        first, last = map(date.fromisoformat, each[3:5])
        later = first + timedelta(int(between(random, 0, (last - first).days + 1)))
        if LEAST_DAYS <= (later - bought).days <= ASKED_DAYS and random.random() < asked:
            return later, each if each[1] else None
    return None


def _choose_opinion(event: Row | None, random: Random) -> tuple[str, str]:
    if event and random.random() < float(event[5]):
        return event[2], "bad"
    return _draw(TOPICS, random), "bad" if random.random() < BAD else "good"


def _draw(shares: dict[str, float], random: Random) -> str:
    """One of the names, each as often as its share says."""
    left = random.random()
    for name, share in shares.items():
        left -= share
        if left < 0:
            return name
    return name
