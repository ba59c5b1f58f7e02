"""Messages of customers: the wordings filled in, each with what it asks for and what the graph answers, if it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import names
from chance import pick, shuffle
from entities import Entity, Groups
from facts import Fact
from intents import ASKED, HELD_OUT, WORDINGS

COLUMNS = (
    "question", "intent", "entity", "other", "relation", "answers", "language", "wording", "held_out", "reason",
)  # fmt: skip
PER_WORDING = 3
UNKNOWN_EACH, LACKING_EACH = 3, 5  # messages of an intent, per language
LACKING = frozenset({"made_of", "made_of/cared_for_by", "weight", "warranty", "replaced_by"})
UNKNOWN_BRANDS = (("Oskelmar", "奥斯凯尔马"), ("Trivand", "特里万德"))
Row = tuple[str, ...]


def write_questions(groups: Groups, facts: Sequence[Fact], random: Random) -> list[Row]:
    """All messages, no two alike, intent by intent."""
    asker = Asker(groups, facts, random)
    rows = [
        row
        for language in WORDINGS
        for intent in ASKED
        for row in (
            *asker.ask(intent, language),
            *asker.ask_in_vain(intent, language),
            *asker.ask_shared(intent, language),
        )
    ]
    rows += [row for language in WORDINGS for row in _leave_the_shop(language)]
    return list({row[0]: row for row in rows}.values())


def _leave_the_shop(language: str) -> Iterator[Row]:
    """Messages that no graph of a range answers; every fourth is held out."""
    for number, text in enumerate(WORDINGS[language]["out_of_scope"]):
        yield text, "out_of_scope", "", "", "", "", language, str(number), str(int(number % 4 == 3)), "out_of_scope"


class Asker:
    """Fills wordings with the names of entities and looks the answers up."""

    def __init__(self, groups: Groups, facts: Sequence[Fact], random: Random) -> None:
        self._groups, self._facts, self._random = groups, facts, random
        self._entities = {entity.name: entity for group in groups.values() for entity in group}
        self._twins = [item for item in groups["item"] if "twin" in item.parts]

    def ask(self, intent: str, language: str) -> Iterator[Row]:
        """Messages that the graph answers, every wording equally often, by label or by alias."""
        kind, path = ASKED[intent]
        able = [one for one in self._groups[kind] if one not in self._twins and one.name != "flaxholm"]
        able = shuffle(self._random, [one for one in able if self.answer(one.name, path)])
        for turn in range(PER_WORDING * (HELD_OUT + 1)):
            entity, number = able[turn % len(able)], turn % (HELD_OUT + 1)
            other, answers = self._compare(entity, turn) if intent == "fits" else ("", self.answer(entity.name, path))
            yield self._write(intent, language, number, [entity], other, answers, "")

    def ask_in_vain(self, intent: str, language: str) -> Iterator[Row]:
        """Messages about names that the shop does not have, and about facts that it lacks."""
        kind, path = ASKED[intent]
        for turn in range(UNKNOWN_EACH):
            known = pick(self._random, self._groups["item"]).name if intent == "fits" else ""
            yield self._write(intent, language, turn + 2, [self._invent(kind)], known, [], "unknown_entity")
        silent = [one for one in self._groups[kind] if not self.answer(one.name, path)]
        if path in LACKING:
            for turn, entity in enumerate(shuffle(self._random, silent)[:LACKING_EACH]):
                yield self._write(intent, language, turn, [entity], "", [], "no_fact")

    def ask_shared(self, intent: str, language: str) -> Iterator[Row]:
        """Messages with a name that two bear; the answers of both."""
        path = ASKED[intent][1]
        if intent in ("price", "material", "color", "in_stock", "warranty"):
            for both, number in ((self._twins[:2], 0), (self._twins[2:], HELD_OUT)):
                answers = list(dict.fromkeys(answer for item in both for answer in self.answer(item.name, path)))
                yield self._write(intent, language, number, both, "", answers, "shared_name")
        if intent == "brand_items":
            for number in (0, HELD_OUT):
                brand, material = self._entities["flaxholm"], self._entities["linen"]
                answers = [*self.answer("flaxholm", path), *self.answer("linen", "^made_of")]
                row = self._write(intent, language, number, [brand, material], "", sorted(set(answers)), "shared_name")
                yield (*row[:4], "^made_by|^made_of", *row[5:])

    def answer(self, entity: str, path: str) -> list[str]:
        """Where a path of relations leads, or the number of that name; nothing where the graph is silent."""
        if path in ("price", "stock", "warranty", "weight"):
            number = self._entities[entity].numbers.get(path, "")
            return [number] if number else []
        found = {entity}
        for step in path.split("/"):
            ends = [fact[::-1] if step.startswith("^") else fact for fact in self._facts if fact[1] == step.strip("^")]
            found = {tail for head, _, tail in ends if head in found}
        return sorted(found)

    def _compare(self, accessory: Entity, turn: int) -> tuple[str, list[str]]:
        """By turns an item that the accessory fits and one of the same category that it does not fit."""
        fitting, wanted = self.answer(accessory.name, "fits"), names.FITS[accessory.parts["category"]]
        possible = [one for one in self._groups["item"] if one.parts["category"] == wanted and one not in self._twins]
        yes, no = ([one.name for one in possible if (one.name in fitting) is fits] for fits in (True, False))
        return (pick(self._random, yes), ["yes"]) if yes and turn % 2 == 0 else (pick(self._random, no), ["no"])

    def _invent(self, kind: str) -> Entity:
        """An entity that the shop does not have, with a name of the usual form."""
        if kind == "order":
            number = 51000 + 7 * int(self._random.random() * 900)
            return Entity("", f"order {number}", f"订单{number}", kind)
        if kind == "brand":
            return Entity("", *pick(self._random, UNKNOWN_BRANDS), kind)
        labels = {item.label for item in self._groups["item"]}
        made = ("", "")
        while made[0] in labels | {""}:
            model = pick(self._random, list(names.MODELS))
            nouns = pick(self._random, [row[3] for row in names.CATEGORIES.values()])
            english, chinese = pick(self._random, nouns).split("=")
            made = (f"{model} {english}", names.MODELS[model] + chinese)
        return Entity("", *made, kind)

    def _write(
        self, intent: str, language: str, number: int, meant: list[Entity], other: str, answers: list[str], reason: str
    ) -> Row:
        slots = {"x": self._name(meant[0], language, shared=len(meant) > 1)}
        if other:
            slots["y"] = self._name(self._entities[other], language)
        text = WORDINGS[language][intent][number].format(**slots)
        entities = "|".join(entity.name for entity in meant)
        held_out = str(int(number == HELD_OUT))
        row = (entities, other, ASKED[intent][1], "|".join(answers), language, str(number), held_out, reason)
        return (text[0].upper() + text[1:], intent, *row)

    def _name(self, entity: Entity, language: str, *, shared: bool = False) -> str:
        """The entity as a customer writes it: three times by its label, the fourth by its number or short name."""
        label = entity.label if language == "en" else entity.label_zh
        fitting = [alias for alias in entity.aliases if entity.type != "brand" or alias.isascii() == (language == "en")]
        by_alias = entity.type == "brand" if shared else self._random.random() < 0.25
        if fitting and by_alias:
            return fitting[0]
        return f"the {label}" if entity.type == "item" and language == "en" else label
