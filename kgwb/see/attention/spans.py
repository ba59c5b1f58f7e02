"""The mentions of a sentence as they are drawn, and the facts that link them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kgwb.bert import Reading
from kgwb.graph import KnowledgeGraph
from kgwb.see.attention.injected import phrase_fact
from kgwb.see.palette import colour_types


@dataclass(frozen=True)
class Span:
    """A mention as it is drawn: word pieces from `first` to one before `last`, the entity, its label and colour."""

    first: int
    last: int
    label: str
    colour: str = ""
    entity: int = -1


@dataclass(frozen=True)
class Edge:
    """Facts that link two mentions of a sentence: their numbers among its spans, and the facts in words."""

    one: int
    other: int
    text: str


def find_spans(reading: Reading, sentence: int, graph: KnowledgeGraph | None) -> list[Span]:
    """The mentions that have word pieces; labelled and coloured by the graph where there is one."""
    spans = []
    colours = colour_types(graph.entities["type"].astype(str)) if graph is not None else {}
    for mention in reading.mentions[sentence]:
        if mention.pieces is None:
            continue
        label, colour = mention.text or f"entity {mention.entity}", ""
        if graph is not None:
            label = graph.labels[mention.entity]
            colour = colours[str(graph.entities["type"].iloc[mention.entity])]
        first, last = mention.pieces
        spans.append(Span(first, last, label, colour, mention.entity))
    return spans


def find_edges(spans: Sequence[Span], graph: KnowledgeGraph | None) -> list[Edge]:
    """Which mentions of a sentence the graph links, and by which facts."""
    if graph is None:
        return []
    named = sorted({span.entity for span in spans if 0 <= span.entity < len(graph.entities)})
    near = graph.triples[np.isin(graph.triples[:, 0], named) & np.isin(graph.triples[:, 2], named)]
    facts: dict[frozenset[int], list[tuple[int, int, int]]] = {}
    for head, relation, tail in near.tolist():
        if head != tail:
            facts.setdefault(frozenset((head, tail)), []).append((head, relation, tail))
    edges = []
    for j, other in enumerate(spans):
        for i, one in enumerate(spans[:j]):
            linking = facts.get(frozenset((one.entity, other.entity)), [])
            if linking and one.entity != other.entity:
                edges.append(Edge(i, j, "; ".join(phrase_fact(fact, graph) for fact in linking)))
    return edges


def with_mentions(readings: Sequence[Reading], sentence: int) -> Reading:
    """A plain BERT's reading often comes without mentions; the other one then has them."""
    return next((reading for reading in reversed(readings) if reading.mentions[sentence]), readings[-1])
