"""A graph written to a file or a folder, so that reading it gives the same graph."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.errors import GraphFileError
from kgwb.graph.files.entity_tables import is_missing, join_aliases
from kgwb.graph.files.reading import RDF_SUFFIXES, unknown_format
from kgwb.graph.files.text_files import write_row
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.packages import load_package

_TABLE_SUFFIXES = (".tsv", ".csv", ".txt", ".jsonl", ".parquet")
_NAME_COLUMNS = frozenset(("head", "relation", "tail", "entity"))


def write_graph(graph: KnowledgeGraph, path: str | Path) -> Path:
    """Write a graph so that `read_graph` gives it back.

    A path without a suffix becomes a folder with triples.tsv, entities.tsv and relations.tsv, which holds everything.
    For a table (`facts.tsv`, .csv, .txt, .jsonl, .parquet) what is known about names goes into `facts.entities.tsv` and
    `facts.relations.tsv` beside it, where anything is known. RDF (.nt .ttl .rdf .owl) and .graphml hold everything in
    one file, but for columns without a value.

    In .tsv and .csv a cell stands in quotation marks only where it holds a tab or a line end, is blank, or begins with
    a quotation mark, as pandas and spreadsheets read it.

    Args:
        graph: the graph.
        path: the file or folder; what is there is overwritten.

    Returns:
        The path written.

    Raises:
        GraphFileError: the suffix stands for no format, or the format cannot hold a character of the graph.

    Example:
        >>> import pandas as pd, pathlib, tempfile
        >>> facts = pd.DataFrame([("Berlin", "capital_of", "Germany")], columns=["head", "relation", "tail"])
        >>> path = write_graph(KnowledgeGraph.from_pandas(facts), pathlib.Path(tempfile.mkdtemp(), "facts.tsv"))
        >>> path.read_text().splitlines()
        ['head\\trelation\\ttail', 'Berlin\\tcapital_of\\tGermany']
    """
    path = Path(path).expanduser()
    suffix = path.suffix.lower()
    if path.is_dir() or not suffix:
        return _write_folder(graph, path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f'There is no folder {path.parent}. Type pathlib.Path("{path.parent}").mkdir(parents=True).'
        )
    if suffix in _TABLE_SUFFIXES:
        _write_tables(graph, path)
    elif suffix in RDF_SUFFIXES:
        from kgwb.graph.files.rdf_writing import write_rdf

        write_rdf(graph, path)
    elif suffix == ".graphml":
        from kgwb.graph.files.graphml import write_graphml

        write_graphml(graph, path)
    else:
        raise unknown_format(path)
    return path


def _write_folder(graph: KnowledgeGraph, folder: Path) -> Path:
    if folder.is_file():
        raise GraphFileError(
            f"{folder} is a file, and a path without a suffix stands for a folder. Choose another name."
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_table(graph.to_pandas(), folder / "triples.tsv")
    write_table(graph.entities, folder / "entities.tsv")
    write_table(graph.relations, folder / "relations.tsv")
    return folder


def _write_tables(graph: KnowledgeGraph, path: Path) -> None:
    write_table(graph.to_pandas(), path)
    used = set(graph.triples[:, 1].tolist())
    tables = (
        ("entities", graph.entities, "entity", (graph.degrees == 0).any()),
        ("relations", graph.relations, "relation", len(used) < len(graph.relations)),
    )
    for stem, table, kind, unused in tables:
        beside = path.with_name(f"{path.stem}.{stem}{path.suffix}")
        # A table left from an earlier graph would be read with this one.
        if unused or says_more(table, kind) or beside.exists():
            write_table(table, beside)


def says_more(table: pd.DataFrame, kind: str) -> bool:
    """Whether a table holds anything but names."""
    standard = {kind, "label", "type", "description", "aliases"}
    if set(table.columns) - standard or (table["label"] != table[kind]).any():
        return True
    return any(
        map(bool, (cell for column in standard - {kind, "label"} & set(table.columns) for cell in table[column]))
    )


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write one table of triples, entities or relations in the format of the path's suffix."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        load_package("pyarrow", "Writing .parquet")
        aliases = {"aliases": table["aliases"].map(list)} if "aliases" in table.columns else {}
        table.assign(**aliases).to_parquet(path, index=False)
    elif suffix == ".jsonl":
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _list_records(table))
        path.write_bytes((lines or "\n").encode())
    else:
        delimiter = "," if suffix == ".csv" else "\t"
        columns = [[_write_cell(column, cell) for cell in table[column].tolist()] for column in table.columns]
        header = write_row([str(column) for column in table.columns], delimiter)
        lines = "".join(write_row(cells, delimiter) for cells in zip(*columns, strict=True))
        path.write_bytes((header + lines).encode())


def _list_records(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in table.to_dict(orient="records"):
        yield {str(column): cell for column, cell in row.items() if column in _NAME_COLUMNS or not _is_empty(cell)}


def _write_cell(column: str, cell: Any) -> str | None:
    if isinstance(cell, tuple):
        cell = join_aliases(cell)
    if isinstance(cell, str):
        return cell if cell or column in _NAME_COLUMNS else None
    if is_missing(cell):
        return None
    return {float("inf"): "1e999", float("-inf"): "-1e999"}.get(cell, repr(cell))


def _is_empty(cell: Any) -> bool:
    return is_missing(cell) or (isinstance(cell, (str, tuple)) and not cell)
