"""A split written to a folder, so that reading it gives the same split."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kgwb.files import refuse_other_files, write_whole
from kgwb.graph.building import COLUMNS
from kgwb.graph.files.openke import LISTS, PARTS
from kgwb.graph.files.openke_writing import write_openke
from kgwb.graph.files.writing import says_more, write_table
from kgwb.graph.splitting import Split, expect_split

_TABLES = {"entity": "entities.tsv", "relation": "relations.tsv"}
_WRITTEN = {*_TABLES.values(), *(f"{part}.tsv" for part in PARTS), *PARTS.values(), *LISTS.values()}


def write_split(split: Split, folder: str | Path, *, openke: bool = False) -> Path:
    """Write a split so that `read_split` gives it back; the folder appears whole or, when anything fails, not at all.

    It holds train.tsv, valid.tsv and test.tsv, and what is known about names in entities.tsv and relations.tsv.

    Args:
        split: the split; its notes are not written.
        folder: where to; a split already there is replaced.
        openke: write entity2id.txt, relation2id.txt, train2id.txt, valid2id.txt and test2id.txt instead, as OpenKE
            reads them, and the tables beside them only where they say more than names.

    Returns:
        The folder.

    Raises:
        FileExistsError: the folder holds something that is no part of a split.
        GraphFileError: OpenKE's lists cannot hold a name.

    Example:
        >>> import tempfile
        >>> from kgwb.graph import KnowledgeGraph, read_split, split_triples
        >>> facts = pd.DataFrame([("Berlin", "capital_of", "Germany")], columns=["head", "relation", "tail"])
        >>> split = split_triples(KnowledgeGraph.from_pandas(facts), valid=0, test=0)
        >>> folder = write_split(split, Path(tempfile.mkdtemp(), "capitals"), openke=True)
        >>> (folder / "train2id.txt").read_text().splitlines()
        ['1', '0 1 0']
        >>> read_split(folder)
        Split of 'capitals': 1 train, 0 valid, 0 test triples
    """
    expect_split(split, "write_split({}, folder)")
    folder = Path(folder).expanduser().absolute()
    refuse_other_files(folder, _WRITTEN, "a split")
    with write_whole(folder) as new:
        new.mkdir()
        if openke:
            write_openke(split, new)
        else:
            _write_parts(split, new)
        for kind, table in (("entity", split.graph.entities), ("relation", split.graph.relations)):
            if not openke or says_more(table, kind):
                write_table(table, new / _TABLES[kind])
    return folder


def _write_parts(split: Split, folder: Path) -> None:
    entities = split.graph.entities["entity"].to_numpy()
    relations = split.graph.relations["relation"].to_numpy()
    for part in PARTS:
        head, relation, tail = getattr(split, part).T
        names = (entities[head], relations[relation], entities[tail])
        write_table(pd.DataFrame(dict(zip(COLUMNS, names, strict=True))), folder / f"{part}.tsv")
