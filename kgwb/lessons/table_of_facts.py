"""For notebook 01: the text of an error, and checks on graphs small enough to count by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph import KnowledgeGraph, Split, apply_rules, find_rules, split_triples
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.examples import Fact, draw_facts, make_graph

_FACTS = [
    ("Ada", "knows", "Bo"),
    ("Bo", "knows", "Ada"),
    ("Ada", "knows", "Cem"),
    ("Cem", "knows", "Dia"),
    ("Ada", "teaches", "Dia"),
]


@dataclass(frozen=True, repr=False)
class ErrorMessage:
    """A text that is shown as it is, without quotes."""

    text: str

    def __repr__(self) -> str:
        return self.text


def show_error(call: Callable[..., Any], *arguments: Any, **options: Any) -> ErrorMessage:
    """The error that a call raises, without stopping the notebook.

    Example:
        >>> show_error(int, "seven")
        ValueError: invalid literal for int() with base 10: 'seven'
    """
    try:
        return ErrorMessage(f"It went well: {call(*arguments, **options)!r}")
    except Exception as error:  # any error is to be shown here
        return ErrorMessage(f"{type(error).__name__}: {error}")


def try_rules(graph: KnowledgeGraph, *, seeds: int = 5) -> pd.DataFrame:
    """What rules alone answer of the test facts: found in train and applied to train, for several splits.

    Args:
        graph: split anew with each seed from 0 on.
        seeds: how many splits.

    Returns:
        A row for each relation, counted over all splits together: "asked" test facts, "found" among the conclusions,
        all "conclusions"; and the "lowest" and "highest" share found in one split.
    """
    counts = pd.concat({seed: _count_found(split_triples(graph, seed=seed)) for seed in range(seeds)}, names=["seed"])
    shares = (counts["found"] / counts["asked"]).groupby("relation")
    together = counts.groupby("relation").sum()
    return together.assign(lowest=shares.min(), highest=shares.max()).sort_values("found", ascending=False)


def _count_found(split: Split) -> pd.DataFrame:
    drawn = apply_rules(split, find_rules(split)).triples
    tested = set(map(tuple, split.test.tolist()))
    hit = np.array([tuple(fact) in tested for fact in drawn.tolist()], bool)
    parts = {"asked": split.test, "found": drawn[hit], "conclusions": drawn}
    labels = np.array(split.graph.relation_labels)
    counts = {name: pd.Series(labels[facts[:, 1]]).value_counts() for name, facts in parts.items()}
    return pd.DataFrame(counts).rename_axis("relation").fillna(0).astype(int)


def check_degree(count_facts: Callable[[KnowledgeGraph, str], int]) -> Verdict:
    """Does it count the facts an entity stands in, on either side?"""
    tables, examples = [_FACTS, *_draw_tables()], []
    for facts in tables:
        graph = make_graph(facts)
        for name in sorted({label for head, _, tail in facts for label in (head, tail)}):
            examples.append(((graph, name), sum(name in (head, tail) for head, _, tail in facts)))
    hint = "graph.entity_id(label) is the number to look for; an entity can be head or tail."
    return check(count_facts, examples, hint=hint)


def check_share_turned(share_turned: Callable[[KnowledgeGraph, str], float]) -> Verdict:
    """Does it give the share of a relation's facts that are stated the other way round as well?"""
    other_way = [*_FACTS, ("Dia", "teaches", "Cem"), ("Eli", "teaches", "Ada"), ("Ada", "teaches", "Eli")]
    examples = []
    for facts in [_FACTS, other_way, *_draw_tables()]:
        graph = make_graph(facts)
        for relation in sorted({relation for _, relation, _ in facts}):
            pairs = [(head, tail) for head, r, tail in facts if r == relation]
            share = sum((tail, head) in pairs for head, tail in pairs) / len(pairs)
            examples.append(((graph, relation), share))
    hint = "Collect the (head, tail) pairs of the relation in a set, and ask for each whether (tail, head) is in it."
    return check(share_turned, examples, hint=hint)


def check_share_leaked(share_leaked: Callable[[Split], float]) -> Verdict:
    """Does it give the share of test triples whose two entities train joins, in either direction?"""
    parted = [
        (_FACTS, [("Bo", "knows", "Ada"), ("Cem", "knows", "Dia")], []),
        (_FACTS, [("Ada", "knows", "Cem")], []),
        ([*_FACTS, ("Ada", "teaches", "Cem")], [("Ada", "knows", "Cem"), ("Ada", "teaches", "Dia")], []),
        (_FACTS, [("Bo", "knows", "Ada")], [("Ada", "knows", "Bo")]),  # valid is no part of train
        (  # one pair is asked twice
            [*_FACTS, ("Bo", "teaches", "Ada"), ("Cem", "teaches", "Bo")],
            [("Bo", "knows", "Ada"), ("Bo", "teaches", "Ada"), ("Cem", "teaches", "Bo")],
            [],
        ),
    ]
    random = np.random.default_rng(1)
    for facts in _draw_tables():
        mixed = [facts[place] for place in random.permutation(len(facts))]
        parted.append((facts, mixed[:3], mixed[3:5]))
    examples = [((_split(*parts),), _find_leaked(*parts)) for parts in parted]
    hint = "split.train[:, [0, 2]] holds the pairs that train joins. A pair counts whichever of the two comes first."
    return check(share_leaked, examples, hint=hint)


def _draw_tables() -> list[list[Fact]]:
    random = np.random.default_rng(0)
    return [draw_facts(random, 14, relations=("knows", "teaches")) for _ in range(6)]


def _find_leaked(facts: list[Fact], test: list[Fact], valid: list[Fact]) -> float:
    joined = {
        frozenset((head, tail)) for head, relation, tail in facts if (head, relation, tail) not in [*test, *valid]
    }
    return sum(frozenset((head, tail)) in joined for head, _, tail in test) / len(test)


def _split(facts: list[Fact], test: list[Fact], valid: list[Fact]) -> Split:
    graph = make_graph(facts)
    stated = [
        (graph.labels[head], graph.relation_labels[relation], graph.labels[tail])
        for head, relation, tail in graph.triples.tolist()
    ]
    in_valid, in_test = (np.array([fact in part for fact in stated], bool) for part in (valid, test))
    return Split(graph, graph.triples[~in_valid & ~in_test], graph.triples[in_valid], graph.triples[in_test])
