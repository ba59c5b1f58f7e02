"""What speaks for a candidate fact beside the text: the types of its ends, vectors, rules, and facts that it contradicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from kgwb.axes import Float, Int
from kgwb.embed import GraphEmbedding
from kgwb.graph import KnowledgeGraph, apply_rules
from kgwb.graph.rules import Rules
from kgwb.learn.construction.recognised_names import NIL

BLOCK = 1_000  # candidates whose tails are scored at once
FEWEST = 5  # heads that a relation must have before anything is said of how many tails each has


def weigh_types(
    graph: KnowledgeGraph, facts: Int[np.ndarray, "fact 3"], heads: Sequence[str], tails: Sequence[str]
) -> Float[np.ndarray, " fact"]:
    """Of the graph's facts between two types, either way round, the share that are of this relation, this way round.

    0 where the graph joins the two by no fact, NaN where a type is not known.

    Args:
        graph: whose facts are counted.
        facts: the candidates.
        heads: the type of each head, "" where none is known.
        tails: the type of each tail.
    """
    types = graph.entities["type"].to_numpy()
    counts: dict[tuple[int, str, str], int] = defaultdict(int)
    between: dict[frozenset[str], int] = defaultdict(int)
    for head, relation, tail in graph.triples.tolist():
        counts[relation, types[head], types[tail]] += 1
        between[frozenset((types[head], types[tail]))] += 1
    shares = []
    for relation, head, tail in zip(facts[:, 1].tolist(), heads, tails, strict=True):
        whole = max(1, between.get(frozenset((head, tail)), 0))
        shares.append(counts.get((relation, head, tail), 0) / whole if head and tail else np.nan)
    return np.array(shares, dtype=np.float64)


def weigh_vectors(vectors: GraphEmbedding, facts: Int[np.ndarray, "fact 3"]) -> Float[np.ndarray, " fact"]:
    """The share of other tails of the same type that score lower, ties by half; NaN where an end has no vector.

    Tails that the graph holds for this head and relation are not among the others.

    Args:
        vectors: of the graph whose ids the candidates have.
        facts: the candidates.
    """
    graph = vectors.graph
    found = np.full(len(facts), np.nan)
    types = graph.entities["type"].to_numpy()
    known: dict[tuple[int, int], list[int]] = defaultdict(list)
    for head, relation, tail in graph.triples.tolist():
        known[head, relation].append(tail)
    rows = np.flatnonzero((facts[:, (0, 2)] != NIL).all(1))
    for block in (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)):
        scores = vectors.score_tails(facts[block]).detach().cpu().numpy()  # [fact, entity]
        for row, score in zip(block, scores, strict=True):
            head, relation, tail = facts[row].tolist()
            others = types == types[tail]
            others[known[head, relation]] = False
            others[tail] = False
            if others.any():
                found[row] = (score[others] < score[tail]).mean() + (score[others] == score[tail]).mean() / 2
    return found


def weigh_rules(graph: KnowledgeGraph, rules: Rules, facts: Int[np.ndarray, "fact 3"]) -> Float[np.ndarray, " fact"]:
    """The confidence of the most trusted rule that gives a candidate; NaN where none does.

    Args:
        graph: that the rules are applied to.
        rules: as `find_rules` gives them.
        facts: the candidates.
    """
    frame = apply_rules(graph, rules).frame
    ids = zip(frame["head"], frame["relation"], frame["tail"], strict=True)
    confidence = dict(zip(ids, frame["confidence"], strict=True))
    return np.array([confidence.get(tuple(fact), np.nan) for fact in facts.tolist()], dtype=np.float64)


def find_contradictions(graph: KnowledgeGraph, facts: Int[np.ndarray, "fact 3"], functional: int | float) -> list[str]:
    """The labels of the tails that the graph holds in a candidate's place; "" where there is no contradiction.

    A relation that gives nearly every head one tail only is held for functional: what gives a head another tail contradicts
    the graph.

    Args:
        graph: whose facts are looked at.
        facts: the candidates.
        functional: the share of heads with a single tail from which a relation, of five heads at least, is functional.
    """
    tails: dict[tuple[int, int], list[int]] = defaultdict(list)
    for head, relation, tail in graph.triples.tolist():
        tails[relation, head].append(tail)
    single: dict[int, list[bool]] = defaultdict(list)
    for (relation, _), its in tails.items():
        single[relation].append(len(its) == 1)
    one = {each for each, those in single.items() if len(those) >= FEWEST and np.mean(those) >= functional}
    found = []
    for head, relation, tail in facts.tolist():
        its = tails.get((relation, head), [])
        clash = relation in one and its and tail not in its
        found.append("; ".join(graph.labels[each] for each in its) if clash else "")
    return found
