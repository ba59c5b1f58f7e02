"""Vectors in, from other programs: matched with a graph by name."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import torch

from kgwb.checks import expect_path
from kgwb.embed.embedding_files import EmbeddingFileError
from kgwb.embed.exporting import FORMATS, name_relations, unescape_name
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.scorers.scorer import Scorer
from kgwb.files import hold_folder
from kgwb.graph.errors import missing_file
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.packages import load_package
from kgwb.words import count_things


def read_vectors(path: str | Path, graph: KnowledgeGraph, *, scorer: Scorer, seed: int = 0) -> GraphEmbedding:
    """An embedding of a graph whose vectors come from a file.

    Entities and relations are found by name, or else by label. Whatever the file lacks keeps its random start, and a
    warning counts it, as it counts the names in the file that the graph has not. A .txt may also be GloVe's, without
    a first line, or word vectors of millions: only those of the graph are kept.

    Args:
        path: a .parquet, .npz or .txt file as `write_vectors` writes them.
        graph: whose entities the vectors belong to.
        scorer: the equation they were trained for; any of the right width, where they are only to be looked at or
            brought into BERT.
        seed: where the random start of those without a vector comes from.

    Returns:
        The embedding; `trained_on` marks the entities that the file has a vector for.

    Raises:
        FileNotFoundError: there is no such file; names what lies near it.
        EmbeddingFileError: it holds no vectors, or none of this graph's, or of a width that the scorer has not.

    Example:
        >>> import tempfile
        >>> from kgwb.embed import TransE
        >>> facts = pd.DataFrame([["New York", "in", "USA"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> path = Path(tempfile.mkdtemp(), "vectors.npz")
        >>> np.savez(path, entities=np.eye(2), entity_names=["USA", "New York"], relations=[[1, 2]], relation_names=["in"])
        >>> read_vectors(path, graph, scorer=TransE()).entity_vectors()
        tensor([[0., 1.],
                [1., 0.]])
    """
    expect_graph(graph, "read_vectors(path, {}, scorer=ComplEx())")
    path = expect_path(path, call="read_vectors('vectors.npz', graph, scorer=ComplEx())")
    tables = {"entity": graph.entities, "relation": graph.relations}
    with hold_folder(path.parent):
        if not path.is_file():
            raise missing_file(path, f"a file of vectors, {FORMATS}")
        found = {kind: _read(path, kind, _list_spellings(table, kind)) for kind, table in tables.items()}
    rows = {kind: find_named_rows(found[kind].names, table, kind) for kind, table in tables.items()}
    if not (rows["entity"] >= 0).any():
        raise EmbeddingFileError(_nothing_matches(path, graph, found["entity"].further))
    for kind in tables:
        _expect_finite(path, found[kind])
    embedding = GraphEmbedding(graph, scorer, dim=found["entity"].vectors.shape[1], seed=seed)
    _fill(embedding.entity_table, found["entity"].vectors, rows["entity"])
    if (rows["relation"] >= 0).any():
        _check_width(path, embedding, found["relation"].vectors.shape[1])
        _fill(embedding.relation_table, found["relation"].vectors, rows["relation"])
    embedding.trained_on |= torch.from_numpy(rows["entity"] >= 0)
    _warn(path, found, rows)
    return embedding


@dataclass(frozen=True)
class _Found:
    """Names and float32 [name, width] from a file, and how many more names it holds that the graph has not."""

    names: Sequence[str]
    vectors: np.ndarray
    further: int = 0


_NOTHING = _Found((), np.empty((0, 0), dtype=np.float32))


def _read(path: Path, kind: str, wanted: Collection[str]) -> _Found:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _read_npz(path, kind, wanted)
    if suffix == ".parquet":
        return _read_parquet(path, kind, wanted)
    if suffix == ".txt":
        lines = path if kind == "entity" else name_relations(path)
        return _read_word2vec(lines, wanted) if lines.is_file() else _NOTHING
    raise EmbeddingFileError(f"{path} ends in {path.suffix!r}. Expected {FORMATS}.")


def _read_npz(path: Path, kind: str, wanted: Collection[str]) -> _Found:
    plural = {"entity": "entities", "relation": "relations"}[kind]
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if kind == "relation" and plural not in arrays:
                return _NOTHING
            names = arrays[f"{kind}_names"].tolist()
            vectors = _read_numbers(path, arrays[plural])
            return _keep(names, vectors.reshape(len(names), vectors.shape[1]), wanted)
    except EmbeddingFileError:
        raise
    except (ValueError, LookupError, OSError, EOFError, BadZipFile) as problem:
        hint = "Write it with np.savez(path, entities=vectors, entity_names=names)."
        raise EmbeddingFileError(f"{path} holds no {plural} with {kind}_names beside them. {hint}") from problem


def _read_numbers(path: Path, vectors: np.ndarray) -> np.ndarray:
    if vectors.dtype.kind == "c":
        raise EmbeddingFileError(
            f"{path} holds complex numbers. Expected real ones, for ComplEx the real parts and behind them the imaginary "
            "ones; type np.savez(path, entities=np.concatenate([vectors.real, vectors.imag], axis=1), ...)."
        )
    if vectors.dtype.kind not in "biufU":
        raise ValueError(f"{vectors.dtype} are no numbers")
    return vectors.astype(np.float32)


def _read_parquet(path: Path, kind: str, wanted: Collection[str]) -> _Found:
    packages = ("pyarrow", "pyarrow.compute", "pyarrow.parquet")
    arrow, compute, parquet = (load_package(name, "Reading .parquet") for name in packages)
    try:
        table = parquet.ParquetFile(path).read()
        kinds = np.array(table["kind"].to_pylist() if "kind" in table.column_names else ["entity"] * len(table))
        table = table.filter(arrow.array(kinds == kind))
        names, vectors = table["name"].to_pylist(), table["vector"].combine_chunks()
        lengths = compute.unique(compute.list_value_length(vectors)).to_pylist()  # None where there is no list
        if len(lengths) > 1 or None in lengths:
            raise ValueError(f"some lists are of other lengths: {', '.join(map(str, lengths[:4]))}")
        numbers = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
        return _keep(names, numbers.reshape(len(names), -1) if names else _NOTHING.vectors, wanted)
    except (ValueError, KeyError, OSError) as problem:
        hint = 'Expected the columns name and vector (a list of numbers, all of one length), and kind ("entity", ...).'
        raise EmbeddingFileError(f"{path} cannot be read as vectors ({problem}). {hint}") from problem


def _keep(names: list[str], vectors: np.ndarray, wanted: Collection[str]) -> _Found:
    kept = np.array([name in wanted for name in names], dtype=bool)
    return _Found([name for name in names if name in wanted], vectors[kept], int((~kept).sum()))


def _read_word2vec(path: Path, wanted: Collection[str]) -> _Found:
    names, vectors, further, width = [], [], 0, 0
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip()
            if number == 1:
                count, *numbers = line.split(" ")
                width = len(numbers)
                if width == 1 and count.isdigit() and numbers[0].isdigit():
                    width = int(numbers[0])
                    continue
            name, *numbers = line.rsplit(" ", width)
            if unescape_name(name) not in wanted:
                further += 1
            else:
                names.append(unescape_name(name))
                vectors.append(_parse(path, number, numbers, width))
    table = np.array(vectors, dtype=np.float32).reshape(len(names), width)
    return _Found(names, table, further)


def _parse(path: Path, line: int, numbers: list[str], width: int) -> np.ndarray:
    with suppress(ValueError):
        if numbers:
            return np.array(numbers, dtype=np.float32).reshape(width)
    rule = f"a name and {width or 'its'} numbers were expected, with blanks between them."
    raise EmbeddingFileError(f"{path}, line {line}: {rule} Is the file cut off?")


def _list_spellings(table: pd.DataFrame, kind: str) -> set[str]:
    return {*table[kind], *table["label"]}


def find_named_rows(names: Sequence[str], table: pd.DataFrame, kind: str) -> np.ndarray:
    """Where in the file each of the graph's names stands, int64 [name], or -1."""
    places = {name: place for place, name in enumerate(names)}
    rows = [places.get(name, places.get(label, -1)) for name, label in zip(table[kind], table["label"], strict=True)]
    return np.array(rows, dtype=np.int64)


def _fill(table: torch.nn.Parameter, vectors: np.ndarray, rows: np.ndarray) -> None:
    known = np.flatnonzero(rows >= 0)
    with torch.no_grad():
        table[torch.from_numpy(known)] = torch.from_numpy(vectors[rows[known]])


def _check_width(path: Path, embedding: GraphEmbedding, width: int) -> None:
    expected = embedding.relation_table.shape[1]
    if width != expected:
        raise EmbeddingFileError(
            f"{path} holds relations of {width} numbers; {embedding.scorer} has {expected} beside entities of "
            f"{embedding.dim}. Type the scorer that these vectors were trained for."
        )


def _expect_finite(path: Path, found: _Found) -> None:
    wrong = np.flatnonzero(~np.isfinite(found.vectors).all(axis=1))
    if len(wrong):
        raise EmbeddingFileError(
            f"{path}: {count_things(len(wrong), 'vector')} of {len(found.vectors):,} hold NaN or infinity, the first that "
            f"of {found.names[wrong[0]]!r}. Expected finite numbers; leave such names out, and they keep a random start."
        )


def _nothing_matches(path: Path, graph: KnowledgeGraph, further: int) -> str:
    name, label = graph.entities["entity"][0], graph.labels[0]
    called = repr(name) if name == label else f"{name!r} or {label!r}"
    return (
        f"None of the {count_things(further, 'name')} in {path} is an entity of {graph.name!r}, whose first is "
        f"called {called}. Write the file with those names."
    )


def _warn(path: Path, found: dict[str, _Found], rows: dict[str, np.ndarray]) -> None:
    said = []
    for kind, plural in (("entity", "entities"), ("relation", "relations")):
        lacking = int((rows[kind] < 0).sum())
        if lacking:
            said.append(f"{lacking:,} of {len(rows[kind]):,} {plural} have no vector in it and keep a random start")
        if found[kind].further:
            said.append(f"{found[kind].further:,} of its names are no {plural} of the graph")
        again = len(found[kind].names) - len(set(found[kind].names))
        if again:
            said.append(f"{again:,} of its vectors of {plural} have the name of a later one, which is taken")
    if said:
        warnings.warn(f"{path}: {'; '.join(said)}.", stacklevel=3)
