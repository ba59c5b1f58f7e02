"""Folders as OpenKE has them, read and written: names and numbers in two lists, triples as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from kgwb.graph.building import COLUMNS, NamedTriples, Notes, cut_blocks, sum_notes
from kgwb.graph.errors import ContentError, GraphFileError, broken_row, empty_file
from kgwb.graph.files.file_table import Columns, FileTable
from kgwb.graph.files.text import OnError, Parsed, parse_file
from kgwb.graph.splitting import Split
from kgwb.words import quote

LISTS = {"entity": "entity2id.txt", "relation": "relation2id.txt"}
PARTS = {"train": "train2id.txt", "valid": "valid2id.txt", "test": "test2id.txt"}
_OPENKE, _OTHER = (0, 2, 1), (0, 1, 2)  # where head, relation and tail stand


def is_openke(folder: Path) -> bool:
    """Whether a folder is laid out as OpenKE's are."""
    return (folder / PARTS["train"]).is_file()


def read_openke(folder: Path, columns: Columns, on_error: OnError) -> NamedTriples:
    """The triples in an OpenKE folder, which stand there in the order head, tail, relation.

    Where the numbers cannot be meant so, and can as head, relation, tail, they are taken so, and that is counted.

    Args:
        folder: the folder.
        columns: where head, relation and tail stand, if by position; names say nothing here.
        on_error: what happens to broken lines.

    Raises:
        GraphFileError: a line is broken, a number stands for nothing, or it is unclear which are the relations.
    """

    def read(file: str, expected: str, take: Callable[[FileTable], Parsed]) -> Parsed:
        def parse(text: str) -> Parsed:
            return take(_read_counted(text, file, on_error))

        return parse_file(folder / file, parse, expected=expected, on_error=on_error)

    lists = {
        kind: read(
            file, f"a count, then lines with a name and a number for each {kind}", partial(_read_names, on_error)
        )
        for kind, file in LISTS.items()
    }
    (entities, _), (relations, _) = lists.values()
    swapped: list[int] = []

    def take(table: FileTable) -> tuple[pd.DataFrame, Notes]:
        rows = [line.split() for line in table.columns[0]]
        order = _find_order(rows, columns, entities, relations, counted=table.header == ("counted",))
        if tuple(order) == _OTHER and tuple(columns) != _OTHER:
            swapped.append(len(rows))
        rows = [[row[place] for place in order] if len(row) == 3 else row for row in rows]
        return _read_triples(entities, relations, on_error, replace(table, columns=[rows]))

    parts = {
        part: read(
            file,
            "a count, then lines with the numbers of head, tail and relation",
            take,
        )
        for part, file in PARTS.items()
        if part == "train" or (folder / file).is_file()
    }
    return NamedTriples(
        {part: frame for part, (frame, _) in parts.items()},
        pd.DataFrame({"entity": list(entities.values())}, dtype=object),
        pd.DataFrame({"relation": list(relations.values())}, dtype=object),
        sum_notes(
            *(notes for _, notes in (*lists.values(), *parts.values())),
            (
                (
                    "triples read as head, relation, tail, because read as head, tail, relation they have no sense",
                    sum(swapped),
                ),
            ),
        ),
    )


def write_openke(split: Split, folder: Path) -> None:
    """Write a split into a folder that exists; numbers are the graph's ids, triples in the order head, tail, relation.

    Raises:
        GraphFileError: a name holds a line end or is empty, which OpenKE's lists cannot hold.
    """
    graph = split.graph
    names = {"entity": graph.entities["entity"].tolist(), "relation": graph.relations["relation"].tolist()}
    for kind, file in LISTS.items():
        _check_names(names[kind], file)
        _write_counted(
            folder / file, (f"{name}\t{number}" for number, name in enumerate(names[kind])), len(names[kind])
        )
    for part, file in PARTS.items():
        triples: np.ndarray = getattr(split, part)
        numbers = (row for block in cut_blocks(triples) for row in block.tolist())
        rows = (f"{head} {tail} {relation}" for head, relation, tail in numbers)
        _write_counted(folder / file, rows, len(triples))


def _read_names(on_error: OnError, table: FileTable) -> tuple[dict[str, str], Notes]:
    """The name behind each number."""
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
            hint = "Every name has one number, and every number one name."
            raise broken_row(line, f"{name}\t{number}", rule, hint=hint)
        numbers[number.strip()] = name
        seen.add(name)
    return numbers, table.notes


def _read_triples(
    entities: dict[str, str], relations: dict[str, str], on_error: OnError, table: FileTable
) -> tuple[pd.DataFrame, Notes]:
    rules = [_find_rule(row, entities, relations) for row in table.columns[0]]
    table = table.without(rules, on_error)
    named = [(entities[head], relations[relation], entities[tail]) for head, relation, tail in table.columns[0]]
    return pd.DataFrame(named, columns=list(COLUMNS), dtype=object), table.notes


def _find_rule(row: list[str], entities: dict[str, str], relations: dict[str, str]) -> str:
    if len(row) != 3:
        return f"{len(row)} numbers where 3 were expected (head, tail, relation)."
    head, relation, tail = row
    unknown = [entity for entity in (head, tail) if entity not in entities]
    if unknown:
        return f"no entity in {LISTS['entity']} has the number {unknown[0]}."
    return "" if relation in relations else f"no relation in {LISTS['relation']} has the number {relation}."


def _find_order(
    rows: Sequence[Sequence[str]],
    columns: Columns,
    entities: Mapping[str, str],
    relations: Mapping[str, str],
    *,
    counted: bool,
) -> Sequence[int]:
    """Where head, relation and tail stand in a row.

    Raises:
        ContentError: both orders make sense, and no count says that the file is OpenKE's.
    """
    if isinstance(columns[0], int):
        return tuple(map(int, columns))
    rows = [row for row in rows if len(row) == 3]
    fits = {
        order: all(row[order[1]] in relations and row[order[2]] in entities for row in rows)
        for order in (_OPENKE, _OTHER)
    }
    if rows and fits[_OPENKE] and fits[_OTHER] and not counted and any(row[1] != row[2] for row in rows):
        raise ContentError(
            "holds numbers that make sense as head, tail, relation and as head, relation, tail, and no count in the "
            "first line. Say where head, relation and tail stand: columns=(0, 2, 1), as OpenKE has them, or "
            "columns=(0, 1, 2)."
        )
    return _OTHER if rows and fits[_OTHER] and not fits[_OPENKE] else _OPENKE


def _read_counted(text: str, file: str, on_error: OnError) -> FileTable:
    """The lines below the count in the first line, which must be right; or all lines, where they begin with none."""
    numbered = [(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not numbered:
        raise empty_file("lines with numbers")
    (_, count), *rest = numbered
    if not count.strip().isdigit():
        return FileTable(("line",), [[line for _, line in numbered]], [number for number, _ in numbered], (), text)
    if int(count) != len(rest) and on_error == "raise":
        raise ContentError(
            f"says in its first line that {int(count):,} lines follow, and {len(rest):,} do. "
            'Is the file cut off? Mend the count, or type on_error="skip" to read what is there.'
        )
    missing = abs(int(count) - len(rest))
    notes = sum_notes(((f"lines more or fewer than {file} says", missing),))
    return FileTable(("counted",), [[line for _, line in rest]], [number for number, _ in rest], notes, text)


def _check_names(names: Sequence[str], file: str) -> None:
    for name in names:
        if not name or "\n" in name:
            raise GraphFileError(
                f"OpenKE's {file} has one name per line and cannot hold {quote(name)}. "
                "Type write_split(split, folder), whose tables hold any name."
            )


def _write_counted(path: Path, lines: Iterable[str], count: int) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{count}\n")
        file.writelines(f"{line}\n" for line in lines)
