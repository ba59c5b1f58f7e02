"""Training as a generator: one Epoch at a time, and stopping is `break`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch

from kgwb.axes import Tensor
from kgwb.embed.errors import TrainingError, expect_at_least, expect_choice
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.precision import PRECISIONS, Precision, choose_precision
from kgwb.embed.threads import limit_threads
from kgwb.embed.training.arguments import expect_arguments, find_training_triples, read_negatives
from kgwb.embed.training.batches import Batch, Questions
from kgwb.embed.training.evaluation import plan_evaluation
from kgwb.embed.training.objective import Objective
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split


@dataclass(frozen=True)
class Epoch:
    """One pass over the training triples.

    Attributes:
        number: 1 for the first.
        loss: cross-entropy per answer, in nats, without the regularisation; ln(candidates) is a blind guess.
        seconds: how long the pass took, evaluation not included.
        metrics: figures by name: "triples per second", and the validation MRR where it was asked for.
    """

    number: int
    loss: float
    seconds: float
    metrics: dict[str, float] = field(default_factory=dict)


def train_embedding(
    embedding: GraphEmbedding,
    split: Split | KnowledgeGraph,
    *,
    epochs: int = 30,
    negatives: Literal["all"] | int | np.integer = "all",
    batch: int = 1000,
    learning_rate: int | float = 0.1,
    optimizer: Literal["adagrad", "adam"] = "adagrad",
    regularisation: int | float = 0.0,
    dropout: int | float = 0.0,
    reciprocal: bool = False,
    seed: int = 0,
    evaluate_every: int = 0,
    evaluate_on: int = 500,
    precision: Precision = "auto",
    memory: int | float = 0.5,
) -> Iterator[Epoch]:
    """Fit an embedding to the training triples, epoch by epoch.

    Each distinct question, (head, relation, ?) or (?, relation, tail), is asked once per epoch with all of its
    answers, and a softmax over the candidates should put its mass on them. TransE and RotatE train on squared
    distances (one matmul, for |q|² cancels in the softmax) and are ranked by their own score, the distance itself.

    Args:
        embedding: trained in place, on the device it is on.
        split: only its training triples are learnt from; of a graph, all triples.
        epochs: passes over the triples.
        negatives: the candidates beside the answers: "all" entities, or so many sampled ones shared by a batch.
        batch: distinct questions per step.
        learning_rate: the optimizer's step size.
        optimizer: "adagrad" or "adam".
        regularisation: weight of the cubed magnitudes of the three vectors of each triple (N3, Lacroix et al., 2018).
        dropout: share of each query's numbers that are set to nought while training, from 0 to below 1.
        reciprocal: give each relation an inverse vector, through which heads are asked for. Ranks are usually better
            for it, but `score_heads` then no longer agrees with `score`: it is the inverse's score, (tail, inverse,
            head). Without, one triple has one score, whichever way it is asked for.
        seed: of order, dropout and samples; on a CPU, one seed and one precision give one result, to the bit.
        evaluate_every: rank validation triples after so many epochs; 0 for never.
        evaluate_on: how many validation triples are ranked then, the same ones each time.
        precision: of the matmuls: "float32", "bfloat16", or "auto" for the faster one on this machine.
        memory: how large a block of scores may get, in GiB.

    Returns:
        A generator that trains for one epoch at each `next`.

    Raises:
        ValueError: an argument out of its range, nothing to train on, or a split of another graph.
        TrainingError: the loss is no longer a number; raised while iterating.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed.scorers.complex_bilinear import ComplEx
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(
        ...     [["Berlin", "capital_of", "Germany"], ["Paris", "capital_of", "France"]],
        ...     columns=["head", "relation", "tail"]))
        >>> vectors = GraphEmbedding(graph, ComplEx(), dim=8)
        >>> for epoch in train_embedding(vectors, graph, epochs=100):
        ...     if epoch.loss < 0.1:
        ...         break
        >>> vectors.predict(head="Berlin", relation="capital_of", k=1).label.item()
        'Germany'
    """
    expect_arguments(epochs=epochs, batch=batch, evaluate_on=evaluate_on, learning_rate=learning_rate, dropout=dropout)
    expect_at_least("regularisation", regularisation, 0)
    expect_choice("optimizer", optimizer, ("adagrad", "adam"))
    expect_choice("precision", precision, PRECISIONS)
    sampled = read_negatives(negatives, len(embedding.graph.entities))
    questions = Questions.from_triples(find_training_triples(embedding, split))
    evaluate = plan_evaluation(embedding, split, every=evaluate_every, sample=evaluate_on, seed=seed)
    if embedding.reciprocal and not reciprocal:
        message = "This embedding has inverse relations from an earlier training"
        raise ValueError(f"{message}. Type reciprocal=True, or start from a fresh GraphEmbedding.")
    if reciprocal:
        embedding.add_inverses()
    work = min(batch, len(questions)) * (sampled or len(embedding.graph.entities)) * embedding.dim
    objective = Objective(
        negatives=sampled,
        regularisation=regularisation,
        dropout=dropout,
        precision=choose_precision(precision, embedding.device, work=work),
        memory=memory,
        generator=torch.Generator(embedding.device).manual_seed(seed),
    )
    steps = _make_optimizer(embedding, optimizer, learning_rate)
    return _run(
        embedding, questions, objective, steps, epochs=epochs, batch=batch, seed=seed, work=work, evaluate=evaluate
    )


def _run(
    embedding: GraphEmbedding,
    questions: Questions,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    batch: int,
    seed: int,
    work: int,
    evaluate: Callable[[int], dict[str, float]],
) -> Iterator[Epoch]:
    order = torch.Generator().manual_seed(seed)
    answers_per_batch = questions.answer_count / math.ceil(len(questions) / batch)
    embedding.trained_on[questions.entities()] = True
    for number in range(1, epochs + 1):
        start = time.perf_counter()
        surprise = torch.zeros((), device=embedding.device)
        with limit_threads(work):
            for part in questions.shuffle(batch, generator=order, device=embedding.device):
                surprise += _step(embedding, part, objective, optimizer, answers_per_batch)
        loss = surprise.item() / questions.answer_count
        seconds = time.perf_counter() - start
        if not math.isfinite(loss):
            rate = optimizer.param_groups[0]["lr"]
            message = f"The loss became {loss} in epoch {number}, at learning_rate={rate:g}"
            raise TrainingError(f"{message}. Start from a fresh GraphEmbedding and type learning_rate={rate / 10:g}.")
        speed = {"triples per second": questions.answer_count / 2 / seconds}
        yield Epoch(number, loss, seconds, speed | evaluate(number))


def _step(
    embedding: GraphEmbedding,
    batch: Batch,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    answers: float,
) -> Tensor:
    optimizer.zero_grad()
    vectors = embedding.encode()
    cross_entropy = objective.cross_entropy(vectors, batch)
    loss = cross_entropy + objective.penalty(vectors, batch) if objective.regularisation else cross_entropy
    (loss / answers).backward()  # an average batch's count for all, so that every answer weighs the same
    optimizer.step()
    return cross_entropy.detach()


def _make_optimizer(embedding: GraphEmbedding, name: str, learning_rate: int | float) -> torch.optim.Optimizer:
    parameters = list(embedding.parameters())
    if name == "adam":
        return torch.optim.Adam(parameters, lr=learning_rate)
    return torch.optim.Adagrad(parameters, lr=learning_rate, fused=True if embedding.device.type == "cpu" else None)
