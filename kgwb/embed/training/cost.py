"""What a training will take, in time and memory, before it is started."""

from __future__ import annotations

import copy
import inspect
import math
import statistics
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from kgwb.axes import Int
from kgwb.embed.graph_embedding import GraphEmbedding, expect_embedding
from kgwb.embed.precision import SMALL
from kgwb.embed.ranking.ranks import rank_triples
from kgwb.embed.training.batches import Negatives, TrainingQueries
from kgwb.embed.training.loop import train_embedding
from kgwb.embed.training.state import TrainingError, TrainingState
from kgwb.embed.training.workspace import GIB
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split
from kgwb.words import count_things

_TIMES = 3  # the median of so many batches, after one that warms up


@dataclass(frozen=True, repr=False)
class Cost:
    """What a training will take.

    Attributes:
        epochs: as many as were asked for.
        epoch_seconds: of one epoch.
        evaluations: how often validation triples will be ranked.
        evaluation_seconds: of all that.
        ranked: how many test triples there are.
        ranking_seconds: of ranking them once, afterwards.
        table_bytes: of the embedding's tables, its encoder included, and of the best ones where evaluations keep them.
        gradient_bytes: of their gradients.
        optimizer_bytes: of what the optimizer keeps.
        score_bytes: of the largest block of scores, and of the entities in the number format of the matmuls.
        threads: how many the training uses.
        device: where it runs.
    """

    epochs: int
    epoch_seconds: float
    evaluations: int
    evaluation_seconds: float
    ranked: int
    ranking_seconds: float
    table_bytes: int
    gradient_bytes: int
    optimizer_bytes: int
    score_bytes: int
    threads: int
    device: str

    @property
    def seconds(self) -> float:
        """Of the training, evaluations included; the ranking afterwards is not."""
        return self.epochs * self.epoch_seconds + self.evaluation_seconds

    @property
    def bytes(self) -> int:
        """Of everything that the training holds at a time."""
        return self.table_bytes + self.gradient_bytes + self.optimizer_bytes + self.score_bytes

    def __repr__(self) -> str:
        place = count_things(self.threads, "thread") if self.device == "cpu" else self.device
        epochs = count_things(self.epochs, "epoch")
        ranking = f"; {_show_time(self.ranking_seconds)} to rank {self.ranked:,} test triples" if self.ranked else ""
        return f"about {_show_time(self.seconds)} for {epochs} on {place}; {_show_size(self.bytes)}{ranking}"


def estimate_cost(embedding: GraphEmbedding, split: Split | KnowledgeGraph, **train_arguments: Any) -> Cost:
    """Time and memory of a training, from one of its batches: nothing is learnt and nothing is changed.

    The batch is trained on a few times at a learning rate of zero, without a second entity table. Time is right to
    within a quarter or so on a machine that does nothing else; patience may end a run earlier. Memory is what the
    tables, gradients, optimizer and scores hold; Python and torch themselves take some 0.3 GiB more.

    Args:
        embedding: what would be trained.
        split: what it would learn from.
        **train_arguments: as for `train_embedding`, for example `preset("complex")` without its dim.

    Returns:
        The cost, with a repr in plain words.

    Raises:
        ValueError: whatever `train_embedding` says about these arguments.
        TrainingError: the training would fail at its first step.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed.scorers.complex import ComplEx
        >>> facts = [[f"town {i}", "in", f"land {i % 3}"] for i in range(9)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> cost = estimate_cost(GraphEmbedding(graph, ComplEx(), dim=8), graph, epochs=5)
        >>> cost
        about ... for 5 epochs on 1 thread; under 1 MiB
        >>> cost.table_bytes == (12 + 1) * 8 * 4 + 12
        True
    """
    expect_embedding(embedding, "estimate_cost(GraphEmbedding(split.graph, ComplEx()), split)")
    state = _plan(embedding, split, train_arguments)
    steps = math.ceil(len(state.queries) / state.batch)
    seconds = _time_batch(state)
    every, sample = train_arguments.get("evaluate_every", 0), train_arguments.get("evaluate_on", 500)
    evaluations = state.schedule.epochs // every if every else 0
    valid, test = (split.valid, split.test) if isinstance(split, Split) else (split.triples[:0],) * 2
    begin, each = _time_ranking(embedding, split, test if len(test) else valid)
    kept = sum(map(_size, state.embedding.state_dict().values()))
    kept_by_optimizer = state.optimizer.state.values()
    return Cost(
        epochs=state.schedule.epochs,
        epoch_seconds=steps * seconds,
        evaluations=evaluations,
        evaluation_seconds=evaluations * (begin + each * min(sample, len(valid))),
        ranked=len(test),
        ranking_seconds=begin + each * len(test) if len(test) else 0.0,
        table_bytes=kept * (2 if evaluations else 1),
        gradient_bytes=sum(map(_size, state.embedding.parameters())),
        optimizer_bytes=sum(_size(part) for parts in kept_by_optimizer for part in parts.values()),
        score_bytes=max(_count_scores(state) * torch.finfo(state.workspace.precision).bits // 8, state.workspace.held),
        threads=1 if state.work < SMALL else torch.get_num_threads(),
        device=str(embedding.device),
    )


def _plan(embedding: GraphEmbedding, split: Split | KnowledgeGraph, arguments: dict[str, Any]) -> TrainingState:
    """The training that these arguments ask for, of a copy that shares the entity table, and never moves it."""
    shared = nn.Parameter(embedding.entity_table.detach())
    known = {id(part): part for part in (embedding.graph, embedding.trained_facts)} | {
        id(embedding.entity_table): shared
    }
    twin = copy.deepcopy(embedding, known)
    chosen = {name: value for name, value in arguments.items() if not name.startswith("checkpoint")}  # nothing is kept
    if isinstance(chosen.get("negatives"), Negatives):
        chosen["negatives"] = copy.deepcopy(chosen["negatives"])  # whose random state would go on
    training = cast(Generator, train_embedding(twin, split, **chosen))  # never started, so nothing begins
    state: TrainingState = inspect.getgeneratorlocals(training)["state"]
    return replace(state, rate=0.0)


def _time_batch(state: TrainingState) -> float:
    """Seconds of a step, the median of a few."""
    once = replace(state, queries=_choose_batch(state.queries, state.batch, state.order))
    check = state.optimizer.register_step_pre_hook(_expect_finite)  # zero times infinity would reach the table
    once.train(lambda number: {})
    check.remove()
    return statistics.median(once.train(lambda number: {}).seconds for _ in range(_TIMES))


def _choose_batch(queries: TrainingQueries, size: int, order: torch.Generator) -> TrainingQueries:
    chosen = torch.randperm(len(queries), generator=order)[:size].sort().values.numpy()
    tails = len(queries.tail)
    return TrainingQueries(
        queries.tail.take(chosen[chosen < tails]),
        queries.head.take(chosen[chosen >= tails] - tails),
        queries.weights,
    )


def _time_ranking(
    embedding: GraphEmbedding, split: Split | KnowledgeGraph, triples: Int[np.ndarray, "triple 3"]
) -> tuple[float, float]:
    """Seconds to begin a ranking, and of each triple."""
    if not isinstance(split, Split) or not len(triples):
        return 0.0, 0.0
    enough = SMALL // (2 * len(embedding.graph.entities) * embedding.dim) + 1  # for as many threads as all will have
    sample = triples[: max(200, enough)]
    rank_triples(embedding, sample[:1], known=split.known)
    times = []
    for part in (sample[:1], sample):
        start = time.perf_counter()
        rank_triples(embedding, part, known=split.known)
        times.append(time.perf_counter() - start)
    return times[0], max(0.0, times[1] - times[0]) / len(sample)


def _expect_finite(optimizer: torch.optim.Optimizer, *_: Any) -> None:
    tables = [table for group in optimizer.param_groups for table in group["params"] if table.grad is not None]
    if not all(table.grad.isfinite().all() for table in tables):
        message = "This training would fail at its first step: its gradients are not finite numbers"
        raise TrainingError(f"{message}. Start from a fresh GraphEmbedding(graph, scorer).")


def _count_scores(state: TrainingState) -> int:
    rows = min(state.batch, len(state.queries))
    width = state.work // (rows * state.embedding.dim)
    return state.workspace.height(width, rows) * width


def _size(table: torch.Tensor) -> int:
    return table.numel() * table.element_size()


def _show_time(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.2g} {unit}" if seconds < 10 * length else f"{seconds / length:.0f} {unit}"
    return "a second" if seconds >= 0.5 else "no time"


def _show_size(count: int) -> str:
    if count < 2**20:
        return "under 1 MiB"
    return f"{count / 2**20:.0f} MiB" if count < GIB / 10 else f"{count / GIB:.1f} GiB"
