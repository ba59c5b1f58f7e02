"""A split as OpenKE reads it: names and numbers in entity2id.txt and relation2id.txt, triples as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from kgwb.graph.errors import GraphFileError
from kgwb.graph.files.openke import LISTS, PARTS
from kgwb.graph.splitting import Split
from kgwb.words import quote


def write_openke(split: Split, folder: Path) -> None:
    """Write a split into a folder that exists; numbers are the graph's ids, triples in the order head, tail, relation.

    Raises:
        GraphFileError: a name holds a line end or is empty, which OpenKE's lists cannot hold.
    """
    graph = split.graph
    names = {"entity": graph.entities["entity"].tolist(), "relation": graph.relations["relation"].tolist()}
    for kind, file in LISTS.items():
        _check_names(names[kind], file)
        _write_counted(
            folder / file, (f"{name}\t{number}" for number, name in enumerate(names[kind])), len(names[kind])
        )
    for part, file in PARTS.items():
        triples: np.ndarray = getattr(split, part)
        rows = (f"{head} {tail} {relation}" for head, relation, tail in triples.tolist())
        _write_counted(folder / file, rows, len(triples))


def _check_names(names: Sequence[str], file: str) -> None:
    for name in names:
        if not name or "\n" in name:
            raise GraphFileError(
                f"OpenKE's {file} has one name per line and cannot hold {quote(name)}. "
                "Type write_split(split, folder), whose tables hold any name."
            )


def _write_counted(path: Path, lines: Iterable[str], count: int) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{count}\n")
        file.writelines(f"{line}\n" for line in lines)
