"""False triples: never a known one, of the right kind where there is any, and every candidate as likely."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from kgwb.embed.ranking.labelled import corrupt_triples

ENTITIES, RELATIONS = 4, 2
ends = some.integers(0, ENTITIES - 1)
facts_of = some.lists(some.tuples(ends, some.integers(0, RELATIONS - 1), ends), min_size=1, max_size=30)


def _candidates(triple: tuple, place: int, known: set, wide: bool) -> set:
    pool = range(ENTITIES) if wide else {fact[place] for fact in known if fact[1] == triple[1]}
    false = {tuple(entity if column == place else triple[column] for column in range(3)) for entity in pool}
    return false - known


@given(facts=facts_of, seed=some.integers(0, 9), repeat=some.integers(1, 3))
def test_corruption_equals_brute_force(facts: list, seed: int, repeat: int) -> None:
    known, triples = set(facts), np.array(facts[: len(facts) // 2 + 1] * repeat)
    found = corrupt_triples(triples, np.array(facts), entities=ENTITIES, seed=seed)
    for row, triple in enumerate(map(tuple, triples.tolist())):
        near = _candidates(triple, 0, known, False) | _candidates(triple, 2, known, False)
        far = _candidates(triple, 0, known, True) | _candidates(triple, 2, known, True)
        drawn = tuple(found.triples[row].tolist())
        assert found.possible[row] == bool(far)
        assert found.anywhere[row] == (not near and bool(far))
        assert drawn in (near or far or {triple})
    again = corrupt_triples(triples, np.array(facts), entities=ENTITIES, seed=seed)
    assert found.triples.tolist() == again.triples.tolist()


def test_every_candidate_is_as_likely() -> None:
    known = np.array([[0, 0, 1], [2, 0, 3], [4, 0, 5], [6, 0, 7], [0, 0, 7]])
    found = corrupt_triples(np.repeat(known[:1], 6000, 0), known, entities=9, seed=0)
    counts = Counter(map(tuple, found.triples.tolist()))
    assert set(counts) == {(2, 0, 1), (4, 0, 1), (6, 0, 1), (0, 0, 3), (0, 0, 5)}  # (0, 0, 7) is known
    heads = [counts[head, 0, 1] for head in (2, 4, 6)]
    tails = [counts[0, 0, tail] for tail in (3, 5)]
    assert all(900 < count < 1100 for count in heads) and all(1350 < count < 1650 for count in tails)


def test_what_could_not_be_done_is_counted() -> None:
    lonely, full = np.array([[0, 0, 1]]), np.array([(h, 0, t) for h in range(2) for t in range(2)])
    assert corrupt_triples(lonely, lonely, entities=3, seed=0).describe() == [
        "1 false triple with an entity that the relation has not seen: no other left"
    ]
    assert corrupt_triples(full, full, entities=2, seed=0).describe() == [
        "4 true triples without a false one: every entity makes it a known triple"
    ]
    two = np.array([[0, 0, 1], [2, 0, 3]])
    assert corrupt_triples(two, two, entities=4, seed=0).describe() == []
