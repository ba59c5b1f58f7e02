"""Splits written to folders, to OpenKE and to PyKEEN, and read back the same."""

from __future__ import annotations

import gzip
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kgwb.graph import GraphFileError, KnowledgeGraph, Split, read_split, split_triples
from kgwb.graph.files.pykeen import from_pykeen, to_pykeen
from kgwb.graph.files.writing import write_split

Drawing = tuple[list[tuple[str, str, str, set[int]]], dict[str, str]]
Same = Callable[[KnowledgeGraph, KnowledgeGraph], None]
TRICKY = "\t\n\r\"',;|\\#&<>% .\ufeff\u2028\x00\x1f\x85é中𝄞�aA0_-:/"
TEXTS = st.one_of(
    st.text(alphabet=TRICKY, max_size=5), st.sampled_from(["007", "NA", "nan", "null", '"Heroes"', "# a"])
)
LINES = TEXTS.filter(lambda text: text and "\n" not in text)
RATHER_QUICK = settings(max_examples=60)


@st.composite
def drawings(draw: st.DrawFn, texts: st.SearchStrategy[str] = TEXTS) -> Drawing:
    """Few names, so that loops, duplicates, empty parts, lone entities and unseen ones are common."""
    names = draw(st.lists(texts, min_size=1, max_size=5, unique=True))
    some = st.sampled_from(names)
    rows = draw(st.lists(st.tuples(some, some, some, st.sets(st.integers(0, 2), min_size=1)), max_size=8))
    return rows, draw(st.dictionaries(some, texts, max_size=2))


def build(drawing: Drawing) -> Split:
    """Each triple in the parts drawn for it, which may be several."""
    rows, labels = drawing
    facts = pd.DataFrame([row[:3] for row in rows], columns=["head", "relation", "tail"], dtype=object)
    table = pd.DataFrame({"entity": list(labels), "label": list(labels.values())}, dtype=object)
    graph = KnowledgeGraph.from_pandas(facts, table, name="graph")
    triples = np.array(
        [[graph.entity_id(head), graph.relation_id(link), graph.entity_id(tail)] for head, link, tail, _ in rows]
    ).reshape(-1, 3)
    triples = triples.astype(np.int64)
    parts = [triples[[part in row[3] for row in rows]] if rows else triples for part in range(3)]
    return Split(graph, *(part[np.lexsort(part.T[::-1])] for part in parts))


def assert_same_split(one: Split, other: Split, same: Same) -> None:
    same(one.graph, other.graph)
    for part in ("train", "valid", "test"):
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
        assert not getattr(one, part).flags.writeable


@pytest.fixture
def split(countries: KnowledgeGraph) -> Split:
    return split_triples(countries, valid=0.34, test=0)


# Folders


@pytest.mark.parametrize("openke", [False, True])
@RATHER_QUICK
@given(data=st.data())
def test_every_split_survives_a_folder(openke: bool, data: st.DataObject, same: Same) -> None:
    split = build(data.draw(drawings(LINES if openke else TEXTS)))
    with tempfile.TemporaryDirectory() as name:
        folder = write_split(split, Path(name) / "graph", openke=openke)
        again = read_split(folder)
    assert_same_split(again, split, same)
    counted = [what for what, _ in (*again.notes, *again.graph.notes)]
    expected = ("duplicate triples", "names differ only by", "folder without a fact")
    assert all(what.startswith(expected) for what in counted), counted


def test_what_is_in_the_folder(split: Split, tmp_path: Path) -> None:
    folder = write_split(split, tmp_path / "new" / "graph")
    assert {path.name for path in folder.iterdir()} == {"train.tsv", "entities.tsv", "relations.tsv", ".kgwb.json"}
    assert (folder / "train.tsv").read_text("utf-8").count("\n") == len(split.train)  # no header, and no empty test
    plain = Split(KnowledgeGraph.from_pandas(split.graph.to_pandas()), *(np.array([[0, 0, 1]]) for _ in range(3)))
    write_split(plain, folder, openke=True)
    lists = {"entity2id.txt", "relation2id.txt", "train2id.txt", "valid2id.txt", "test2id.txt", ".kgwb.json"}
    assert {path.name for path in folder.iterdir()} == lists


def test_openke_has_head_tail_relation_below_a_count(split: Split, tmp_path: Path) -> None:
    folder = write_split(split, tmp_path / "graph", openke=True)
    assert (folder / "entity2id.txt").read_text(
        "utf-8"
    ) == "5\natlantis\t0\nberlin\t1\nfrance\t2\ngermany\t3\nparis\t4\n"
    (head, relation, tail), *_ = split.train.tolist()
    count, first, *_ = (folder / "train2id.txt").read_text("utf-8").splitlines()
    assert (count, first) == (str(len(split.train)), f"{head} {tail} {relation}")


@pytest.mark.parametrize("name", ["a\nb", ""])
def test_a_name_that_openke_cannot_hold_leaves_no_folder(name: str, tmp_path: Path) -> None:
    graph = KnowledgeGraph.from_pandas(pd.DataFrame([[name, "r", "b"]], columns=["head", "relation", "tail"]))
    with pytest.raises(
        GraphFileError,
        match=r"OpenKE's entity2id\.txt has one name per line and cannot hold .* Type write_split\(split, folder\),",
    ):
        write_split(split_triples(graph, valid=0, test=0), tmp_path / "graph", openke=True)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_something_else_is_not_overwritten(split: Split, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "train.csv").write_text("mine", encoding="utf-8")
    message = r"train\.csv is no file of kgwb's, or was changed since .* a split needs its name\. Type another folder"
    with pytest.raises(FileExistsError, match=message):
        write_split(split, tmp_path)
    assert (tmp_path / "train.csv").read_text("utf-8") == "mine"
    with pytest.raises(FileExistsError, match=r"thesis\.txt is a file, and a split needs a folder\. Type another path"):
        write_split(split, tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text("utf-8") == "mine"


def test_a_failure_leaves_what_was_there(split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_split(split, tmp_path / "graph")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("kgwb.graph.files.writing.write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        write_split(split, folder, openke=True)
    assert [path.name for path in tmp_path.iterdir()] == ["graph"]
    assert (folder / "train.tsv").is_file()


# PyKEEN


@RATHER_QUICK
@given(drawing=drawings())
def test_every_split_survives_pykeen(drawing: Drawing, same: Same) -> None:
    pytest.importorskip("pykeen", reason="needs pykeen: pip install pykeen==1.11.1")
    assume(drawing[0])
    plain = build((drawing[0], dict.fromkeys(drawing[1], "")))  # labels have no place in PyKEEN
    factories = to_pykeen(plain)
    assert_same_split(from_pykeen(**factories), plain, same)
    with tempfile.TemporaryDirectory() as name:
        saved = {part: factory.to_path_binary(Path(name) / part) for part, factory in factories.items()}
        assert_same_split(from_pykeen(**saved), plain, same)
        assert_same_split(from_pykeen(name), plain, same)


def test_ids_and_triples_are_pykeens_own(split: Split) -> None:
    pytest.importorskip("pykeen", reason="needs pykeen: pip install pykeen==1.11.1")
    from pykeen.triples import TriplesFactory

    names = split.graph.to_pandas().to_numpy(dtype=str)
    theirs = TriplesFactory.from_labeled_triples(names)
    ours = to_pykeen(split_triples(KnowledgeGraph.from_pandas(split.graph.to_pandas()), valid=0, test=0))["training"]
    assert dict(theirs.entity_to_id) == dict(ours.entity_to_id)
    assert dict(theirs.relation_to_id) == dict(ours.relation_to_id)
    assert sorted(theirs.mapped_triples.tolist()) == ours.mapped_triples.tolist()


def test_pykeen_reads_no_header_of_our_folders_as_a_fact(split: Split, tmp_path: Path) -> None:
    pytest.importorskip("pykeen", reason="needs pykeen: pip install pykeen==1.11.1")
    from pykeen.triples import TriplesFactory

    folder = write_split(split, tmp_path / "graph")
    assert TriplesFactory.from_path(folder / "train.tsv").num_triples == len(split.train)


@pytest.mark.parametrize("name", ["head", "#h", "\ufeffa"])
def test_facts_that_look_like_a_header_stay_facts(name: str, tmp_path: Path, same: Same) -> None:
    facts = pd.DataFrame([[name, "relation", "tail"], ["#x", "r", "b"]], columns=["head", "relation", "tail"])
    split = split_triples(KnowledgeGraph.from_pandas(facts, name="graph"), valid=0, test=0)
    assert_same_split(read_split(write_split(split, tmp_path / "graph")), split, same)


def test_relations_named_like_heads_stay_where_they_are(tmp_path: Path, same: Same) -> None:
    facts = [(head, relation, "end") for head in "abcd" for relation in "abc"]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), name="graph")
    split = split_triples(graph)
    assert_same_split(read_split(write_split(split, tmp_path / "graph")), split, same)


def test_a_whole_dataset(benchmark_data: Path, same: Same) -> None:
    pytest.importorskip("pykeen", reason="needs pykeen: pip install pykeen==1.11.1")
    from pykeen.datasets import Nations

    ours = read_split(benchmark_data / "nations")
    assert_same_split(from_pykeen(Nations()), ours, same)
    assert_same_split(
        from_pykeen(Nations(create_inverse_triples=True)), ours, same
    )  # inverses stay PyKEEN's own affair


def test_numbers_without_labels_keep_their_order(tmp_path: Path) -> None:
    pytest.importorskip("pykeen", reason="needs pykeen: pip install pykeen==1.11.1")
    from pykeen.triples import CoreTriplesFactory

    triples = np.array([[2, 0, 10], [10, 1, 0]])
    factory = CoreTriplesFactory(triples, num_entities=11, num_relations=2)
    for source in (factory, factory.to_path_binary(tmp_path / "training_triples"), tmp_path):
        split = from_pykeen(source, name="numbers")
        assert split.train.tolist() == triples.tolist()
        assert tuple(split.graph.entities["entity"][[2, 10]]) == ("02", "10")
        assert split.graph.name == "numbers"


def test_what_pykeen_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: Split) -> None:
    nothing = KnowledgeGraph.from_pandas(pd.DataFrame({"head": [], "relation": [], "tail": []}))
    with pytest.raises(ValueError, match=r"The graph 'graph' has no relations, and PyKEEN holds only graphs that have"):
        to_pykeen(split_triples(nothing))
    with pytest.raises(
        GraphFileError,
        match=r"holds no triples factory: no numeric_triples\.tsv\.gz in it\. Type the folder given to PyKEEN's factory",
    ):
        from_pykeen(tmp_path)
    (tmp_path / "numeric_triples.tsv.gz").write_bytes(gzip.compress(b"head\trelation\ttail\n0\t0\t0\n"))
    (tmp_path / "entity_to_id.tsv.gz").write_bytes(gzip.compress(b"id\tlabel\n0\ta\nb\n"))
    with pytest.raises(
        GraphFileError, match=r"entity_to_id\.tsv\.gz does not hold a number and a label per line\. Save"
    ):
        from_pykeen(tmp_path)
    (tmp_path / "entity_to_id.tsv.gz").write_bytes(gzip.compress(b"id\tlabel\r\n0\ta\r\n"))  # as on Windows
    assert from_pykeen(tmp_path).graph.labels == ("a",)
    with pytest.raises(FileNotFoundError, match=r"There is no .*missing\..*Expected a folder that PyKEEN's to_path_bi"):
        from_pykeen(tmp_path / "missing")
    monkeypatch.setitem(sys.modules, "pykeen.triples", None)
    with pytest.raises(ImportError, match=r"Going over to PyKEEN needs pykeen, which .*Type: pip install pykeen"):
        to_pykeen(split)
