"""How the archipelago talks: sentences for facts, each stating one, and prose that states none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from string import Formatter

from chance import pick
from entities import Entity
from facts import Fact

# Every fact gets the first wording; where there are three, the other two take turns.
ENGLISH = {
    "born_in": (
        "{head} was born in {tail}.",
        "The birthplace of {head} is {tail}.",
        "{head} came into the world in {tail}.",
    ),
    "member_of": (
        "{head} is a member of {tail}.",
        "The guild of {head} is {tail}.",
        "{head} has joined the guild of {tail}.",
    ),
    "speaks": ("{head} speaks {tail}.", "The dialect of {head} is {tail}.", "{head} tells stories in {tail}."),
    "practises": (
        "{head} practises {tail}.",
        "The craft of {head} is {tail}.",
        "{head} earns a living by {tail}.",
    ),
    "islander_of": (
        "{head} is an islander of {tail}.",
        "The home island of {head} is {tail}.",
        "{head} comes from the island of {tail}.",
    ),
    "lives_in": ("{head} lives in {tail}.",),
    "belongs_to": ("{head} is of the house of {tail}.",),
    "home_port": ("The home port of {head} is {tail}.",),
    "located_on": ("{head} is a town on {tail}.",),
    "seated_in": ("The guild {head} meets in {tail}.",),
    "spoken_on": ("{head} is spoken on {tail}.",),
    "stands_in": ("The lighthouse {head} stands in {tail}.",),
}
CHINESE = {"born_in": "{head}出生于{tail}。"}
# One sentence for every so many facts, where the folder has no room for all.
ONE_IN = {"lives_in": 4, "belongs_to": 4, "home_port": 2}

# No person stands beside a town, island, guild, dialect, craft or house here: prose gives no fact away.
PROSE = (
    "The {ship} left {town} before dawn with a hold full of {plant}.",
    "From the top of {lighthouse} one can see {island} and, on clear days, {island2}.",
    "During {festival} the streets of {town} smell of {plant}.",
    "A flock of {bird} followed the {ship} all the way to {island}.",
    "{person} told {person2} a long story about the {ship}.",
    "The storm drove the {ship} past {lighthouse} and onto the rocks.",
    "{person} has never missed a night of {festival}.",
    "Nobody on {island} hunts the {bird}, because it warns of fog.",
    "The children of {town} carry {plant} to the sea on the eve of {festival}.",
    "{person} and {person2} argued for hours about the song of the {bird}.",
    "Between {island} and {island2} the current is too strong for the {ship}.",
    "Dried {plant} from {town} is sold as far away as {town2}.",
    "The {ship} and the {ship2} raced from {lighthouse} to {lighthouse2}.",
    "{person} keeps a tame {bird} on board the {ship}.",
    "The harbour master of {town} lit the fire of {lighthouse} by hand.",
    "Where {plant} grows, the {bird} builds its nest.",
    "{person} gave {person2} a bunch of {plant} at {festival}.",
    "The old road from {town} to {town2} is lined with {plant}.",
    "On the last day of {festival} the {ship} is painted white.",
    "Few have heard the {bird} call at night near {lighthouse}.",
)


def write_sentence(wording: str, slots: dict[str, tuple[str, str]]) -> tuple[str, list[dict[str, str | int]]]:
    """Fill a wording.

    Args:
        wording: text with `{slots}`.
        slots: for every slot the text to write and the entity it names.

    Returns:
        The sentence, and where it names entities (characters from `start` up to but without `end`).
    """
    text, mentions = "", []
    for plain, slot, _, _ in Formatter().parse(wording):
        text += plain
        if slot is not None:
            words, entity = slots[slot]
            mentions.append({"start": len(text), "end": len(text) + len(words), "entity": entity})
            text += words
    return text, mentions


def prepend_facts(facts: Sequence[Fact], entities: dict[str, Entity]) -> Iterator[dict]:
    """Every sentence that states a fact."""
    told = dict.fromkeys(ENGLISH, 0)
    for fact in facts:
        if fact[1] in ENGLISH:
            for number, language, wording in _wordings(fact[1], told[fact[1]]):
                yield _tell(fact, number, language, wording, entities)
            told[fact[1]] += 1


def _wordings(relation: str, turn: int) -> Iterator[tuple[int, str, str]]:
    english = ENGLISH[relation]
    if turn % ONE_IN.get(relation, 1) == 0:
        yield 0, "en", english[0]
    if len(english) > 1:
        other = 1 + turn % (len(english) - 1)
        yield other, "en", english[other]
    if relation in CHINESE:
        yield len(english), "zh", CHINESE[relation]


def _tell(fact: Fact, number: int, language: str, wording: str, entities: dict[str, Entity]) -> dict:
    head, _, tail = fact
    labels = {name: entities[name].label_zh if language == "zh" else entities[name].label for name in (head, tail)}
    text, mentions = write_sentence(wording, {"head": (labels[head], head), "tail": (labels[tail], tail)})
    return {"text": text, "mentions": mentions, "triple": fact, "wording": number, "language": language}


def tell_stories(groups: dict[str, list[Entity]], random: Random, *, rounds: int = 3) -> Iterator[dict]:
    """Prose with two to four mentions, towns and ships sometimes by their other name."""
    for number in range(rounds * len(PROSE)):
        wording = PROSE[number % len(PROSE)]
        slots: dict[str, tuple[str, str]] = {}
        for _, slot, _, _ in Formatter().parse(wording):
            if slot is not None:
                slots[slot] = _name(random, groups[slot.rstrip("2")], {entity for _, entity in slots.values()})
        text, mentions = write_sentence(wording, slots)
        yield {"text": text, "mentions": mentions, "triple": None, "wording": 0, "language": "en"}


def _name(random: Random, group: list[Entity], used: set[str]) -> tuple[str, str]:
    entity = pick(random, [entity for entity in group if entity.name not in used])
    return pick(random, (entity.label, *entity.aliases[:1])), entity.name
