"""Write the market anew: `python sample_graphs/finance_zh/build.py [--out FOLDER]`.

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
from names import NameMaker
from wordings import tell_facts, tell_renamings, tell_stories
from yields import add_yields

SEED = 1602
COLUMNS = ("entity", "label", "label_en", "type", "description", "aliases")
NUMBERS = ("yield", "volatility", "size", "coupon", "term", "fee", "growth", "spread", "experience")
CHANGED = ("former_name", "renamed")


def entity_row(entity: Entity) -> tuple[str, ...]:
    """One line of entities.tsv; a number that a type does not have stays empty."""
    aliases = "|".join(filter(None, (*entity.aliases, entity.former_name)))
    texts = (entity.name, entity.label, entity.label_en, entity.type, entity.description, aliases)
    numbers = (str(entity.numbers.get(number, "")) for number in NUMBERS)
    return (*texts, *numbers, entity.former_name, str(entity.renamed or ""))


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """UTF-8, one line feed after every line on every system."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write_table(path: Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Tab-separated."""
    write_lines(path, ("\t".join(row) for row in (header, *rows)))


def build(folder: Path) -> None:
    """Make the market and write its four files."""
    groups = make_entities(NameMaker(Random(SEED)), Random(SEED + 1))
    facts = make_facts(groups, Random(SEED + 2))
    add_yields(groups, facts, Random(SEED + 3))
    entities = {entity.name: entity for group in groups.values() for entity in group}
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "triples.tsv", ("head", "relation", "tail"), facts)
    write_table(
        folder / "entities.tsv", COLUMNS + NUMBERS + CHANGED, (entity_row(entities[name]) for name in sorted(entities))
    )
    relations = ((name, label, english, text) for name, (label, english, text) in sorted(RELATIONS.items()))
    write_table(folder / "relations.tsv", ("relation", "label", "label_en", "description"), relations)
    sentences = (*tell_facts(facts, entities), *tell_stories(groups, Random(SEED + 4)), *tell_renamings(groups))
    lines = (json.dumps(sentence, ensure_ascii=False, separators=(",", ":")) for sentence in sentences)
    write_lines(folder / "sentences.jsonl", lines)


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description="Write the sample graph `finance_zh` anew.")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to (default: this one)"
    )
    build(parser.parse_args().out)


if __name__ == "__main__":
    main()
