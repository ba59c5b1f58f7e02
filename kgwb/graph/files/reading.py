"""One door for every format: a path becomes a graph."""

from __future__ import annotations

from pathlib import Path

from kgwb.graph.building import COLUMNS, build_graph
from kgwb.graph.errors import GraphFileError, missing_file
from kgwb.graph.facts import Facts
from kgwb.graph.files.folders import attach_names, read_folder
from kgwb.graph.files.headers import Columns, check_columns
from kgwb.graph.files.id_arrays import read_id_array
from kgwb.graph.files.table_files import TABLE_SUFFIXES, read_triple_table
from kgwb.graph.files.text_files import OnError
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import quote

RDF_SUFFIXES = (".nt", ".ttl", ".rdf", ".owl")
FORMATS = "one of .tsv .csv .txt .jsonl .parquet .nt .ttl .rdf .owl .graphml .npy, or a folder of tables"


def read_graph(path: str | Path, columns: Columns = COLUMNS, *, on_error: OnError = "raise") -> KnowledgeGraph:
    """Read a graph from a file or a folder.

    Tables (.tsv .csv .txt .jsonl .parquet) hold one triple per line, below a header line; `facts.entities.tsv` and
    `facts.relations.tsv` beside `facts.tsv` are read with it. RDF (.nt .ttl .rdf .owl) gives labels, aliases, types,
    descriptions and literals to the table of entities. A folder holds `triples.tsv` with `entities.tsv` and
    `relations.tsv`, or train, valid and test files, or what OpenKE writes. A .npy file holds ids instead of names and,
    where it is in order, stays on the disk: the form for many millions of triples.

    Args:
        path: the file or folder.
        columns: the columns of a table that hold head, relation and tail, by name; by position, counted from 0, where
            the file has no header line. For .graphml the middle one is the edge attribute that names the relation.
        on_error: "raise" stops at a broken line; "skip" leaves it out and counts it in the graph's `notes`.

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
    facts = read_facts(path, columns, on_error=on_error)
    return make_graph(facts, path)


def make_graph(facts: Facts, path: Path) -> KnowledgeGraph:
    """The graph of all parts of what was read, named after its file or folder."""
    name = path.resolve().name if path.is_dir() else path.stem
    return build_graph(facts.triples, facts.entities, relations=facts.relations, name=name, notes=facts.notes)


def read_facts(path: Path, columns: Columns, *, on_error: OnError) -> Facts:
    """What a file or folder says, by name.

    Raises:
        FileNotFoundError: there is no such file.
        GraphFileError: the file cannot be read.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f'on_error came as {on_error!r}. Expected on_error="raise" or on_error="skip".')
    if not path.exists():
        raise missing_file(path, FORMATS)
    suffix = path.suffix.lower()
    if path.is_dir():
        return read_folder(path, columns, on_error=on_error)
    if suffix in TABLE_SUFFIXES:
        frame, notes = read_triple_table(path, columns, on_error=on_error)
        return attach_names(Facts({"all": frame}, notes=notes), path, on_error=on_error)
    if suffix in RDF_SUFFIXES:
        from kgwb.graph.files.rdf_reading import read_rdf

        return read_rdf(path, on_error=on_error)
    if suffix == ".graphml":
        from kgwb.graph.files.graphml import read_graphml

        return read_graphml(path, columns[1])
    raise unknown_format(path)


def unknown_format(path: Path) -> GraphFileError:
    """The error for a suffix that stands for no format."""
    came = f"{path} ends in {quote(path.suffix)}" if path.suffix else f"{path} has no suffix"
    return GraphFileError(f"{came}, which is no format known here. Expected {FORMATS}. Give it one of these suffixes.")
