"""A run that stops, or is killed, goes on where it was and ends to the bit as if it had not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kgwb.embed import (
    ComplEx,
    DistMult,
    EmbeddingFileError,
    GraphEmbedding,
    RotatE,
    load_embedding,
    rank_triples,
    train_embedding,
)
from kgwb.embed.encoders.variational_encoder import VariationalEncoder
from kgwb.embed.training.adversary import AdversarialNegatives
from kgwb.embed.training.state import TrainingState
from kgwb.graph import KnowledgeGraph, Split, read_graph, split_triples, write_graph

RUNS = {
    "all candidates, dropout": {"dropout": 0.3, "reciprocal": True, "regularisation": 0.01},
    "sampled, Adam": {"negatives": 10, "optimizer": "adam", "learning_rate": 0.01},
    "cool-down": {"warm_up": 1, "cool_down": 3},
    "plateau": {"evaluate_every": 1, "plateau": 1, "learning_rate": 2.0},
    "relations": {"relation_weight": 0.5, "loss": "self-adversarial"},
}


def _train(embedding: GraphEmbedding, split: Split, *, stop: int = 0, **options: object) -> list[float]:
    losses = []
    for epoch in train_embedding(embedding, split, **{"epochs": 6, "batch": 30, "precision": "float32"} | options):
        losses.append(epoch.loss)
        if epoch.number == stop:
            break
    return losses


def _same(first: GraphEmbedding, second: GraphEmbedding) -> bool:
    tables = second.state_dict()
    return all(table.equal(tables[name]) for name, table in first.state_dict().items())


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS.keys())
def test_stopped_and_started_again_it_ends_the_same(split: Split, options: dict, tmp_path: Path) -> None:
    whole, stopped, again = (GraphEmbedding(split.graph, ComplEx(), dim=8, seed=seed) for seed in (0, 0, 0))
    losses = _train(whole, split, **options)
    first = _train(stopped, split, stop=2, checkpoint=tmp_path / "run", **options)
    second = _train(again, split, checkpoint=str(tmp_path / "run"), **options)
    assert first + second == losses and len(second) == 4
    assert _same(whole, again)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["epoch-000006.safetensors"]


def test_the_same_embedding_goes_on_after_break(split: Split, tmp_path: Path) -> None:
    whole, broken = (GraphEmbedding(split.graph, RotatE(), dim=8) for _ in range(2))
    _train(whole, split)
    for stop in (1, 4, 0):
        _train(broken, split, stop=stop, checkpoint=tmp_path)
    assert _same(whole, broken)


def test_early_stopping_goes_on_being_early_and_gives_the_best_back(split: Split, tmp_path: Path) -> None:
    options = {"epochs": 60, "evaluate_every": 1, "patience": 3, "learning_rate": 1.0}
    whole, stopped = (GraphEmbedding(split.graph, DistMult(), dim=8) for _ in range(2))
    losses = _train(whole, split, **options)
    assert len(losses) < 60
    first = _train(stopped, split, stop=len(losses) - 2, checkpoint=tmp_path, **options)
    stopped = GraphEmbedding(split.graph, DistMult(), dim=8)
    assert first + _train(stopped, split, checkpoint=tmp_path, **options) == losses
    assert _same(whole, stopped)
    over = GraphEmbedding(split.graph, DistMult(), dim=8)
    assert _train(over, split, checkpoint=tmp_path, **options) == []
    assert _same(whole, over)


def test_what_encoders_and_learning_negatives_hold_is_kept(split: Split, tmp_path: Path) -> None:
    def train(stop: int, **options: object) -> GraphEmbedding:
        encoder, negatives = VariationalEncoder(split, dim=8), AdversarialNegatives(split.graph, 5)
        embedding = GraphEmbedding(split.graph, DistMult(), dim=8, encoder=encoder)
        _train(embedding, split, stop=stop, negatives=negatives, **options)
        return embedding

    train(3, checkpoint=tmp_path)
    assert _same(train(0), train(0, checkpoint=tmp_path))


def test_more_epochs_may_be_asked_for(split: Split, tmp_path: Path) -> None:
    whole, longer = (GraphEmbedding(split.graph, ComplEx(), dim=8) for _ in range(2))
    _train(whole, split)
    _train(longer, split, epochs=2, checkpoint=tmp_path)
    _train(longer, split, epochs=6, checkpoint=tmp_path)
    assert _same(whole, longer)


def test_it_is_kept_every_so_many_epochs_and_at_the_end(split: Split, tmp_path: Path) -> None:
    embedding, kept = GraphEmbedding(split.graph, ComplEx(), dim=8), []
    for _ in train_embedding(embedding, split, epochs=5, checkpoint=tmp_path, checkpoint_every=2):
        kept.append([path.name for path in tmp_path.iterdir()])
    begun, second, fourth, last = ([f"epoch-{number:06}.safetensors"] for number in (0, 2, 4, 5))
    assert kept == [begun, second, second, fourth, last]


CHILD = """
import json, os, signal, sys
from pathlib import Path
import safetensors.torch
from kgwb.embed import ComplEx, GraphEmbedding, train_embedding
from kgwb.graph import read_graph, split_triples

graph, checkpoint, out, options, killed = sys.argv[1:]
write = safetensors.torch.save_file

def stop_halfway(tensors, path, metadata=None):
    write(tensors, path, metadata=metadata)
    if metadata and json.loads(metadata["run"])["number"] == int(killed):
        path.write_bytes(path.read_bytes()[:1000])
        os.kill(os.getpid(), signal.SIGKILL)

safetensors.torch.save_file = stop_halfway
split = split_triples(read_graph(graph))
embedding = GraphEmbedding(split.graph, ComplEx(), dim=16)
for epoch in train_embedding(embedding, split, checkpoint=checkpoint, **json.loads(options)):
    sys.stdout.write(f"{epoch.number}\\n")
    sys.stdout.flush()
embedding.save(out)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
def test_killed_in_an_epoch_and_while_writing_it_still_ends_the_same(graph: KnowledgeGraph, tmp_path: Path) -> None:
    path = write_graph(graph, tmp_path / "graph")
    options = {"epochs": 6, "batch": 4, "dropout": 0.2, "precision": "float32", "reciprocal": True}
    options |= {"evaluate_every": 1, "patience": 5, "cool_down": 2}

    def start(killed: int) -> subprocess.Popen[str]:
        arguments = [path, tmp_path / "run", tmp_path / "vectors", json.dumps(options), killed]
        return subprocess.Popen(
            [sys.executable, "-c", CHILD, *map(str, arguments)], stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    with start(-1) as first:
        for line in first.stdout:
            if line == "2\n":
                first.kill()  # in the middle of the third epoch, which takes a hundred steps
                break
        assert first.stdout.read() == ""
    assert first.returncode == -signal.SIGKILL
    with start(4) as second:
        assert second.stdout.read() == "3\n"
    assert second.returncode == -signal.SIGKILL
    (half,) = (tmp_path / "run").glob(".half-written-*")
    assert half.stat().st_size == 1000
    assert not (tmp_path / "vectors").exists()
    with start(-1) as third:
        assert third.stdout.read() == "4\n5\n6\n"
    assert third.returncode == 0 and not half.exists()

    split = split_triples(read_graph(path))
    whole, killed = GraphEmbedding(split.graph, ComplEx(), dim=16), load_embedding(tmp_path / "vectors")
    for _ in train_embedding(whole, split, **options):
        pass
    assert _same(whole, killed)
    ranks = [rank_triples(vectors, split.test, known=split.known).ranks for vectors in (whole, killed)]
    assert (ranks[0] == ranks[1]).all()


def test_a_write_that_fails_leaves_the_one_before(
    split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding = GraphEmbedding(split.graph, ComplEx(), dim=8)
    run = train_embedding(embedding, split, epochs=3, checkpoint=tmp_path)
    next(run)

    def fill_the_disk(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", fill_the_disk)
    with pytest.raises(OSError, match="No space"):
        next(run)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-000001.safetensors"]


def test_other_files_in_the_folder_stay(split: Split, tmp_path: Path) -> None:
    for name in ("notes.txt", "epoch-1.txt", "epoch-best.safetensors"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    _train(GraphEmbedding(split.graph, ComplEx(), dim=8), split, epochs=2, checkpoint=tmp_path)
    names = {"notes.txt", "epoch-1.txt", "epoch-best.safetensors", "epoch-000002.safetensors"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_other_arguments_are_named(split: Split, tmp_path: Path) -> None:
    embedding = GraphEmbedding(split.graph, ComplEx(), dim=8)
    _train(embedding, split, stop=1, checkpoint=tmp_path / "run")
    with pytest.raises(
        ValueError, match=r"of a run with batch=30, dropout=0\.0, but batch=40, dropout=0\.5 came"
    ) as said:
        _train(embedding, split, checkpoint=tmp_path / "run", batch=40, dropout=0.5)
    assert "Type batch=30, dropout=0.0 to go on with it, or type checkpoint=" in str(said.value)
    assert str(said.value).endswith("run-2'.")
    fewer = Split(split.graph, split.train[:-1], split.valid, split.test)
    with pytest.raises(
        ValueError, match=r"triples='200, SHA-256 \w+', but triples='199, SHA-256 \w+' came\. Give the graph"
    ):
        _train(embedding, fewer, checkpoint=tmp_path / "run")
    with pytest.raises(
        ValueError, match=r"scorer='ComplEx\(\)', dim=8, but scorer='DistMult\(\)', dim=9 came\. Give the gr"
    ):
        _train(GraphEmbedding(split.graph, DistMult(), dim=9), split, checkpoint=tmp_path / "run")


def test_epochs_count_where_the_rate_cools_down(split: Split, tmp_path: Path) -> None:
    embedding = GraphEmbedding(split.graph, ComplEx(), dim=8)
    _train(embedding, split, stop=1, checkpoint=tmp_path, cool_down=2)
    with pytest.raises(ValueError, match=r"with epochs=6, but epochs=9 came\. Type epochs=6 to go on"):
        _train(embedding, split, checkpoint=tmp_path, cool_down=2, epochs=9)


def test_a_broken_file_is_named(split: Split, tmp_path: Path) -> None:
    (tmp_path / "epoch-000001.safetensors").write_bytes(b"no tensors at all")
    with pytest.raises(EmbeddingFileError, match=r"epoch-000001\.safetensors is no checkpoint, or broken .*Remove it"):
        _train(GraphEmbedding(split.graph, ComplEx(), dim=8), split, checkpoint=tmp_path)


def test_negatives_that_cannot_be_kept_are_refused(split: Split, tmp_path: Path) -> None:
    class Same:
        def draw(self, vectors: object, batch: object) -> torch.Tensor:
            return torch.arange(5)

    with pytest.raises(ValueError, match=r"negatives came as Same.* Make it a torch\.nn\.Module"):
        _train(GraphEmbedding(split.graph, ComplEx(), dim=8), split, checkpoint=tmp_path, negatives=Same())


def test_a_number_of_epochs_is_positive(split: Split, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"checkpoint_every=0 came\. It must be a whole number, at least 1"):
        _train(GraphEmbedding(split.graph, ComplEx(), dim=8), split, checkpoint=tmp_path, checkpoint_every=0)


TOGETHER = """
import sys
from kgwb.embed import ComplEx, GraphEmbedding, train_embedding
from kgwb.graph import read_graph

graph = read_graph(sys.argv[1])
embedding = GraphEmbedding(graph, ComplEx(), dim=16)
for _ in train_embedding(embedding, graph, epochs=60, precision="float32", checkpoint=sys.argv[2]):
    pass
embedding.save(sys.argv[3])
"""


def test_processes_that_share_a_folder_end_the_same(graph: KnowledgeGraph, tmp_path: Path) -> None:
    path = write_graph(graph, tmp_path / "graph")
    arguments = [sys.executable, "-c", TOGETHER, *(str(tmp_path / name) for name in ("graph", "run", "vectors"))]
    together = [subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in together:
        assert process.communicate()[1] == "" and process.returncode == 0
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["epoch-000060.safetensors"]
    whole = GraphEmbedding(read_graph(path), ComplEx(), dim=16)
    for _ in train_embedding(whole, whole.graph, epochs=60, precision="float32"):
        pass
    assert _same(whole, load_embedding(tmp_path / "vectors"))
    assert {file.name for file in tmp_path.iterdir()} == {"graph", "run", "vectors"}


@pytest.mark.parametrize(("steps", "every"), [(1, 1), (5, 1), (20, 9)])
def test_stopped_before_an_epoch_is_kept_it_ends_the_same(
    steps: int, every: int, split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped = (GraphEmbedding(split.graph, ComplEx(), dim=8) for _ in range(2))
    _train(whole, split)
    taken, step = iter(range(1, steps + 1)), TrainingState._step

    def stop(state: TrainingState, *arguments: object) -> torch.Tensor:
        loss = step(state, *arguments)  # type: ignore[arg-type]
        if next(taken) == steps:
            raise KeyboardInterrupt
        return loss

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(TrainingState, "_step", stop)
        _train(stopped, split, checkpoint=tmp_path, checkpoint_every=every)
    assert not _same(whole, stopped) and not any(module.training for module in stopped.modules())
    _train(stopped, split, checkpoint=tmp_path, checkpoint_every=every)
    assert _same(whole, stopped)
