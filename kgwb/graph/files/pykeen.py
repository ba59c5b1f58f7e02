"""Splits to and from PyKEEN's triples factories, with the same ids on both sides."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kgwb.checks import expect_text
from kgwb.graph.building import COLUMNS, number_triples, sort_triples
from kgwb.graph.errors import GraphFileError, missing_file
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split, expect_split
from kgwb.packages import load_package
from kgwb.words import describe_kind

_TRIPLES = "numeric_triples.tsv.gz"
_PARTS = ("training", "validation", "testing")


def to_pykeen(split: Split) -> dict[str, Any]:
    """PyKEEN's triples factories for a split, with the graph's ids and the names as labels.

    Args:
        split: the split; labels, descriptions and attributes have no place in PyKEEN and stay behind.

    Returns:
        "training", "validation" and "testing", as `pykeen.pipeline.pipeline(**to_pykeen(split), model=...)` takes
        them.

    Raises:
        ValueError: the graph has no relation, which PyKEEN cannot hold.
        ImportError: pykeen is not installed; gives the line that installs it.
    """
    expect_split(split, "to_pykeen({})")
    graph = split.graph
    if not len(graph.relations):
        raise ValueError(f"The graph {graph.name!r} has no relations, and PyKEEN holds only graphs that have some.")
    factory = load_package("pykeen.triples", "Going over to PyKEEN").TriplesFactory
    entities = {name: number for number, name in enumerate(graph.entities["entity"].tolist())}
    relations = {name: number for number, name in enumerate(graph.relations["relation"].tolist())}
    triples = zip(_PARTS, (split.train, split.valid, split.test), strict=True)
    return {part: factory(np.array(ids), entities, relations) for part, ids in triples}


def from_pykeen(training: Any, validation: Any = None, *, testing: Any = None, name: str = "graph") -> Split:
    """A split from PyKEEN's triples factories, or from a folder in which PyKEEN saved them.

    Nothing is unpickled: of a folder only the tables of triples and labels are read, and PyKEEN need not be installed.

    Args:
        training: a triples factory; a whole dataset such as `pykeen.datasets.Nations()`; or a folder written by
            `factory.to_path_binary`, `dataset.to_directory_binary` or `result.save_to_directory`.
        validation: a factory or its folder, where there is one.
        testing: a factory or its folder, where there is one.
        name: what to call the graph.

    Returns:
        The split. Its ids come from sorted names, as PyKEEN's do when it reads labels itself; a factory without labels
        gets its numbers as names, with leading zeros so that they keep their order.

    Raises:
        TypeError: something else came.
        FileNotFoundError: there is no such folder.
        GraphFileError: the folder holds no triples factory.

    Example:
        >>> from kgwb.graph import KnowledgeGraph, split_triples
        >>> facts = pd.DataFrame([("Berlin", "capital_of", "Germany")], columns=["head", "relation", "tail"])
        >>> split = split_triples(KnowledgeGraph.from_pandas(facts), valid=0, test=0)
        >>> from_pykeen(**to_pykeen(split))
        Split of 'graph': 1 train, 0 valid, 0 test triples
    """
    given = dict(zip(_PARTS, (training, validation, testing), strict=True))
    if training is None:
        raise TypeError("None came to train on. Type from_pykeen(pykeen.datasets.Nations()), or the folder of one.")
    expect_text("name", name, usual="graph")
    given |= _take_apart(training)
    parts = [_read(given[part]) for part in _PARTS]
    frames = [_name_triples(part) for part in parts]
    named = pd.DataFrame({"entity": [label for part in parts for label in part.entities if label is not None]})
    linked = pd.DataFrame({"relation": [label for part in parts for label in part.relations if label is not None]})
    graph = KnowledgeGraph.from_pandas(
        pd.concat(frames, ignore_index=True), named.drop_duplicates(), relations=linked.drop_duplicates(), name=name
    )
    names = graph.entities["entity"].tolist(), graph.relations["relation"].tolist()
    # Duplicates stay: a part holds what PyKEEN's factory holds.
    train, valid, test = (
        sort_triples(number_triples([frame[c].tolist() for c in COLUMNS], *names)) for frame in frames
    )
    return Split(graph, train, valid, test)


@dataclass(frozen=True)
class _Part:
    """Triples int64 [triple, 3] as PyKEEN numbers them, and the label of each number (None where it has none)."""

    triples: np.ndarray
    entities: Sequence[str | None]
    relations: Sequence[str | None]


def _take_apart(training: Any) -> dict[str, Any]:
    """The factories, or their folders, where a whole dataset or its folder came."""
    if not isinstance(training, (str, Path)):
        return {part: getattr(training, part) for part in _PARTS} if _is_data_set(training) else {}
    folder = Path(training).expanduser()
    if (folder / "training").is_dir():
        return {part: folder / part if (folder / part).is_dir() else None for part in _PARTS}
    saved = folder / "training_triples"
    return {"training": saved if saved.is_dir() else folder}


def _is_data_set(given: Any) -> bool:
    return all(hasattr(given, part) for part in _PARTS)


def _read(factory: Any) -> _Part:
    if factory is None:
        return _Part(np.empty((0, 3), dtype=np.int64), (), ())
    if isinstance(factory, (str, Path)):
        return _read_folder(Path(factory).expanduser())
    if not hasattr(factory, "mapped_triples"):
        raise TypeError(
            f"A triples factory was expected, or the folder of one, but {describe_kind(factory)} came. "
            "Type from_pykeen(pykeen.datasets.Nations()), or from_pykeen(**to_pykeen(split))."
        )
    triples = factory.mapped_triples.cpu().numpy().astype(np.int64)
    entities = _list_labels(getattr(factory, "entity_id_to_label", None), factory.num_entities)
    relations = _list_labels(getattr(factory, "relation_id_to_label", None), factory.real_num_relations)
    return _Part(triples, entities, relations)


def _read_folder(folder: Path) -> _Part:
    if not folder.is_dir():
        raise missing_file(folder, "a folder that PyKEEN's to_path_binary wrote")
    if not (folder / _TRIPLES).is_file():
        raise GraphFileError(
            f"{folder} holds no triples factory: no {_TRIPLES} in it. Type the folder given to PyKEEN's "
            "factory.to_path_binary(folder), dataset.to_directory_binary(folder) or result.save_to_directory(folder)."
        )
    triples = pd.read_csv(folder / _TRIPLES, sep="\t", dtype=np.int64).to_numpy()
    head, relation, tail = triples.max(axis=0, initial=-1).tolist()
    entities = _list_labels(_read_labels(folder / "entity_to_id.tsv.gz"), max(head, tail) + 1)
    relations = _list_labels(_read_labels(folder / "relation_to_id.tsv.gz"), relation + 1)
    return _Part(triples, entities, relations)


def _read_labels(path: Path) -> dict[int, str] | None:
    """The labels by number; neither pandas (for which "NA" is a gap) nor csv (lone carriage returns) reads them all."""
    if not path.is_file():
        return None
    header, _, body = _read_text(path).partition("\n")
    end = "\r\n" if header.endswith("\r") else "\n"
    rows = re.findall(rf'((\d+)\t("(?:[^"]|"")*"|[^"\t\n]*?){end})', body)
    if sum(len(row) for row, _, _ in rows) != len(body):
        raise GraphFileError(f"{path} does not hold a number and a label per line. Save it again with to_path_binary.")
    return {int(number): label[1:-1].replace('""', '"') if '"' in label else label for _, number, label in rows}


def _read_text(path: Path) -> str:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return file.read()


def _list_labels(labels: Mapping[int, str] | None, count: int) -> list[str | None]:
    if labels is None:
        return [f"{number:0{len(str(count - 1))}}" for number in range(count)]
    return [str(labels[number]) if number in labels else None for number in range(max(labels, default=-1) + 1)]


def _name_triples(part: _Part) -> pd.DataFrame:
    entities, relations = np.array(part.entities, dtype=object), np.array(part.relations, dtype=object)
    head, relation, tail = part.triples.T
    columns = (entities[head], relations[relation], entities[tail])
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)), dtype=object)
