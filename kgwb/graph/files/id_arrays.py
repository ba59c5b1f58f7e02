"""A NumPy file of ids: a graph too large for names, read where it lies on the disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from kgwb.graph.building import sort_triples, sum_notes
from kgwb.graph.descriptions import describe_names
from kgwb.graph.errors import GraphFileError
from kgwb.graph.knowledge_graph import KnowledgeGraph

_AT_ONCE = 1 << 20  # triples looked at together, so that a large file never lies in memory as a whole

_MOST_UNUSED = 1_000_000  # a few damaged bytes ask for any number of names


def read_id_array(path: Path) -> KnowledgeGraph:
    """The graph of a .npy file with one (head, relation, tail) per row, as ids counted from 0.

    An int64 file in order and without duplicates, as `numpy.save(path, graph.triples)` writes it, is not loaded but
    mapped: the system reads the pages that are looked at, and gives them back when memory is short. Any other is
    brought in order in memory. Entities and relations are named by their ids, with zeros in front so that names sort
    as ids do; those up to the largest id are there.

    Raises:
        GraphFileError: the file holds no rows of three ids.
    """
    array = _map(path)
    ends = [_span(array[:, column]) for column in range(3)]
    if min(low for low, _ in ends) < 0:
        raise GraphFileError(f"{path} holds the id {min(low for low, _ in ends)}. Ids are counted from 0.")
    entities, relations = max(ends[0][1], ends[2][1]), ends[1][1]
    if (most := max(entities, relations)) > max(_MOST_UNUSED, 100 * len(array)):
        raise GraphFileError(
            f"{path} has {len(array):,} rows and the id {most - 1}, and all ids up to the largest get a name. Number "
            "them without gaps: numpy.unique(ids, return_inverse=True)[1]."
        )
    usable = array.dtype == np.int64 and array.flags.c_contiguous and _is_in_order(array)
    triples = array if usable else sort_triples(array.astype(np.int64), distinct=True)
    return KnowledgeGraph(
        triples,
        _name_by_id(entities, "entity"),
        _name_by_id(relations, "relation"),
        name=path.stem,
        notes=sum_notes((("duplicate triples", len(array) - len(triples)),)),
    )


def _map(path: Path) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as problem:  # what NumPy reads a damaged header with lets errors of every kind through
        raise GraphFileError(f"{path} is no NumPy file ({problem}). Write one: numpy.save(path, triples).") from problem
    if not isinstance(array, np.ndarray):  # several arrays in one file
        raise GraphFileError(f"{path} is an archive of arrays. Write one array: numpy.save(path, triples).")
    if array.ndim != 2 or array.shape[1] != 3 or array.dtype.kind not in "iu":
        came = f"{path} holds an array of shape {array.shape} and type {array.dtype}"
        raise GraphFileError(f"{came}. Expected rows of three ids, head, relation, tail, as in graph.triples.")
    return array


def _span(ids: np.ndarray) -> tuple[int, int]:
    """The smallest id, and one more than the largest; 0 and 0 where there are none."""
    return (int(ids.min()), int(ids.max()) + 1) if len(ids) else (0, 0)


def _is_in_order(array: np.ndarray) -> bool:
    for start in range(0, len(array), _AT_ONCE):
        rows = array[start : start + _AT_ONCE + 1]
        before, after = rows[:-1], rows[1:]
        rises, level = before < after, before == after
        if not (rises[:, 0] | level[:, 0] & (rises[:, 1] | level[:, 1] & rises[:, 2])).all():
            return False
    return True


def _name_by_id(count: int, kind: str) -> pd.DataFrame:
    width = len(str(max(0, count - 1)))
    return describe_names(pd.DataFrame({kind: []}), [f"{number:0{width}}" for number in range(count)], kind)
