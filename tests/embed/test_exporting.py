"""Vectors go out in four formats without loss, and come back to the entities they belong to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from kgwb.embed import ComplEx, EmbeddingFileError, GraphEmbedding, RotatE, Scorer, TransE
from kgwb.embed.exporting import escape_name, unescape_name, write_vectors
from kgwb.embed.importing import read_vectors
from kgwb.graph import KnowledgeGraph

NAMES = [
    "plain",
    "two words",
    "tab\there",
    "line\nend",
    "100%",
    "%20",
    "",
    '“quoted” "',
    "\u3000wide",
    "北京",
    "back\\slash",
    "\r",
]
FORMATS = ("vectors.parquet", "vectors.npz", "vectors.txt")


@pytest.fixture
def hostile() -> KnowledgeGraph:
    """Names and labels that formats trip over."""
    rows = [[name, f"rel {i}\t%", NAMES[i - 1]] for i, name in enumerate(NAMES)]
    labels = pd.DataFrame({"entity": NAMES, "label": [f"a\tlabel\nof \\ {i}" for i in range(len(NAMES))]})
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), labels, name="hostile")


def _embed(graph: KnowledgeGraph, scorer: Scorer) -> GraphEmbedding:
    """Numbers of every size that float32 has."""
    embedding = GraphEmbedding(graph, scorer, dim=6)
    generator = torch.Generator().manual_seed(0)
    for table in (embedding.entity_table, embedding.relation_table):
        spread = torch.randint(-44, 38, table.shape, generator=generator)
        table.data = (torch.randn(table.shape, generator=generator).double() * 10.0**spread).float()
    return embedding


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("one", [TransE(), RotatE()], ids=repr)
def test_they_come_back_to_the_bit(name: str, one: Scorer, hostile: KnowledgeGraph, tmp_path: Path) -> None:
    embedding = _embed(hostile, one)
    again = read_vectors(write_vectors(embedding, tmp_path / "new" / name), hostile, scorer=one)
    assert torch.equal(again.entity_table, embedding.entity_table)
    assert torch.equal(again.relation_table, embedding.relation_table)
    assert again.trained_on.all()
    assert [
        path.name for path in (tmp_path / "new").iterdir() if not path.name.startswith(("vectors.", ".kgwb.json"))
    ] == []


@given(some.text(max_size=9))
def test_an_escaped_name_has_no_blank_and_comes_back(name: str) -> None:
    assert escape_name(name).split() == [escape_name(name)]
    assert unescape_name(escape_name(name)) == name


@given(some.lists(some.floats(width=32), min_size=1, max_size=9))
def test_nine_digits_are_enough(numbers: list[float]) -> None:
    exact = np.array(numbers, dtype=np.float32)
    written = np.array([f"{number:.9g}" for number in exact.tolist()], dtype=np.float32)
    np.testing.assert_array_equal(written, exact)


def test_word2vec_text(hostile: KnowledgeGraph, tmp_path: Path) -> None:
    embedding = _embed(hostile, TransE())
    path = write_vectors(embedding, tmp_path / "vectors.txt")
    header, *lines = path.read_bytes().rstrip(b"\n").split(b"\n")
    assert header == b"12 6"
    for line, name, vector in zip(lines, hostile.entities["entity"], embedding.entity_vectors(), strict=True):
        word, *numbers = line.decode().rstrip().split(" ")  # what gensim does with a line
        assert unescape_name(word) == name
        assert np.array_equal(np.array(numbers, dtype=np.float32), vector.numpy())
    assert (tmp_path / "vectors.relations.txt").read_text("utf-8").startswith("12 6\nrel%200%09%25 ")


def test_parquet_is_a_frame(hostile: KnowledgeGraph, tmp_path: Path) -> None:
    embedding = _embed(hostile, RotatE())
    frame = pd.read_parquet(write_vectors(embedding, tmp_path / "a.parquet"))
    assert frame.columns.tolist() == ["kind", "name", "label", "vector"]
    entities, relations = (frame[frame["kind"] == kind] for kind in ("entity", "relation"))
    assert entities["name"].tolist() == hostile.entities["entity"].tolist()
    assert entities["label"].tolist() == list(hostile.labels)
    assert relations["name"].tolist() == hostile.relations["relation"].tolist()
    np.testing.assert_array_equal(np.stack(relations["vector"].tolist()), embedding.relation_vectors().numpy())
    assert relations["vector"].iloc[0].dtype == np.float32


def test_npz_is_arrays(hostile: KnowledgeGraph, tmp_path: Path) -> None:
    with np.load(write_vectors(_embed(hostile, TransE()), tmp_path / "a.npz"), allow_pickle=False) as arrays:
        assert arrays["entities"].dtype == np.float32
        assert arrays["entity_labels"].tolist() == list(hostile.labels)
        assert arrays["relation_names"].tolist() == hostile.relations["relation"].tolist()


def test_the_projector_finds_vectors_and_labels(hostile: KnowledgeGraph, tmp_path: Path) -> None:
    embedding = _embed(hostile, RotatE())
    folder = write_vectors(embedding, tmp_path / "projector")
    assert (folder / "projector_config.pbtxt").read_text("utf-8") == (
        'embeddings {\n  tensor_name: "entity"\n  tensor_path: "vectors.tsv"\n  metadata_path: "metadata.tsv"\n}\n'
        'embeddings {\n  tensor_name: "relation"\n  tensor_path: "relation_vectors.tsv"\n'
        '  metadata_path: "relation_metadata.tsv"\n}\n'
    )
    for prefix, vectors in (("", embedding.entity_vectors()), ("relation_", embedding.relation_vectors())):
        read = np.loadtxt(folder / f"{prefix}vectors.tsv", delimiter="\t", dtype=np.float32)
        np.testing.assert_array_equal(read, vectors.numpy())
    header, *rows = (folder / "metadata.tsv").read_text("utf-8").removesuffix("\n").split("\n")
    assert header.split("\t")[:2] == ["label", "entity"]
    assert {len(row.split("\t")) for row in rows} == {4}
    assert [row.split("\t")[0] for row in rows] == [
        label.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") for label in hostile.labels
    ]
    write_vectors(embedding, folder)  # a second time takes the place of the first


def test_without_relations_the_projector_has_entities(tmp_path: Path) -> None:
    entities = pd.DataFrame({"entity": ["a", "b"]})
    graph = KnowledgeGraph.from_pandas(pd.DataFrame({"head": [], "relation": [], "tail": []}), entities)
    folder = write_vectors(GraphEmbedding(graph, TransE(), dim=2), tmp_path / "projector")
    assert sorted(path.name for path in folder.iterdir()) == [
        ".kgwb.json",
        "metadata.tsv",
        "projector_config.pbtxt",
        "vectors.tsv",
    ]
    for name in FORMATS:
        assert (
            len(
                read_vectors(
                    write_vectors(GraphEmbedding(graph, TransE(), dim=2), tmp_path / name), graph, scorer=TransE()
                ).entity_table
            )
            == 2
        )


@pytest.mark.parametrize("name", [*FORMATS, "projector"])
def test_a_failure_leaves_what_was_there(
    name: str, graph: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_vectors(_embed(graph, TransE()), tmp_path / name)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    for target in ("numpy.savez", "pyarrow.parquet.write_table", "kgwb.embed.exporting._write_lines"):
        monkeypatch.setattr(target, fail)
    with pytest.raises(OSError, match="disk full"):
        write_vectors(_embed(graph, ComplEx()), path)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_what_cannot_be_written(graph: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedding = GraphEmbedding(graph, TransE(), dim=2)
    with pytest.raises(
        ValueError, match=r"a\.bin ends in '\.bin'\. Expected \.parquet, \.npz or \.txt \(word2vec\), or no"
    ):
        write_vectors(embedding, tmp_path / "a.bin")
    (tmp_path / "metadata.tsv").touch()
    with pytest.raises(FileExistsError, match=r"metadata\.tsv is no file of kgwb's.* a projector's folder needs its"):
        write_vectors(embedding, tmp_path)
    nul = KnowledgeGraph.from_pandas(pd.DataFrame([["a\x00", "r", "b"]], columns=["head", "relation", "tail"]))
    with pytest.raises(
        ValueError, match=r"An \.npz file cannot hold the name 'a\\x00', which ends in NUL\. Write \.parq"
    ):
        write_vectors(GraphEmbedding(nul, TransE(), dim=2), tmp_path / "a.npz")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ImportError, match=r"Writing \.parquet needs pyarrow, which is not installed\. Type: pip install pyarrow"
    ):
        write_vectors(embedding, tmp_path / "a.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["metadata.tsv"]


# Reading what others wrote


@pytest.fixture
def capitals() -> KnowledgeGraph:
    facts = pd.DataFrame([["Q64", "in", "Q183"], ["Q90", "in", "Q142"]], columns=["head", "relation", "tail"])
    entities = pd.DataFrame({"entity": ["Q64", "Q183", "Q90"], "label": ["Berlin", "Germany", "Paris"]})
    return KnowledgeGraph.from_pandas(facts, entities, name="capitals")


@pytest.mark.parametrize("header", ["4 2\n", ""])
def test_word_vectors_are_found_by_label_and_the_rest_is_counted(
    header: str, capitals: KnowledgeGraph, tmp_path: Path
) -> None:
    path = tmp_path / "words.txt"
    path.write_text(header + "the 0 0\nBerlin 1 2\n. . . 5 6\nQ183 3 4 \n", encoding="utf-8")
    message = (
        r"words\.txt: 2 of 4 entities have no vector in it and keep a random start; 2 of its names are no entities of the "
        r"graph; 1 of 1 relations have no vector in it and keep a random start\.$"
    )
    with pytest.warns(UserWarning, match=message):
        embedding = read_vectors(path, capitals, scorer=TransE(), seed=3)
    rows = [capitals.entity_id(name) for name in ("Berlin", "Germany")]
    assert embedding.entity_vectors()[rows].tolist() == [[1, 2], [3, 4]]
    assert embedding.trained_on.nonzero().ravel().tolist() == sorted(rows)
    start = GraphEmbedding(capitals, TransE(), dim=2, seed=3)
    assert torch.equal(embedding.entity_table[~embedding.trained_on], start.entity_table[~embedding.trained_on])
    assert torch.equal(embedding.relation_table, start.relation_table)


def test_what_cannot_be_read(capitals: KnowledgeGraph, tmp_path: Path) -> None:
    def read(name: str, scorer: Scorer) -> GraphEmbedding:
        return read_vectors(tmp_path / name, capitals, scorer=scorer)

    with pytest.raises(
        FileNotFoundError, match=r"There is no .*a\.npz\. .*Expected a file of vectors, \.parquet, \.npz or"
    ):
        read("a.npz", TransE())
    (tmp_path / "a.npz").write_bytes(b"no archive")
    with pytest.raises(
        EmbeddingFileError, match=r"a\.npz holds no entities with entity_names beside them\. Write it with np"
    ):
        read("a.npz", TransE())
    (tmp_path / "a.parquet").write_bytes(b"no table")
    with pytest.raises(
        EmbeddingFileError, match=r"a\.parquet cannot be read as vectors .* Expected the columns name and ve"
    ):
        read("a.parquet", TransE())
    pd.DataFrame({"name": ["Q64", "Q90"], "vector": [[1.0], [1.0, 2.0]]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(EmbeddingFileError, match=r"a\.parquet cannot be read as vectors"):
        read("a.parquet", TransE())
    (tmp_path / "a.txt").write_text("2 3\nQ64 1 2\n", encoding="utf-8")
    with pytest.raises(
        EmbeddingFileError, match=r"a\.txt, line 2: a name and 3 numbers were expected, with blanks between"
    ):
        read("a.txt", TransE())
    (tmp_path / "a.txt").write_text("Q64\n", encoding="utf-8")
    with pytest.raises(EmbeddingFileError, match=r"a\.txt, line 1: a name and its numbers were expected"):
        read("a.txt", TransE())
    (tmp_path / "a.txt").write_text("1 1\ndog 1\n", encoding="utf-8")
    message = (
        r"None of the 1 name in .*a\.txt is an entity of 'capitals', whose first is called 'Q142'\. Write the file with"
    )
    with pytest.raises(EmbeddingFileError, match=message):
        read("a.txt", TransE())
    for nothing in (b"", b"\xff\xfe 1 2\n"):  # the second as word2vec's binary form is
        (tmp_path / "a.txt").write_bytes(nothing)
        with pytest.raises(EmbeddingFileError, match="is an entity of 'capitals'"):
            read("a.txt", TransE())
    (tmp_path / "a.txt").write_text("Q64 1 nan\nQ90 1 2\n", encoding="utf-8")
    with pytest.raises(
        EmbeddingFileError, match=r"a\.txt: 1 vector of 2 hold NaN or infinity, the first that of 'Q64'\."
    ):
        read("a.txt", TransE())
    (tmp_path / "a.vec").touch()
    with pytest.raises(
        EmbeddingFileError, match=r"a\.vec ends in '\.vec'\. Expected \.parquet, \.npz or \.txt \(word2vec\)\."
    ):
        read("a.vec", TransE())
    write_vectors(GraphEmbedding(capitals, TransE(), dim=4), tmp_path / "b.npz")
    with pytest.raises(
        EmbeddingFileError, match=r"relations of 4 numbers; RotatE\(\) has 2 beside entities of 4\. Type the"
    ):
        read("b.npz", RotatE())


def test_a_name_that_comes_twice_is_counted(capitals: KnowledgeGraph, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Q64 1 2\nQ64 3 4\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="1 of its vectors of entities have the name of a later one, which is taken"):
        embedding = read_vectors(tmp_path / "a.txt", capitals, scorer=TransE())
    assert embedding.entity_vectors()[capitals.entity_id("Q64")].tolist() == [3.0, 4.0]
