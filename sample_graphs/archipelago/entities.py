"""Who and what there is in the archipelago: types, counts, names and numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from chance import between, deal
from names import NameMaker, Word

# type: how many
COUNTS = {
    "town": 40,
    "island": 10,
    "guild": 12,
    "dialect": 8,
    "craft": 12,
    "house": 24,
    "festival": 20,
    "bird": 20,
    "plant": 20,
    "lighthouse": 14,
    "ship": 90,
    "person": 330,
}
BYNAMES = 66
ALIASES = {"town": (("Port {}", "{}港"), 4), "ship": (("Old {}", "老{}号"), 3)}  # every fourth town, every third ship


@dataclass(frozen=True)
class Entity:
    """One row of entities.tsv."""

    name: str
    label: str
    label_zh: str
    type: str
    description: str = ""
    aliases: tuple[str, ...] = ()
    numbers: tuple[tuple[str, int], ...] = ()


def make_entities(maker: NameMaker, random: Random) -> dict[str, list[Entity]]:
    """Name every entity; the names know nothing of the facts, which are dealt later."""
    groups: dict[str, list[Entity]] = {}
    for kind, count in COUNTS.items():
        words = maker.make(count, letters=range(5, 9), syllables=(2, 3), pieces=2, openings=kind != "person")
        groups[kind] = [Entity(word.text, word.text.capitalize(), word.chinese, kind) for word in words]
    bynames = maker.make(BYNAMES, letters=range(4, 6), syllables=(2, 2), pieces=2, openings=False)
    groups["person"] = _add_bynames(random, groups["person"], bynames)
    return {kind: [_describe(random, i, entity) for i, entity in enumerate(group)] for kind, group in groups.items()}


def _add_bynames(random: Random, people: list[Entity], bynames: list[Word]) -> list[Entity]:
    by_text = {word.text: word for word in bynames}
    given = deal(random, [person.name for person in people], list(by_text))
    words = [by_text[given[person.name]] for person in people]
    return [
        replace(person, label=f"{person.label} {word.text.capitalize()}", label_zh=f"{person.label_zh}·{word.chinese}")
        for person, word in zip(people, words, strict=True)
    ]


def _describe(random: Random, position: int, entity: Entity) -> Entity:
    """Add numbers, a description that tells only the type and the numbers, and for some an alias."""
    forms, every = ALIASES.get(entity.type, ((), 1))
    labels = (entity.label, entity.label_zh)
    aliases = (
        tuple(form.format(label) for form, label in zip(forms, labels, strict=False)) if position % every == 0 else ()
    )
    if entity.type == "town":
        population = between(random, 8, 240) * 50
        return replace(
            entity, aliases=aliases, numbers=(("population", population),), description=f"town of {population} people"
        )
    if entity.type == "island":
        area = between(random, 40, 900)
        return replace(entity, numbers=(("area", area),), description=f"island of {area} square kilometres")
    if entity.type == "ship":
        length, built = between(random, 12, 60), between(random, 480, 540)
        numbers = (("length", length), ("built", built))
        return replace(
            entity, aliases=aliases, numbers=numbers, description=f"ship of {length} metres, built in {built}"
        )
    if entity.type == "person":
        born = between(random, 460, 525)
        return replace(entity, numbers=(("birth_year", born),), description=f"person born in the year {born}")
    return replace(entity, description=f"{entity.type} of the archipelago")
