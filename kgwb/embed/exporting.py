"""Vectors out, for other programs: Parquet, NumPy, word2vec's text, and the projector of TensorBoard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd

from kgwb.checks import expect_path
from kgwb.embed.graph_embedding import GraphEmbedding, encode_once, expect_embedding
from kgwb.files import refuse_other_files, write_whole
from kgwb.packages import load_package

FORMATS = ".parquet, .npz or .txt (word2vec)"
NO_NAME = "%"  # a sign that escaping never leaves alone
_PROJECTED = ("vectors.tsv", "metadata.tsv", "relation_vectors.tsv", "relation_metadata.tsv", "projector_config.pbtxt")
_BLANKS = re.compile(r"[\s%]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def write_vectors(embedding: GraphEmbedding, path: str | Path) -> Path:
    """Write the vectors of entities and relations for other programs, as float32 without loss; all of it or nothing.

    - `.parquet`: a row for each entity, then each relation; columns kind, name, label, vector (a list of numbers).
    - `.npz`: arrays entities [entity dim] and relations [relation width], and entity_names, entity_labels,
      relation_names, relation_labels beside them.
    - `.txt`: word2vec's text, as gensim's `KeyedVectors.load_word2vec_format` reads it: a line with the count and the
      width, then a name and its numbers per line. A blank in a name becomes %20, any other white space and % likewise
      (`urllib.parse.unquote` takes it back), and an empty name %. Relations, whose width may differ, go into
      `vectors.relations.txt` beside `vectors.txt`.
    - no suffix: a folder for TensorBoard's projector (`tensorboard --logdir folder`), labels in its metadata.tsv with
      tabs and line ends as \\t and \\n.

    To have an embedding back as it was, use its `save`; these files hold neither the scorer nor inverse relations.

    Args:
        embedding: trained or not; of one with an encoder, the vectors that it makes.
        path: the file or folder; a file of that name is replaced, and in a folder only what kgwb wrote.

    Returns:
        The path.

    Raises:
        ValueError: the suffix stands for no format, the format cannot hold a name, or the vectors are not finite.
        FileExistsError: a file beside it, or in the folder, would overwrite one that kgwb did not write.
        SavingError: the system refuses, as where the disk is full.
        ImportError: pyarrow is not installed (.parquet only); gives the line that installs it.

    Example:
        >>> import tempfile
        >>> from kgwb.embed import TransE
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = pd.DataFrame([["New York", "in", "USA"]], columns=["head", "relation", "tail"])
        >>> embedding = GraphEmbedding(KnowledgeGraph.from_pandas(facts), TransE(), dim=2)
        >>> path = write_vectors(embedding, Path(tempfile.mkdtemp(), "vectors.txt"))
        >>> [line.split()[0] for line in path.read_text().splitlines()]
        ['2', 'New%20York', 'USA']
    """
    expect_embedding(embedding, "write_vectors(GraphEmbedding(graph, ComplEx()), path)")
    path = expect_path(path, call="write_vectors(embedding, 'vectors.npz')").absolute()
    suffix = path.suffix.lower()
    writers: dict[str, Callable[[GraphEmbedding, Path], None]] = {".parquet": _write_parquet, ".npz": _write_npz}
    if path.is_dir() or not suffix:
        refuse_other_files(path, _PROJECTED, "a projector's folder")
        with write_whole(path, replaces=_PROJECTED) as new:
            _write_projector(embedding, new)
    elif suffix == ".txt":
        _write_word2vec(embedding, path)
    elif suffix in writers:
        with write_whole(path) as new:
            writers[suffix](embedding, new)
    else:
        raise unknown_suffix(path)
    return path


def escape_name(name: str) -> str:
    """A name without white space, for formats in which a blank ends it; `unescape_name` takes it back.

    Example:
        >>> escape_name("100% wool"), unescape_name("100%25%20wool")
        ('100%25%20wool', '100% wool')
    """
    return _BLANKS.sub(lambda found: quote(found[0]), name) or NO_NAME


def unescape_name(text: str) -> str:
    """The name that `escape_name` wrote."""
    return "" if text == NO_NAME else unquote(text)


def name_relations(path: Path) -> Path:
    """Where the relations go beside a word2vec file of entities."""
    return path.with_name(f"{path.stem}.relations{path.suffix}")


def unknown_suffix(path: Path) -> ValueError:
    """The error for a suffix that stands for no format."""
    return ValueError(f"{path} ends in {path.suffix!r}. Expected {FORMATS}, or no suffix for a projector's folder.")


def _list_kinds(embedding: GraphEmbedding) -> list[tuple[str, pd.DataFrame, np.ndarray]]:
    """What there are vectors for: the kind, the graph's table, and float32 [name, width]."""
    graph = embedding.graph
    vectors = encode_once(embedding)
    return [
        ("entity", graph.entities, vectors.entities.detach().float().cpu().numpy()),
        ("relation", graph.relations, vectors.relations.detach().float().cpu().numpy()),
    ]


def _write_parquet(embedding: GraphEmbedding, path: Path) -> None:
    arrow, parquet = (load_package(name, "Writing .parquet") for name in ("pyarrow", "pyarrow.parquet"))
    kinds = _list_kinds(embedding)
    widths = np.concatenate([np.full(len(vectors), vectors.shape[1]) for _, _, vectors in kinds])
    offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    numbers = np.concatenate([vectors.ravel() for _, _, vectors in kinds])
    columns = {
        "kind": [kind for kind, table, _ in kinds for _ in range(len(table))],
        "name": [name for kind, table, _ in kinds for name in table[kind]],
        "label": [label for _, table, _ in kinds for label in table["label"]],
        "vector": arrow.LargeListArray.from_arrays(offsets, numbers),
    }
    parquet.write_table(arrow.table(columns), path)


def _write_npz(embedding: GraphEmbedding, path: Path) -> None:
    arrays: dict[str, Any] = {}
    for (kind, table, vectors), plural in zip(_list_kinds(embedding), ("entities", "relations"), strict=True):
        arrays[plural] = vectors
        arrays[f"{kind}_names"] = np.array(table[kind].tolist(), dtype=np.str_)
        arrays[f"{kind}_labels"] = np.array(table["label"].tolist(), dtype=np.str_)
        for name, kept in zip(table[kind], arrays[f"{kind}_names"].tolist(), strict=True):
            if name != kept:
                raise ValueError(
                    f"An .npz file cannot hold the name {name!r}, which ends in NUL. Write .parquet instead."
                )
    np.savez(path, **arrays)


def _write_word2vec(embedding: GraphEmbedding, path: Path) -> None:
    beside = name_relations(path)
    refuse_other_files(path.parent, [beside.name], f"the relations of {path.name}")
    with write_whole(path.parent, named={path.name}) as folder:  # both files or none
        folder.mkdir()
        for (kind, table, vectors), name in zip(_list_kinds(embedding), (path.name, beside.name), strict=True):
            names = map(escape_name, table[kind])
            rows = (f"{name} {row}" for name, row in zip(names, _write_rows(vectors, " "), strict=True))
            header = f"{len(vectors)} {vectors.shape[1]}"
            _write_lines(folder / name, [header, *rows])


def _write_projector(embedding: GraphEmbedding, folder: Path) -> None:
    folder.mkdir()
    config = []
    for (kind, table, vectors), prefix in zip(_list_kinds(embedding), ("", "relation_"), strict=True):
        if not len(vectors):
            continue  # the projector cannot open an empty table
        columns = [column for column in ("label", kind, "type", "description") if column in table.columns]
        cells = zip(*(table[column].str.translate(_ESCAPES) for column in columns), strict=True)
        _write_lines(folder / f"{prefix}vectors.tsv", _write_rows(vectors, "\t"))
        _write_lines(folder / f"{prefix}metadata.tsv", ["\t".join(columns), *map("\t".join, cells)])
        facts = {"tensor_name": kind, "tensor_path": f"{prefix}vectors.tsv", "metadata_path": f"{prefix}metadata.tsv"}
        config += ["embeddings {", *(f'  {field}: "{value}"' for field, value in facts.items()), "}"]
    _write_lines(folder / "projector_config.pbtxt", config)


def _write_rows(vectors: np.ndarray, delimiter: str) -> Iterable[str]:
    """Numbers as text; nine digits distinguish any two float32."""
    form = delimiter.join(["%.9g"] * vectors.shape[1])
    return (form % tuple(row) for row in vectors.tolist())


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
