"""One door for every format: a path becomes a graph or a split."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import get_args

import pandas as pd

from kgwb.checks import expect_choice, expect_flags, expect_text
from kgwb.files import hold_folder
from kgwb.graph.building import (
    COLUMNS,
    NamedTriples,
    build_tables,
    join_frames,
    number_triples,
    sort_triples,
    sum_notes,
)
from kgwb.graph.errors import GraphFileError, missing_file
from kgwb.graph.files.file_table import Columns, Layout
from kgwb.graph.files.folders import PARTS, TABLE_SUFFIXES, attach_names, read_folder, read_parts, read_tables
from kgwb.graph.files.gexf import read_gexf
from kgwb.graph.files.graphml import read_graphml
from kgwb.graph.files.id_arrays import read_id_array
from kgwb.graph.files.rdf import read_rdf
from kgwb.graph.files.rdf_parsing import RDF_NAMES
from kgwb.graph.files.sources import PACKED, Source, find_stem, find_suffix, read_bytes, take_source
from kgwb.graph.files.text import OnError, parse_file
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split
from kgwb.words import quote, quote_value

RDF_SUFFIXES = tuple(RDF_NAMES)
FORMATS = (
    "one of .tsv .csv .txt .jsonl .json .parquet .xlsx .nt .ttl .rdf .owl .nq .trig .jsonld .graphml .gexf .npy "
    "(also .gz .bz2 .xz .zip), or a folder of tables"
)


def read_graph(
    path: str | Path | io.IOBase | Sequence[str | Path],
    columns: Columns = COLUMNS,
    *,
    on_error: OnError = "raise",
    encoding: str | None = None,
    delimiter: str | None = None,
    relation: str | None = None,
    header: bool | None = None,
    base: str | None = None,
) -> KnowledgeGraph:
    """Read a graph from a file or a folder.

    Tables (.tsv .csv .txt .jsonl .json .parquet .xlsx) hold one triple per line, below a header line;
    `facts.entities.tsv` and `facts.relations.tsv` beside `facts.tsv` are read with it. RDF (.nt .ttl .rdf .owl .nq .trig
    .jsonld) gives labels, aliases, types, descriptions and literals to the table of entities, and keeps every statement
    for queries. A folder holds `triples.tsv` with
    `entities.tsv` and `relations.tsv`, or train, valid and test files, or what OpenKE writes. Property graphs are
    .graphml and .gexf. All but .npy may be compressed (.gz .bz2 .xz .zip). A .npy file holds ids instead of names
    and, where it is in order, stays on the disk: the form for many millions of triples.

    Args:
        path: the file or folder; an open file; several files, as a list or with signs such as * in their name.
        columns: the columns of a table that hold head, relation and tail, by name; by position, counted from 0, where
            the file has no header line. For .graphml and .gexf the middle one is the edge attribute that names the
            relation.
        on_error: "raise" stops at a broken line; "skip" leaves it out and counts it in the graph's `notes`.
        encoding: that of a text which is not in UTF-8, such as "cp1252" or "gb18030".
        delimiter: the sign between the columns of a .tsv, .csv or .txt file, where the first line does not show it.
        relation: the relation of all facts of a table of heads and tails only (the first and the last of `columns`),
            or of edges that name none.
        header: whether a table's first line names the columns, where guessing goes wrong.
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
    check_options(encoding=encoding, delimiter=delimiter, relation=relation, header=header, base=base)
    several = _list_several(path)
    if not several:
        source = take_source(path)
        if isinstance(source, Path) and source.suffix.lower() == ".npy" and source.is_file():
            return read_id_array(source)
        several = [source]
    options = {
        "encoding": encoding,
        "delimiter": delimiter,
        "relation": relation,
        "header": header,
        "base": base,
    }
    read = [read_facts(one, columns, on_error=on_error, **options) for one in several]  # type: ignore[arg-type]
    return _make_graph(read[0] if len(read) == 1 else _join_facts(read), several[0])


def read_split(
    folder: str | Path,
    columns: Columns = COLUMNS,
    *,
    on_error: OnError = "raise",
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
) -> Split:
    """Take a published split as it is: every triple stays in its part, entities unseen in train are kept and counted.

    Args:
        folder: holds train, valid and test files, or train2id.txt, valid2id.txt and test2id.txt as OpenKE has them.
        columns: the columns that hold head, relation and tail, by name where the files have a header line, else by
            position.
        on_error: "raise" stops at a broken line; "skip" leaves it out and counts it in the graph's notes.
        encoding, delimiter, header: as for `read_graph`.

    Raises:
        FileNotFoundError: there is no such folder.
        GraphFileError: there is no train file, or a file cannot be read.
    """
    check_columns(columns)
    check_options(encoding=encoding, delimiter=delimiter, header=header)
    expect_choice("on_error", on_error, get_args(OnError))
    source = take_source(folder)
    if not isinstance(source, Path) or not source.is_dir():
        mend = f"kgwb.split_triples(kgwb.read_graph({str(source)!r}))"
        raise missing_file(Path(str(source)), "a folder with train, valid and test files", mend=mend)
    with hold_folder(source):
        facts = read_parts(source, Layout(columns, on_error, encoding, delimiter, None, header))
    graph = _make_graph(facts, source)
    names = graph.entities["entity"].tolist(), graph.relations["relation"].tolist()
    frames = (facts.parts.get(part, pd.DataFrame(columns=list(COLUMNS), dtype=object)) for part in PARTS)
    train, valid, test = (
        sort_triples(number_triples([frame[column] for column in COLUMNS], *names)) for frame in frames
    )
    return Split(graph, train, valid, test)


def check_columns(columns: Columns) -> None:
    """Refuse anything but three different column names or three different positions.

    Raises:
        ValueError: says what came and what to type.
    """
    several = isinstance(columns, Sequence) and not isinstance(columns, str) and len(columns) == 3
    if not several or set(map(type, columns)) not in ({str}, {int}) or len(set(columns)) != 3:
        raise ValueError(
            f"columns came as {quote_value(columns)}. Expected the three columns that hold head, relation and tail, "
            'for example: columns=("head", "relation", "tail"), or by position columns=(0, 1, 2).'
        )


def check_options(*, header: object, **texts: object) -> None:
    """Refuse options of another kind, before a file is opened.

    Raises:
        TypeError: names the option and says what to type.
    """
    usual = {"encoding": "utf-8", "delimiter": ";", "relation": "knows", "base": "http://example.org/"}
    if header is not None:
        expect_flags(header=header)
    for argument, value in texts.items():
        if value is not None:
            expect_text(argument, value, usual=usual[argument])


def read_facts(
    path: Source,
    columns: Columns,
    *,
    on_error: OnError,
    encoding: str | None = None,
    delimiter: str | None = None,
    relation: str | None = None,
    header: bool | None = None,
    base: str | None = None,
) -> NamedTriples:
    """What a file or folder says, by name.

    Raises:
        FileNotFoundError: there is no such file.
        GraphFileError: the file cannot be read.
    """
    expect_choice("on_error", on_error, get_args(OnError))
    layout = Layout(columns, on_error, encoding, delimiter, relation, header)
    with hold_folder(path if path.is_dir() else path.parent) if isinstance(path, Path) else nullcontext():
        return _read_source(path, layout, base)


def _read_source(path: Source, layout: Layout, base: str | None) -> NamedTriples:
    if isinstance(path, Path) and not path.exists():
        raise missing_file(path, FORMATS)
    suffix = find_suffix(path)
    if isinstance(path, Path) and path.is_dir():
        return read_folder(path, layout)
    if suffix in TABLE_SUFFIXES:
        facts = read_tables({"all": path}, layout)
        return attach_names(facts, path, layout) if isinstance(path, Path) else facts
    if suffix in (".graphml", ".gexf"):
        read, expected = (read_graphml, "GraphML") if suffix == ".graphml" else (read_gexf, "GEXF")
        return parse_file(
            path,
            lambda text: read(text, layout.columns[1], layout.relation),
            expected=expected,
            encoding=layout.encoding,
        )
    if suffix in RDF_SUFFIXES:
        expected = f"{RDF_NAMES[suffix]}, as its suffix says"
        base = path.resolve().as_uri() if base is None and isinstance(path, Path) else base
        return parse_file(path, lambda text: read_rdf(text, suffix, layout.on_error, base), expected=expected)
    if Path(path.name).suffix.lower() in PACKED:
        read_bytes(path, FORMATS)  # what is damaged, or holds several files, is told first
    raise unknown_format(path)


def unknown_format(path: Source, expected: str = FORMATS) -> GraphFileError:
    """The error for a suffix that stands for no format; writing expects others than reading."""
    suffix = Path(path.name).suffix
    came = f"{path} ends in {quote(suffix)}" if suffix else f"{path} has no suffix"
    known = "known here" if expected == FORMATS else "that is written"
    return GraphFileError(f"{came}, which is no format {known}. Expected {expected}. Give it one of these suffixes.")


def _make_graph(facts: NamedTriples, path: Source) -> KnowledgeGraph:
    """The graph of all parts of what was read, named after its file or folder."""
    folder = isinstance(path, Path) and path.is_dir()
    notes = facts.notes
    if not len(facts.triples) and (facts.entities is None or facts.entities.empty):  # RDF may state numbers alone
        notes = sum_notes(notes, ((f"{'folder' if folder else 'file'} without a fact in it", 1),))
    tables = build_tables(facts.triples, facts.entities, relations=facts.relations, notes=notes)
    name = path.resolve().name if folder and isinstance(path, Path) else find_stem(path)
    statements = facts.statements and facts.statements.beside(tables[:3])
    return KnowledgeGraph(**tables._asdict(), name=name, statements=statements)


def _list_several(path: object) -> list[Source]:
    """The files of a list, or those that fit a name with signs such as *; none where one file is meant."""
    if isinstance(path, (list, tuple)):
        found = [source for one in path for source in _list_several(one) or [take_source(one)]]
        if not found:
            raise ValueError('No path came. Type read_graph(["facts.tsv", "more.tsv"]).')
        return found
    if isinstance(path, (str, Path)) and re.search(r"[*?\[]", str(path)) and "://" not in str(path):
        pattern = Path(path).expanduser()
        if pattern.exists():
            return []
        top = Path(pattern.anchor)
        found = [*sorted(top.glob(str(pattern.relative_to(top))))]
        if not found:
            raise missing_file(pattern, "files whose names fit")
        # What is known about the names of a file beside it is read with that file.
        beside = re.compile(r"\.(entities|relations)(\.\w+){1,2}\Z")
        return [one for one in found if not beside.search(str(one))] or found
    return []


def _join_facts(several: Sequence[NamedTriples]) -> NamedTriples:
    frames = [facts.triples for facts in several]
    entities = [facts.entities for facts in several if facts.entities is not None]
    relations = [facts.relations for facts in several if facts.relations is not None]
    return NamedTriples(
        {"all": join_frames(frames)},
        pd.concat(entities, ignore_index=True) if entities else None,
        pd.concat(relations, ignore_index=True) if relations else None,
        sum_notes(*(facts.notes for facts in several)),
    )
