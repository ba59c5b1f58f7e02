"""Folders that hold a graph: kgwb's own tables, or train, valid and test files as benchmarks come."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from kgwb.graph.building import Notes, sum_notes
from kgwb.graph.errors import GraphFileError
from kgwb.graph.facts import Facts
from kgwb.graph.files.entity_tables import name_columns
from kgwb.graph.files.headers import Columns
from kgwb.graph.files.openke import is_openke, read_openke
from kgwb.graph.files.table_files import TABLE_SUFFIXES, read_name_table, read_pairs, read_triple_table
from kgwb.graph.files.text_files import OnError
from kgwb.words import quote

_PARTS = {"train": ("train",), "valid": ("valid", "val", "validation", "dev"), "test": ("test",)}
_EXPECTED = (
    "a table of triples (triples.tsv, with entities.tsv and relations.tsv where you have them), "
    "or train, valid and test files (train.txt, ...), "
    "or an OpenKE folder (entity2id.txt, relation2id.txt, train2id.txt)"
)


def read_folder(folder: Path, columns: Columns, *, on_error: OnError) -> Facts:
    """The facts in a folder, whichever kind of folder it is.

    Raises:
        GraphFileError: nothing in the folder is called as expected; names what is there.
    """
    triples = find_table(folder, ["triples"])
    if triples is not None:
        frame, notes = read_triple_table(triples, columns, on_error=on_error)
        return attach_names(Facts({"all": frame}, notes=notes), folder, on_error=on_error)
    if is_openke(folder) or find_table(folder, _PARTS["train"]) is not None:
        return read_parts(folder, columns, on_error=on_error)
    raise GraphFileError(f"{folder} holds no graph. Expected {_EXPECTED}. {_list_files(folder)}")


def read_parts(folder: Path, columns: Columns, *, on_error: OnError) -> Facts:
    """The facts in a folder that is already split, one part per file.

    Raises:
        GraphFileError: there is no train file; names what is there.
    """
    if is_openke(folder):
        return attach_names(read_openke(folder, on_error=on_error), folder, on_error=on_error)
    files = {part: find_table(folder, stems) for part, stems in _PARTS.items()}
    if files["train"] is None:
        hint = "A graph that is not split yet: split_triples(read_graph(folder))."
        raise GraphFileError(f"{folder} holds no split: there is no train file. {_list_files(folder)} {hint}")
    parts, counted = {}, []
    for part, path in files.items():
        if path is not None:
            parts[part], notes = read_triple_table(path, columns, on_error=on_error, headless=True)
            counted.append(notes)
    return attach_names(Facts(parts, notes=sum_notes(*counted)), folder, on_error=on_error)


def attach_names(facts: Facts, path: Path, *, on_error: OnError) -> Facts:
    """The facts with the tables about entities and relations of the folder, or named after the file."""
    tables, counted = {}, [facts.notes]
    for kind, stem in (("entity", "entities"), ("relation", "relations")):
        beside = path.with_name(f"{path.stem}.{stem}{path.suffix}")
        table = find_table(path, [stem]) if path.is_dir() else beside
        if table is not None and table.is_file():
            tables[kind], notes = read_name_table(table, kind, on_error=on_error)
        else:
            tables[kind], notes = _read_texts(path, kind, on_error) if path.is_dir() else (None, ())
        counted.append(notes)
    entities = _add_names(tables["entity"], facts.entities, "entity")
    relations = _add_names(tables["relation"], facts.relations, "relation")
    return Facts(facts.parts, entities, relations, sum_notes(*counted))


def find_table(folder: Path, stems: Iterable[str]) -> Path | None:
    """The one table in a folder with one of these names, or None.

    Raises:
        GraphFileError: there are several.
    """
    found = [path for stem in stems for suffix in TABLE_SUFFIXES if (path := folder / (stem + suffix)).is_file()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise GraphFileError(f"{folder} holds {names}, and only one can be read. Move the others away.")
    return found[0] if found else None


def _add_names(table: pd.DataFrame | None, listed: pd.DataFrame | None, kind: str) -> pd.DataFrame | None:
    """The table, and a row for each name that a list of names has and the table has not."""
    if table is None or listed is None:
        return listed if table is None else table
    table = name_columns(table, kind, f"The table of {kind} names")
    return pd.concat([table, listed[~listed[kind].isin(table[kind].map(str))]], ignore_index=True)


def _read_texts(folder: Path, kind: str, on_error: OnError) -> tuple[pd.DataFrame | None, Notes]:
    """Labels and descriptions from entity2text.txt, entity2textlong.txt and relation2text.txt, as in benchmarks."""
    columns: dict[str, dict[str, str]] = {}
    counted: list[Notes] = []
    for stem, column in ((f"{kind}2text", "label"), (f"{kind}2textlong", "description")):
        path = folder / f"{stem}.txt"
        if path.is_file():
            columns[column], notes = read_pairs(path, on_error=on_error)
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
