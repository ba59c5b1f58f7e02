"""Sentences about a graph, with the entities they name marked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from pathlib import Path
from typing import Any

from kgwb.checks import expect_path, expect_text
from kgwb.graph.errors import GraphFileError, UnknownNameError, broken_line
from kgwb.graph.files.text import read_text
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.words import quote, quote_value

_HINT = (
    'A line is {"text": "...", "mentions": [{"start": 0, "end": 6, "entity": "..."}], "triple": [head, relation, tail] '
    'or null, "wording": 0, "language": "en"}. Mend the line.'
)
_VERBALISE = "to say the graph's own facts as sentences, type kgwb.verbalise(graph)"

_MENTION = "For example: Mention(0, 5, graph.entity_id('Paris'), 'Paris')."
_SENTENCE = "For example: Sentence('Paris is in France.', (Mention(0, 5, 0, 'Paris'),), (0, 0, 1))."
_PARTS: dict[str, Any] = {
    "text": str,
    "mentions": tuple,
    "triple": (tuple, list, type(None)),
    "wording": Integral,
    "language": str,
}


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

    def __post_init__(self) -> None:
        places = (self.start, self.end, self.entity)
        if not (all(isinstance(place, Integral) for place in places) and isinstance(self.text, str)):
            came = ", ".join(map(quote_value, (*places, self.text)))
            raise TypeError(f"A mention is a start, an end, an entity's id and a text, but {came} came. {_MENTION}")
        for part, kinds in ((self.pieces, (tuple, type(None))), (self.candidates, tuple)):
            if not isinstance(part, kinds):
                raise TypeError(
                    f"A mention's pieces and candidates are tuples, but {quote_value(part)} came. {_MENTION}"
                )


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

    def __post_init__(self) -> None:
        for part, kinds in _PARTS.items():
            value = getattr(self, part)
            if not isinstance(value, kinds):
                raise TypeError(f"The {part} of a sentence came as {quote_value(value)}. {_SENTENCE}")
        if not all(isinstance(mention, Mention) for mention in self.mentions):
            raise TypeError(f"The mentions of a sentence came as {quote_value(self.mentions)}. {_SENTENCE}")
        if self.triple is not None and not (
            len(self.triple) == 3 and all(isinstance(i, Integral) for i in self.triple)
        ):
            raise TypeError(f"The triple of a sentence came as {quote_value(self.triple)}. {_SENTENCE}")


def choose_language(languages: Iterable[str], language: str | None, *, call: str) -> str:
    """Which language of some sentences is meant: the one asked for, else English if any is, else the only one there is.

    Args:
        languages: those of the sentences.
        language: the one asked for.
        call: what to type, for messages, without its last bracket.

    Raises:
        TypeError: if the language is no text.
        ValueError: if none was asked for, and there are several, without English.

    Example:
        >>> choose_language({"zh"}, None, call="make_questions(sentences, graph"), choose_language(["zh", "en"], None, call="")
        ('zh', 'en')
    """
    if language is not None:
        expect_text("language", language, usual="en")
        return language
    found = sorted(set(languages))
    if len(found) < 2 or "en" in found:
        return "en" if "en" in found or not found else found[0]
    raise ValueError(
        f"Sentences in {', '.join(map(repr, found))} came. Expected one language; type {call}, language={found[0]!r})."
    )


def read_sentences(path: str | Path, graph: KnowledgeGraph) -> list[Sentence]:
    """Read sentences in which the entities of a graph are marked.

    Args:
        path: a file with one JSON object per line, or a folder that holds `sentences.jsonl`. A line is {"text": "Paris is
            in France.", "mentions": [{"start": 0, "end": 5, "entity": "Paris"}], "triple": ["Paris", "in", "France"]},
            where characters are counted from 0, and `end` is one past the last; entities and relations are given by name
            or label. All but the text may be left out, and "wording": 0 and "language": "en" added; see `Sentence`.
        graph: the graph whose entities the sentences name.

    Returns:
        The sentences, in the order of the file; mentions in the order of the text.

    Raises:
        FileNotFoundError: there is no such file; names what lies near it. Facts without sentences are said by `verbalise`.
        GraphFileError: a line is broken, names an entity that the graph does not have, or marks a text that is none of
            its entity's names; gives the file, the line and the rule.

    Example:
        >>> import tempfile
        >>> import pandas as pd
        >>> facts = pd.DataFrame([("Paris", "in", "France")], columns=["head", "relation", "tail"])
        >>> line = {"text": "Paris is old.", "mentions": [{"start": 0, "end": 5, "entity": "Paris"}]}
        >>> path = Path(tempfile.mkdtemp(), "sentences.jsonl")
        >>> _ = path.write_text(json.dumps(line) + "\\n")
        >>> read_sentences(path, KnowledgeGraph.from_pandas(facts))[0].mentions
        (Mention(start=0, end=5, entity=1, text='Paris', pieces=None, candidates=()),)
    """
    path = expect_path(path, call="read_sentences('sentences.jsonl', graph)")
    expect_graph(graph, "read_sentences('sentences.jsonl', {})")
    path = path / "sentences.jsonl" if path.is_dir() else path
    text = read_text(path, expected=f"one sentence per line, as JSON; {_VERBALISE}")
    sentences = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                sentences.append(_read_sentence(json.loads(line), graph))
            except (ValueError, UnknownNameError, RecursionError) as error:
                rule = str(error) if isinstance(error, (GraphFileError, UnknownNameError)) else "it is not JSON."
                # Whose first line is no sentence, such as a table of facts, holds none.
                hint = _HINT if sentences else f"{_HINT} Or, {_VERBALISE}."
                raise broken_line(path, number, line, rule, hint=hint) from None
    return sentences


def _read_sentence(record: Any, graph: KnowledgeGraph) -> Sentence:
    text = _expect(record, "text", str)
    mentions = [_read_mention(mention, text, graph) for mention in _expect(record, "mentions", list, default=[])]
    mentions.sort(key=lambda mention: mention.start)
    for first, second in pairwise(mentions):
        if second.start < first.end:
            raise GraphFileError(f"the mentions {quote(first.text)} and {quote(second.text)} overlap.")
    triple = _expect(record, "triple", list, default=None)
    wording = _expect(record, "wording", int, default=0)
    language = _expect(record, "language", str, default="en")
    return Sentence(text, tuple(mentions), _read_triple(triple, graph), wording, language)


def _read_mention(record: Any, text: str, graph: KnowledgeGraph) -> Mention:
    start, end = _expect(record, "start", int), _expect(record, "end", int)
    entity = graph.entity_id(_expect(record, "entity", str))
    if not 0 <= start < end <= len(text):
        raise GraphFileError(f"a mention from {start} to {end} does not lie in a text of {len(text)} characters.")
    spelt, names = text[start:end], graph.spellings(entity)
    if spelt.casefold() not in {name.casefold() for name in names}:
        known = ", ".join(map(quote, names[:4]))
        raise GraphFileError(
            f"{quote(spelt)}, from {start} to {end}, is no name of its entity, which is called {known}."
        )
    return Mention(start, end, entity, spelt)


def _read_triple(names: list[Any] | None, graph: KnowledgeGraph) -> tuple[int, int, int] | None:
    if names is None:
        return None
    if len(names) != 3 or not all(isinstance(name, str) for name in names):
        raise GraphFileError(f"the triple is {names!r}, and three names were expected: head, relation, tail.")
    head, relation, tail = names
    return graph.entity_id(head), graph.relation_id(relation), graph.entity_id(tail)


def _expect(record: Any, key: str, kind: type, **default: Any) -> Any:
    """The value of a key, which must be of a kind unless it is left out and has a default."""
    if not isinstance(record, Mapping):
        raise GraphFileError(f"{quote(record)} is not a JSON object.")
    value = record.get(key)
    if value is None and default:
        return default["default"]
    if not isinstance(value, kind) or isinstance(value, bool):
        words = {str: "text", int: "a whole number", list: "a list"}[kind]
        raise GraphFileError(f"{key!r} is {'missing' if value is None else quote(value)}, and {words} was expected.")
    return value
