"""An embedding in a folder: it comes back as it was, or says why not."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from kgwb.embed import (
    ComplEx,
    EmbeddingFileError,
    GraphEmbedding,
    Scorer,
    TransE,
    load_embedding,
    rank_triples,
    train_embedding,
)
from kgwb.embed.scorers import SCORERS
from kgwb.graph import KnowledgeGraph


def _trained(graph: KnowledgeGraph, scorer: Scorer, reciprocal: bool = True) -> GraphEmbedding:
    embedding = GraphEmbedding(graph, scorer, dim=8, seed=3)
    next(train_embedding(embedding, graph, reciprocal=reciprocal))
    return embedding


@pytest.mark.parametrize("reciprocal", [True, False])
def test_it_comes_back_as_it_was(graph: KnowledgeGraph, scorer: Scorer, reciprocal: bool, tmp_path: Path) -> None:
    embedding = _trained(graph, scorer, reciprocal)
    folder = embedding.save(tmp_path / "deep" / "vectors")
    for back in (load_embedding(folder, graph), load_embedding(str(folder))):
        assert repr(back.scorer) == repr(scorer) and back.reciprocal == reciprocal
        assert back.graph.fingerprint == graph.fingerprint and back.graph.name == "places"
        for name, table in embedding.state_dict().items():
            assert back.state_dict()[name].equal(table)
        first, again = (rank_triples(e, graph.triples, known=graph.triples).ranks for e in (embedding, back))
        assert (first == again).all()


def test_a_tilde_is_the_home(graph: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert _trained(graph, TransE()).save("~/vectors") == tmp_path / "vectors"
    assert load_embedding("~/vectors").scorer == TransE()


def test_every_scorer_can_be_loaded(scorer: Scorer) -> None:
    assert SCORERS[type(scorer).__name__] is type(scorer)


def test_what_is_written(graph: KnowledgeGraph, tmp_path: Path) -> None:
    folder = _trained(graph, ComplEx()).save(tmp_path / "vectors")
    assert {path.name for path in folder.iterdir()} == {"vectors.safetensors", "embedding.json", "graph", ".kgwb.json"}
    facts = json.loads((folder / "embedding.json").read_text(encoding="utf-8"))
    assert facts["scorer"] == {"name": "ComplEx", "arguments": {}} and facts["dim"] == 8
    assert facts["graph"]["fingerprint"] == graph.fingerprint
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads((folder / "vectors.safetensors").read_bytes())


def test_saving_again_replaces(graph: KnowledgeGraph, tmp_path: Path) -> None:
    _trained(graph, ComplEx()).save(tmp_path / "vectors")
    _trained(graph, TransE()).save(tmp_path / "vectors")
    assert load_embedding(tmp_path / "vectors", graph).scorer == TransE()
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]


@pytest.mark.parametrize("before", [True, False], ids=["one was there", "none was there"])
def test_a_failure_leaves_no_half(
    graph: KnowledgeGraph, before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding = _trained(graph, ComplEx())
    if before:
        embedding.save(tmp_path / "vectors")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("kgwb.embed.embedding_files.write_graph", fail)
    with pytest.raises(OSError, match="disk full"):
        _trained(graph, TransE()).save(tmp_path / "vectors")
    assert [path.name for path in tmp_path.iterdir()] == (["vectors"] if before else [])
    if before:
        assert load_embedding(tmp_path / "vectors", graph).scorer == ComplEx()


def test_a_folder_of_something_else_is_not_overwritten(graph: KnowledgeGraph, tmp_path: Path) -> None:
    (tmp_path / "embedding.json").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"embedding\.json is no file of kgwb's.* Type another folder, or move"):
        GraphEmbedding(graph, TransE(), dim=4).save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["embedding.json"]
    assert (tmp_path / "embedding.json").read_text(encoding="utf-8") == "mine"


def test_another_graph(graph: KnowledgeGraph, tmp_path: Path) -> None:
    folder = _trained(graph, TransE()).save(tmp_path / "vectors")
    other = KnowledgeGraph.from_pandas(graph.to_pandas().iloc[:9], name="fewer")
    message = (
        r"saved for the graph 'places' \(68 entities, 3 relations\), but 'fewer' \(\d+ entities, \d relations?\) came"
    )
    with pytest.raises(EmbeddingFileError, match=message):
        load_embedding(folder, other)


def test_no_embedding_there(graph: KnowledgeGraph, tmp_path: Path) -> None:
    with pytest.raises(
        EmbeddingFileError, match=r"holds no embedding: no embedding\.json in it\. Type the folder given"
    ):
        load_embedding(tmp_path, graph)


def test_broken_files(graph: KnowledgeGraph, tmp_path: Path) -> None:
    folder = _trained(graph, TransE()).save(tmp_path / "vectors")
    (folder / "vectors.safetensors").write_bytes(b"broken")
    with pytest.raises(
        EmbeddingFileError, match=r"vectors\.safetensors is missing or broken .* Save the embedding again"
    ):
        load_embedding(folder, graph)
    facts = json.loads((folder / "embedding.json").read_text(encoding="utf-8"))
    facts["scorer"]["name"] = "Quaternions"
    (folder / "embedding.json").write_text(json.dumps(facts), encoding="utf-8")
    known = ", ".join(SCORERS)
    message = rf"with the scorer Quaternions\(norm=2\)\. This kgwb knows {known}; .* pip install kgwb=="
    with pytest.raises(EmbeddingFileError, match=message):
        load_embedding(folder, graph)
    (folder / "embedding.json").write_text("{", encoding="utf-8")
    with pytest.raises(EmbeddingFileError, match=r"is not the JSON that \.save\(folder\) writes"):
        load_embedding(folder, graph)
