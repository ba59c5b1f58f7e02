"""For notebook 13: short texts written from a graph, of which it is known which facts they state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kgwb.bert import Bert, find_mentions
from kgwb.graph import KnowledgeGraph, Sentence

Fact = tuple[int, int, int]
_STRAY = (
    "Much has been written about {}",
    "{} and {} were both on the programme of the congress",
    "Students often ask about {}, and about {}",
)
_OTHER_NAME = 0.4  # how often an entity is called by another name, where it has one
_JOINED = 0.35  # share of statements that stand in a sentence with another


@dataclass(frozen=True, repr=False)
class ShortText:
    """A text around one entity.

    Attributes:
        topic: the entity that it is about.
        sentences: in their order.
        stated: of each sentence the facts that it was written from; the ways to summarise do not see them.
        names: of each sentence the entities that `find_mentions` finds in it.
    """

    topic: int
    sentences: tuple[str, ...]
    stated: tuple[frozenset[Fact], ...]
    names: tuple[tuple[int, ...], ...] = ()

    @property
    def costs(self) -> list[int]:
        """Words of each sentence."""
        return [len(sentence.split()) for sentence in self.sentences]

    @property
    def facts(self) -> frozenset[Fact]:
        """All facts that the text states."""
        return frozenset().union(*self.stated)

    @property
    def main(self) -> frozenset[Fact]:
        """Its facts about the topic."""
        return frozenset(fact for fact in self.facts if self.topic in fact[::2])

    def __repr__(self) -> str:
        return f"ShortText: {len(self.sentences)} sentences, {sum(self.costs)} words, {len(self.facts)} facts"


def choose_topics(graph: KnowledgeGraph, kind: str, *, least: int = 8) -> tuple[list[int], list[int]]:
    """Entities of a type with many facts: every third to choose settings on, the others to measure on.

    Args:
        graph: whose entities they are.
        kind: their type.
        least: how many facts they have at least.
    """
    types = graph.entities["type"].to_numpy()
    topics = [entity for entity in range(len(types)) if types[entity] == kind and graph.degrees[entity] >= least]
    return topics[::3], [topic for place, topic in enumerate(topics) if place % 3]


def turn_one_way(fact: Iterable[int], both: Iterable[int]) -> Fact:
    """The fact itself, or of a relation that is told in both directions always the same one of the two."""
    head, relation, tail = fact
    return (tail, relation, head) if relation in both and tail < head else (head, relation, tail)


def list_symmetric(graph: KnowledgeGraph) -> set[int]:
    """The relations that are told in both directions throughout."""
    held = set(map(tuple, graph.triples.tolist()))
    one_way = {relation for head, relation, tail in held if (tail, relation, head) not in held}
    return set(range(len(graph.relations))) - one_way


def write_texts(
    graph: KnowledgeGraph, sentences: Sequence[Sentence], topics: Sequence[int], bert: Bert, *, seed: int = 0
) -> list[ShortText]:
    """A text about each topic: five to seven facts about it, as many about what these name, and strays.

    Half of the facts about the topic and a third of the others are stated twice, in another wording where there is one;
    names change with other names of the entity; some statements share a sentence with another; three strays name entities and
    state nothing; the order is drawn.

    Args:
        graph: whose facts are stated.
        sentences: how each is worded, with mentions; only the English ones are used.
        topics: the entities to write about.
        bert: whose tokenizer marks the names that are found.
        seed: of all draws.
    """
    both = list_symmetric(graph)
    worded: dict[Fact, list[Sentence]] = {}
    for sentence in sentences:
        if sentence.triple is not None and sentence.language == "en":
            worded.setdefault(turn_one_way(sentence.triple, both), []).append(sentence)
    about: dict[int, list[Fact]] = {}
    for fact in sorted(worded):
        for entity in {fact[0], fact[2]}:
            about.setdefault(entity, []).append(fact)
    texts = [_write_text(graph, topic, worded, about, np.random.default_rng([seed, topic])) for topic in topics]
    every = [sentence for text in texts for sentence in text.sentences]
    found = iter(find_mentions(every, graph, bert.tokenizer))
    names = [[tuple(dict.fromkeys(each.entity for each in next(found))) for _ in text.sentences] for text in texts]
    return [
        ShortText(text.topic, text.sentences, text.stated, tuple(its)) for text, its in zip(texts, names, strict=True)
    ]


def _write_text(
    graph: KnowledgeGraph,
    topic: int,
    worded: Mapping[Fact, Sequence[Sentence]],
    about: Mapping[int, Sequence[Fact]],
    draw: np.random.Generator,
) -> ShortText:
    main = _draw_some(about[topic], int(draw.integers(5, 8)), draw)
    ends = sorted({entity for head, _, tail in main for entity in (head, tail)} - {topic})
    aside = sorted({fact for entity in ends for fact in about[entity] if topic not in fact[::2]})
    side = _draw_some(aside, int(draw.integers(5, 8)), draw)
    told = [*main, *side, *_draw_some(main, len(main) // 2, draw), *_draw_some(side, len(side) // 3, draw)]
    times: dict[Fact, int] = {}
    spoken: list[tuple[str, frozenset[Fact]]] = []
    for fact in told:
        place = times[fact] = times.get(fact, int(draw.integers(2))) + 1
        spoken.append((_rename(worded[fact][place % len(worded[fact])], graph, draw), frozenset({fact})))
    spoken = _join_some(spoken, draw)
    known = sorted({entity for head, _, tail in told for entity in (head, tail)})
    spoken += [(_write_stray(form, topic, known, graph, draw), frozenset()) for form in _STRAY]
    order = draw.permutation(len(spoken))
    return ShortText(
        topic, tuple(_begin(spoken[place][0]) for place in order), tuple(spoken[place][1] for place in order)
    )


def _draw_some(facts: Sequence[Fact], count: int, draw: np.random.Generator) -> list[Fact]:
    return [facts[place] for place in draw.permutation(len(facts))[:count]]


def _rename(sentence: Sentence, graph: KnowledgeGraph, draw: np.random.Generator) -> str:
    """The sentence's text without its full stop, small at its beginning, some names changed for others."""
    text, offset = sentence.text, 0
    for mention in sorted(sentence.mentions, key=lambda each: each.start):
        others = [name for name in graph.entities["aliases"][mention.entity] if name.isascii()]
        others = [name for name in others if not name.startswith("the ")]
        name = graph.labels[mention.entity]
        if others and draw.random() < _OTHER_NAME:
            name = others[int(draw.integers(len(others)))]
        start, end = mention.start + offset, mention.end + offset
        text, offset = text[:start] + name + text[end:], offset + len(name) - (mention.end - mention.start)
    if not sentence.mentions or min(each.start for each in sentence.mentions) > 0:
        text = text[0].lower() + text[1:]
    return text.removesuffix(".")


def _join_some(
    spoken: list[tuple[str, frozenset[Fact]]], draw: np.random.Generator
) -> list[tuple[str, frozenset[Fact]]]:
    order = draw.permutation(len(spoken))
    pairs = round(_JOINED * len(spoken) / 2)
    joined = []
    for one, other in zip(order[:pairs], order[pairs : 2 * pairs], strict=True):
        joined.append((f"{spoken[one][0]}, and {spoken[other][0]}", spoken[one][1] | spoken[other][1]))
    return [*joined, *(spoken[place] for place in order[2 * pairs :])]


def _write_stray(form: str, topic: int, known: Sequence[int], graph: KnowledgeGraph, draw: np.random.Generator) -> str:
    """A sentence that names one or two: one of the text, half of the time its topic, and one of the text or of the graph."""
    first = topic if draw.random() < 0.5 else int(draw.choice(known))
    pool = known if draw.random() < 0.5 else range(len(graph.entities))
    other = int(draw.choice([entity for entity in pool if entity != first]))
    return form.format(*[graph.labels[each] for each in (first, other)][: form.count("{}")])


def _begin(text: str) -> str:
    """A sentence: a capital, and a full stop."""
    return re.sub(r"^.", lambda first: first[0].upper(), text) + "."
