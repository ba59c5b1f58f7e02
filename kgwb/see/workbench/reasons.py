"""Why a candidate may be right: the rules that conclude it, and the facts that they use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from kgwb.axes import Int
from kgwb.graph import KnowledgeGraph
from kgwb.graph.rules import Rules, word_step

Ends: TypeAlias = dict[
    int, dict[int, set[int]]
]  # step -> start -> ends; a relation walked backward is a step of its own
_MOST = 3  # reasons that are told for a candidate


@dataclass(frozen=True)
class Reason:
    """One rule that concludes a fact.

    Attributes:
        rule: in words.
        confidence: how often it holds where it applies.
        facts: those it uses here, in words.
    """

    rule: str
    confidence: float
    facts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'; '.join(self.facts)} ({self.rule}, {self.confidence:.0%})"


def find_reasons(
    rules: Rules, facts: Int[np.ndarray, "fact 3"], triples: Sequence[tuple[int, int, int]]
) -> list[tuple[Reason, ...]]:
    """For each triple the rules that conclude it, most trusted first; a fact never speaks for itself.

    Args:
        rules: of the same graph.
        facts: that the rules may use, as ids.
        triples: what is to be explained, as ids.
    """
    ends = _index_steps(facts, len(rules.graph.relations))
    by_relation = defaultdict(list)
    columns = ("rule", "confidence", "path", "implied", "constant")
    for rule, confidence, path, implied, constant in zip(*(rules.frame[name] for name in columns), strict=True):
        by_relation[int(implied)].append((rule, float(confidence), tuple(path), int(constant)))
    found = []
    for head, relation, tail in triples:
        reasons = (
            Reason(rule, confidence, used)
            for rule, confidence, path, constant in by_relation[relation]
            for used in _walk(rules.graph, ends, path, (head, relation, tail), constant)
        )
        found.append(tuple(reason for _, reason in zip(range(_MOST), reasons, strict=False)))
    return found


def _index_steps(facts: Int[np.ndarray, "fact 3"], relations: int) -> Ends:
    ends: Ends = defaultdict(lambda: defaultdict(set))
    for head, relation, tail in facts.tolist():
        ends[relation][head].add(tail)
        ends[relation + relations][tail].add(head)
    return ends


def _walk(
    graph: KnowledgeGraph, ends: Ends, path: tuple[int, ...], triple: tuple[int, int, int], constant: int
) -> Iterator[tuple[str, ...]]:
    """The first way from head to tail along a rule's body, as facts in words; nothing where there is none."""
    head, _, tail = triple
    count = len(graph.relations)

    def word(step: int, start: int, end: int) -> str:
        return word_step(graph, step, graph.labels[start], graph.labels[end])

    def is_itself(step: int, start: int, end: int) -> bool:
        return triple == ((start, step, end) if step < count else (end, step - count, start))

    first = path[0]
    steps: list[tuple[tuple[int, int, int], ...]]
    if constant >= 0:
        used = [end for end in sorted(ends[first][head]) if constant == tail and not is_itself(first, head, end)]
        steps = [((first, head, end),) for end in used]
    elif len(path) == 1:
        steps = [((first, head, tail),)] if tail in ends[first][head] else []
    else:
        second = path[1]
        backward = second + count if second < count else second - count
        middles = sorted(ends[first][head] & ends[backward][tail])
        steps = [((first, head, middle), (second, middle, tail)) for middle in middles]
    for way in steps:
        if not any(is_itself(*step) for step in way):
            yield tuple(word(*step) for step in way)
            return
