"""How the shop talks: sentences for facts, each stating one, with its mentions marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from string import Formatter

from entities import Entity
from facts import RELATIONS, Fact

# Of customers no text speaks; of these every fact is told in one language, by turns, so that the folder stays under 1 MB.
UNTOLD = frozenset({"lives_in", "interested_in"})
TOLD_BY_TURNS = frozenset({"in_category", "has_color", "suited_for", "contains"})
LANGUAGES = ("en", "zh")


def tell_facts(facts: Sequence[Fact], entities: Mapping[str, Entity]) -> Iterator[dict]:
    """Every fact about the range and the orders, in English and in Chinese, the two wordings by turns."""
    turns: Counter[str] = Counter()
    for fact in facts:
        relation = fact[1]
        if relation in UNTOLD:
            continue
        turn = turns[relation]
        turns[relation] += 1
        by_turns = relation in TOLD_BY_TURNS
        for language in LANGUAGES[turn % 2 : turn % 2 + 1] if by_turns else LANGUAGES:
            number = turn // 2 % 2 if by_turns else turn % 2
            yield write_sentence(fact, number, language, entities)


def write_sentence(fact: Fact, number: int, language: str, entities: Mapping[str, Entity]) -> dict:
    """One wording of a fact filled in, and where head and tail stand in it."""
    head, relation, tail = fact
    wording, text, mentions = RELATIONS[relation][3 + LANGUAGES.index(language)][number], "", []
    for plain, slot, _, _ in Formatter().parse(wording):
        text += plain
        if slot is not None:
            entity = entities[head if slot == "head" else tail]
            name = entity.label if language == "en" else entity.label_zh
            name = name if text or language == "zh" else name[0].upper() + name[1:]
            mentions.append({"start": len(text), "end": len(text) + len(name), "entity": entity.name})
            text += name
    return {"text": text, "mentions": mentions, "triple": fact, "wording": number, "language": language}
