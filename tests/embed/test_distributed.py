"""Several processes that divide the entity table end where one process ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as processes

from kgwb.embed import (
    ComplEx,
    GraphEmbedding,
    Scorer,
    TrainingError,
    TransE,
    load_embedding,
    rank_triples,
    train_embedding,
)
from kgwb.embed.encoders.affine_encoder import AffineEncoder
from kgwb.embed.training.sharding import Shard
from kgwb.graph import KnowledgeGraph, Split, read_graph, split_triples, write_graph

RUNS = {
    "ComplEx": {"reciprocal": True, "regularisation": 0.05, "dropout": 0.2},
    "DistMult": {"optimizer": "adam", "learning_rate": 0.01, "weight_decay": 0.01},
    "RotatE": {"batch": 20, "warm_up": 2, "memory": 1e-6},
    "TransE": {"reciprocal": True, "precision": "bfloat16"},
}
OPTIONS = {"epochs": 6, "batch": 50, "precision": "float32"}
CHILD = """
import json, sys
import kgwb.embed as embed
from kgwb.embed.training.sharding import Shard, join_processes
from kgwb.graph import read_graph, split_triples

path, out, runs, options = sys.argv[1:]
split = split_triples(read_graph(path))
with join_processes() as (rank, count):
    shard = Shard(rank, count, len(split.graph.entities))
    start = lambda name: shard.start(lambda: embed.GraphEmbedding(split.graph, getattr(embed, name)(), dim=8))
    for name, more in json.loads(runs).items():
        vectors, more = start(name), json.loads(options) | more
        losses = [epoch.loss for epoch in embed.train_embedding(vectors, split, shard=shard, **more)]
        if name == "ComplEx":
            for stop in (3, 0):
                again = start(name)
                for epoch in embed.train_embedding(again, split, shard=shard, checkpoint=f"{out}/run", **more):
                    if epoch.number == stop:
                        break
            assert all(table.equal(again.state_dict()[key]) for key, table in vectors.state_dict().items())
        if shard.unite(vectors) and rank == 0:
            vectors.save(f"{out}/{name}")
            open(f"{out}/{name}.json", "w").write(json.dumps(losses))
"""


def _launch(*command: str) -> subprocess.CompletedProcess[str]:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}
    return subprocess.run([*launcher, *command], capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def places(graph: KnowledgeGraph, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Split]:
    path = write_graph(graph, tmp_path_factory.mktemp("graph") / "places")
    return path, split_triples(read_graph(path))


@pytest.fixture(scope="module")
def two_processes(places: tuple[Path, Split], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("two")
    (out / "child.py").write_text(CHILD, encoding="utf-8")
    done = _launch(str(out / "child.py"), str(places[0]), str(out), json.dumps(RUNS), json.dumps(OPTIONS))
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("name", RUNS)
def test_two_processes_end_where_one_ends(places: tuple[Path, Split], two_processes: Path, name: str) -> None:
    split, options = places[1], OPTIONS | RUNS[name]
    both = load_embedding(two_processes / name)
    one = GraphEmbedding(split.graph, both.scorer, dim=8)
    losses = [epoch.loss for epoch in train_embedding(one, split, **options)]
    coarse = options["precision"] == "bfloat16"
    both_losses = json.loads((two_processes / f"{name}.json").read_text(encoding="utf-8"))
    assert both_losses == pytest.approx(losses, abs=1e-2 if coarse else 1e-4)
    reports = [rank_triples(vectors, split.valid, known=split.known) for vectors in (one, both)]
    assert reports[0].mrr == pytest.approx(reports[1].mrr, abs=2e-2 if coarse else 5e-4)
    assert both.trained_on.equal(one.trained_on)


def test_every_process_keeps_its_own_file(two_processes: Path) -> None:
    names = {path.name for path in (two_processes / "run").iterdir()}
    assert names == {"epoch-000006.1-of-2.safetensors", "epoch-000006.2-of-2.safetensors"}


def test_one_process_does_not_go_on_with_the_run_of_two(places: tuple[Path, Split], two_processes: Path) -> None:
    embedding = GraphEmbedding(places[1].graph, ComplEx(), dim=8)
    with pytest.raises(ValueError, match=r"is of 2 processes, and 1 came\. Type torchrun --nproc-per-node=2 to go on"):
        train_embedding(embedding, places[1], checkpoint=two_processes / "run")


def test_torchrun_trains_ranks_and_saves(places: tuple[Path, Split], tmp_path: Path) -> None:
    command = ["train", str(places[0]), "--out", str(tmp_path / "vectors"), "--scorer", "distmult", "--dim", "8"]
    command += ["--epochs", "5", "--test", "0.1", "--set", "precision=float32", "batch=50"]
    done = _launch("-m", "kgwb", *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("RankReport") == done.stdout.count("Saved.") == 1
    assert load_embedding(tmp_path / "vectors").entity_vectors().shape == (68, 8)


@pytest.fixture
def alone() -> Iterator[None]:
    processes.init_process_group("gloo", store=processes.HashStore(), rank=0, world_size=1)
    yield
    processes.destroy_process_group()


@pytest.mark.usefixtures("alone")
def test_one_shard_is_the_whole(split: Split, scorer: Scorer) -> None:
    if scorer.measure.matmul is None:
        pytest.skip("this measure takes more than a matmul, which shards refuse")
    options = {"epochs": 4, "batch": 40, "precision": "float32", "regularisation": 0.1, "dropout": 0.1}
    one, shared = (GraphEmbedding(split.graph, scorer, dim=8) for _ in range(2))
    shard = Shard(0, 1, len(split.graph.entities))
    shard.divide(shared)
    losses, again = (
        [epoch.loss for epoch in train_embedding(vectors, split, **options, shard=part)]
        for vectors, part in ((one, None), (shared, shard))
    )
    assert losses == pytest.approx(again, abs=1e-5)
    shard.unite(shared)
    for name, table in one.state_dict().items():
        torch.testing.assert_close(shared.state_dict()[name], table, atol=1e-4, rtol=1e-3)


@pytest.mark.usefixtures("alone")
def test_memory_that_runs_out_is_said(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Shard, "softmax", run_out)
    embedding = GraphEmbedding(split.graph, ComplEx(), dim=8)
    training = train_embedding(embedding, split, memory=1, shard=Shard(0, 1, len(split.graph.entities)))
    with pytest.raises(
        TrainingError, match=r"Memory ran out in one of the processes\. Type memory=0\.5, or start more"
    ):
        next(training)


@pytest.mark.parametrize("entities", [0, 1, 5, 64])
def test_every_row_is_somewhere_once(entities: int) -> None:
    shards = [Shard(rank, 3, entities) for rank in range(3)]
    rows = [row for shard in shards for row in range(entities)[shard.rows]]
    assert rows == list(range(entities))
    assert max(len(range(entities)[shard.rows]) for shard in shards) <= shards[0].widest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"negatives": 5}, r"negatives=5 came with a shard, which knows only negatives='all'\. Type that\."),
        ({"relation_weight": 0.5}, r"relation_weight=0\.5 came with a shard, which knows only relation_weight=0\."),
        ({"evaluate_every": 1}, r"evaluate_every=1 came with a shard, which knows only evaluate_every=0\."),
    ],
    ids=str,
)
def test_what_shards_cannot_do_is_said(split: Split, options: dict, message: str) -> None:
    embedding = GraphEmbedding(split.graph, ComplEx(), dim=8)
    with pytest.raises(ValueError, match=message):
        train_embedding(embedding, split, shard=Shard(0, 2, len(split.graph.entities)), **options)


def test_embeddings_that_cannot_be_divided_are_refused(split: Split) -> None:
    shard = Shard(0, 2, len(split.graph.entities))
    with pytest.raises(ValueError, match=r"TransE\(norm=1\) came with a shard.* Type TransE\(\), or leave shard out"):
        train_embedding(GraphEmbedding(split.graph, TransE(norm=1), dim=8), split, shard=shard)
    encoded = GraphEmbedding(split.graph, ComplEx(), dim=8, encoder=AffineEncoder(dim=8))
    with pytest.raises(ValueError, match="An embedding with an encoder came with a shard"):
        train_embedding(encoded, split, shard=shard)
