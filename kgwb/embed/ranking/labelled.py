"""Triples that are true beside triples that are false as far as is known, with their scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.checks import expect_seed
from kgwb.embed.graph_embedding import GraphEmbedding, encode_once
from kgwb.embed.queries import SIDES, Queries, find_answers, find_distinct, group_queries
from kgwb.embed.ranking.answers import Ranker, count_trained, expect_ranker, prepare_answers
from kgwb.embed.ranking.counting import rows_at_once
from kgwb.graph.joins import expand_ranges
from kgwb.graph.splitting import Split, expect_split
from kgwb.words import count_things

AT_ONCE = 1 << 16  # triples whose vectors are gathered at a time
_BLOCK = 0.5  # GiB of scores, where each triple takes a row of all entities
COLUMN = {"head": 0, "tail": 2}


@dataclass(frozen=True, eq=False)
class Labelled:
    """True triples, then a false one for each where there is any.

    Attributes:
        triples: ids, [labelled, 3].
        truth: whether it is a true one, [labelled].
        pairs: which true triple it is or was made from, [labelled].
        scores: by the embedding or another ranker, as tails, [labelled].
        notes: how many false triples could not be made by the rule, and how many true ones training had seen.
    """

    triples: Int[np.ndarray, "labelled 3"]
    truth: Bool[np.ndarray, " labelled"]
    pairs: Int[np.ndarray, " labelled"]
    scores: Float[np.ndarray, " labelled"]
    notes: tuple[str, ...]


def label_triples(embedding: Ranker, split: Split, part: Literal["valid", "test"], *, seed: int) -> Labelled:
    """The true triples of one part of a split, a false one for each, and their scores.

    Raises:
        ValueError: the part is empty, nothing false can be made from it, the split is of another graph, or a score is not
            finite.
    """
    expect_ranker(embedding, "GraphEmbedding(split.graph, ComplEx()), and train it first")
    expect_split(split, "split = {}")
    if split.graph.fingerprint != embedding.graph.fingerprint:
        message = f"The embedding is of the graph {embedding.graph.name!r}, but a split of {split.graph.name!r} came"
        raise ValueError(f"{message}, whose ids mean other things. Type GraphEmbedding(split.graph, ...).")
    seed = expect_seed(seed)
    true = split.valid if part == "valid" else split.test
    if not len(true):
        raise ValueError(f"There are no {part} triples. Type split_triples(graph, valid=0.1, test=0.1).")
    false = corrupt_triples(true, split.known, entities=len(split.graph.entities), seed=seed)
    if not false.possible.any():
        raise ValueError(
            f"No false triple can be made from the {len(true):,} {part} triples: whatever is exchanged, a known one comes out. "
            f"Give a split whose {part} part has entities with unknown answers."
        )
    triples = np.concatenate([true, false.triples[false.possible]])
    pairs = np.concatenate([np.arange(len(true)), np.flatnonzero(false.possible)])
    truth = np.arange(len(triples)) < len(true)
    notes, trained = false.describe(), count_trained(embedding, split.graph, true)
    if part == "test" and trained:
        notes.append(f"{trained:,} of {len(true):,} true test triples were trained on; train on split, not on graph")
    return Labelled(triples, truth, pairs, score_triples(embedding, triples), tuple(notes))


@torch.no_grad()
def score_triples(embedding: Ranker, triples: Int[np.ndarray, "labelled 3"]) -> Float[np.ndarray, " labelled"]:
    """The score of each triple, as the tail of its head, in float64, so many at a time that memory stays small.

    Raises:
        ValueError: a score is not finite.
    """
    score, device, at_once = _prepare_triples(embedding)
    scores = np.empty(len(triples))
    for start in range(0, len(triples), at_once):
        head, relation, tail = torch.from_numpy(triples[start : start + at_once]).to(device).T
        scores[start : start + at_once] = score(head, relation, tail).cpu().numpy()
    if not np.isfinite(scores).all():
        raise ValueError(
            "A score is not finite: the vectors are too large. Train a fresh embedding with a lower learning_rate."
        )
    return scores


def _prepare_triples(
    ranker: Ranker,
) -> tuple[Callable[[Tensor, Tensor, Tensor], Float[Tensor, " triple"]], torch.device, int]:
    """What scores triples, where, and how many at a time; whatever is no embedding scores all tails of a head at once."""
    if isinstance(ranker, GraphEmbedding):
        return encode_once(ranker).score, ranker.device, AT_ONCE
    score_answers, device = prepare_answers(ranker)

    def score(head: Tensor, relation: Tensor, tail: Tensor) -> Float[Tensor, " triple"]:
        return score_answers(head, relation, len(head)).gather(1, tail[:, None])[:, 0]

    return score, device, rows_at_once(len(ranker.graph.entities), _BLOCK, device)


@dataclass(frozen=True, eq=False)
class FalseTriples:
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
        lines = []
        if anywhere:
            lines.append(
                f"{count_things(anywhere, 'false triple')} with an entity that the relation has not seen: no other left"
            )
        if without:
            lines.append(
                f"{count_things(without, 'true triple')} without a false one: every entity makes it a known triple"
            )
        return lines


def corrupt_triples(
    triples: Int[np.ndarray, "triple 3"], known: Int[np.ndarray, "known 3"], *, entities: int, seed: int
) -> FalseTriples:
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
    facts_by_side = {side: group_queries(facts, side) for side in SIDES}
    head_first = random.random(len(triples)) < 0.5
    false, made, anywhere = triples.copy(), np.zeros(len(triples), bool), np.zeros(len(triples), bool)
    for wide in (False, True):
        for turn in (head_first, ~head_first):
            for side, asked in zip(SIDES, (turn, ~turn), strict=True):
                rows = np.flatnonzero(asked & ~made)
                drawn = _draw_unknown(triples[rows], facts_by_side[side], entities, wide, random)
                done = rows[drawn >= 0]
                false[done, COLUMN[side]] = drawn[drawn >= 0]
                made[done], anywhere[done] = True, wide
    return FalseTriples(false, made, anywhere)


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
        # What each relation has at that end, one number for relation and entity.
        keys = np.unique(np.repeat(facts.relation, facts.counts) * entities + facts.answers)
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
