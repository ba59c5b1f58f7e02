"""What is chosen in a view: entities, relations, triples and words, a place in a reading of BERT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """What is chosen, as ids and places from 0; the same in all views that are linked.

    Attributes:
        entities, relations: ids.
        triples: of ids, (head, relation, tail).
        words: texts, where a view shows word pieces rather than entities.
        sentence, token: of the reading; None where none is chosen.
        layer, head: of BERT; a head of None is the mean of heads.

    Example:
        >>> Choice.from_state(Choice(entities=(3,), layer=2).to_state())
        Choice(entities=(3,), relations=(), triples=(), words=(), sentence=None, token=None, layer=2, head=None)
    """

    entities: tuple[int, ...] = ()
    relations: tuple[int, ...] = ()
    triples: tuple[tuple[int, int, int], ...] = ()
    words: tuple[str, ...] = ()
    sentence: int | None = None
    token: int | None = None
    layer: int | None = None
    head: int | None = None

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Choice:
        """What the browser says is chosen."""
        return cls(
            entities=tuple(int(i) for i in state.get("entities", ())),
            relations=tuple(int(i) for i in state.get("relations", ())),
            triples=tuple((int(head), int(relation), int(tail)) for head, relation, tail in state.get("triples", ())),
            words=tuple(str(word) for word in state.get("words", ())),
            **{name: state.get(name) for name in ("sentence", "token", "layer", "head")},
        )

    def to_state(self) -> dict[str, Any]:
        """As the browser is told."""
        found = asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
