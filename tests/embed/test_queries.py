"""Distinct queries and their answers."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as some

from kgwb.embed.queries import SIDES, find_answers, group_queries
from kgwb.embed.training.batches import TrainingQueries

ENTITIES = 6
triples_of = some.lists(some.tuples(some.integers(0, 5), some.integers(0, 2), some.integers(0, 5)), max_size=30)


def _array(triples: list[tuple[int, int, int]]) -> np.ndarray:
    return np.array(triples, dtype=np.int64).reshape(-1, 3)


@given(triples_of)
def test_every_triple_comes_back_as_one_answer(triples: list[tuple[int, int, int]]) -> None:
    for side in SIDES:
        queries = group_queries(_array(triples), side)
        row = np.repeat(np.arange(len(queries)), queries.counts)
        columns = (queries.known[row], queries.relation[row], queries.answers)
        back = np.stack(columns if side == "tail" else columns[::-1], 1)
        assert (back == _array(triples)[queries.triple]).all()
        assert len({*zip(queries.known, queries.relation, strict=True)}) == len(queries)


@given(triples_of, triples_of)
def test_known_answers_are_found_by_question(asked: list, facts: list) -> None:
    for side in SIDES:
        queries = group_queries(_array(asked), side)
        answers, ends = find_answers(queries, group_queries(_array(facts), side), ENTITIES)
        for place, (known, relation) in enumerate(zip(queries.known, queries.relation, strict=True)):
            if side == "tail":
                expected = sorted(t for h, r, t in facts if (h, r) == (known, relation))
            else:
                expected = sorted(h for h, r, t in facts if (t, r) == (known, relation))
            assert answers[ends[place] : ends[place + 1]].tolist() == expected


def test_ids_too_large_for_one_number_are_ordered_too() -> None:
    large = 2**31
    triples = _array([(large, 5, 1), (0, 2**20, large), (0, 5, 2), (0, 5, 1)])
    queries = group_queries(triples, "tail")
    assert queries.known.tolist() == [0, large, 0] and queries.relation.tolist() == [5, 5, 2**20]
    assert queries.answers.tolist() == [1, 2, 1, large] and queries.triple.tolist() == [3, 2, 0, 1]


def test_an_epoch_asks_each_question_once_with_all_answers() -> None:
    triples = _array([(0, 0, 1), (0, 0, 2), (3, 1, 1), (4, 0, 1), (5, 2, 5)])
    queries = TrainingQueries.from_triples(triples)
    seen = []
    for batch in queries.shuffle(2, generator=torch.Generator().manual_seed(3), device=torch.device("cpu")):
        for row, answer in zip(batch.rows.tolist(), batch.answers.tolist(), strict=True):
            known, relation = batch.known[row].item(), batch.relation[row].item()
            seen.append((known, relation, answer) if row < batch.tails else (answer, relation, known))
    assert sorted(seen) == sorted([*map(tuple, triples.tolist())] * 2)
    assert queries.entities().tolist() == [0, 1, 2, 3, 4, 5]
