"""Training a path network as a generator: one Epoch at a time, and stopping is `break`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch

from kgwb.checks import expect_choice, expect_kind, expect_number
from kgwb.embed.path_networks.network import PathNetwork, read_message_facts
from kgwb.embed.path_networks.path_losses import PATH_LOSSES, PathLoss, PathLossName, make_path_loss
from kgwb.embed.path_networks.path_queries import HIDINGS, AskedQueries, Hiding, PathQueries
from kgwb.embed.precision import limit_threads
from kgwb.embed.training.arguments import expect_evaluations
from kgwb.embed.training.schedule import Best, Schedule, plan_evaluation
from kgwb.embed.training.state import Epoch, TrainingError
from kgwb.embed.trainings import note_training
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split

_RANGES: dict[str, dict[str, Any]] = {
    "epochs": {"usual": 10, "least": 0, "whole": True},
    "batch": {"usual": 32, "least": 1, "whole": True},
    "learning_rate": {"usual": 0.005, "above": 0},
    "temperature": {"usual": 1, "above": 0},
    "held_out": {"usual": 0.25, "least": 0, "below": 1},
    "cool_down": {"usual": 3, "least": 0},
    "patience": {"usual": 3, "least": 0, "whole": True},
    "seed": {"usual": 0, "least": 0, "below": 2**63, "whole": True},
    "evaluate_every": {"usual": 1, "least": 0, "whole": True},
    "evaluate_on": {"usual": 500, "least": 1, "whole": True},
}


def train_path_network(
    network: PathNetwork,
    split: Split | KnowledgeGraph,
    *,
    epochs: int = 10,
    negatives: Literal["all"] | int = "all",
    batch: int = 32,
    learning_rate: int | float = 0.005,
    loss: PathLossName = "softmax",
    temperature: int | float = 1.0,
    held_out: int | float = 0.25,
    hide: Hiding = "fact",
    cool_down: int | float = 0,
    patience: int = 0,
    seed: int = 0,
    evaluate_every: int = 0,
    evaluate_on: int = 500,
) -> Iterator[Epoch]:
    """Fit a path network to the training triples, epoch by epoch, with Adam.

    Each distinct query, (head, relation, ?) or (?, relation, tail), is asked once per epoch for some of its answers.
    Meanwhile the facts that give these answers away carry no messages, neither way; all others do. What an entity looks
    like by its surroundings is seen without the facts that any query of the step asks for.

    Args:
        network: trained in place, on the device it is on.
        split: only its training triples are learnt from; of a graph, all triples. The network passes messages over them.
        epochs: passes over the queries.
        negatives: what the answers should stand above: "all" entities, or so many drawn for each query; what train knows
            to be true is left out. Fewer are fewer messages, since only what leads to a candidate is computed.
        batch: queries per step.
        learning_rate: of Adam.
        loss: "softmax" or "self-adversarial".
        temperature: how evenly "self-adversarial" weighs easy and hard negatives; a high one weighs them alike.
        held_out: the share of each query's answers that are asked for at a time, at least one answer.
        hide: "fact" keeps the facts asked for from carrying messages, "pair" all facts between the two entities, for
            graphs where one relation gives the other away in train and not in test, as FB15k-237 was made.
        cool_down: epochs at the end over which the learning rate falls to zero.
        patience: evaluations without a better MRR after which training stops; 0 for never. With it, the weights of the
            best evaluation are put back at the end, also after `break`.
        seed: of order, answers and negatives; on a CPU, one seed gives one result, to the bit.
        evaluate_every: rank validation triples after so many epochs; 0 for never.
        evaluate_on: how many validation triples are ranked then, the same ones each time; as in published figures, known
            answers of the test are left out of the ranking, too.

    Returns:
        A generator that trains for one epoch at each `next`.

    Raises:
        TypeError: these are no path network and no split or graph.
        ValueError: an argument out of its range, or messages that pass over other facts.
        TrainingError: the loss is no longer finite; raised while iterating.

    Example:
        >>> import pandas as pd
        >>> facts = [(f"{name}{i}", f"parent {i}", f"{name}{i + 1}") for name in "abcdef" for i in range(2)]
        >>> facts += [(f"{name}0", "grandparent", f"{name}2") for name in "abcdef"]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> network = PathNetwork(graph, dim=8, layers=2)
        >>> losses = [epoch.loss for epoch in train_path_network(network, graph, epochs=5, batch=8)]
        >>> losses[-1] < losses[0]
        True
    """
    settings: dict[str, object] = {
        "epochs": epochs,
        "negatives": negatives,
        "batch": batch,
        "learning_rate": learning_rate,
        "loss": loss,
        "temperature": temperature,
        "held_out": held_out,
        "hide": hide,
        "cool_down": cool_down,
        "patience": patience,
        "seed": seed,
        "evaluate_every": evaluate_every,
        "evaluate_on": evaluate_on,
    }
    graph, facts = _find_facts(network, split)
    for name, limits in _RANGES.items():
        expect_number(name, settings[name], **limits)
    expect_number("negatives", negatives, usual=32, least=1, whole=True, word="all")
    expect_choice("loss", loss, PATH_LOSSES)
    expect_choice("hide", hide, HIDINGS)
    expect_evaluations(evaluate_every, plateau=0, patience=patience)
    run = _Run(
        network,
        PathQueries.of(facts, len(graph.relations)),
        make_path_loss(loss, temperature=float(temperature)),
        None if negatives == "all" else int(negatives),
        batch=int(batch),
        share=float(held_out),
        hide=hide,
        seed=int(seed),
        rate=float(learning_rate),
        schedule=Schedule(int(epochs), cool_down=cool_down, patience=patience),
        evaluate=plan_evaluation(network, split, every=evaluate_every, sample=evaluate_on, seed=int(seed)),
    )
    training = note_training(split, facts, settings, network.device, network.queries.dtype)
    return _iterate(run, dict(training))


def _find_facts(network: object, split: object) -> tuple[KnowledgeGraph, np.ndarray]:
    """The graph and the facts to learn from, which are those that messages pass over."""
    call = "train_path_network(PathNetwork(split), split)"
    expect_kind(network, PathNetwork, "A path network", call=call)
    assert isinstance(network, PathNetwork)  # so mypy knows it too
    graph, facts = read_message_facts(split, "train_path_network(PathNetwork({0}), {0})")
    if graph.fingerprint != network.graph.fingerprint or not np.array_equal(facts, network.facts):
        raise ValueError(
            f"The network passes messages over {len(network.facts):,} facts of {network.graph.name!r}, but {len(facts):,} "
            f"of {graph.name!r} came to learn from, which are not the same. Type train_path_network(network.on(split), "
            "split), or start from PathNetwork(split)."
        )
    if len(graph.entities) == 1:
        raise ValueError(
            f"{graph.name!r} has one entity, which is the answer to every query: there is nothing to learn. "
            "Type kgwb.read_graph(path) for a graph with more."
        )
    return graph, facts


def _iterate(run: _Run, training: dict[str, Any]) -> Iterator[Epoch]:
    network, earlier = run.network, run.network._trainings
    if run.schedule.epochs:
        network.note_learnt(network.graph, run.queries.facts)
    try:
        while run.number < run.schedule.epochs and not (
            run.schedule.patience and run.best.stale >= run.schedule.patience
        ):
            epoch = run.train()
            network._trainings = (*earlier, {**training, "epochs": run.number})
            yield epoch
    finally:
        if run.schedule.patience and run.best.tables:
            run.best.restore(network)
            network._trainings = (*earlier, {**training, "epochs": run.number, "best": run.best.epoch})


@dataclass(eq=False)
class _Run:
    """What one training holds; its random numbers depend on the seed and on the epoch alone."""

    network: PathNetwork
    queries: PathQueries
    loss: PathLoss
    negatives: int | None
    batch: int
    share: int | float
    hide: Hiding
    seed: int
    rate: int | float
    schedule: Schedule
    evaluate: Callable[[int], dict[str, float]]
    number: int = 0
    best: Best = field(default_factory=Best)

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=self.rate, fused=True)

    @property
    def work(self) -> int:
        """Multiplications of the widest matmul."""
        rows = min(self.batch, self.network.height) * len(self.network.graph.entities)
        return 12 * rows * self.network.dim**2

    def train(self) -> Epoch:
        """One epoch, and its evaluation where it is due."""
        begun, draw = time.perf_counter(), np.random.default_rng((self.seed, self.number))
        order, total, answers = draw.permutation(len(self.queries)), 0.0, 0
        steps = math.ceil(len(order) / self.batch)
        for step in range(steps):
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate * self.schedule.share(self.number + step / steps)
            rows = order[step * self.batch : (step + 1) * self.batch]
            asked = self.queries.draw(rows, share=self.share, edges=self.network.edges, hide=self.hide, draw=draw)
            with limit_threads(self.work):
                total += self._step(asked, draw)
            answers += len(asked.answers)
        self.number += 1
        seconds, loss = time.perf_counter() - begun, total / answers
        if not math.isfinite(loss):
            raise TrainingError(
                f"Training diverged: the loss became {loss} in epoch {self.number}, at learning_rate={self.rate:g}. Start "
                f"from a fresh PathNetwork and type learning_rate={self.rate / 10:g}."
            )
        figures = self.evaluate(self.number)
        if figures:
            kept = self.network if self.schedule.patience else None
            self.best.note(next(iter(figures.values())), self.number, kept, plateau=0)
        speed = {"queries per second": len(order) / seconds}
        return Epoch(self.number, loss, seconds, speed | figures, self.schedule.epochs)

    def _step(self, asked: AskedQueries, draw: np.random.Generator) -> float:
        """One step of the optimizer; factors and looks are made once for all of the batch, without what any of it asks."""
        network, device, total = self.network, self.network.device, 0.0
        self.optimizer.zero_grad()
        distinct, place = np.unique(asked.step, return_inverse=True)
        made = network.find_factors(torch.from_numpy(distinct).to(device))
        made.append(network.find_looks(torch.from_numpy(np.unique(asked.hidden[:, 1])).to(device)))
        *factors, looks = leaves = [each.detach().requires_grad_() for each in made]
        start = 0
        for part in asked.cut(network.height):
            candidates = part.candidates(len(network.graph.entities), negatives=self.negatives, draw=draw)
            cells = [torch.from_numpy(column).to(device) for column in (part.asked, part.answers)]
            candidates, wanted = candidates.to(device), None
            if self.negatives is not None:
                wanted = candidates.clone()
                wanted[cells[0], cells[1]] = True
            end = start + len(part.known)
            scores = network.score_block(
                torch.from_numpy(part.known).to(device),
                torch.from_numpy(part.step).to(device),
                looks=looks,
                factors=factors,
                asked=torch.from_numpy(place[start:end]).to(device),
                removed=torch.from_numpy(part.hidden).to(device),
                wanted=wanted,
            )
            loss = self.loss(scores, candidates, cells[0], cells[1])
            (loss / len(asked.answers)).backward()
            total, start = total + loss.item(), end
        reached = [(end, leaf.grad) for end, leaf in zip(made, leaves, strict=True) if leaf.grad is not None]
        torch.autograd.backward([end for end, _ in reached], [gradient for _, gradient in reached])
        self.optimizer.step()
        return total
