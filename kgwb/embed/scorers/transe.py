"""TransE: a relation is a translation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kgwb.checks import is_number
from kgwb.embed.scorers.measure import CITY_DISTANCE, DISTANCE, Measure
from kgwb.embed.scorers.scorer import Entities, Relations, Scorer
from kgwb.words import quote_value


@dataclass(frozen=True, repr=False)
class TransE(Scorer):
    """Translation: a relation moves the head to the tail.

    score = −‖h + r − t‖₂, or −‖h + r − t‖₁ (Bordes et al., 2013, "Translating embeddings for modeling
    multi-relational data", who tried both). Picture: one arrow per relation, the same arrow wherever it starts;
    what misses the tail is measured as the crow flies (norm 2) or along the streets of a grid (norm 1), which forgives
    a miss on few axes more. Composition is adding arrows; a symmetric relation would need the arrow of length zero.

    Args:
        norm: 2 or 1. The streets have no matmul form: they train and rank several times slower.

    Raises:
        ValueError: the norm is neither.

    Example:
        >>> import torch
        >>> berlin, capital_of, germany = torch.tensor([0.0, 1.0]), torch.tensor([2.0, 0.0]), torch.tensor([2.0, 1.0])
        >>> TransE().query_tail(berlin, capital_of)
        tensor([2., 1.])
        >>> TransE().score(germany, capital_of, berlin), TransE(norm=1).score(germany, germany, berlin)
        (tensor(-4.), tensor(-5.))
    """

    norm: Literal[1, 2] = 2

    def __post_init__(self) -> None:
        if not is_number(self.norm, whole=True) or self.norm not in (1, 2):
            raise ValueError(f"norm={quote_value(self.norm)} came. Type TransE(norm=1) or TransE(norm=2).")

    @property
    def measure(self) -> Measure:  # type: ignore[override]  # the other scorers have one measure each
        """The distance by the norm asked for."""
        return DISTANCE if self.norm == 2 else CITY_DISTANCE

    def query_tail(self, head: Entities, relation: Relations) -> Entities:
        return head + relation

    def query_head(self, relation: Relations, tail: Entities) -> Entities:
        return tail - relation

    def __repr__(self) -> str:
        return "TransE()" if self.norm == 2 else "TransE(norm=1)"  # the usual norm goes without saying
