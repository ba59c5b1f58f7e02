"""Writes sentences.jsonl from the three tables, the wordings below and prose.txt.

Run it after a change of the tables: `python sample_graphs/world/wordings.py`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

WORDINGS = {
    "en": {
        "capital": ("The capital of {head} is {tail}.", "{tail} is the capital of {head}."),
        "continent": ("{head} is a country in {tail}.", "On a map of {tail} you will find {head}."),
        "subregion": ("{head} lies in {tail}.", "{head} is one of the countries of {tail}."),
        "part_of": ("{head} is part of {tail}.", "{head} is a subregion of {tail}."),
        "borders": ("{head} borders {tail}.", "{head} shares a land border with {tail}."),
        "official_language": (
            "{tail} is an official language of {head}.",
            "In {head}, official business is done in {tail}.",
        ),
        "currency": ("The currency of {head} is {tail}.", "Shops in {head} take {tail}."),
    },
    "zh": {
        "capital": ("{head}的首都是{tail}。",),
        "continent": ("{head}位于{tail}。",),
        "subregion": ("{head}地处{tail}。",),
        "part_of": ("{head}是{tail}的一部分。",),
        "borders": ("{head}与{tail}接壤。",),
        "official_language": ("{tail}是{head}的官方语言。",),
        "currency": ("{head}的法定货币是{tail}。",),
    },
}

ALL_WORDINGS = {
    relation: [(language, number) for language in WORDINGS for number in range(len(WORDINGS[language][relation]))]
    for relation in WORDINGS["en"]
}

# The folder stays under 1 MB: of the borders, every second fact is put into words, once.
BORDER_TURNS = ([("en", 0)], [], [("en", 1)], [], [("zh", 0)], [])

# English says "the" before these names, and before every currency.
WITH_ARTICLE = frozenset(
    {
        "americas",
        "bahamas",
        "caribbean",
        "central_african_republic",
        "comoros",
        "democratic_republic_of_the_congo",
        "dominican_republic",
        "federated_states_of_micronesia",
        "gambia",
        "maldives",
        "marshall_islands",
        "netherlands",
        "philippines",
        "republic_of_the_congo",
        "seychelles",
        "solomon_islands",
        "united_arab_emirates",
        "united_kingdom",
        "united_states",
        "vatican",
    }
)

# Chinese calls one language by different names in different countries.
LOCAL_NAMES = {("south_korea", "korean_language"): "韩语", ("singapore", "chinese_language"): "华语"}


def main() -> None:
    """Write sentences.jsonl beside this file."""
    lines = (json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in write_sentences())
    (FOLDER / "sentences.jsonl").write_text("".join(lines), encoding="utf-8")


def write_sentences() -> Iterator[dict]:
    """Every sentence of the folder: the facts in the order of triples.tsv, then the prose."""
    entities = {row["entity"]: row for row in read_table("entities.tsv")}
    for number, fact in enumerate(read_table("triples.tsv")):
        triple = (fact["head"], fact["relation"], fact["tail"])
        for language, wording in BORDER_TURNS[number % 6] if triple[1] == "borders" else ALL_WORDINGS[triple[1]]:
            filled = fill(WORDINGS[language][triple[1]][wording], triple, entities, language)
            yield filled | {"wording": wording, "language": language}
    names = {name: row["entity"] for row in entities.values() for name in names_of(row)}
    for line in (FOLDER / "prose.txt").read_text(encoding="utf-8").splitlines():
        yield mark_prose(line, names)


def fill(template: str, triple: tuple[str, str, str], entities: dict[str, dict[str, str]], language: str) -> dict:
    """The template with the names of head and tail, and where they stand."""
    text, mentions = "", []
    for part in re.split(r"(\{head\}|\{tail\})", template):
        if not part.startswith("{"):
            text += part
            continue
        entity = triple[0] if part == "{head}" else triple[2]
        if language == "en" and takes_article(entities[entity]):
            text += "the " if text else "The "
        name = entities[entity]["label" if language == "en" else "label_zh"]
        name = LOCAL_NAMES.get((triple[0], entity), name) if language == "zh" else name
        mentions.append({"start": len(text), "end": len(text) + len(name), "entity": entity})
        text += name
    return {"text": text, "mentions": mentions, "triple": list(triple)}


def mark_prose(line: str, names: dict[str, str]) -> dict:
    """A line of prose.txt, where every [name] is a mention."""
    text, mentions = "", []
    for part in re.split(r"(\[[^]]+\])", line):
        if part.startswith("["):
            part = part[1:-1]
            mentions.append({"start": len(text), "end": len(text) + len(part), "entity": names[part]})
        text += part
    language = "zh" if re.search("[\u4e00-\u9fff]", text) else "en"
    return {"text": text, "mentions": mentions, "triple": None, "wording": 0, "language": language}


def takes_article(row: dict[str, str]) -> bool:
    """Whether English says "the" before the entity's label."""
    return row["type"] == "currency" or row["entity"] in WITH_ARTICLE


def names_of(row: dict[str, str]) -> list[str]:
    """The labels and aliases of an entity, in both languages."""
    return [row["label"], row["label_zh"], *filter(None, row["aliases"].split("|"))]


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of one of the folder's tables."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


if __name__ == "__main__":
    main()
