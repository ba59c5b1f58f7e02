"""Graphs of ids in a NumPy file: mapped where they are in order, brought in order where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from kgwb.graph import GraphFileError, KnowledgeGraph, read_graph, write_graph

IDS = some.tuples(some.integers(0, 11), some.integers(0, 3), some.integers(0, 11))


def _read(tmp_path: Path, array: np.ndarray) -> KnowledgeGraph:
    np.save(tmp_path / "ids.npy", array)
    return read_graph(tmp_path / "ids.npy")


def test_a_file_in_order_stays_on_the_disk(tmp_path: Path) -> None:
    graph = _read(tmp_path, np.array([[0, 0, 10], [0, 1, 2], [3, 0, 1]]))
    assert isinstance(graph.triples, np.memmap) and not graph.triples.flags.writeable
    assert repr(graph).splitlines()[0] == "KnowledgeGraph 'ids': 3 triples, 11 entities, 2 relations"
    assert graph.labels[:3] == ("00", "01", "02") and graph.entity_id("10") == 10
    assert graph.notes == ()


def test_any_other_is_brought_in_order_and_counted(tmp_path: Path) -> None:
    graph = _read(tmp_path, np.array([[3, 0, 1], [0, 1, 2], [3, 0, 1]], dtype=np.uint16))
    assert graph.triples.tolist() == [[0, 1, 2], [3, 0, 1]] and graph.triples.dtype == np.int64
    assert graph.notes == (("duplicate triples", 1),) and not graph.triples.flags.writeable


@given(triples=some.lists(IDS, max_size=20))
def test_written_by_name_and_read_again_it_is_the_same(triples: list, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("ids")
    graph = _read(folder, np.array(triples, dtype=np.int64).reshape(-1, 3))
    assert graph.triples.tolist() == sorted(map(list, set(triples)))
    again = read_graph(write_graph(graph, folder / "named"))
    assert (again.triples == graph.triples).all() and again.fingerprint == graph.fingerprint


def test_order_is_looked_for_across_what_is_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kgwb.graph.files.id_arrays._AT_ONCE", 2)
    ordered = np.array([[row // 4, row // 2 % 2, row % 2] for row in range(9)])
    assert isinstance(_read(tmp_path, ordered).triples, np.memmap)
    for row in range(8):
        swapped = ordered.copy()
        swapped[[row, row + 1]] = ordered[[row + 1, row]]
        assert not isinstance(_read(tmp_path, swapped).triples, np.memmap)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.zeros((4, 2), dtype=np.int64),
            r"holds an array of shape \(4, 2\) and type int64\. Expected rows of three ids",
        ),
        (np.zeros((4, 3)), r"type float64\. Expected rows of three ids, head, relation, tail"),
        (np.array([[0, 0, -1]]), r"holds the id -1\. Ids are counted from 0"),
    ],
    ids=["two columns", "floats", "negative"],
)
def test_what_is_no_array_of_ids_is_said(tmp_path: Path, array: np.ndarray, message: str) -> None:
    with pytest.raises(GraphFileError, match=message):
        _read(tmp_path, array)


def test_what_is_no_numpy_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "ids.npy").write_text("a\tb\tc", encoding="utf-8")
    with pytest.raises(GraphFileError, match=r"ids\.npy is no NumPy file .* Write one: numpy\.save\(path, triples\)"):
        read_graph(tmp_path / "ids.npy")
    (tmp_path / "ids.npy").write_bytes(b"")
    with pytest.raises(GraphFileError, match="is no NumPy file"):
        read_graph(tmp_path / "ids.npy")
