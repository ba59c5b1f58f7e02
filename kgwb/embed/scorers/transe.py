"""TransE: a relation is a translation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kgwb.embed.scorers.measure import DISTANCE, Measure
from kgwb.embed.scorers.scorer import Entities, Relations, Scorer


@dataclass(frozen=True)
class TransE(Scorer):
    """Translation: a relation moves the head to the tail.

    score = −‖h + r − t‖₂ (Bordes et al., 2013, "Translating embeddings for modeling multi-relational data").
    Picture: one arrow per relation, the same arrow wherever it starts. Composition is adding arrows; a symmetric
    relation would need the arrow of length nought.

    Example:
        >>> import torch
        >>> berlin, capital_of, germany = torch.tensor([0.0, 1.0]), torch.tensor([2.0, 0.0]), torch.tensor([2.0, 1.0])
        >>> TransE().query_tail(berlin, capital_of)
        tensor([2., 1.])
        >>> TransE().score(germany, capital_of, berlin)
        tensor(-4.)
    """

    measure: ClassVar[Measure] = DISTANCE

    def query_tail(self, head: Entities, relation: Relations) -> Entities:
        return head + relation

    def query_head(self, relation: Relations, tail: Entities) -> Entities:
        return tail - relation
