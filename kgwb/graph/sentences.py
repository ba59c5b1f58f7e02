"""Sentences about a graph, with the entities they name marked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mention:
    """A span of text that names an entity.

    Attributes:
        start: first character.
        end: one past the last character.
        entity: the entity's id in the graph.
        text: the characters themselves.
        pieces: (first, one past last) word piece, once a tokenizer has seen the sentence.
        candidates: every entity the span could name, most likely first.
    """

    start: int
    end: int
    entity: int
    text: str = ""
    pieces: tuple[int, int] | None = None
    candidates: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sentence:
    """A sentence, its mentions, and the triple it states, if it states one.

    Attributes:
        text: the sentence.
        mentions: where it names entities, in order.
        triple: (head, relation, tail) ids of the fact it states, or None.
        wording: which paraphrase of that fact this is, counted from 0 per relation.
        language: "en" or "zh".
    """

    text: str
    mentions: tuple[Mention, ...] = ()
    triple: tuple[int, int, int] | None = None
    wording: int = 0
    language: str = "en"
