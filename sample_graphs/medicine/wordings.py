"""Writes sentences.jsonl from the three tables; the wordings stand in relations.tsv.

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
    wordings = read_wordings()
    turns: Counter[str] = Counter()
    for fact in read_table("triples.tsv"):
        triple = (fact["head"], fact["relation"], fact["tail"])
        for language, wording in choose_wordings(triple[1], turns[triple[1]]):
            filled = fill(wordings[language][triple[1]][wording], triple, entities, language)
            yield filled | {"wording": wording, "language": language}
        turns[triple[1]] += 1


def read_wordings() -> dict[str, dict[str, list[str]]]:
    """The wordings of each relation, by language."""
    rows = read_table("relations.tsv")
    columns = {"en": "wording", "zh": "wording_zh"}
    return {language: {row["relation"]: row[column].split("|") for row in rows} for language, column in columns.items()}


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
