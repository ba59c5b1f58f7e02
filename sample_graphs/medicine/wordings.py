"""Writes sentences.jsonl from the three tables and the wordings below.

Run it after a change of the tables: `python sample_graphs/medicine/wordings.py`.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

WORDINGS = {
    "en": {
        "has_symptom": ("A symptom of {head} is {tail}.", "People with {head} may have {tail}."),
        "affects": ("{head} affects {tail}.", "{head} is a disease that shows in {tail}."),
        "disease_of": ("{head} is a disease of {tail}.", "Among the diseases of {tail} is {head}."),
        "treated_by": ("{head} is treated with {tail}.", "{tail} is given for {head}."),
        "caused_by": ("{head} can be caused by {tail}.", "{tail} is a cause of {head}."),
        "diagnosed_by": ("{head} is diagnosed by {tail}.", "Doctors use {tail} to find {head}."),
        "belongs_to": ("{head} is one of the {tail}.", "Among the {tail} is {head}."),
        "part_of": ("{tail} includes {head}.", "In an atlas of {tail} you will find {head}."),
        "side_effect": ("A side effect of {head} is {tail}.", "{head} can cause {tail}."),
        "contraindicated_in": ("{head} is contraindicated in {tail}.", "{tail} is a contraindication to {head}."),
        "interacts_with": ("{head} interacts with {tail}.", "Taken together, {head} and {tail} interact."),
    },
    "zh": {
        "has_symptom": ("{head}的症状之一是{tail}。",),
        "affects": ("{head}累及{tail}。",),
        "disease_of": ("{head}属于{tail}疾病。",),
        "treated_by": ("{head}可以用{tail}治疗。",),
        "caused_by": ("{head}可由{tail}引起。",),
        "diagnosed_by": ("{head}可以通过{tail}来诊断。",),
        "belongs_to": ("{head}属于{tail}。",),
        "part_of": ("{head}是{tail}的一部分。",),
        "side_effect": ("{head}的副作用之一是{tail}。",),
        "contraindicated_in": ("{head}禁用于{tail}。",),
        "interacts_with": ("{head}与{tail}有相互作用。",),
    },
}

# The folder stays under 1 MB: these facts are told once in English, in each wording by turns.
TOLD_BY_TURNS = frozenset({"disease_of", "diagnosed_by", "side_effect", "interacts_with"})

# English says "the" before every organ and body system, and before every virus and this name.
WITH_THE = frozenset({"common_cold"})


def main() -> None:
    """Write sentences.jsonl beside this file."""
    lines = (json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in write_sentences())
    (FOLDER / "sentences.jsonl").write_text("".join(lines), encoding="utf-8")


def write_sentences() -> Iterator[dict]:
    """Every sentence of the folder, the facts in the order of triples.tsv."""
    entities = {row["entity"]: row for row in read_table("entities.tsv")}
    turns: Counter[str] = Counter()
    for fact in read_table("triples.tsv"):
        triple = (fact["head"], fact["relation"], fact["tail"])
        for language, wording in choose_wordings(triple[1], turns[triple[1]]):
            filled = fill(WORDINGS[language][triple[1]][wording], triple, entities, language)
            yield filled | {"wording": wording, "language": language}
        turns[triple[1]] += 1


def choose_wordings(relation: str, turn: int) -> list[tuple[str, int]]:
    """In which language and wordings the next fact of a relation is told."""
    english = [turn % 2] if relation in TOLD_BY_TURNS else [0, 1]
    return [*(("en", number) for number in english), ("zh", 0)]


def fill(template: str, triple: tuple[str, str, str], entities: dict[str, dict[str, str]], language: str) -> dict:
    """The template with the names of head and tail, and where they stand."""
    text, mentions = "", []
    for part in re.split(r"(\{head\}|\{tail\})", template):
        if not part.startswith("{"):
            text += part
            continue
        entity = triple[0] if part == "{head}" else triple[2]
        name = entities[entity]["label" if language == "en" else "label_zh"]
        if language == "en" and takes_article(entities[entity]):
            text += "the " if text else "The "
        elif language == "en" and not text:
            name = name[0].upper() + name[1:]
        mentions.append({"start": len(text), "end": len(text) + len(name), "entity": entity})
        text += name
    return {"text": text, "mentions": mentions, "triple": list(triple)}


def takes_article(row: dict[str, str]) -> bool:
    """Whether English says "the" before the entity's label."""
    return row["type"] in ("organ", "body_system") or row["entity"].endswith("_virus") or row["entity"] in WITH_THE


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of one of the folder's tables."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


if __name__ == "__main__":
    main()
