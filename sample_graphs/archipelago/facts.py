"""The facts of the archipelago: who was born where, dealt out evenly and at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random

from chance import between, deal, dependence, shuffle
from entities import Entity

Fact = tuple[str, str, str]
FRIENDSHIPS, LESSONS, SAILORS = 40, 126, 120

RELATIONS = {
    "born_in": ("born in", "出生于", "the town where a person was born"),
    "lives_in": ("lives in", "居住于", "the town where a person lives now"),
    "member_of": ("member of", "加入行会", "the guild of a person"),
    "speaks": ("speaks", "说", "the dialect of a person"),
    "practises": ("practises", "从事", "the craft of a person"),
    "belongs_to": ("belongs to", "属于家族", "the house of a person"),
    "islander_of": ("islander of", "是岛民", "the island of the town where a person was born"),
    "knows": ("knows", "认识", "two persons know each other; always told both ways"),
    "teacher_of": ("teacher of", "是老师", "a person taught another, who is at least ten years younger"),
    "sails_on": ("sails on", "乘船", "the ship of a person"),
    "home_port": ("home port", "母港", "the town a ship returns to"),
    "built_by": ("built by", "建造者", "the guild that built a ship"),
    "located_on": ("located on", "位于", "the island of a town"),
    "celebrates": ("celebrates", "庆祝", "the festival of a town"),
    "neighbour_of": ("neighbour of", "相邻", "two islands lie side by side; always told both ways"),
    "known_for": ("known for", "以之闻名", "a bird or a plant of an island"),
    "seated_in": ("seated in", "总部位于", "the town where a guild meets"),
    "spoken_on": ("spoken on", "通行于", "the island where a dialect is spoken"),
    "stands_in": ("stands in", "矗立于", "the town of a lighthouse"),
}
# Dealt to every person, each without a look at the others.
DEALT = {
    "born_in": "town",
    "lives_in": "town",
    "member_of": "guild",
    "speaks": "dialect",
    "practises": "craft",
    "belongs_to": "house",
}


def make_facts(groups: dict[str, list[Entity]], random: Random) -> list[Fact]:
    """Deal out every fact."""
    names = {kind: [entity.name for entity in group] for kind, group in groups.items()}
    located = deal(random, names["town"], names["island"])
    facts = [
        *_places(random, names, located),
        *_ships(random, names),
        *_people(random, names["person"], names, located),
        *_company(random, groups["person"]),
        *_told("sails_on", deal(random, shuffle(random, names["person"])[:SAILORS], names["ship"])),
    ]
    return sorted(facts)


def _told(relation: str, deals: dict[str, str]) -> list[Fact]:
    return [(head, relation, tail) for head, tail in deals.items()]


def _both_ways(relation: str, pairs: Sequence[tuple[str, str]]) -> list[Fact]:
    return [(a, relation, b) for first, second in pairs for a, b in ((first, second), (second, first))]


def _places(random: Random, names: dict[str, list[str]], located: dict[str, str]) -> list[Fact]:
    islands = shuffle(random, names["island"])
    ring = list(zip(islands, islands[1:] + islands[:1], strict=True))
    straits = [(islands[i], islands[i + 5]) for i in range(4)]
    dialects = names["dialect"] + shuffle(random, names["dialect"])[:2]  # two dialects are spoken on two islands
    return [
        *_told("located_on", located),
        *_told("celebrates", deal(random, names["town"], names["festival"])),
        *_both_ways("neighbour_of", ring + straits),
        *((island, "known_for", bird) for bird, island in deal(random, names["bird"], islands).items()),
        *((island, "known_for", plant) for plant, island in deal(random, names["plant"], islands).items()),
        *_told("seated_in", deal(random, names["guild"], names["town"])),
        *((dialect, "spoken_on", island) for dialect, island in zip(dialects, shuffle(random, islands), strict=True)),
        *_told("stands_in", deal(random, names["lighthouse"], names["town"])),
    ]


def _ships(random: Random, names: dict[str, list[str]]) -> list[Fact]:
    ports = deal(random, names["ship"], names["town"])
    return _told("home_port", ports) + _told("built_by", deal(random, names["ship"], names["guild"]))


def _people(random: Random, people: list[str], names: dict[str, list[str]], located: dict[str, str]) -> list[Fact]:
    """Deal every person relation again until it tells nothing of those dealt before it."""
    deals: dict[str, dict[str, str]] = {}
    while "born_in" not in deals or not _even(located[town] for town in deals["born_in"].values()):
        deals["born_in"] = deal(random, people, names["town"])
    deals["islander_of"] = {person: located[town] for person, town in deals["born_in"].items()}
    for relation, kind in list(DEALT.items())[1:]:
        fresh = deal(random, people, names[kind])
        while not all(0.9 < dependence(fresh, other) < 1.1 for other in deals.values()):
            fresh = deal(random, people, names[kind])
        deals[relation] = fresh
    return [fact for relation, dealt in deals.items() for fact in _told(relation, dealt)]


def _even(values: Iterable[str]) -> bool:
    counts = Counter(values).values()
    return max(counts) - min(counts) <= 1


def _company(random: Random, people: list[Entity]) -> list[Fact]:
    """Some persons know, some teach one another, some sail; blind to all other facts."""
    born = {person.name: dict(person.numbers)["birth_year"] for person in people}
    pairs = _pairs(random, list(born), 400)
    friends, rest = pairs[:FRIENDSHIPS], pairs[FRIENDSHIPS:]
    lessons = [tuple(sorted(pair, key=born.__getitem__)) for pair in rest if abs(born[pair[0]] - born[pair[1]]) >= 10]
    return _both_ways("knows", friends) + [(teacher, "teacher_of", pupil) for teacher, pupil in lessons[:LESSONS]]


def _pairs(random: Random, names: list[str], count: int) -> list[tuple[str, str]]:
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    while len(pairs) < count:
        first, second = (names[between(random, 0, len(names) - 1)] for _ in range(2))
        if first != second:
            pairs.setdefault(frozenset((first, second)), (first, second))
    return list(pairs.values())
