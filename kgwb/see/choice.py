"""What is chosen in a view: entities, relations, triples and words, a place in a reading of BERT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kgwb.checks import expect_at_least, expect_each, expect_kind

_CALL = "kgwb.see.Choice(entities=(3,), layer=2)"


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

    entities: Sequence[int] = ()
    relations: Sequence[int] = ()
    triples: Sequence[Sequence[int]] = ()
    words: Sequence[str] = ()
    sentence: int | None = None
    token: int | None = None
    layer: int | None = None
    head: int | None = None

    def __post_init__(self) -> None:
        for name in ("entities", "relations"):
            ids = expect_each(getattr(self, name), (int, np.integer), "An id", call=_CALL)
            expect_at_least(name, min(ids, default=0), 0, whole=True)
            object.__setattr__(self, name, tuple(int(i) for i in ids))
        triples = expect_each(self.triples, (tuple, list), "A triple of ids", call=_CALL)
        for triple in triples:
            if len(expect_each(triple, (int, np.integer), "An id", call=_CALL)) != 3:
                raise ValueError(
                    f"{triple!r} came, and a triple has three ids. Type kgwb.see.Choice(triples=[(0, 1, 2)])."
                )
        object.__setattr__(self, "triples", tuple(tuple(int(i) for i in triple) for triple in triples))
        object.__setattr__(self, "words", tuple(expect_each(self.words, str, "A word piece", call=_CALL)))
        for name in ("sentence", "token", "layer", "head"):
            if getattr(self, name) is not None:
                expect_at_least(name, getattr(self, name), 0, whole=True)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Choice:
        """What the browser says is chosen."""
        expect_kind(state, Mapping, "A mapping", call="kgwb.see.Choice.from_state({'entities': [3]})")
        several = {name: state.get(name, ()) for name in ("entities", "relations", "triples", "words")}
        places = {name: state.get(name) for name in ("sentence", "token", "layer", "head")}
        return cls(**{**several, **places})

    def to_state(self) -> dict[str, Any]:
        """As the browser is told."""
        found = asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
