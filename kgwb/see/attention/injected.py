"""What a row of attention goes to beside word pieces, in words: facts in memory, vectors set beside, a learned prefix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kgwb.axes import Float
from kgwb.bert import Reading
from kgwb.bert.columns import Column, join_columns, list_columns
from kgwb.graph import KnowledgeGraph
from kgwb.words import count_things

MOST = 24  # columns of their own; the weakest others share one
GROUPS = {"fact": "facts in memory", "vector": "vectors set beside", "rest": "vectors set beside"}
GROUPS |= {"prefix": "the learned prefix"}


@dataclass(frozen=True)
class Extra:
    """A column behind the word pieces.

    Attributes:
        kind: "fact", "vector", "others" (the facts that have no column of their own), "prefix" or "rest".
        text: in words: "Akish Dorne · speaks · Ilvari".
        columns: what it holds.
        entities: that it names.
        triple: of a fact.
    """

    kind: str
    text: str
    columns: tuple[Column, ...]
    entities: tuple[int, ...] = ()
    triple: tuple[int, int, int] | None = None

    @property
    def group(self) -> str:
        """What it is counted to."""
        return GROUPS.get(self.kind, GROUPS["fact"])


def list_extras(
    readings: Sequence[Reading], sentence: int, graph: KnowledgeGraph | None, most: int = MOST
) -> tuple[Extra, ...]:
    """The columns of all readings: vectors, facts, a prefix; of more than `most` facts the weakest are one column."""
    columns = list(dict.fromkeys(column for reading in readings for column in list_columns(reading, sentence)))
    facts = [column for column in columns if column.kind == "fact"]
    kept = facts
    if len(facts) > most:
        mass = dict.fromkeys(facts, 0.0)
        for reading in readings:
            own, length = list_columns(reading, sentence), reading.lengths[sentence]
            if own:
                means = join_columns(reading, sentence)[..., length:].mean((0, 1, 2))
                for column, mean in zip(own, means.tolist(), strict=True):
                    mass[column] = mass.get(column, 0.0) + mean
        kept = sorted(facts, key=lambda column: -mass[column])[:most]
    others = tuple(column for column in facts if column not in kept)
    extras = [_name(column, readings, sentence, graph) for column in columns if column.kind == "vector"]
    extras += [_name(column, readings, sentence, graph) for column in kept]
    if others:
        extras.append(Extra("others", count_things(len(others), "further fact"), others))
    for column in (Column("prefix"), Column("rest")):
        if column in columns:
            extras.append(Extra(column.kind, GROUPS[column.kind], (column,)))
    return tuple(extras)


def join_extras(
    reading: Reading, sentence: int, extras: Sequence[Extra], layers: slice = slice(None)
) -> Float[np.ndarray, "layer head query column"]:
    """The word pieces, then one column for each of the extras, whether the reading has it or not; each row sums to one."""
    joined, own = join_columns(reading, sentence, layers), list_columns(reading, sentence)
    length = reading.lengths[sentence]
    found = np.zeros((*joined.shape[:3], length + len(extras)), np.float32)
    found[..., :length] = joined[..., :length]
    for i, extra in enumerate(extras):
        for column in extra.columns:
            if column in own:
                found[..., length + i] += joined[..., length + own.index(column)]
    return found


def phrase_fact(fact: tuple[int, int, int], graph: KnowledgeGraph | None) -> str:
    """A triple in words; its ids where no graph is known."""
    head, relation, tail = fact
    if graph is None:
        return f"entity {head} · relation {relation} · entity {tail}"
    return f"{graph.labels[head]} · {graph.relation_labels[relation]} · {graph.labels[tail]}"


def _name(column: Column, readings: Sequence[Reading], sentence: int, graph: KnowledgeGraph | None) -> Extra:
    if column.kind == "fact":
        head, _, tail = column.fact
        return Extra("fact", phrase_fact(column.fact, graph), (column,), (head, tail), column.fact)
    for reading in reversed(readings):
        for mention in reading.mentions[sentence]:
            if mention.pieces is not None and mention.pieces[0] == column.place:
                name = mention.text if graph is None else graph.labels[mention.entity]
                return Extra("vector", f"vector of {name}", (column,), (mention.entity,))
    return Extra("vector", f"vector at {readings[-1].tokens[sentence][column.place]}", (column,))
