"""Training as a generator: one Epoch at a time, and stopping is `break`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from kgwb.axes import Int
from kgwb.checks import expect_choice, expect_flags, expect_kind, expect_path
from kgwb.citation import list_before
from kgwb.embed.graph_embedding import GraphEmbedding, encode_once
from kgwb.embed.precision import PRECISIONS, Precision, choose_precision
from kgwb.embed.training.arguments import (
    Weighting,
    expect_evaluations,
    expect_ranges,
    expect_relation_weight,
    find_training_triples,
    make_negatives,
    read_weights,
)
from kgwb.embed.training.batches import Negatives, TrainingQueries
from kgwb.embed.training.checkpoint import Checkpoint, describe_request, expect_keepable
from kgwb.embed.training.earlier import EarlierFacts
from kgwb.embed.training.identity import digest_numbers, digest_start, digest_triples
from kgwb.embed.training.losses import LOSSES, LossName, make_loss
from kgwb.embed.training.objective import Objective
from kgwb.embed.training.schedule import Schedule, plan_evaluation
from kgwb.embed.training.sharding import Shard, ShardedObjective, expect_shardable
from kgwb.embed.training.state import Epoch, TrainingState
from kgwb.embed.training.workspace import Memory, Workspace, choose_memory
from kgwb.embed.trainings import Training, note_training
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split


def train_embedding(
    embedding: GraphEmbedding,
    split: Split | KnowledgeGraph,
    *,
    epochs: int = 30,
    negatives: Literal["all"] | int | np.integer | Negatives = "all",
    batch: int = 1000,
    learning_rate: int | float = 0.1,
    optimizer: Literal["adagrad", "adam"] = "adagrad",
    loss: LossName = "softmax",
    margin: int | float = 1.0,
    temperature: int | float = 1.0,
    regularisation: int | float = 0.0,
    weight_decay: int | float = 0.0,
    dropout: int | float = 0.0,
    relation_weight: int | float = 0.0,
    reciprocal: bool = False,
    warm_up: int | float = 0,
    cool_down: int | float = 0,
    plateau: int = 0,
    patience: int = 0,
    seed: int | np.integer = 0,
    evaluate_every: int = 0,
    evaluate_on: int = 500,
    precision: Precision = "auto",
    memory: Memory = "auto",
    checkpoint: str | Path | None = None,
    checkpoint_every: int | np.integer = 1,
    shard: Shard | None = None,
    weights: Weighting = None,
) -> Iterator[Epoch]:
    """Fit an embedding to the training triples, epoch by epoch.

    Each distinct query, (head, relation, ?) or (?, relation, tail), is asked once per epoch with all of its answers, and
    a softmax over the candidates should put its mass on them. TransE and RotatE train on squared distances (one matmul,
    for |q|² cancels in the softmax) and are ranked by their own score, the distance itself.

    Args:
        embedding: trained in place, on the device it is on.
        split: only its training triples are learnt from; of a graph, all triples.
        epochs: passes over the triples.
        negatives: the candidates beside the answers: "all" entities, so many sampled ones shared by a batch, or an
            object whose `draw(vectors, batch)` gives them.
        batch: distinct queries per step.
        learning_rate: the optimizer's step size.
        optimizer: "adagrad" or "adam".
        loss: "softmax", "self-adversarial", "margin" or "logistic", see `make_loss`; softmax ranks best nearly always.
        margin: how far answers should stand above the others, for "margin" and "self-adversarial"; in units of the
            score, so about 1 for products and 9 for RotatE's distances.
        temperature: how strongly "self-adversarial" prefers hard negatives.
        regularisation: weight of the cubed magnitudes of the three vectors of each triple (N3, Lacroix et al., 2018).
        weight_decay: weight of their squares (L2).
        dropout: share of each query's numbers that are set to zero while training, from 0 to below 1.
        relation_weight: weight of guessing the relation from head and tail as a second task (Chen et al., 2021).
        reciprocal: give each relation an inverse vector, through which heads are asked for. Ranks are usually better
            for it, but `score_heads` then no longer agrees with `score`: it is the inverse's score, (tail, inverse,
            head). Without, one triple has one score, whichever way it is asked for.
        warm_up: epochs over which the learning rate rises from zero.
        cool_down: epochs at the end over which it falls to zero.
        plateau: evaluations without a better MRR after which the learning rate is halved; 0 for never.
        patience: evaluations without a better MRR after which training stops; 0 for never. With it, the vectors of the
            best evaluation are put back at the end, also after `break`.
        seed: of order, dropout and samples; on a CPU, one seed and one precision give one result, to the bit.
        evaluate_every: rank validation triples after so many epochs; 0 for never.
        evaluate_on: how many validation triples are ranked then, the same ones each time; as in published figures, known
            answers of the test are left out of the ranking, too.
        precision: of the matmuls: "float32", "bfloat16", or "auto" for the faster one on this machine.
        memory: how large a block of scores may get, in GiB, or "auto" for an eighth of what is free; when it runs out,
            the block is halved and the log says so.
        checkpoint: a folder that keeps the run, and before its first epoch what it begins with. Started again with the
            same arguments, after `break` or a kill, it goes on behind the last epoch kept there, and on a CPU ends as if
            it had never stopped, to the bit. More epochs may be asked for then, where there is no cool-down.
        checkpoint_every: keep it after so many epochs, and after the last.
        shard: which rows of the entity table the embedding holds, where several processes have divided it; as
            `torchrun -m kgwb train` does.
        weights: how much each training triple counts, one number above zero for each in their order; only their ratios
            matter: with a weight twice the others', a triple counts as if it stood there twice. None for all the same.

    Returns:
        A generator that trains for one epoch at each `next`.

    Raises:
        ValueError: an argument out of its range, nothing to train on, a split of another graph, vectors that
            are not finite, or a checkpoint of another run.
        EmbeddingFileError: a file of the checkpoint is damaged.
        SavingError: the checkpoint cannot be made or, while iterating, written; the epoch before is still whole then.
        TrainingError: the loss is no longer finite, or memory ran out; raised while iterating.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed.scorers.complex import ComplEx
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
    # Whatever decides how the run ends, as it came; a checkpoint compares it.
    request: dict[str, object] = {
        "epochs": epochs,
        "negatives": negatives,
        "batch": batch,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "loss": loss,
        "margin": margin,
        "temperature": temperature,
        "regularisation": regularisation,
        "weight_decay": weight_decay,
        "dropout": dropout,
        "relation_weight": relation_weight,
        "reciprocal": reciprocal,
        "warm_up": warm_up,
        "cool_down": cool_down,
        "plateau": plateau,
        "patience": patience,
        "seed": seed,
        "evaluate_every": evaluate_every,
        "evaluate_on": evaluate_on,
        "precision": precision,
    }
    settings = dict(request)
    expect_ranges(request | {"memory": memory, "checkpoint_every": checkpoint_every})
    expect_choice("optimizer", optimizer, ("adagrad", "adam"))
    expect_choice("precision", precision, PRECISIONS)
    expect_choice("loss", loss, LOSSES)
    expect_flags(reciprocal=reciprocal)
    if checkpoint is not None:
        checkpoint = expect_path(checkpoint, call="train_embedding(embedding, split, checkpoint='run')")
    expect_kind(shard, (Shard, type(None)), "A shard, or None,", call="train_embedding(embedding, split)")
    seed = int(seed)  # torch takes no number of numpy's
    triples = find_training_triples(embedding, split)
    if shard is None:
        encode_once(embedding)  # finite numbers to begin with
    evaluate = plan_evaluation(embedding, split, every=evaluate_every, sample=evaluate_on, seed=seed)
    expect_evaluations(evaluate_every, plateau=plateau, patience=patience)
    if embedding.reciprocal and not reciprocal:
        message = "This embedding has inverse relations from an earlier training"
        raise ValueError(f"{message}. Type reciprocal=True, or start from a fresh GraphEmbedding.")
    expect_relation_weight(embedding, relation_weight)
    if shard is not None:
        expect_shardable(
            embedding,
            loss=loss,
            negatives=negatives,
            relation_weight=relation_weight,
            evaluate_every=evaluate_every,
            weights=weights,
        )
    counted = read_weights(weights, triples, like=embedding.entity_table.dtype)
    if counted is not None:  # without, the request is that of earlier versions, whose checkpoints are taken up
        request["weights"] = settings["weights"] = digest_numbers(counted)

    queries, generator = (
        TrainingQueries.from_triples(triples, counted),
        torch.Generator(embedding.device).manual_seed(seed),
    )
    source = make_negatives(negatives, len(embedding.graph.entities), generator=generator)
    if reciprocal:
        embedding.add_inverses()
    candidates = len(embedding.entity_table)
    if source is not None:
        candidates = getattr(source, "count", candidates)
    work = min(batch, len(queries)) * candidates * embedding.dim  # multiplications per step
    workspace = Workspace(
        choose_memory(memory, embedding.device), choose_precision(precision, embedding.device, work=work)
    )
    objective: Objective | ShardedObjective = Objective(
        negatives=source,
        loss=make_loss(loss, margin=margin, temperature=temperature),
        regularisation=regularisation,
        weight_decay=weight_decay,
        dropout=dropout,
        relation_weight=relation_weight,
        generator=generator,
    )
    if shard is not None:
        objective = ShardedObjective(shard, regularisation, weight_decay, dropout, generator)
        workspace = shard.agree(workspace)
    state = TrainingState(
        embedding,
        queries,
        objective,
        _make_optimizer(embedding, optimizer, learning_rate),
        Schedule(epochs, warm_up=warm_up, cool_down=cool_down, plateau=plateau, patience=patience),
        rate=float(learning_rate),
        batch=batch,
        order=torch.Generator().manual_seed(seed),
        workspace=workspace,
        work=work,
        earlier=EarlierFacts.of(embedding),
        start="" if checkpoint is None else digest_start(embedding),
    )

    kept = None
    if checkpoint is not None:
        expect_keepable(source)
        if not cool_down:
            del request["epochs"]  # then they only say where to stop
        if evaluate_every and isinstance(split, Split):
            request["valid"] = digest_triples(split.valid, split.known)
        kept = Checkpoint(checkpoint.absolute(), checkpoint_every, describe_request(state, request), shard)
        kept.resume(state, triples)
    training = note_training(split, triples, settings, embedding.device, state.workspace.precision)
    return _iterate(state, triples, evaluate, kept, training)


def _iterate(
    state: TrainingState,
    triples: Int[np.ndarray, "triple 3"],
    evaluate: Callable[[int], dict[str, float]],
    kept: Checkpoint | None,
    training: Training,
) -> Iterator[Epoch]:
    state.embedding.begun_from = state.start
    earlier = list_before(state.embedding._trainings, training, resumed=state.number > 0)
    training = {**training, "resumed": state.number}
    if kept is not None and not state.number and not state.over:
        kept.keep(state)  # stopped within the first epoch, it begins again from the same vectors
    if state.number or not state.over:  # of no epochs, nothing is learnt
        state.embedding.trained_on[state.queries.entities()] = True
        state.embedding.trained_facts = state.earlier.add(triples).facts
        state.embedding._trainings = (*earlier, {**training, "epochs": state.number})
    try:
        while not state.over:
            epoch = state.train(evaluate)
            state.embedding._trainings = (*earlier, {**training, "epochs": state.number})
            if kept is not None:
                kept.keep(state)
            yield epoch
    finally:
        if state.schedule.patience:
            state.best.restore(state.embedding)
            if state.best.tables:
                *before, last = state.embedding._trainings
                state.embedding._trainings = (*before, {**last, "best": state.best.epoch})


def _make_optimizer(embedding: GraphEmbedding, name: str, learning_rate: int | float) -> torch.optim.Optimizer:
    parameters, fused = list(embedding.parameters()), True if embedding.device.type == "cpu" else None
    if name == "adam":
        return torch.optim.Adam(parameters, lr=learning_rate, fused=True)
    return torch.optim.Adagrad(parameters, lr=learning_rate, fused=fused)
