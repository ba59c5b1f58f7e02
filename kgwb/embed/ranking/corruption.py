"""Facts that are false, as far as is known: one end of a true triple exchanged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgwb.axes import Bool, Int
from kgwb.embed.queries import SIDES, Queries, find_answers, group_queries
from kgwb.embed.ranking.grouping import find_distinct
from kgwb.graph.joins import expand_ranges
from kgwb.words import count_things

COLUMN = {"head": 0, "tail": 2}


@dataclass(frozen=True, eq=False)
class Corruption:
    """A false triple for each true one.

    Attributes:
        triples: the false ones, [triple, 3]; where there is none, the true one again.
        possible: whether there is a false one, [triple].
        anywhere: whether the entity had to come from outside what the relation has seen at that end, [triple].
    """

    triples: Int[np.ndarray, "triple 3"]
    possible: Bool[np.ndarray, " triple"]
    anywhere: Bool[np.ndarray, " triple"]

    def describe(self) -> list[str]:
        """How many triples needed more than the rule; nothing where none did."""
        anywhere, without = int(self.anywhere.sum()), int((~self.possible).sum())
        lines = [
            f"{count_things(anywhere, 'false triple')} with an entity that the relation has not seen: no other left"
        ]
        more = [f"{count_things(without, 'true triple')} without a false one: every entity makes it a known triple"]
        return lines * (anywhere > 0) + more * (without > 0)


def corrupt_triples(
    triples: Int[np.ndarray, "triple 3"], known: Int[np.ndarray, "known 3"], *, entities: int, seed: int
) -> Corruption:
    """Exchange the head or the tail of each triple so that it becomes one that is not known.

    The end is chosen by a coin, and every entity that the relation has at that end in `known` is as likely as the next
    (Socher et al., 2013), so that the false triple is at least of the right kind. Where all of them make known
    triples, the other end is exchanged; where that leaves nothing either, any entity may come in.

    Args:
        triples: true ones.
        known: all triples known to be true, those above among them.
        entities: how many there are.
        seed: of the coin and the entities.

    Example:
        >>> triples = np.array([[0, 0, 1], [2, 0, 3]])
        >>> corrupt_triples(triples, triples, entities=4, seed=0).triples
        array([[0, 0, 3],
               [0, 0, 3]])
    """
    random = np.random.default_rng(seed)
    facts = find_distinct(np.concatenate([known, triples]), entities)
    questions = {side: group_queries(facts, side) for side in SIDES}
    heads_first = random.random(len(triples)) < 0.5
    false, made, anywhere = triples.copy(), np.zeros(len(triples), bool), np.zeros(len(triples), bool)
    for wide in (False, True):
        for turn in (heads_first, ~heads_first):
            for side, asked in zip(SIDES, (turn, ~turn), strict=True):
                rows = np.flatnonzero(asked & ~made)
                drawn = _draw_unknown(triples[rows], questions[side], entities, wide, random)
                done = rows[drawn >= 0]
                false[done, COLUMN[side]] = drawn[drawn >= 0]
                made[done], anywhere[done] = True, wide
    return Corruption(false, made, anywhere)


def _draw_unknown(
    triples: Int[np.ndarray, "triple 3"],
    facts: Queries,
    entities: int,
    wide: bool,
    random: np.random.Generator,
) -> Int[np.ndarray, " triple"]:
    """An entity for that end of each triple that makes no fact, all of them equally likely; -1 where there is none."""
    asked = group_queries(triples, facts.side)
    answers, ends = find_answers(asked, facts, entities)
    counts, relation = np.diff(ends), asked.relation
    if wide:
        pool, place = np.arange(entities), answers
        sizes, starts = np.full(len(asked), entities), np.zeros(len(asked), dtype=np.int64)
    else:
        keys = np.unique(
            np.repeat(facts.relation, facts.counts) * entities + facts.answers
        )  # what each relation has at that end
        starts = np.searchsorted(keys, relation * entities)
        sizes = np.searchsorted(keys, (relation + 1) * entities) - starts
        pool = keys % entities
        place = np.searchsorted(keys, np.repeat(relation, counts) * entities + answers) - np.repeat(starts, counts)
    drawn = np.empty(len(triples), dtype=np.int64)
    drawn[asked.triple] = _draw_others(pool, starts, sizes, place, ends, asked.counts, random)
    return drawn


def _draw_others(
    pool: Int[np.ndarray, " entity"],
    starts: Int[np.ndarray, " query"],
    sizes: Int[np.ndarray, " query"],
    place: Int[np.ndarray, " answer"],
    ends: Int[np.ndarray, " end"],
    draws: Int[np.ndarray, " query"],
    random: np.random.Generator,
) -> Int[np.ndarray, " draw"]:
    """So many draws for each query from its own stretch of the pool, but never one of its answers' places."""
    counts, query = np.diff(ends), np.repeat(np.arange(len(draws)), draws)
    room = (sizes - counts)[query]
    chosen = (random.random(len(query)) * room).astype(np.int64)
    # The entity number `chosen` among those that are no answers has before it the answers with place − turn ≤ chosen.
    turn = expand_ranges(np.zeros_like(counts), counts)
    longest = int(sizes.max(initial=0)) + 1
    gaps = np.repeat(np.arange(len(draws)), counts) * longest + place - turn
    before = np.searchsorted(gaps, query * longest + chosen, side="right") - ends[query]
    at = starts[query] + np.minimum(chosen + before, sizes[query] - 1)
    return np.where(room > 0, pool[at], -1)
