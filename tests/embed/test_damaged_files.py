"""Whatever bytes a file of ours holds: the right result, or an error of ours that says what to do."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from mutation import mutate
from safetensors import safe_open
from safetensors.torch import save_file

from kgwb.embed import DistMult, EmbeddingFileError, GraphEmbedding, TransE, load_embedding, train_embedding
from kgwb.embed.embedding_files import digest_facts
from kgwb.embed.training.checkpoint import _digest_run
from kgwb.graph import KnowledgeGraph

MUTATIONS = int(os.environ.get("KGWB_FUZZ", "3000")) // 10  # of each kind of file
HOSTILE = (None, True, -1, 0, 1.5, 10**12, 10**400, float("nan"), "", "x", "TransE", [], [1], {}, {"name": 1}, "\ud800")


def _change_json(facts: Any, chance: random.Random) -> Any:
    """One value anywhere in a JSON object changed, removed or added."""
    holder = facts
    while isinstance(holder, dict) and holder:
        name = chance.choice(sorted(holder))
        if isinstance(holder[name], dict) and holder[name] and chance.random() < 0.7:
            holder = holder[name]
            continue
        match chance.randrange(4):
            case 0:
                del holder[name]
            case 1:
                holder[name + "x"] = holder[name]
            case _:
                holder[name] = chance.choice(HOSTILE)
        break
    return facts


@pytest.fixture
def saved(graph: KnowledgeGraph, tmp_path: Path) -> Path:
    embedding = GraphEmbedding(graph, TransE(norm=1), dim=4, seed=3)
    next(train_embedding(embedding, graph, reciprocal=True))
    return embedding.save(tmp_path / "vectors")


def _expect_same_or_ours(folder: Path, whole: GraphEmbedding, *, about: object, graph: KnowledgeGraph | None) -> None:
    try:
        again = load_embedding(folder, graph)
    except EmbeddingFileError as problem:
        assert len(str(problem)) < 3000 and str(folder.parent) in str(problem), about
        return
    assert again.scorer == whole.scorer and again.seed == whole.seed, about
    assert again.graph.to_pandas().equals(whole.graph.to_pandas()), about
    assert all(table.equal(whole.state_dict()[name]) for name, table in again.state_dict().items()), about


NAMES = ("embedding.json", "vectors.safetensors", "graph/triples.tsv", "graph/entities.tsv", ".kgwb.json")


@pytest.mark.parametrize("name", NAMES)
def test_bytes_of_an_embedding(name: str, saved: Path) -> None:
    whole, data, chance = load_embedding(saved), (saved / name).read_bytes(), random.Random(name)
    graph = None if "graph" in name else whole.graph
    for number in range(MUTATIONS):
        (saved / name).write_bytes(mutate(data, chance))
        _expect_same_or_ours(saved, whole, about=(name, number), graph=graph)


@pytest.mark.parametrize("signed", [False, True], ids=["as it is", "with a fitting checksum"])
def test_values_of_an_embedding(signed: bool, saved: Path) -> None:
    """A checksum that fits hides nothing from the checks of kinds and shapes; only no size may then be believed."""
    whole, text, chance = load_embedding(saved), (saved / "embedding.json").read_text("utf-8"), random.Random(signed)
    for number in range(MUTATIONS):
        facts = _change_json(json.loads(text), chance)
        if signed:
            facts["sha256"] = digest_facts({name: value for name, value in facts.items() if name != "sha256"})
        (saved / "embedding.json").write_text(json.dumps(facts), "utf-8")
        try:
            again = load_embedding(saved, whole.graph)
        except EmbeddingFileError:
            continue
        tables = again.state_dict().items()
        assert all(table.equal(whole.state_dict()[name]) for name, table in tables), (number, facts)


@pytest.mark.parametrize("dim", [10**12, 10**400, 2**31, -4, 0, 5, True, "4", None])
def test_a_size_that_is_not_that_of_the_tables_asks_for_no_memory(dim: object, saved: Path) -> None:
    facts = json.loads((saved / "embedding.json").read_text("utf-8")) | {"dim": dim}
    del facts["sha256"]
    facts["sha256"] = digest_facts(facts)
    (saved / "embedding.json").write_text(json.dumps(facts), "utf-8")
    with pytest.raises(EmbeddingFileError, match=r"Save the embedding again, to another folder|is not the JSON"):
        load_embedding(saved)


def _train(graph: KnowledgeGraph, folder: Path, epochs: int, optimizer: str = "adagrad") -> GraphEmbedding:
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    for _ in train_embedding(
        embedding, graph, epochs=epochs, checkpoint=folder, optimizer=optimizer, precision="float32"
    ):
        pass
    return embedding


def test_bytes_of_a_checkpoint(graph: KnowledgeGraph, tmp_path: Path) -> None:
    _train(graph, tmp_path / "run", 2)
    whole = _train(graph, shutil.copytree(tmp_path / "run", tmp_path / "whole"), 3).state_dict()
    file, chance = tmp_path / "run" / "epoch-000002.safetensors", random.Random(0)
    data = file.read_bytes()
    for number in range(MUTATIONS):
        for path in file.parent.iterdir():
            path.unlink()
        file.write_bytes(mutate(data, chance))
        try:
            again = _train(graph, file.parent, 3).state_dict()
        except EmbeddingFileError as problem:
            assert "Remove it to start anew" in str(problem)
        else:
            assert all(table.equal(whole[name]) for name, table in again.items()), number


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_tensors_of_a_checkpoint_that_do_not_fit(optimizer: str, graph: KnowledgeGraph, tmp_path: Path) -> None:
    """Even where the checksum fits: an optimizer takes tensors of any shape, and then reads behind their ends."""
    _train(graph, tmp_path, 1, optimizer)
    (file,) = tmp_path.iterdir()
    with safe_open(file, "pt") as opened:
        facts = json.loads(opened.metadata()["run"])
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 # no mapping

    def expect_refusal(facts: dict[str, Any], tensors: dict[str, torch.Tensor], about: object) -> None:
        run = json.dumps(facts)
        save_file(tensors, file, metadata={"run": run, "sha256": _digest_run(run, tensors)})
        try:
            _train(graph, tmp_path, 1, optimizer)
        except (EmbeddingFileError, ValueError) as problem:
            assert "checkpoint" in str(problem), about
        else:
            raise AssertionError(f"taken up: {about}")

    for name, tensor in tensors.items():
        for other in (tensor.reshape(-1)[:0], torch.zeros(1), torch.zeros(3, 5), tensor.to(torch.float64), None):
            if other is not None and other.shape == tensor.shape and other.dtype == tensor.dtype:
                continue
            changed = {key: part for key, part in tensors.items() if key != name}
            expect_refusal(facts, changed if other is None else changed | {name: other}, (name, other))
    expect_refusal(facts, tensors | {"optimizer/x/sum": torch.zeros(1)}, "another tensor")
    for part in ("number", "best", "workspace", "asked"):
        for value in (None, [], {}, "x", -1, {"precision": "exec", "memory": 1}, {"figure": "x"}):
            expect_refusal(facts | {part: value}, tensors, (part, value))
