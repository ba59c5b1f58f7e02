"""An embedding while it is trained: it can be stopped, taken up again, and said as Python that gives the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch

from kgwb.checks import expect_at_least, expect_kind
from kgwb.embed import ComplEx, Epoch, GraphEmbedding, Scorer, preset, train_embedding
from kgwb.embed.precision import SMALL, choose_precision
from kgwb.graph import KnowledgeGraph, Split

_LOOKS = 20  # how often a run looks at the held-out triples


class TrainingRun:
    """One embedding, trained an epoch at each `next`, for as long as someone asks.

    The epochs come from one generator, which waits while nobody asks: stopped and taken up again, the run ends as if it had
    never stopped, to the bit.

    Args:
        source: what to learn from; with a split the held-out triples are ranked meanwhile.
        scorer: the equation.
        dim: numbers per entity; by default what `preset` says for a graph of this size.
        epochs: passes over the facts; by default what `preset` says.
        seed: of the first vectors and of the order.

    Attributes:
        vectors: the embedding.
        records: the epochs so far.
        total: how many were asked for.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Berlin", "capital of", "Germany"]], columns=["head", "relation", "tail"])
        >>> run = TrainingRun(KnowledgeGraph.from_pandas(facts), dim=8, epochs=3)
        >>> [epoch.number for epoch in run], run.is_over
        ([1, 2, 3], True)
    """

    def __init__(
        self,
        source: Split | KnowledgeGraph,
        *,
        scorer: Scorer | None = None,
        dim: int | None = None,
        epochs: int | None = None,
        seed: int = 0,
    ) -> None:
        expect_kind(source, (Split, KnowledgeGraph), "A split or a graph", call="kgwb.split_triples(graph)")
        self.scorer = ComplEx() if scorer is None else scorer
        expect_kind(self.scorer, Scorer, "A scorer", call="kgwb.ComplEx()")
        self.seed = seed
        graph = source.graph if isinstance(source, Split) else source
        self.name = type(self.scorer).__name__
        options = propose_settings(self.name, len(graph.entities))
        given: dict[str, Any] = {name: value for name, value in (("dim", dim), ("epochs", epochs)) if value is not None}
        for name, value in given.items():
            expect_at_least(name, value, 1, whole=True)
        self.changes: dict[str, Any] = {name: value for name, value in given.items() if value != options[name]}
        options |= self.changes
        self.total = int(options["epochs"])
        if isinstance(source, Split) and len(source.valid):
            self.changes["evaluate_every"] = options["evaluate_every"] = max(1, self.total // _LOOKS)
        self.vectors = GraphEmbedding(graph, self.scorer, dim=options.pop("dim"), seed=seed)
        work = int(options["batch"]) * len(graph.entities) * self.vectors.dim  # multiplications per step, about
        if work >= SMALL:  # named, so that the same code gives the same where another format is faster
            found = choose_precision("auto", self.vectors.device, work=work)
            self.changes["precision"] = options["precision"] = name_precision(found)
        self.on_split = isinstance(source, Split)
        self.records: list[Epoch] = []
        self.is_over = False
        self._epochs = train_embedding(self.vectors, source, **options, seed=seed)

    def __iter__(self) -> Iterator[Epoch]:
        return self

    def __next__(self) -> Epoch:
        try:
            self.records.append(next(self._epochs))
        except StopIteration:
            self.is_over = True
            raise
        self.is_over = len(self.records) >= self.total
        return self.records[-1]

    @property
    def code(self) -> str:
        """What to type for the same vectors, as far as the run came."""
        changes = "".join(f", {name!r}: {value!r}" for name, value in self.changes.items())
        epochs = f"kgwb.train_embedding(vectors, {'split' if self.on_split else 'graph'}, **options, seed={self.seed})"
        stopped = bool(self.records) and len(self.records) < self.total
        lines = ["from itertools import islice", ""] if stopped else []
        lines += [
            f"options = {{**kgwb.preset({self.name.lower()!r}, len(graph.entities)){changes}}}",
            f"vectors = kgwb.GraphEmbedding(graph, kgwb.embed.{self.scorer!r}, dim=options.pop('dim'), seed={self.seed})",
        ]
        shown = f"islice({epochs}, {len(self.records)})" if stopped else epochs
        return "\n".join([*lines, f"training = kgwb.show_training({shown}, name={self.name!r})"])


def name_precision(found: torch.dtype) -> Literal["float32", "bfloat16"]:
    """A number format as `train_embedding` and `tune` take it."""
    return "bfloat16" if found == torch.bfloat16 else "float32"


def propose_settings(scorer: str, entities: int) -> dict[str, Any]:
    """What `preset` says for a scorer and a graph of this size."""
    return preset(scorer, max(1, entities))
