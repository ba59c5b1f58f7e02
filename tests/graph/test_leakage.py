"""Which test triples leak, against brute force and beside the counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as some

from kgwb.graph import KnowledgeGraph, Split, find_leakage

triples_of = some.lists(some.tuples(some.integers(0, 4), some.integers(0, 1), some.integers(0, 4)), max_size=15)


def _split(train: list, test: list) -> Split:
    names = pd.DataFrame({"entity": [f"e{i}" for i in range(5)]})
    relations = pd.DataFrame({"relation": ["r0", "r1"]})
    frame = pd.DataFrame([], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(frame, names, relations=relations)
    parts = (np.array(part, dtype=np.int64).reshape(-1, 3) for part in (train, [], test))
    return Split(graph, *parts)


@given(train=triples_of, test=triples_of)
def test_leaky_triples_equal_brute_force(train: list, test: list) -> None:
    report = find_leakage(_split(train, test))
    linked = {frozenset((head, tail)) for head, _, tail in train}
    assert report.leaky.tolist() == [frozenset((head, tail)) in linked for head, _, tail in test]
    assert report.triples.tolist() == [list(triple) for triple in test]
    assert report.frame["count"][0] == report.leaky.sum()
    assert report.frame["count"].tolist()[2:4] == [
        sum((tail, relation, head) in set(train) for head, relation, tail in test),
        sum(triple in set(train) for triple in test),
    ]


def test_duplicates_within_test_and_with_valid_are_counted() -> None:
    split = _split([(0, 0, 1)], [(1, 0, 2), (1, 0, 2), (3, 1, 4)])
    split = Split(split.graph, split.train, np.array([[3, 1, 4], [0, 0, 1]]), split.test)
    report = find_leakage(split)
    counts = dict(zip(report.frame["leak"], report.frame["count"], strict=True))
    assert counts["the very triple in valid"] == 1
    assert counts["test triples that stand in test before"] == 1
    assert counts["valid triples in train"] == 1
    assert "1 test triples in valid." in report.verdict
