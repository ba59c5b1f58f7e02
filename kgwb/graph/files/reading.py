"""One door for every format: a path becomes a graph or a split."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from kgwb.checks import expect_choice
from kgwb.files import finish_saving
from kgwb.graph.building import COLUMNS, NamedTriples, Notes, build_tables, number_triples, sort_triples, sum_notes
from kgwb.graph.errors import GraphFileError, missing_file
from kgwb.graph.files.delimited import describe_expected, read_delimited, read_pairs
from kgwb.graph.files.file_table import Columns, take_names, take_triples
from kgwb.graph.files.graphml import read_graphml
from kgwb.graph.files.id_arrays import read_id_array
from kgwb.graph.files.openke import is_openke, read_openke
from kgwb.graph.files.rdf import read_rdf
from kgwb.graph.files.rdf_parsing import RDF_NAMES
from kgwb.graph.files.records import read_jsonl, read_parquet
from kgwb.graph.files.text import OnError, parse_file
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split
from kgwb.words import quote

TABLE_SUFFIXES = (".tsv", ".csv", ".txt", ".jsonl", ".parquet")
RDF_SUFFIXES = tuple(RDF_NAMES)
FORMATS = (
    "one of .tsv .csv .txt .jsonl .parquet .nt .ttl .rdf .owl .nq .trig .jsonld .graphml .npy, or a folder of tables"
)
_PARTS = {"train": ("train",), "valid": ("valid", "val", "validation", "dev"), "test": ("test",)}
_EXPECTED = (
    "a table of triples (triples.tsv, with entities.tsv and relations.tsv where you have them), "
    "or train, valid and test files (train.txt, ...), "
    "or an OpenKE folder (entity2id.txt, relation2id.txt, train2id.txt)"
)


def read_graph(
    path: str | Path, columns: Columns = COLUMNS, *, on_error: OnError = "raise", base: str | None = None
) -> KnowledgeGraph:
    """Read a graph from a file or a folder.

    Tables (.tsv .csv .txt .jsonl .parquet) hold one triple per line, below a header line; `facts.entities.tsv` and
    `facts.relations.tsv` beside `facts.tsv` are read with it. RDF (.nt .ttl .rdf .owl .nq .trig .jsonld) gives
    labels, aliases, types, descriptions and literals to the table of entities, and keeps every statement for queries.
    A folder holds `triples.tsv` with `entities.tsv` and `relations.tsv`, or train, valid and test files, or what OpenKE
    writes. A .npy file holds ids instead of names and, where it is in order, stays on the disk: the form for many
    millions of triples.

    Args:
        path: the file or folder.
        columns: the columns of a table that hold head, relation and tail, by name; by position, counted from 0, where
            the file has no header line. For .graphml the middle one is the edge attribute that names the relation.
        on_error: "raise" stops at a broken line; "skip" leaves it out and counts it in the graph's `notes`.
        base: what relative addresses in RDF are relative to; without it, the file's own address.

    Raises:
        FileNotFoundError: there is no such file; names what lies near it.
        GraphFileError: the file cannot be read; names the file, the line, and what to type.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "facts.tsv")
        >>> _ = path.write_text("head\\trelation\\ttail\\nBerlin\\tcapital_of\\tGermany\\n")
        >>> read_graph(path)
        KnowledgeGraph 'facts': 1 triple, 2 entities, 1 relation
          Berlin — capital_of → Germany
    """
    check_columns(columns)
    path = Path(path).expanduser()
    if path.suffix.lower() == ".npy" and path.is_file():
        return read_id_array(path)
    return _make_graph(read_facts(path, columns, on_error=on_error, base=base), path)


def read_split(folder: str | Path, columns: Columns = COLUMNS, *, on_error: OnError = "raise") -> Split:
    """Take a published split as it is: every triple stays in its part, entities unseen in train are kept and counted.

    Args:
        folder: holds train, valid and test files, or train2id.txt, valid2id.txt and test2id.txt as OpenKE has them.
        columns: the columns that hold head, relation and tail, where the files have a header line.
        on_error: "raise" stops at a broken line; "skip" leaves it out and counts it in the graph's notes.

    Raises:
        FileNotFoundError: there is no such folder.
        GraphFileError: there is no train file, or a file cannot be read.
    """
    check_columns(columns)
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise missing_file(folder, "a folder with train, valid and test files")
    finish_saving(folder)
    facts = _read_parts(folder, columns, on_error)
    graph = _make_graph(facts, folder)
    names = graph.entities["entity"].tolist(), graph.relations["relation"].tolist()
    frames = (facts.parts.get(part, pd.DataFrame(columns=list(COLUMNS))) for part in _PARTS)
    train, valid, test = (
        sort_triples(number_triples([frame[column].tolist() for column in COLUMNS], *names)) for frame in frames
    )
    return Split(graph, train, valid, test)


def check_columns(columns: Columns) -> None:
    """Refuse anything but three different column names or three different positions.

    Raises:
        ValueError: says what came and what to type.
    """
    kinds = set(map(type, columns))
    if isinstance(columns, str) or len(columns) != 3 or len(set(columns)) != 3 or kinds not in ({str}, {int}):
        raise ValueError(
            f"columns came as {columns!r}. Expected the three columns that hold head, relation and tail, "
            'for example columns=("head", "relation", "tail"), or by position columns=(0, 1, 2).'
        )


def read_facts(path: Path, columns: Columns, *, on_error: OnError, base: str | None = None) -> NamedTriples:
    """What a file or folder says, by name.

    Raises:
        FileNotFoundError: there is no such file.
        GraphFileError: the file cannot be read.
    """
    expect_choice("on_error", on_error, get_args(OnError))
    finish_saving(path if path.is_dir() else path.parent)
    if not path.exists():
        raise missing_file(path, FORMATS)
    suffix = path.suffix.lower()
    if path.is_dir():
        return _read_folder(path, columns, on_error)
    if suffix in TABLE_SUFFIXES:
        return _attach_names(_read_triples({"all": path}, columns, on_error), path, on_error)
    if suffix == ".graphml":
        return parse_file(path, lambda text: read_graphml(text, columns[1]), expected="GraphML")
    if suffix in RDF_SUFFIXES:
        expected = f"{RDF_NAMES[suffix]}, as its suffix says"
        base = path.resolve().as_uri() if base is None else base
        return parse_file(path, lambda text: read_rdf(text, suffix, on_error, base), expected=expected)
    raise unknown_format(path)


def unknown_format(path: Path) -> GraphFileError:
    """The error for a suffix that stands for no format."""
    came = f"{path} ends in {quote(path.suffix)}" if path.suffix else f"{path} has no suffix"
    return GraphFileError(f"{came}, which is no format known here. Expected {FORMATS}. Give it one of these suffixes.")


def _make_graph(facts: NamedTriples, path: Path) -> KnowledgeGraph:
    """The graph of all parts of what was read, named after its file or folder."""
    tables = build_tables(facts.triples, facts.entities, relations=facts.relations, notes=facts.notes)
    statements = facts.statements and facts.statements.beside(tables[:3])
    name = path.resolve().name if path.is_dir() else path.stem
    return KnowledgeGraph(**tables._asdict(), name=name, statements=statements)


def _read_folder(folder: Path, columns: Columns, on_error: OnError) -> NamedTriples:
    triples = _find_table(folder, ["triples"])
    if triples is not None:
        return _attach_names(_read_triples({"all": triples}, columns, on_error), folder, on_error)
    if is_openke(folder) or _find_table(folder, _PARTS["train"]) is not None:
        return _read_parts(folder, columns, on_error)
    raise GraphFileError(f"{folder} holds no graph. Expected {_EXPECTED}. {_list_files(folder)}")


def _read_parts(folder: Path, columns: Columns, on_error: OnError) -> NamedTriples:
    if is_openke(folder):
        return _attach_names(read_openke(folder, on_error), folder, on_error)
    files = {part: _find_table(folder, stems) for part, stems in _PARTS.items()}
    if files["train"] is None:
        hint = "A graph that is not split yet: split_triples(read_graph(folder))."
        raise GraphFileError(f"{folder} holds no split: there is no train file. {_list_files(folder)} {hint}")
    found = {part: path for part, path in files.items() if path is not None}
    return _attach_names(_read_triples(found, columns, on_error, headless=True), folder, on_error)


def _read_triples(
    paths: dict[str, Path], columns: Columns, on_error: OnError, *, headless: bool = False
) -> NamedTriples:
    read = {part: _read_table(path, "triple", on_error, columns, headless=headless) for part, path in paths.items()}
    parts = {part: frame for part, (frame, _) in read.items()}
    return NamedTriples(parts, notes=sum_notes(*(notes for _, notes in read.values())))


def _read_table(
    path: Path, kind: str, on_error: OnError, columns: Columns = (), *, headless: bool = False
) -> tuple[pd.DataFrame, Notes]:
    """The triples, entities or relations of one file, and what was counted."""
    suffix = path.suffix.lower()

    def parse(content: Any) -> tuple[pd.DataFrame, Notes]:
        if suffix == ".parquet":
            table = read_parquet(content, columns, kind)
        elif suffix == ".jsonl":
            table = read_jsonl(content, columns, kind, on_error)
        else:
            table = read_delimited(content, suffix, columns, kind, on_error, headless=headless)
        return take_triples(table, columns, on_error) if kind == "triple" else take_names(table, kind, on_error)

    expected = {".parquet": "a Parquet table", ".jsonl": "one JSON object per line"}.get(suffix)
    expected = expected or describe_expected(columns, kind)
    return parse_file(path, parse, expected=expected, on_error=on_error, binary=suffix == ".parquet")


def _attach_names(facts: NamedTriples, path: Path, on_error: OnError) -> NamedTriples:
    """The facts with the tables about entities and relations of the folder, or named after the file."""
    tables, counted = {}, [facts.notes]
    for kind, stem in (("entity", "entities"), ("relation", "relations")):
        beside = f"{path.stem}.{stem}{path.suffix}"
        file = _find_table(path, [stem]) if path.is_dir() else path.with_name(beside)  # the folder "." has no name
        if file is not None and file.is_file():
            tables[kind], notes = _read_table(file, kind, on_error)
        else:
            tables[kind], notes = _read_texts(path, kind, on_error) if path.is_dir() else (None, ())
        counted.append(notes)
    entities = _add_names(tables["entity"], facts.entities, "entity")
    relations = _add_names(tables["relation"], facts.relations, "relation")
    return NamedTriples(facts.parts, entities, relations, sum_notes(*counted))


def _find_table(folder: Path, stems: Iterable[str]) -> Path | None:
    """The one table in a folder with one of these names, or None; several are refused."""
    found = [path for stem in stems for suffix in TABLE_SUFFIXES if (path := folder / (stem + suffix)).is_file()]
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
