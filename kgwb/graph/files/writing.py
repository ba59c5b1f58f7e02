"""Graphs and splits written to files and folders, so that reading them gives the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kgwb.checks import expect_flags, expect_path
from kgwb.files import find_file_above, refuse_other_files, write_whole
from kgwb.graph.descriptions import ENTITY_COLUMNS, is_missing
from kgwb.graph.errors import GraphFileError
from kgwb.graph.files.delimited import NAME_COLUMNS, write_delimited, write_triples
from kgwb.graph.files.graphml import write_graphml
from kgwb.graph.files.headers import find_role, looks_like_header
from kgwb.graph.files.name_lists import looks_swapped
from kgwb.graph.files.openke import LISTS, PARTS, write_openke
from kgwb.graph.files.rdf_statements import FORBIDDEN
from kgwb.graph.files.rdf_writing import write_rdf
from kgwb.graph.files.reading import RDF_SUFFIXES, unknown_format
from kgwb.graph.files.records import write_jsonl, write_parquet
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.graph.splitting import Split, expect_split
from kgwb.words import quote

GRAPH_FILES = ("triples.tsv", "entities.tsv", "relations.tsv")
_TABLE_SUFFIXES = (".tsv", ".csv", ".txt", ".jsonl", ".parquet")
_WRITABLE = f"one of {' '.join((*_TABLE_SUFFIXES, *RDF_SUFFIXES, '.graphml'))}, or no suffix, for a folder of tables"
_TABLES = {"entity": "entities.tsv", "relation": "relations.tsv"}
_WRITTEN = {*_TABLES.values(), *(f"{part}.tsv" for part in PARTS), *PARTS.values(), *LISTS.values()}


def write_graph(graph: KnowledgeGraph, path: str | Path) -> Path:
    """Write a graph so that `read_graph` gives it back.

    A path without a suffix becomes a folder with triples.tsv, entities.tsv and relations.tsv, which holds everything.
    For a table (`facts.tsv`, .csv, .txt, .jsonl, .parquet) what is known about names goes into `facts.entities.tsv` and
    `facts.relations.tsv` beside it, where anything is known. RDF (.nt .ttl .rdf .owl .nq .trig .jsonld) and .graphml
    hold everything in one file, but for columns without a value; what was read from RDF is written as it was stated.

    In .tsv and .csv a cell stands in quotation marks only where it holds a tab or a line end, is blank, or begins with
    a quotation mark, as pandas and spreadsheets read it.

    Args:
        graph: the graph.
        path: the file or folder; a file of that name is overwritten, and in a folder only what kgwb wrote.

    Returns:
        The path written.

    Raises:
        GraphFileError: the suffix stands for no format, or the format cannot hold a character of the graph.
        FileExistsError: a table beside the file, or in the folder, would overwrite one that kgwb did not write, or a
            file stands where the path has a folder.
        SavingError: the system refuses, as where the disk is full.

    Example:
        >>> import pandas as pd, pathlib, tempfile
        >>> facts = pd.DataFrame([("Berlin", "capital_of", "Germany")], columns=["head", "relation", "tail"])
        >>> path = write_graph(KnowledgeGraph.from_pandas(facts), pathlib.Path(tempfile.mkdtemp(), "facts.tsv"))
        >>> path.read_text().splitlines()
        ['head\\trelation\\ttail', 'Berlin\\tcapital_of\\tGermany']
    """
    expect_graph(graph, "write_graph({}, 'graph.tsv')")
    path = expect_path(path, call="write_graph(graph, 'graph.tsv')")
    suffix = path.suffix.lower()
    if path.is_dir() or not suffix:
        return _write_folder(graph, path)
    if (above := find_file_above(path)) is not None:
        raise FileExistsError(f"{above} is a file, and {path} needs a folder. Type another path.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {path.parent}. Type pathlib.Path({str(path.parent)!r}).mkdir(parents=True)."
        )
    if suffix in (".rdf", ".owl", ".graphml"):
        _check_xml(graph, path)
    if suffix in _TABLE_SUFFIXES:
        _write_tables(graph, path)
    elif suffix in (*RDF_SUFFIXES, ".graphml"):
        with write_whole(path) as new:
            write_graphml(graph, new) if suffix == ".graphml" else write_rdf(graph, new)
    else:
        raise unknown_format(path, _WRITABLE)
    return path


def write_split(split: Split, folder: str | Path, *, openke: bool = False) -> Path:
    """Write a split so that `read_split` gives it back, all of it or nothing; other files in the folder stay.

    It holds train.tsv, valid.tsv and test.tsv, those that are not empty, without a header line as others expect them,
    and what is known about names in entities.tsv and relations.tsv.

    Args:
        split: the split; its notes are not written.
        folder: where to; a split already there is replaced.
        openke: write entity2id.txt, relation2id.txt, train2id.txt, valid2id.txt and test2id.txt instead, as OpenKE
            reads them, and the tables beside them only where they say more than names.

    Returns:
        The folder.

    Raises:
        FileExistsError: a file that kgwb did not write has the name of one that is needed.
        GraphFileError: OpenKE's lists cannot hold a name.

    Example:
        >>> import pathlib, tempfile
        >>> from kgwb.graph import read_split, split_triples
        >>> facts = pd.DataFrame([("Berlin", "capital_of", "Germany")], columns=["head", "relation", "tail"])
        >>> split = split_triples(KnowledgeGraph.from_pandas(facts), valid=0, test=0)
        >>> folder = write_split(split, pathlib.Path(tempfile.mkdtemp(), "capitals"), openke=True)
        >>> (folder / "train2id.txt").read_text().splitlines()
        ['1', '0 1 0']
        >>> read_split(folder)
        Split of 'capitals': 1 train, 0 valid, 0 test triples
    """
    expect_split(split, "write_split({}, folder)")
    folder = expect_path(folder, call="write_split(split, 'splits')").absolute()
    expect_flags(openke=openke)
    refuse_other_files(folder, _list_rivals(*PARTS), "a split")
    with write_whole(folder, replaces=_WRITTEN) as new:
        new.mkdir()
        if openke:
            write_openke(split, new)
        else:
            _write_parts(split, new)
        for kind, table in (("entity", split.graph.entities), ("relation", split.graph.relations)):
            if not openke or _says_more(table, kind):
                write_table(table, new / _TABLES[kind])
    return folder


def _list_rivals(*stems: str) -> set[str]:
    """What would be overwritten in a folder, or read with, or instead of, what is written there."""
    tables = {stem + suffix for stem in (*stems, "entities", "relations") for suffix in _TABLE_SUFFIXES}
    return tables | {*PARTS.values(), *LISTS.values()}


def _write_folder(graph: KnowledgeGraph, folder: Path) -> Path:
    if folder.is_file():
        raise GraphFileError(
            f"{folder} is a file, and a path without a suffix stands for a folder. Choose another name."
        )
    refuse_other_files(folder, _list_rivals("triples"), "a graph")
    triples, *names = GRAPH_FILES
    with write_whole(folder) as new:
        new.mkdir()
        _write_facts(graph, new / triples)
        for name, table in zip(names, (graph.entities, graph.relations), strict=True):
            write_table(table, new / name)
    return folder


def _write_tables(graph: KnowledgeGraph, path: Path) -> None:
    used = set(graph.triples[:, 1].tolist())
    tables = (
        ("entities", graph.entities, "entity", (graph.degrees == 0).any()),
        ("relations", graph.relations, "relation", len(used) < len(graph.relations)),
    )
    beside: dict[str, pd.DataFrame] = {}
    for stem, table, kind, unused in tables:
        name = f"{path.stem}.{stem}{path.suffix}"
        # A table left from an earlier graph would be read with this one.
        if unused or _says_more(table, kind) or path.with_name(name).exists():
            beside[name] = table
    if not beside:
        with write_whole(path) as new:
            _write_facts(graph, new)
        return
    refuse_other_files(path.parent, beside.keys(), f"a graph in {path.name}")
    with write_whole(path.parent, named={path.name}) as folder:  # all tables or none
        folder.mkdir()
        _write_facts(graph, folder / path.name)
        for name, table in beside.items():
            write_table(table, folder / name)


def _write_facts(graph: KnowledgeGraph, path: Path) -> None:
    """The triples by name; lists of lines are written as they are made, other formats need the whole table."""
    if path.suffix.lower() in (".parquet", ".jsonl"):
        write_table(graph.to_pandas(), path)
    else:
        write_triples(graph.triples, graph.entities["entity"], graph.relations["relation"], path)


def _says_more(table: pd.DataFrame, kind: str) -> bool:
    """Whether a table holds anything but names."""
    standard = {kind, *ENTITY_COLUMNS[1:]}
    if set(table.columns) - standard or (table["label"] != table[kind]).any():
        return True
    return any(
        map(bool, (cell for column in standard - {kind, "label"} & set(table.columns) for cell in table[column]))
    )


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write one table of triples, entities or relations in the format of the path's suffix."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        write_parquet(table, path)
    elif suffix == ".jsonl":
        write_jsonl(_list_records(table), path)
    else:
        write_delimited(table, path)


def _list_records(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in table.to_dict(orient="records"):
        yield {str(column): cell for column, cell in row.items() if column in NAME_COLUMNS or not _is_empty(cell)}


def _is_empty(cell: Any) -> bool:
    return is_missing(cell) or (isinstance(cell, (str, tuple)) and not cell)


def _write_parts(split: Split, folder: Path) -> None:
    entities, relations = split.graph.entities["entity"], split.graph.relations["relation"]
    odd = entities.str.contains("[\ufeff\x00]").to_numpy(
        dtype=bool
    )  # at the head of a file they are taken for its encoding
    words = [names.map(lambda name: bool(find_role(name))).to_numpy(dtype=bool) for names in (entities, relations)]
    names = [
        set(table.iloc[np.unique(ids)])
        for table, ids in zip((entities, relations, entities), split.known.T, strict=True)
    ]
    doubtful = looks_swapped(names, len(split.known))
    for part in PARTS:
        triples: np.ndarray = getattr(split, part)
        head, relation, tail = triples.T
        if len(triples) or part == "train":
            # A header line would be a fact to most readers, and without one a fact may be a header to ours.
            rows = triples[words[0][head] | words[1][relation] | words[0][tail]].tolist()
            like = any(looks_like_header((entities[h], relations[r], entities[t])) for h, r, t in rows)
            header = like or doubtful or not len(triples) or bool(odd[head].any())
            write_triples(triples, entities, relations, folder / f"{part}.tsv", header=header)


def _check_xml(graph: KnowledgeGraph, path: Path) -> None:
    """Refuse a graph with texts that XML readers would refuse or change.

    Raises:
        GraphFileError: names the text, the character, and the formats that carry it.
    """
    for text in _list_texts(graph):
        found = FORBIDDEN.search(text)
        if found:
            raise GraphFileError(
                f"{path} was not written: XML cannot carry the character U+{ord(found[0]):04X} in {quote(text)}. "
                f"Write another format, for example write_graph(graph, {path.with_suffix('.nt').name!r})."
            )


def _list_texts(graph: KnowledgeGraph) -> Iterator[str]:
    yield graph.name
    for table in (graph.entities, graph.relations):
        for column in table.columns:
            yield column
            for cell in table[column].tolist():
                yield from [cell] if isinstance(cell, str) else cell if isinstance(cell, tuple) else ()
