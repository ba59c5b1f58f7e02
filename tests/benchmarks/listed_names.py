"""Entities marked by lists of names: those of training sentences, and those that a graph has for its drugs and diseases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

import kgwb
from kgwb.learn import EntityTags

Names = Mapping[tuple[str, ...], str]  # the tokens of a name, folded -> its kind
Items = set[tuple[str, tuple[int, int]]]  # (kind, (first token, one past the last))
KINDS = {"drug": "Chemical", "disease": "Disease", "symptom": "Disease"}
SHORTEST = 4  # letters: shorter names are mostly something else


def list_training_names(train: pd.DataFrame) -> Names:
    """Every name of the training sentences."""
    return {
        fold(row.tokens[start:end]): kind
        for row in train.itertuples()
        for kind, (start, end) in EntityTags.split_answer(row.tags)[1]
    }


def list_graph_names(graph: kgwb.KnowledgeGraph, train: pd.DataFrame, *, shuffled: int | None = None) -> Names:
    """Labels and aliases of a graph's drugs, diseases and symptoms, without those that the training sentences mostly mean
    otherwise.

    Args:
        graph: with types.
        train: tagged sentences.
        shuffled: a seed; the control, in which each name is dealt another one's kind before that.
    """
    kinds = graph.entities["type"].map(KINDS)
    names = {
        fold(re.findall(r"\w+|[^\w\s]", name)): str(kind)
        for entity, kind in kinds.dropna().items()
        for name in graph.spellings(int(str(entity)))
        if len(name) >= SHORTEST and name.isascii()
    }
    if shuffled is not None:
        dealt = np.random.default_rng(shuffled).permutation(list(names.values()))
        names = dict(zip(names, map(str, dealt), strict=True))
    right, given = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for row in train.itertuples():
        stated = EntityTags.split_answer(row.tags)[1]
        for kind, (start, end) in mark_names(row.tokens, names):
            given[fold(row.tokens[start:end])] += 1
            right[fold(row.tokens[start:end])] += (kind, (start, end)) in stated
    return {name: kind for name, kind in names.items() if 2 * right[name] >= given[name]}


def fold(tokens: Iterable[str]) -> tuple[str, ...]:
    """Tokens as names are compared: in small letters, but for abbreviations."""
    return tuple(token if token.isupper() else token.lower() for token in tokens)


def mark_names(tokens: Sequence[str], names: Names) -> Items:
    """The names in a sentence, from left to right, the longest first."""
    folded, longest = fold(tokens), max(map(len, names), default=0)
    found, at = set(), 0
    while at < len(folded):
        size = next((n for n in range(longest, 0, -1) if folded[at : at + n] in names), 0)
        if size:
            found.add((names[folded[at : at + size]], (at, at + size)))
        at += max(1, size)
    return found


def add_names(given: Items, named: Items) -> Items:
    """What is given, and of the names those that touch nothing of it."""
    taken = {place for _, (start, end) in given for place in range(start, end)}
    return given | {item for item in named if taken.isdisjoint(range(*item[1]))}


def score_items(pairs: Iterable[tuple[Items, Items]]) -> dict[str, float]:
    """F1 of each kind, from what is right and what is given in each sentence."""
    counts: dict[str, list[int]] = {}
    for right, given in pairs:
        for part, weight in ((right & given, (1, 0)), (right, (0, 1)), (given, (0, 1))):
            for kind, _ in part:
                both = counts.setdefault(kind, [0, 0])
                both[0] += weight[0]
                both[1] += weight[1]
    return {kind: 2 * both / total for kind, (both, total) in counts.items()}
