"""Folders as OpenKE has them: names and numbers in entity2id.txt and relation2id.txt, triples as numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from kgwb.graph.building import COLUMNS, Notes, sum_notes
from kgwb.graph.errors import GraphFileError, broken_line, empty_file
from kgwb.graph.facts import Facts
from kgwb.graph.files.tables import Table
from kgwb.graph.files.text_files import OnError, read_text
from kgwb.words import quote

LISTS = {"entity": "entity2id.txt", "relation": "relation2id.txt"}
PARTS = {"train": "train2id.txt", "valid": "valid2id.txt", "test": "test2id.txt"}


def is_openke(folder: Path) -> bool:
    """Whether a folder is laid out as OpenKE's are."""
    return (folder / PARTS["train"]).is_file()


def read_openke(folder: Path, *, on_error: OnError) -> Facts:
    """The facts in an OpenKE folder; its triples are in the order head, tail, relation.

    Raises:
        GraphFileError: a line is broken, or a number stands for nothing.
    """
    names, counted = {}, []
    for kind, file in LISTS.items():
        names[kind], notes = _read_numbers(folder / file, kind, on_error)
        counted.append(notes)
    parts = {}
    for part, file in PARTS.items():
        if part == "train" or (folder / file).is_file():
            parts[part], notes = _read_triples(folder / file, names["entity"], names["relation"], on_error)
            counted.append(notes)
    entities, relations = (pd.DataFrame({kind: list(names[kind].values())}, dtype=object) for kind in LISTS)
    return Facts(parts, entities, relations, sum_notes(*counted))


def _read_numbers(path: Path, kind: str, on_error: OnError) -> tuple[dict[str, str], Notes]:
    table = _read_counted(path, f"a count, then lines with a name and a number for each {kind}", on_error)
    rows = [line.rpartition("\t" if "\t" in line else " ")[::2] for line in table.columns[0]]
    rules = [
        "" if name and number.strip().isdigit() else "a name and its number were expected." for name, number in rows
    ]
    table = replace(table, columns=[rows]).without(rules, on_error)
    numbers: dict[str, str] = {}
    seen: set[str] = set()
    for (name, number), line in zip(table.columns[0], table.lines, strict=True):
        if number.strip() in numbers or name in seen:
            rule = f"the name {quote(name)} or the number {number.strip()} was given before."
            raise broken_line(
                path, line, f"{name}\t{number}", rule, hint="Every name has one number, and every number one name."
            )
        numbers[number.strip()] = name
        seen.add(name)
    return numbers, table.notes


def _read_triples(
    path: Path, entities: dict[str, str], relations: dict[str, str], on_error: OnError
) -> tuple[pd.DataFrame, Notes]:
    table = _read_counted(path, "a count, then lines with the numbers of head, tail and relation", on_error)
    rows = [line.split() for line in table.columns[0]]
    rules = [_find_rule(row, entities, relations) for row in rows]
    table = replace(table, columns=[rows]).without(rules, on_error)
    named = [(entities[head], relations[relation], entities[tail]) for head, tail, relation in table.columns[0]]
    return pd.DataFrame(named, columns=list(COLUMNS), dtype=object), table.notes


def _find_rule(row: list[str], entities: dict[str, str], relations: dict[str, str]) -> str:
    if len(row) != 3:
        return f"{len(row)} numbers where 3 were expected (head, tail, relation)."
    head, tail, relation = row
    unknown = [entity for entity in (head, tail) if entity not in entities]
    if unknown:
        return f"no entity in {LISTS['entity']} has the number {unknown[0]}."
    return "" if relation in relations else f"no relation in {LISTS['relation']} has the number {relation}."


def _read_counted(path: Path, expected: str, on_error: OnError) -> Table:
    """The lines below the count in the first line, which must be right."""
    text = read_text(path, expected=expected, on_error=on_error)
    numbered = [(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not numbered:
        raise empty_file(path, expected)
    (first, count), *rest = numbered
    if not count.strip().isdigit():
        rule = f"the first line of an OpenKE file is a count, as in {expected}."
        raise broken_line(path, first, count, rule, hint=f"Write {len(numbered)} above it.")
    if int(count) != len(rest) and on_error == "raise":
        raise GraphFileError(
            f"{path} says in its first line that {int(count):,} lines follow, and {len(rest):,} do. "
            'Is the file cut off? Mend the count, or type on_error="skip" to read what is there.'
        )
    missing = abs(int(count) - len(rest))
    notes = sum_notes(((f"lines more or fewer than {path.name} says", missing),))
    return Table(path, ("line",), [[line for _, line in rest]], [number for number, _ in rest], notes, text)
