"""Write the shop anew: `python sample_graphs/shop/build.py [--out FOLDER]`.

The same seed writes the same bytes on every machine. It needs the Python standard library only.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from random import Random

from entities import Entity, make_entities
from facts import RELATIONS, make_facts
from messages import COLUMNS as QUESTION_COLUMNS
from messages import write_questions
from purchases import give_tastes, make_purchases, rate
from reviews import COLUMNS as REVIEW_COLUMNS
from reviews import EVENTS, EVENTS_COLUMNS, write_reviews
from wordings import tell_facts

SEED = 2027
COLUMNS = ("entity", "label", "type", "description", "aliases", "label_zh")
UNTOLD = ("brand", "category", "material", "style")  # tastes; the activities that a customer likes are facts
NUMBERS = ("price", "weight", "stock", "warranty", "rating", "launched")


def entity_row(entity: Entity) -> tuple[str, ...]:
    """One line of entities.tsv; what a type does not have stays empty."""
    texts = (entity.name, entity.label, entity.type, entity.description, "|".join(entity.aliases), entity.label_zh)
    return (*texts, *(entity.numbers.get(number, "") for number in NUMBERS))


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """UTF-8, one line feed after every line on every system."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write_table(path: Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Tab-separated."""
    write_lines(path, ("\t".join(row) for row in (header, *rows)))


def build(folder: Path) -> None:
    """Make the shop and write its files."""
    groups = make_entities(Random(SEED))
    give_tastes(groups, Random(SEED + 1))
    purchases = list(make_purchases(groups, Random(SEED + 2)))
    rate(groups, purchases, Random(SEED + 3))
    facts = make_facts(groups, Random(SEED + 4))
    entities = {entity.name: entity for group in groups.values() for entity in group}
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "triples.tsv", ("head", "relation", "tail"), facts)
    write_table(folder / "entities.tsv", COLUMNS + NUMBERS, (entity_row(entities[name]) for name in sorted(entities)))
    header = ("relation", "label", "description", "label_zh", "wording", "wording_zh")
    relations = (
        (name, label, text, chinese, "|".join(english), "|".join(wordings_zh))
        for name, (label, chinese, text, english, wordings_zh) in sorted(RELATIONS.items())
    )
    write_table(folder / "relations.tsv", header, relations)
    write_table(folder / "interactions.tsv", ("user", "item", "time"), purchases)
    write_table(folder / "tastes.tsv", ("entity", *UNTOLD, "appeal"), _taste_rows(groups))
    lines = (json.dumps(told, ensure_ascii=False, separators=(",", ":")) for told in tell_facts(facts, entities))
    write_lines(folder / "sentences.jsonl", lines)
    write_table(folder / "questions.tsv", QUESTION_COLUMNS, write_questions(groups, facts, Random(SEED + 5)))
    write_table(folder / "reviews.tsv", REVIEW_COLUMNS, write_reviews(groups, facts, purchases, Random(SEED + 6)))
    write_table(folder / "events.tsv", EVENTS_COLUMNS, EVENTS)


def _taste_rows(groups: dict[str, list[Entity]]) -> Iterable[tuple[str, ...]]:
    """What no file of the graph tells: what customers like, and the style and appeal of items."""
    for customer in groups["customer"]:
        yield (customer.name, *("|".join(customer.parts[facet].split()) for facet in UNTOLD), "")
    for item in groups["item"]:
        yield (item.name, "", "", "", item.parts["style"], item.parts["appeal"])


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description="Write the sample graph `shop` anew.")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to (default: this one)"
    )
    build(parser.parse_args().out)


if __name__ == "__main__":
    main()
