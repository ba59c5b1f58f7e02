"""Triples as sentences: in wordings that are given, learnt from a text, or made of the relation's label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from kgwb.checks import expect_at_least, expect_each, expect_kind, expect_text
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.graph.sentences import Mention, Sentence, choose_language
from kgwb.words import count_things, quote, quote_value, tell_language

HEAD, TAIL = "{head}", "{tail}"
TriplesOrNames: TypeAlias = np.ndarray | Sequence[Sequence[str | int | np.integer]]


def verbalise(
    graph: KnowledgeGraph,
    triples: TriplesOrNames | None = None,
    *,
    wordings: Mapping[str, str | Sequence[str]] | None = None,
    language: str | None = None,
) -> list[Sentence]:
    """Say triples as sentences, with head and tail marked.

    Args:
        graph: whose labels are used, those in the language where it has them.
        triples: by ids or names, [triple, 3]; by default all of the graph.
        wordings: for a relation one wording or several, such as "{tail} is where {head} was born."; `learn_wordings`
            finds them in a text. A relation without any is said as the graph's table of relations has it: in the column
            `wording`, or `wording_zh` and the like for other languages, several with | between them. Without that, by its
            label: "Paris, capital of, France."
        language: "en", "zh", or whatever else follows `label_` in the graph's tables; by default "zh" for wordings with
            Chinese characters, else "en".

    Returns:
        For each triple a sentence in every wording, in order.

    Raises:
        UnknownNameError: for a name that the graph does not have.
        ValueError: for a wording that does not hold {head} and {tail} once each.

    Example:
        >>> facts = pd.DataFrame([["Paris", "capital of", "France"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> verbalise(graph)[0].text
        'Paris, capital of, France.'
        >>> verbalise(graph, wordings={"capital of": "{tail} is ruled from {head}."})[0].text
        'France is ruled from Paris.'
    """
    expect_graph(graph, "verbalise({})")
    if language is not None:
        expect_text("language", language, usual="en")
    call = 'verbalise(graph, wordings={"born in": "{head} was born in {tail}."})'
    expect_kind(wordings, (Mapping, type(None)), "A mapping of relations to wordings", call=call)
    given = {graph.relation_id(name): _cut_wordings(name, found) for name, found in (wordings or {}).items()}
    language = language or tell_language(
        " ".join(part for found in given.values() for parts in found for part in parts[:3])
    )
    names, relations = _find_names(graph.entities, language), _find_names(graph.relations, language)
    own = _read_own_wordings(graph.relations, language)
    sentences = []
    for head, relation, tail in _read_triples(graph, triples):
        said = given.get(relation) or own.get(relation) or [_label_parts(relations[relation], language)]
        for number, parts in enumerate(said):
            text, mentions = parts.fill(names[head], head, names[tail], tail)
            sentences.append(Sentence(text, mentions, (head, relation, tail), number, language))
    return sentences


@dataclass(frozen=True, repr=False)
class Wordings(Mapping[str, tuple[str, ...]]):
    """How a text words each relation.

    Attributes:
        by_relation: the wordings of each relation, by its name, the most frequent first.
        left_out: why sentences taught none, with counts.
    """

    by_relation: Mapping[str, tuple[str, ...]]
    left_out: tuple[tuple[str, int], ...] = ()

    def __getitem__(self, relation: str) -> tuple[str, ...]:
        return self.by_relation[relation]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_relation)

    def __len__(self) -> int:
        return len(self.by_relation)

    def __repr__(self) -> str:
        count = sum(map(len, self.by_relation.values()))
        lines = [f"  {relation}: {' · '.join(found)}" for relation, found in self.by_relation.items()]
        left = [f"  left out: {count:,} {why}" for why, count in self.left_out]
        first = f"{count_things(count, 'wording')} of {count_things(len(self), 'relation')}"
        return "\n".join([first, *lines, *left])


def learn_wordings(
    sentences: Sequence[Sentence], graph: KnowledgeGraph, *, language: str | None = None, least: int = 2
) -> Wordings:
    """Find how a text words relations: each sentence that states a fact, with head and tail cut out.

    Args:
        sentences: with mentions and triples.
        graph: for the relations' names.
        language: learn from sentences in this language; by default from English ones or, where there are none, from those
            that there are.
        least: how many sentences must share a wording.

    Returns:
        The wordings, for `verbalise`; what sentences taught nothing is counted in them.

    Example:
        >>> facts = pd.DataFrame([["Paris", "in", "France"], ["Bonn", "in", "Germany"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> sentences = verbalise(graph, wordings={"in": "{head} lies in {tail}."})
        >>> learn_wordings(sentences, graph)["in"]
        ('{head} lies in {tail}.',)
    """
    expect_graph(graph, "learn_wordings(sentences, {})")
    sentences = expect_each(
        sentences, Sentence, "A sentence", call="learn_wordings(read_sentences(path, graph), graph)"
    )
    language = choose_language({each.language for each in sentences}, language, call="learn_wordings(sentences, graph")
    expect_at_least("least", least, 1, whole=True)
    left_out: Counter[str] = Counter()
    found: dict[int, Counter[str]] = {}
    for sentence in sentences:
        why = _why_not(sentence, language)
        if why:
            left_out[why] += 1
        else:
            _, relation, _ = sentence.triple or (0, 0, 0)
            found.setdefault(relation, Counter())[_cut_out(sentence)] += 1
    rare = sum(count for counts in found.values() for count in counts.values() if count < least)
    left_out.update({f"in a wording of fewer than {least} sentences": rare} if rare else {})
    kept = {
        graph.relations["relation"][relation]: tuple(
            wording for wording, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if count >= least
        )
        for relation, counts in sorted(found.items())
    }
    return Wordings({name: wordings for name, wordings in kept.items() if wordings}, tuple(sorted(left_out.items())))


class _Parts(NamedTuple):
    """A wording: what stands before, between and after its two names."""

    before: str
    between: str
    after: str
    head_first: bool

    def fill(self, head: str, head_id: int, tail: str, tail_id: int) -> tuple[str, tuple[Mention, ...]]:
        """The sentence, and where it names the two."""
        ends = [(head, head_id), (tail, tail_id)]
        (first, first_id), (second, second_id) = ends if self.head_first else reversed(ends)
        start, other = len(self.before), len(self.before) + len(first) + len(self.between)
        marked = ((start, first, first_id), (other, second, second_id))
        # An entity may be called nothing at all; nothing then names it.
        mentions = tuple(Mention(at, at + len(name), entity, name) for at, name, entity in marked if name)
        return f"{self.before}{first}{self.between}{second}{self.after}", mentions


def _cut_wordings(relation: str, given: str | Sequence[str]) -> list[_Parts]:
    call = f"{{{relation!r}: '{HEAD} ... {TAIL}.'}}"
    wordings = [given] if isinstance(given, str) else expect_each(given, str, "A wording", call=call)
    for wording in wordings:
        if wording.count(HEAD) != 1 or wording.count(TAIL) != 1:
            raise ValueError(
                f"The wording {quote(wording)} of {quote(relation)} does not hold {HEAD} and {TAIL} once each. "
                f"Type something like {call}."
            )
    return [_cut_wording(wording) for wording in wordings]


def _cut_wording(wording: str) -> _Parts:
    head_first = wording.index(HEAD) < wording.index(TAIL)
    first, second = (HEAD, TAIL) if head_first else (TAIL, HEAD)
    before, _, rest = wording.partition(first)
    between, _, after = rest.partition(second)
    return _Parts(before, between, after, head_first)


def _read_own_wordings(relations: pd.DataFrame, language: str) -> dict[int, list[_Parts]]:
    """The wordings that a graph's table holds in a language, by the relation's id."""
    names = [f"wording_{language}", *(["wording"] if language == "en" else [])]
    column = next((name for name in names if name in relations.columns), None)
    if column is None:
        return {}
    cells = zip(relations["relation"], relations[column], strict=True)
    split = {i: (name, cell.split("|")) for i, (name, cell) in enumerate(cells) if isinstance(cell, str)}
    kept = {i: (name, [part.strip() for part in parts if part.strip()]) for i, (name, parts) in split.items()}
    return {i: _cut_wordings(name, parts) for i, (name, parts) in kept.items() if parts}


def _label_parts(label: str, language: str) -> _Parts:
    comma, stop = ("，", "。") if language == "zh" else (", ", ".")
    return _Parts("", f"{comma}{label}{comma}", stop, True)


def _find_names(table: pd.DataFrame, language: str) -> list[str]:
    """What each row is called in a language; by its label where it has no name there."""
    column = f"label_{language}" if f"label_{language}" in table.columns else "label"
    return [
        name if isinstance(name, str) and name else str(label)
        for name, label in zip(table[column], table["label"], strict=True)
    ]


def _read_triples(graph: KnowledgeGraph, triples: TriplesOrNames | None) -> Iterator[tuple[int, int, int]]:
    call = "verbalise(graph, [(head, relation, tail), ...])"
    if isinstance(triples, np.ndarray) and triples.ndim == 2:
        triples = list(triples)
    for triple in graph.triples.tolist() if triples is None else expect_each(triples, object, "A triple", call=call):
        if not isinstance(triple, (Sequence, np.ndarray)) or isinstance(triple, str) or len(triple) != 3:
            raise ValueError(
                f"{quote_value(list(triple) if isinstance(triple, tuple) else triple)} is no triple. Type {call}."
            )
        head, relation, tail = triple
        yield graph.entity_id(head), graph.relation_id(relation), graph.entity_id(tail)


def _why_not(sentence: Sentence, language: str) -> str | None:
    """Why a sentence cannot teach a wording; None where it can."""
    if sentence.triple is None or sentence.language != language:
        return "stating no fact" if sentence.triple is None else f"not in {language!r}"
    head, _, tail = sentence.triple
    marked = Counter(mention.entity for mention in sentence.mentions)
    if marked[head] != 1 or marked[tail] != 1 or head == tail:
        return "head or tail not marked exactly once"
    if len(sentence.mentions) > 2:
        return "naming other entities too"
    return f"holding {HEAD} or {TAIL} itself" if HEAD in sentence.text or TAIL in sentence.text else None


def _cut_out(sentence: Sentence) -> str:
    """The sentence with {head} and {tail} in place of their names."""
    head, _, _ = sentence.triple or (0, 0, 0)
    text = sentence.text
    for mention in sorted(sentence.mentions, key=lambda mention: -mention.start):
        text = text[: mention.start] + (HEAD if mention.entity == head else TAIL) + text[mention.end :]
    return text
