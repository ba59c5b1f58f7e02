"""What a model has met in tuning: entities, answers, questions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kgwb.axes import Int, Tensor
from kgwb.bert.encoding import Encoding


@dataclass(frozen=True)
class Met:
    """What a model was asked in tuning.

    Attributes:
        entities: ids of the entities that the questions named.
        answers: ids of the entities that were right answers.
        questions: a short hash of each question's word pieces.
    """

    entities: frozenset[int] = frozenset()
    answers: frozenset[int] = frozenset()
    questions: frozenset[str] = frozenset()

    def note(self, encoding: Encoding, answers: Iterable[int]) -> Met:
        """This, and some more questions."""
        named = set(encoding.entities.unique().tolist()) - {-1}
        return Met(self.entities | named, self.answers | set(answers), self.questions | set(hash_questions(encoding)))

    @property
    def record(self) -> dict[str, list[Any]]:
        """As JSON holds it."""
        return {name: sorted(getattr(self, name)) for name in ("entities", "answers", "questions")}

    @classmethod
    def of(cls, record: Mapping[str, Iterable[Any]]) -> Met:
        """What `record` gave; of a model saved by an earlier kgwb, nothing."""
        return cls(*(frozenset(record.get(name, ())) for name in ("entities", "answers", "questions")))


def hash_questions(encoding: Encoding) -> list[str]:
    """A short hash of each sentence's word pieces."""
    rows: Int[Tensor, "sentence token"] = encoding.pieces.masked_fill(~encoding.is_token, -1)
    return [
        hashlib.sha256(repr([piece for piece in row if piece >= 0]).encode()).hexdigest()[:16] for row in rows.tolist()
    ]
