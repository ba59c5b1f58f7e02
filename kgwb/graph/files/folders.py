"""Folders of tables: triples or parts of a split, with what is known about their names beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.building import COLUMNS, NamedTriples, Notes, sum_notes
from kgwb.graph.errors import GraphFileError
from kgwb.graph.files.delimited import describe_expected, read_delimited, read_pairs
from kgwb.graph.files.file_table import BROKEN, Layout, take_names, take_triples
from kgwb.graph.files.headers import KEPT
from kgwb.graph.files.name_lists import order_columns
from kgwb.graph.files.openke import is_openke, read_openke
from kgwb.graph.files.records import BINARY, read_records
from kgwb.graph.files.sources import PACKED, Source, find_stem, find_suffix
from kgwb.graph.files.text import OnError, parse_file
from kgwb.words import quote

TABLE_SUFFIXES = (".tsv", ".csv", ".txt", ".jsonl", ".json", ".parquet", ".xlsx")
PARTS = {"train": ("train",), "valid": ("valid", "val", "validation", "dev"), "test": ("test",)}
_FIRST = (".tsv", ".csv", ".txt", ".jsonl", ".parquet")
_FURTHER = (".json", ".xlsx", *(suffix + packing for suffix in TABLE_SUFFIXES for packing in PACKED))
_EXPECTED = (
    "a table of triples (triples.tsv, with entities.tsv and relations.tsv where you have them), "
    "or train, valid and test files (train.txt, ...), "
    "or an OpenKE folder (entity2id.txt, relation2id.txt, train2id.txt)"
)
_Read = tuple[pd.DataFrame, Notes, bool]


def read_folder(folder: Path, layout: Layout) -> NamedTriples:
    """What a folder says, by name: a table of triples, or a split's parts.

    Raises:
        GraphFileError: the folder holds neither, or a file cannot be read.
    """
    triples = _find_table(folder, ["triples"])
    if triples is not None:
        return attach_names(read_tables({"all": triples}, layout), folder, layout)
    if is_openke(folder) or _find_table(folder, PARTS["train"]) is not None:
        return read_parts(folder, layout)
    raise GraphFileError(f"{folder} holds no graph. Expected {_EXPECTED}. {_list_files(folder)}")


def read_parts(folder: Path, layout: Layout) -> NamedTriples:
    """What the train, valid and test files of a folder say, by name.

    Raises:
        GraphFileError: there is no train file, or a file cannot be read.
    """
    if is_openke(folder):
        return attach_names(read_openke(folder, layout.columns, layout.on_error), folder, layout)
    files = {part: _find_table(folder, stems) for part, stems in PARTS.items()}
    if files["train"] is None:
        hint = "A graph that is not split yet: split_triples(read_graph(folder))."
        raise GraphFileError(f"{folder} holds no split: there is no train file. {_list_files(folder)} {hint}")
    found = {part: path for part, path in files.items() if path is not None}
    return attach_names(read_tables(found, layout, headless=True), folder, layout)


def read_tables(sources: Mapping[str, Source], layout: Layout, *, headless: bool = False) -> NamedTriples:
    """The facts of several tables, each a part; where they have no header, the order of their columns is looked at."""
    read = {part: _read_table(source, "triple", layout, headless=headless) for part, source in sources.items()}
    parts = {part: frame for part, (frame, _, _) in read.items()}
    facts = NamedTriples(parts, notes=sum_notes(*(_settle(part, notes, parts) for part, (_, notes, _) in read.items())))
    folder = next(iter(sources.values()))
    bare = headless and all(bare for _, _, bare in read.values())
    if not bare or not isinstance(folder, Path) or layout.relation is not None:
        return facts
    asked = tuple(layout.columns) != COLUMNS
    return order_columns(facts, folder.parent, layout.on_error, asked=asked)


def _settle(part: str, notes: Notes, parts: Mapping[str, pd.DataFrame]) -> Notes:
    """The notes of a part without the doubt about its first line, where another part has a fact with one of its names."""
    if not any(what == KEPT for what, _ in notes):
        return notes
    first = parts[part].iloc[0]
    others = [frame.iloc[1:] for other, frame in parts.items() if other != part]  # may each have a header line
    known = any((frame[column] == first[column]).any() for frame in others for column in COLUMNS)
    return tuple(note for note in notes if note[0] != KEPT) if known else notes


def _read_table(source: Source, kind: str, layout: Layout, *, headless: bool = False) -> _Read:
    """The triples, entities or relations of one file, what was counted, and whether it had no header line."""
    suffix = find_suffix(source)
    columns = layout.columns if kind == "triple" else ()
    if kind == "triple" and layout.relation is not None:
        columns = (columns[0], columns[-1])  # type: ignore[assignment]
    layout = replace(layout, columns=columns)

    def parse(content: Any) -> _Read:
        if suffix in (".tsv", ".csv", ".txt"):
            table = read_delimited(content, suffix, layout, kind, headless=headless)
        else:
            table = read_records(content, suffix, columns, kind, layout.on_error)
        if kind != "triple":
            return *take_names(table, kind, layout.on_error), table.bare
        frame, notes = take_triples(table, columns, layout.on_error)
        frame = frame if "relation" in frame else frame.assign(relation=layout.relation)[list(COLUMNS)]
        return frame, notes, table.bare

    expected = {
        ".parquet": "a Parquet table",
        ".jsonl": "one JSON object per line",
        ".json": "an array of JSON objects",
    }
    frame, notes, bare = parse_file(
        source,
        parse,
        expected=expected.get(suffix) or describe_expected(columns, kind),
        on_error=layout.on_error,
        binary=suffix in BINARY,
        encoding=layout.encoding,
    )
    # Several files are read into one graph, and each has a line 3.
    told = ((f"{what} of {source.name}" if what.startswith(BROKEN) else what, count) for what, count in notes)
    return frame, tuple(told), bare


def attach_names(facts: NamedTriples, path: Path, layout: Layout) -> NamedTriples:
    """The facts with the tables about entities and relations of the folder, or named after the file."""
    tables, counted = {}, [facts.notes]
    for kind, stem in (("entity", "entities"), ("relation", "relations")):
        beside = f"{find_stem(path)}.{stem}{path.name[len(find_stem(path)) :]}"
        file = _find_table(path, [stem]) if path.is_dir() else path.with_name(beside)  # the folder "." has no name
        if file is not None and file.is_file():
            tables[kind], notes, _ = _read_table(file, kind, layout)
        else:
            tables[kind], notes = _read_texts(path, kind, layout.on_error) if path.is_dir() else (None, ())
        counted.append(notes)
    entities = _add_names(tables["entity"], facts.entities, "entity")
    relations = _add_names(tables["relation"], facts.relations, "relation")
    return NamedTriples(facts.parts, entities, relations, sum_notes(*counted))


def _find_table(folder: Path, stems: Iterable[str]) -> Path | None:
    """The one table in a folder with one of these names, or None; several are refused."""
    found: list[Path] = []
    for endings in (_FIRST, _FURTHER):
        found = found or [path for stem in stems for ending in endings if (path := folder / (stem + ending)).is_file()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise GraphFileError(f"{folder} holds {names}, and only one can be read. Move the others away.")
    return found[0] if found else None


def _add_names(table: pd.DataFrame | None, listed: pd.DataFrame | None, kind: str) -> pd.DataFrame | None:
    """The table, and a row for each name that a list of names has and the table has not."""
    if table is None or listed is None:
        return listed if table is None else table
    return pd.concat([table, listed[~listed[kind].isin(table[kind].map(str))]], ignore_index=True)


def _read_texts(folder: Path, kind: str, on_error: OnError) -> tuple[pd.DataFrame | None, Notes]:
    """Labels and descriptions from entity2text.txt, entity2textlong.txt and relation2text.txt, as in benchmarks."""
    columns: dict[str, dict[str, str]] = {}
    counted: list[Notes] = []
    for stem, column in ((f"{kind}2text", "label"), (f"{kind}2textlong", "description")):
        path = folder / f"{stem}.txt"
        if path.is_file():
            expected = "lines with a name, a tab and a text"
            columns[column], notes = parse_file(
                path, partial(read_pairs, on_error=on_error), expected=expected, on_error=on_error
            )
            counted.append(notes)
    if not columns:
        return None, ()
    if list(columns) == ["label"] and kind == "entity":
        columns = _cut_glosses(columns["label"])
    names = list(dict.fromkeys(name for texts in columns.values() for name in texts))
    table = {column: [texts.get(name) for name in names] for column, texts in columns.items()}
    return pd.DataFrame({kind: names, **table}, dtype=object), sum_notes(*counted)


def _cut_glosses(texts: dict[str, str]) -> dict[str, dict[str, str]]:
    """Labels apart from descriptions where every text is "lemma, gloss", as WordNet's are."""
    if len(texts) < 2 or not all(", " in text for text in texts.values()):
        return {"label": texts}
    cut = {name: text.split(", ", 1) for name, text in texts.items()}
    return {
        "label": {name: label for name, (label, _) in cut.items()},
        "description": {name: gloss for name, (_, gloss) in cut.items()},
    }


def _list_files(folder: Path) -> str:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir())
    more = f" and {len(names) - 8:,} more" if len(names) > 8 else ""
    return f"It holds {', '.join(map(quote, names[:8]))}{more}." if names else "It is empty."
