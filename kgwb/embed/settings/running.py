"""A trial that is being trained: its vectors, and what they are measured by between two epochs."""

from __future__ import annotations

import inspect
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch

from kgwb.axes import Int
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.ranking.ranks import rank_triples
from kgwb.embed.settings.space import Candidate
from kgwb.embed.settings.trial import Measured
from kgwb.embed.training.cost import Cost, estimate_cost
from kgwb.embed.training.loop import train_embedding
from kgwb.embed.training.state import Epoch, TrainingState
from kgwb.graph.splitting import Split

_SAMPLES = 200  # of an interval that only says how much to trust a figure, and is taken often
ENDLESS = 1_000_000  # epochs; the search stops long before


@dataclass(frozen=True, eq=False)
class Exam:
    """What all trials are measured on.

    Attributes:
        split: train and valid alone; its test is empty, and what it held is neither learnt, ranked nor filtered by.
        valid: the validation triples that are ranked, [asked, 3].
        train: the training triples that are ranked, [learnt, 3].
    """

    split: Split
    valid: Int[np.ndarray, "asked 3"]
    train: Int[np.ndarray, "learnt 3"]

    @classmethod
    def of(cls, split: Split, *, size: int) -> Exam:
        """Of a split: so many validation triples, and a quarter as many of train."""
        hidden = Split(split.graph, split.train, split.valid, split.train[:0])
        return cls(hidden, _sample(split.valid, size), _sample(split.train, max(100, size // 4)))

    def measure(
        self, vectors: GraphEmbedding, epoch: Epoch | None, *, epochs: int, seconds: int | float, cool_down: int = 0
    ) -> Measured:
        """The MRR of validation and of training triples as the vectors stand."""
        known = self.split.known
        report = rank_triples(vectors, self.valid, known=known)
        low, high = report.intervals(samples=_SAMPLES).loc["MRR", ["low", "high"]]
        train = rank_triples(vectors, self.train, known=known).mrr
        loss = float("nan") if epoch is None else epoch.loss
        return Measured(epochs, report.mrr, float(low), float(high), train, loss, seconds, cool_down)


def _sample(triples: Int[np.ndarray, "triple 3"], size: int) -> Int[np.ndarray, "chosen 3"]:
    chosen = np.random.default_rng(0).permutation(len(triples))[:size]
    return triples[np.sort(chosen)]


class RunningTrial:
    """A trial's vectors and their training, which waits wherever it was left.

    Args:
        candidate: the settings.
        split: what is learnt from.
        device: where.
        folder: keeps the training; None keeps it in memory alone.
    """

    def __init__(self, candidate: Candidate, split: Split, device: torch.device, folder: Path | None) -> None:
        options = dict(candidate.settings)
        vectors = GraphEmbedding(split.graph, candidate.scorer, dim=options.pop("dim")).to(device)
        self.vectors, self._split, self._options, self._folder = vectors, split, options, folder
        self._training: Generator[Epoch] | None = None

    def estimate(self, evaluated: int) -> Cost:
        """What one epoch and one evaluation will take."""
        cost = estimate_cost(
            self.vectors, self._split, **self._options, epochs=1, evaluate_every=1, evaluate_on=evaluated
        )
        return replace(cost, table_bytes=cost.table_bytes // 2)  # no second tables are kept, as patience would

    @property
    def number(self) -> int:
        """The epochs done, those of a kept training included."""
        return self._state.number

    def train(self) -> Epoch:
        """One epoch more."""
        return self._state.train(lambda number: {}) if self._state.schedule.cool_down else next(self._begun)

    def cool(self, epochs: int) -> None:
        """Let the learning rate fall to zero over so many epochs, the last ones, of which the folder keeps nothing.

        The rate before is as it was, so a training of all the epochs with this `cool_down` gives the same vectors, to the
        bit.
        """
        self._state.schedule = replace(self._state.schedule, epochs=self.number + epochs, cool_down=epochs)

    def rest(self) -> None:
        """Give back the room that only an epoch needs."""
        self._state.workspace = self._state.workspace.emptied()
        self.vectors.zero_grad(set_to_none=True)

    @property
    def is_finite(self) -> bool:
        """Whether all numbers of the vectors are."""
        return all(bool(parameter.isfinite().all()) for parameter in self.vectors.parameters())

    @property
    def _begun(self) -> Generator[Epoch]:
        if self._training is None:
            options, split, folder = self._options, self._split, self._folder
            training = train_embedding(self.vectors, split, **options, epochs=ENDLESS, checkpoint=folder)
            self._training = cast(Generator[Epoch], training)
            self._read: TrainingState = inspect.getgeneratorlocals(self._training)["state"]
        return self._training

    @property
    def _state(self) -> TrainingState:
        _ = self._begun
        return self._read
