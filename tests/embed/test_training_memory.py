"""When numbers or memory run out: the block halves, the log says so, and the end of the road has a sign."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import torch

from kgwb.embed import (
    ComplEx,
    DistMult,
    GraphEmbedding,
    TrainingError,
    train_embedding,
)
from kgwb.embed.training import losses, softmax
from kgwb.graph import KnowledgeGraph
from kgwb.memory import is_out_of_memory


@pytest.mark.parametrize("negatives", ["all", 20])
def test_a_loss_that_is_no_number(graph: KnowledgeGraph, negatives: str | int) -> None:
    message = (
        r"Training diverged: the loss became nan in epoch 1, at learning_rate=0\.1\. .* type learning_rate=0\.01\."
    )
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    with torch.no_grad():
        embedding.entity_table[3:5] = torch.tensor([[1e38], [-1e38]])  # finite, but infinite where they are multiplied
    with pytest.raises(TrainingError, match=message):
        next(train_embedding(embedding, graph, negatives=negatives))


def _run_out_of_memory(monkeypatch: pytest.MonkeyPatch, limit: int) -> list[int]:
    """Blocks of more scores than `limit` do not fit; the sizes asked for are written down."""
    asked: list[int] = []

    def check(query: torch.Tensor, others: torch.Tensor) -> None:
        asked.append(len(query) * len(others))
        if asked[-1] > limit:
            raise torch.OutOfMemoryError("out of memory. Tried to allocate 2.00 GiB")

    def multiply(query: torch.Tensor, table: torch.Tensor, *, out: torch.Tensor) -> None:
        check(query, table)
        plain_products(query, table, out=out)

    def compare(query: torch.Tensor, others: torch.Tensor, *rest: object) -> torch.Tensor:
        check(query, others)
        return plain(query, others, *rest)

    plain, plain_products = losses.compare_narrowly, softmax.multiply_queries
    monkeypatch.setattr(softmax, "multiply_queries", multiply)
    monkeypatch.setattr(losses, "compare_narrowly", compare)
    return asked


@pytest.mark.parametrize(
    ("options", "limit"),
    [({}, 10 * 68), ({"loss": "logistic"}, 2 * 68), ({"negatives": 20, "dropout": 0.2}, 2 * 20)],
    ids=str,
)
def test_out_of_memory_halves_the_block_and_says_so(
    train: Callable[..., GraphEmbedding],
    graph: KnowledgeGraph,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    options: dict,
    limit: int,
) -> None:
    options = {"epochs": 2, "memory": 50 * 68 * 4 / 2**30, "relation_weight": 0.5, "precision": "float32"} | options
    right = train(graph, graph, ComplEx(), **options)
    asked = _run_out_of_memory(monkeypatch, limit)
    with caplog.at_level(logging.WARNING, "kgwb.embed"):
        found = train(graph, graph, ComplEx(), **options)
    torch.testing.assert_close(found.entity_vectors(), right.entity_vectors(), rtol=1e-3, atol=1e-4)
    said = [record.getMessage() for record in caplog.records]
    assert said and all(text.startswith("Out of memory: the block of scores is halved, from ") for text in said)
    assert len(said) == sum(size > limit for size in asked)  # once each time, and never again for what did not fit


def test_the_end_of_the_road_says_what_to_do(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run_out_of_memory(monkeypatch, 0)
    message = r"even with one query's scores at a time\. Free some, or type batch=25, or GraphEmbedding\(graph, scorer"
    with pytest.raises(TrainingError, match=message):
        train(graph, graph, ComplEx())


def test_other_failures_are_not_taken_for_want_of_memory(
    train: Callable[..., GraphEmbedding], graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("device-side assert")

    monkeypatch.setattr(torch, "mm", fail)
    with pytest.raises(RuntimeError, match="device-side assert"):
        train(graph, graph, ComplEx())


@pytest.mark.parametrize(
    ("problem", "memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_want_of_memory_is_known_by_its_words(problem: Exception, memory: bool) -> None:
    assert is_out_of_memory(problem) == memory
