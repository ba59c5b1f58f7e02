"""Vectors that are not finite, ids that are none, and what an interrupted or a second thread must not change."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from kgwb.embed import (
    ComplEx,
    CompositionConvolution,
    DistMult,
    GraphEmbedding,
    TransE,
    calibrate_scores,
    classify_triples,
    estimate_cost,
    graph_embedding,
    rank_triples,
    train_embedding,
    write_vectors,
)
from kgwb.embed.encoders.encoder import at_rest
from kgwb.embed.queries import read_ids
from kgwb.embed.ranking import ranks
from kgwb.embed.training.objective import Objective
from kgwb.graph import KnowledgeGraph, Split, split_triples

SMALL = KnowledgeGraph.from_pandas(
    pd.DataFrame([("a", "r", "b"), ("b", "r", "a")], columns=["head", "relation", "tail"])
)
USES: dict[str, Callable[[GraphEmbedding, Split, Path], object]] = {
    "predict a tail": lambda vectors, split, path: vectors.predict(head="place 00", relation="beside"),
    "predict a head": lambda vectors, split, path: vectors.predict(tail="place 00", relation="beside"),
    "predict a relation": lambda vectors, split, path: vectors.predict(head="place 00", tail="place 01"),
    "score": lambda vectors, split, path: vectors.score(split.graph.triples),
    "score_tails": lambda vectors, split, path: vectors.score_tails(split.test),
    "score_heads": lambda vectors, split, path: vectors.score_heads(split.test),
    "rank_triples": lambda vectors, split, path: rank_triples(vectors, split.test, known=split.known),
    "classify_triples": lambda vectors, split, path: classify_triples(vectors, split),
    "calibrate_scores": lambda vectors, split, path: calibrate_scores(vectors, split),
    "train_embedding": lambda vectors, split, path: train_embedding(vectors, split),
    "estimate_cost": lambda vectors, split, path: estimate_cost(vectors, split),
    "save": lambda vectors, split, path: vectors.save(path / "saved"),
    **{
        f"write_vectors {name}": lambda vectors, split, path, name=name: write_vectors(vectors, path / name)
        for name in ("a.npz", "a.parquet", "a.txt", "projector")
    },
}


UNASKED = {("inverse_table", "score"), ("inverse_table", "score_tails"), ("relation_table", "score_heads")}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("table", ["entity_table", "relation_table", "inverse_table"])
@pytest.mark.parametrize("use", USES)
def test_vectors_that_are_not_finite_are_refused_by_row(
    split: Split, tmp_path: Path, use: str, table: str, value: float
) -> None:
    embedding = GraphEmbedding(split.graph, ComplEx(), dim=4)
    embedding.add_inverses()
    beside = split.graph.relation_id("beside")
    row = split.graph.entity_id("place 00") if table == "entity_table" else beside
    getattr(embedding, table).data[row, 1] = value
    if (table, use) in UNASKED:
        USES[use](embedding, split, tmp_path)
        return
    what = {
        "entity_table": r"1 entity of 68, id \d+ \('place 00'\)",
        "relation_table": r"1 relation of 3, id \d \('bes",
    }
    message = rf"not finite\. Train a fresh one .* place of {what.get(table, '1 inverse relation of 3, id .*beside')}"
    with pytest.raises(ValueError, match=message):
        USES[use](embedding, split, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_first_rows_are_named_and_all_are_counted(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    embedding.entity_table.data[3:9] = np.nan
    with pytest.raises(ValueError, match=r"6 entities of 68, id 3 \('.*'\), 4 \('.*'\), 5 \('.*'\), \.\.\.\."):
        embedding.predict(head=0, relation=0)


@pytest.mark.parametrize(
    ("triples", "message"),
    [
        (torch.tensor([[0.7, 0.2, 1.9]]), r"type float32 came\. Expected rows of three ids; type \[\[head"),
        ([[0.0, 1.0, 2.0]], "type float64 came"),
        ([[True, False, True]], "type bool came"),
        (torch.tensor([[True, False, True]]), "type bool came"),
        ([["a", "r", "b"]], "type <U1 came"),
        (torch.tensor([0, 0, 1]), r"shape \(3,\)"),
        ([[0, 0, 1], [0, 0]], "A list came"),
        (None, "None came"),
        (split_triples(SMALL), r"A split came\. Expected rows of three ids; type split\.test\."),
        (SMALL, r"A graph came\. Expected rows of three ids; type graph\.triples\."),
        ([[0, 0, 68]], r"triples holds ids that 'places' does not have: it has 68 entities and 3 relations"),
        ([[0, 3, 0]], "triples holds ids"),
        (torch.tensor([[-1, 0, 0]]), "triples holds ids"),
        (np.array([[2**64 - 1, 0, 0]], dtype=np.uint64), "triples holds ids"),
    ],
    ids=str,
)
def test_ids_that_are_none(
    graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch, triples: object, message: str
) -> None:
    for module in (graph_embedding, ranks):  # the tests' own check of annotations would speak first
        monkeypatch.setattr(module, "read_ids", inspect.unwrap(read_ids))
    monkeypatch.setattr(GraphEmbedding, "_columns", inspect.unwrap(GraphEmbedding._columns))
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    for use in (GraphEmbedding.score, GraphEmbedding.score_tails, GraphEmbedding.score_heads):
        with pytest.raises(ValueError, match=message):
            inspect.unwrap(use)(embedding, triples)
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(rank_triples)(embedding, triples, known=None)


def _random_encoder(graph: KnowledgeGraph) -> GraphEmbedding:
    class Dropping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout(0.5)

        def forward(self, entities: torch.Tensor, relations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.drop(entities), relations

    return GraphEmbedding(graph, DistMult(), dim=8, encoder=Dropping())


@pytest.mark.parametrize("problem", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_step_leaves_the_embedding_out_of_training(
    graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch, problem: type[BaseException]
) -> None:
    embedding = _random_encoder(graph)
    step = Objective.differentiate
    calls: Iterator[int] = iter(range(99))

    def interrupted(*where: object, **options: object) -> torch.Tensor:
        if next(calls) == 2:
            raise problem
        return step(*where, **options)

    monkeypatch.setattr(Objective, "differentiate", interrupted)
    threads = torch.get_num_threads()
    with pytest.raises(problem):
        for _ in train_embedding(embedding, graph, batch=20):
            pass
    assert not any(module.training for module in embedding.modules())
    assert torch.get_num_threads() == threads
    assert (embedding.score(graph.triples) == embedding.score(graph.triples)).all()


def test_a_training_that_is_closed_leaves_the_embedding_out_of_training(graph: KnowledgeGraph) -> None:
    embedding = _random_encoder(graph)
    training = train_embedding(embedding, graph)
    next(training)
    training.close()
    assert not any(module.training for module in embedding.modules())


def test_what_is_read_off_an_embedding_in_training_is_its_state_at_rest(graph: KnowledgeGraph, tmp_path: Path) -> None:
    embedding = _random_encoder(graph).train()
    assert embedding.entity_vectors().equal(embedding.entity_table)
    one, again = (embedding.predict(head=0, relation=0) for _ in range(2))
    assert one.equals(again)
    embedding.save(tmp_path / "saved")
    assert all(module.training for module in embedding.modules())


def test_a_module_at_rest_shares_its_tensors_and_changes_none() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(2)))
    with at_rest(module) as rest, at_rest(rest) as again:
        assert again is rest
        assert [id(part) for part in module.parameters()] == [id(part) for part in rest.parameters()]
        assert all(part.training for part in module.modules()) and not any(part.training for part in rest.modules())


@pytest.mark.parametrize("training", [False, True])
def test_two_threads_score_as_one_does(graph: KnowledgeGraph, split: Split, training: bool) -> None:
    embedding = GraphEmbedding(graph, TransE(), dim=16, encoder=CompositionConvolution(split, dim=16))
    for parameter in embedding.parameters():
        nn.init.normal_(parameter, generator=torch.Generator().manual_seed(1))
    embedding.train(training)
    start = threading.Barrier(4)

    def use(worker: int) -> tuple[torch.Tensor, np.ndarray, list[str]]:
        if worker >= 0:
            start.wait()
        ranks = [rank_triples(embedding, split.test, known=split.known).ranks for _ in range(5)]
        assert all((one == ranks[0]).all() for one in ranks)
        return embedding.entity_vectors(), ranks[0], embedding.predict(head=1, relation=0).label.tolist()

    expected = use(-1)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(use, range(4)):
            assert found[0].equal(expected[0]) and (found[1] == expected[1]).all() and found[2] == expected[2]
    assert all(module.training is training for module in embedding.modules())
